/** Parts of pages that are made of plain elements. */
import { element, type Child } from "./element";

/** A section under a heading; the title names it. */
export function titled(title: string, ...children: Child[]): HTMLElement {
  const id = title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  return element("section", { "aria-labelledby": id }, element("h2", { id }, title), ...children);
}

export function details(summary: string, ...children: Child[]): HTMLElement {
  return element("details", {}, element("summary", {}, summary), ...children);
}

/** Terms with their values. */
export function facts(entries: [string, Child][]): HTMLElement {
  return element(
    "dl",
    {},
    ...entries.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))),
  );
}

/** @param label names a table that its heading does not. */
export function table(headings: string[], rows: Child[][], label?: string): HTMLElement {
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label ?? headings.join(", ") },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)))),
      element(
        "tbody",
        {},
        ...rows.map(([first, ...others]) =>
          element("tr", {}, element("th", { scope: "row" }, first), ...others.map((cell) => element("td", {}, cell))),
        ),
      ),
    ),
  );
}

export const code = (text: string): HTMLElement => element("code", {}, text);
