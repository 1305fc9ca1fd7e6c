/** Every control of the UI toolkit that the pages use. Nothing outside this folder knows the toolkit. */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDivider,
  vsCodeDropdown,
  vsCodeLink,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextArea,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit";
import { element } from "./element";

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDivider(),
  vsCodeDropdown(),
  vsCodeLink(),
  vsCodeOption(),
  vsCodeProgressRing(),
  vsCodeTextArea(),
  vsCodeTextField(),
);

/** @param key keeps the focus on this control when its section is drawn again. */
export function button(
  key: string,
  appearance: "primary" | "secondary",
  label: string,
  onClick: () => void,
  { disabled = false, describedAs }: { disabled?: boolean; describedAs?: string } = {},
): HTMLElement {
  const control = element(
    "vscode-button",
    {
      appearance,
      "data-key": key,
      ...(disabled ? { disabled: "" } : {}),
      ...(describedAs === undefined ? {} : { "aria-label": describedAs, title: describedAs }),
    },
    label,
  );
  control.addEventListener("click", () => {
    if (!control.hasAttribute("disabled")) onClick();
  });
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

export interface Choice {
  value: string;
  label: string;
  /** Why it cannot be chosen now; shown in its place. */
  disabled?: string;
}

export function dropdown(
  key: string,
  label: string,
  options: readonly Choice[],
  selected: string,
  onSelect: (value: string) => void,
): HTMLElement {
  const control = element(
    "vscode-dropdown",
    { "aria-label": label, "data-key": key },
    ...options.map(({ value, label: text, disabled }) =>
      element(
        "vscode-option",
        { value, ...(value === selected ? { selected: "" } : {}), ...(disabled ? { disabled: "" } : {}) },
        disabled ? `${text} (${disabled})` : text,
      ),
    ),
  );
  control.addEventListener("change", () => {
    const { value } = control as HTMLElement & { value: string };
    if (value !== selected) onSelect(value);
  });
  return control;
}

/** What a field of text has while it is being typed into. */
export const typing = "data-typing";

/** A field of text; what was typed counts when the person leaves it or presses Enter. */
export function textField(
  key: string,
  label: string,
  value: string,
  onChange: (value: string) => void,
  { size = 10, problem, placeholder }: { size?: number; problem?: string; placeholder?: string } = {},
): HTMLElement {
  const control = element("vscode-text-field", {
    ...typedAttributes(key, label, value, problem, placeholder),
    size: String(size),
  });
  return asTyped(control, value, onChange);
}

/** A field of several lines; what was typed counts when the person leaves it or presses Enter together with Ctrl. */
export function textArea(
  key: string,
  label: string,
  value: string,
  onChange: (value: string) => void,
  { rows = 6, columns = 40, problem, placeholder }: { rows?: number; columns?: number; problem?: string; placeholder?: string } = {}, // prettier-ignore
): HTMLElement {
  const control = element("vscode-text-area", {
    ...typedAttributes(key, label, value, problem, placeholder),
    rows: String(rows),
    cols: String(columns),
    resize: "vertical",
  });
  control.addEventListener("keydown", (event) => {
    // Leaving it is what makes the text count.
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    control.blur();
    control.focus();
  });
  return asTyped(control, value, onChange);
}

const typedAttributes = (
  key: string,
  label: string,
  value: string,
  problem: string | undefined,
  placeholder: string | undefined,
): Record<string, string> => ({
  "aria-label": problem === undefined ? label : `${label}: ${problem}`,
  "data-key": key,
  "current-value": value,
  value,
  ...(placeholder === undefined ? {} : { placeholder }),
  ...(problem === undefined ? {} : { class: "invalid", title: problem }),
});

function asTyped(field: HTMLElement, value: string, onChange: (value: string) => void): HTMLElement {
  const control = field as HTMLElement & { value: string };
  // The toolkit calls every field "Text field" when it is put into the page.
  const label = control.getAttribute("aria-label")!;
  queueMicrotask(() => control.setAttribute("aria-label", label));
  control.addEventListener("input", () => control.setAttribute(typing, ""));
  control.addEventListener("focusout", () => control.removeAttribute(typing));
  control.addEventListener("change", () => {
    control.removeAttribute(typing);
    if (control.value !== value) onChange(control.value);
  });
  return control;
}

export function checkbox(
  key: string,
  label: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
): HTMLElement {
  const control = element("vscode-checkbox", { "data-key": key, ...(checked ? { checked: "" } : {}) }, label);
  control.addEventListener("change", () => {
    const now = (control as HTMLElement & { checked: boolean }).checked;
    if (now !== checked) onChange(now);
  });
  return control;
}

/** Whole numbers from 0 on a track; the toolkit has none, so it is the browser's own. `say` puts a number in words. */
export function slider(
  key: string,
  label: string,
  most: number,
  value: number,
  say: (value: number) => string,
  onInput: (value: number) => void,
): HTMLElement {
  const output = element("output", {}, say(value));
  const track = element("input", {
    type: "range",
    min: "0",
    max: String(most),
    step: "1",
    value: String(value),
    "aria-label": label,
    "aria-valuetext": say(value),
    "data-key": key,
  }) as HTMLInputElement;
  track.addEventListener("input", () => {
    const now = Number(track.value);
    output.textContent = say(now);
    track.setAttribute("aria-valuetext", say(now));
    onInput(now);
  });
  return element("div", { class: "slider" }, track, output);
}

/** A control with its label above it. */
export function field(label: string, control: HTMLElement): HTMLElement {
  return element("div", { class: "field" }, element("span", { class: "label", "aria-hidden": "true" }, label), control);
}

export function divider(): HTMLElement {
  return element("vscode-divider", { role: "separator" });
}

/** A spinner that says what it is doing. */
export function progress(label: string): HTMLElement {
  return element("div", { class: "progress" }, element("vscode-progress-ring", { "aria-hidden": "true" }), label);
}
