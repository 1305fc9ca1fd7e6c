/** Every control of the UI toolkit that the pages use. Nothing outside this folder knows the toolkit. */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDivider,
  vsCodeDropdown,
  vsCodeLink,
  vsCodeOption,
  vsCodeProgressRing,
} from "@vscode/webview-ui-toolkit";
import { element } from "./element";

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeDivider(),
  vsCodeDropdown(),
  vsCodeLink(),
  vsCodeOption(),
  vsCodeProgressRing(),
);

/** @param key keeps the focus on this control when its section is drawn again. */
export function button(
  key: string,
  appearance: "primary" | "secondary",
  label: string,
  onClick: () => void,
): HTMLElement {
  const control = element("vscode-button", { appearance, "data-key": key }, label);
  control.addEventListener("click", onClick);
  return control;
}

/** A link to something that the host opens. */
export function link(key: string, label: string, onClick: () => void): HTMLElement {
  const control = element("vscode-link", { href: "#", "data-key": key }, label);
  control.addEventListener("click", (event) => {
    event.preventDefault();
    onClick();
  });
  return control;
}

export function dropdown(
  key: string,
  label: string,
  options: string[],
  selected: number,
  onSelect: (index: number) => void,
): HTMLElement {
  const control = element(
    "vscode-dropdown",
    { "aria-label": label, "data-key": key },
    ...options.map((text, index) =>
      element("vscode-option", { value: String(index), ...(index === selected ? { selected: "" } : {}) }, text),
    ),
  );
  control.addEventListener("change", () =>
    onSelect((control as HTMLElement & { selectedIndex: number }).selectedIndex),
  );
  return control;
}

export function divider(): HTMLElement {
  return element("vscode-divider", { role: "separator" });
}

/** A spinner that says what it is doing. */
export function progress(label: string): HTMLElement {
  return element("div", { class: "progress" }, element("vscode-progress-ring", { "aria-hidden": "true" }), label);
}
