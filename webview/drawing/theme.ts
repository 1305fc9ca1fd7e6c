/** What drawings take from the theme of the window. */
import type { Ground } from "./colours";
import { seriesVariable } from "./series";

export const ground = (): Ground =>
  document.body.classList.contains("vscode-light") || document.body.classList.contains("vscode-high-contrast-light")
    ? "light"
    : "dark";

/** The value of a colour of the theme, the first that the theme has. */
export function themeColour(...names: string[]): string {
  const style = getComputedStyle(document.body);
  for (const name of names) {
    const value = style.getPropertyValue(`--vscode-${name}`).trim();
    if (value !== "") return value;
  }
  return style.color;
}

/** The colour of a series in the theme, counted from 0. */
export const seriesColour = (index: number): string =>
  getComputedStyle(document.body).getPropertyValue(seriesVariable(index)).trim();

/** Calls back when the theme has changed. */
export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, {
    attributes: true,
    attributeFilter: ["class", "data-vscode-theme-id"],
  });
}
