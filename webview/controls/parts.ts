/** Parts of pages that are made of plain elements. */
import { verdictMarks } from "../../extension/editor/words";
import type { Verdict } from "../../extension/theory/verdict/report";
import { link } from "./controls";
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

/** A row of a table in which one row is on view. */
export interface ChoiceRow {
  /** Of its control; null where the row cannot be chosen. */
  key: string | null;
  name: string;
  cells: Child[];
}

/** A table of which one row is chosen: by its name, which the keyboard reaches, or by a click anywhere in it. */
export function choiceTable(
  label: string,
  headings: string[],
  rows: readonly ChoiceRow[],
  selected: number,
  onSelect: (row: number) => void,
): HTMLElement {
  const made = table(
    headings,
    rows.map(({ key, name, cells }, index) => [key === null ? name : link(key, name, () => onSelect(index)), ...cells]),
    label,
  );
  made.classList.add("choice");
  made.querySelectorAll("tbody tr").forEach((row, index) => {
    if (rows[index].key === null) return;
    row.classList.add("choosable");
    if (index === selected) row.setAttribute("aria-current", "true");
    row.addEventListener("click", ({ target }) => {
      if (!(target instanceof Element && target.closest("[data-key]"))) onSelect(index);
    });
  });
  return made;
}

export const code = (text: string): HTMLElement => element("code", {}, text);

export const verdictWord = (verdict: Verdict): HTMLElement =>
  element("span", { class: `verdict ${verdict}` }, `${verdictMarks[verdict]} ${verdict}`);
