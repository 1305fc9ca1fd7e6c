/** The page of the repair panel: what certifies a refuted architecture, beside the file as it is written. */
import { button } from "../controls/controls";
import { element } from "../controls/element";
import { choiceTable, code, titled, verdictWord } from "../controls/parts";
import { openPage, section, type Section } from "../page";
import type { NothingYet, PageState, RepairRow, RepairSnapshot, ShownChange, ShownRepair, ToRepairHost, ToRepairPage } from "../protocol"; // prettier-ignore
import { head, nothing, progressLine } from "../subject";
import { number } from "../words";
import { editsWords, shareOfFull } from "./words";
import "../base.css";
import "./repair.css";

const title = "Repair";

let snapshot: RepairSnapshot | NothingYet | undefined;
const page = openPage<PageState & { selected?: number }, ToRepairHost, ToRepairPage>(
  (message) => {
    ({ snapshot } = message);
    const { uri, architecture } = snapshot.subject;
    page.remember({ uri, architecture });
    draw();
  },
  { kind: "ready" },
);

function draw(): void {
  if (snapshot === undefined) return;
  if (snapshot.kind !== "repair") {
    page.show(nothing(title, snapshot, page.send));
    return;
  }
  page.show(sections(snapshot));
  const { progress, rows, none } = snapshot;
  page.announce(
    progress.kind === "working" || rows === null ? "" : (none ?? `${number(rows.length - 1)} repairs, the least attention first`), // prettier-ignore
  );
}

function sections({ subject, progress, rows, none, selected, shown }: RepairSnapshot): Section[] {
  const search = () => page.send({ kind: "search" });
  return [
    head(title, subject, page.send),
    section("progress", progress, () => progressLine(progress, search, page.send, "Search Again") ?? element("div", {})),
    ...(rows === null ? [] : [section("rows", { rows, none, selected }, () => comparison(rows, none, selected))]),
    ...(shown === null ? [] : [section("shown", shown, () => repairSection(shown))]),
  ]; // prettier-ignore
}

function comparison(rows: readonly RepairRow[], none: string | null, selected: number): HTMLElement {
  const repairs = rows.length - 1;
  return titled(
    repairs === 0 ? "The file as it is written" : `Repairs, the least attention first (${number(repairs)})`,
    none === null ? null : element("p", { class: "none" }, none),
    choiceTable(
      "The file as it is written and its repairs",
      ["", "Edits", "Verdict", "Layers", "Pairs a layer", "Of full", "Symmetry"],
      rows.map(({ title: name, edits, verdict, layers, pairsPerLayer, ofFull, symmetry }, index) => ({
        key: index === 0 ? null : `repair-${index}`,
        name,
        cells: [
          editsWords(edits),
          verdictWord(verdict),
          number(layers),
          pairsPerLayer === null ? "–" : number(pairsPerLayer),
          element("span", ofFull !== null && ofFull > 1 ? { class: "dear" } : {}, shareOfFull(ofFull)),
          symmetry ?? "not decided",
        ],
      })),
      selected,
      (repair) => page.send({ kind: "select", repair }),
    ),
    element(
      "p",
      { class: "quiet" },
      "Pairs a layer: of a query and a key, in the layer that has the most. Of full: the scores that are computed, as a share of those of full attention in the layers and heads of the file; more than all of them is marked.",
    ),
  );
}

function repairSection({ title: name, statement, changes, warning, unwritable }: ShownRepair): HTMLElement {
  return titled(
    name,
    element("p", {}, statement),
    warning === null ? null : element("p", { class: "stale" }, warning),
    element("ul", { class: "changes" }, ...changes.map(changeItem)),
    element(
      "div",
      { class: "actions" },
      button("apply", "primary", "Apply", () => page.send({ kind: "apply" }), { disabled: unwritable !== null }),
      button("show-difference", "secondary", "Show the Difference", () => page.send({ kind: "show-difference" })),
      button("open-model", "secondary", "Open as Model File", () => page.send({ kind: "open-model" })),
    ),
    unwritable === null ? null : element("p", { class: "quiet" }, unwritable),
  );
}

const changeItem = ({ place, value }: ShownChange): HTMLElement =>
  value === null
    ? element("li", {}, "Remove ", code(place))
    : element("li", {}, "Set ", code(place), " to ", code(value));
