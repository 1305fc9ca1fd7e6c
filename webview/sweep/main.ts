/** The page of a sweep: its rows as a table that can be sorted and as cost against margin, with what no other row beats. */
import { verdictMarks } from "../../extension/editor/words";
import { paretoFront } from "../../extension/sweep/pareto";
import type { Verdict } from "../../extension/theory/verdict/report";
import { button, dropdown, field, link, progress } from "../controls/controls";
import { element, svgElement, type Child } from "../controls/element";
import { facts, titled } from "../controls/parts";
import { Scatter, type ScatterPoint, type Shape } from "../drawing/scatter";
import { live, openPage, section, type Section } from "../page";
import type { SweepPoint, SweepSnapshot, SweepState, ToSweepHost, ToSweepPage } from "../protocol";
import { count, number, orderText } from "../words";
import "../base.css";
import "./sweep.css";

type Shown = Extract<SweepSnapshot, { kind: "sweep" }>;
/** A column that rows are sorted by. */
type Key = "point" | "verdict" | "symmetry" | "layers" | "scores" | "share" | "margin" | "varianceShare" | `axis ${string}`; // prettier-ignore

/** The rows that are shown. */
type Filter = Verdict | "all" | "front";

let snapshot: SweepSnapshot | undefined;
let rows: SweepPoint[] = [];
let sorted: { key: Key; descending: boolean } = { key: "point", descending: false };
let filter = "all" as Filter;
let first = 0;
let selected: number | null = null;
let hovered: number | null = null;

/** Rows of the table on view. */
const together = 50;
const verdicts: readonly Verdict[] = ["certified", "supported", "refuted", "unknown"];
const shapes: Record<Verdict, Shape> = {
  certified: "circle",
  refuted: "cross",
  supported: "triangle",
  unknown: "square",
};
const colours: Record<Verdict, string> = { certified: "charts-green", refuted: "editorError-foreground", supported: "charts-blue", unknown: "editorWarning-foreground" }; // prettier-ignore

const page = openPage<SweepState, ToSweepHost, ToSweepPage>(receive, { kind: "ready" });

const scatter = new Scatter({
  label: "Attention scores against margin, both on a log axis",
  x: "attention scores of a forward pass",
  y: "margin",
  height: 380,
  say: (id) => inWords(rowOf(id)),
  onHover: (id) => hover(id),
  onPick: (id) => select(id),
});
const readout = element("p", { class: "readout quiet" }, " ");
const picture = element("figure", {}, scatter.node, readout, legend());

function receive(message: ToSweepPage): void {
  if (message.kind === "rows") {
    rows = [...rows.slice(0, message.first), ...message.rows];
    // The snapshot comes after the last of them.
    return;
  }
  snapshot = message.snapshot;
  page.remember({ sweep: snapshot.uri });
  draw();
}

// -------------------------------------------------------------------------------------------------------------- rows

const rowOf = (point: number): SweepPoint | undefined => rows.find((row) => row.point === point);

/** Those that have a place in the picture. */
const placed = (row: SweepPoint): boolean =>
  row.scores !== null && row.scores > 0 && row.margin !== null && row.margin > 0;

/** The points of the front: no other certified or supported row costs at most as much with at least the same margin. */
function frontOf(): Set<number> {
  const able = rows.filter((row) => placed(row) && (row.verdict === "certified" || row.verdict === "supported"));
  return new Set(paretoFront(able.map(({ point, scores, margin }) => ({ point, cost: scores!, margin: margin! }))).map(({ point }) => point)); // prettier-ignore
}

function shownRows(front: ReadonlySet<number>): SweepPoint[] {
  const wanted = rows.filter(({ verdict, point }) => filter === "all" || (filter === "front" ? front.has(point) : verdict === filter)); // prettier-ignore
  const value = valueFor(sorted.key);
  const sign = sorted.descending ? -1 : 1;
  return wanted.sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null) || a.point - b.point;
    const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other)); // prettier-ignore
    return sign * order || a.point - b.point;
  });
}

function valueFor(key: Key): (row: SweepPoint) => number | string | null {
  if (key.startsWith("axis ")) {
    const name = key.slice("axis ".length);
    return ({ axes }) => (typeof axes[name] === "number" ? axes[name] : axisText(axes[name]));
  }
  const field = key as Exclude<Key, `axis ${string}`>;
  if (field === "symmetry") return ({ order, symmetry }) => (order === null ? null : /^\d+$/.test(order) ? Number(order) : symmetry); // prettier-ignore
  return (row) => row[field];
}

const axisText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const digits = (value: number | null): string => (value === null ? "–" : value === 0 ? "0" : String(Number(value.toPrecision(3)))); // prettier-ignore
const percent = (share: number | null): string => (share === null ? "–" : `${digits(100 * share)} %`);

function inWords(row: SweepPoint | undefined): string {
  if (row === undefined) return "";
  const at = Object.entries(row.axes).map(([name, value]) => `${name} ${axisText(value)}`);
  const scores = row.scores === null ? "" : `, ${number(row.scores)} scores`;
  return `Point ${row.point}: ${at.join(", ")}: ${row.verdict ?? row.status}${scores}, margin ${digits(row.margin)}`;
}

// -------------------------------------------------------------------------------------------------------- interaction

function select(point: number): void {
  selected = point;
  scatter.select(point);
  const at = shownRows(frontOf()).findIndex((row) => row.point === point);
  if (at >= 0) first = at - (at % together);
  draw();
  page.announce(inWords(rowOf(point)));
}

function hover(point: number | null): void {
  if (hovered === point) return;
  hovered = point;
  scatter.mark(point);
  readout.textContent = point === null ? " " : inWords(rowOf(point));
  for (const row of document.querySelectorAll("tr[data-point]"))
    row.classList.toggle("hovered", row.getAttribute("data-point") === String(point));
}

// ----------------------------------------------------------------------------------------------------------- sections

function draw(): void {
  if (snapshot === undefined) return;
  page.show(sections(snapshot));
}

function sections(shown: SweepSnapshot): Section[] {
  const head = section("head", shown.file, () => header(shown.file));
  if (shown.kind === "reading")
    return [head, section("reading", null, () => element("section", { class: "state" }, progress("Reading the file")))];
  if (shown.kind === "unread")
    return [
      head,
      section("unread", shown.problems, (problems) =>
        element("section", { class: "state" }, ...problems.map((text) => element("p", { class: "problem" }, text))),
      ),
    ];
  const front = frontOf();
  const table = shownRows(front);
  if (first >= table.length) first = Math.max(0, Math.floor((table.length - 1) / together) * together);
  const inPicture = rows.filter(placed);
  showPicture(inPicture, front);
  const row = selected === null ? undefined : rowOf(selected);
  const part = table.slice(first, first + together);
  return [
    head,
    section("about", shown, aboutSection),
    section("progress", shown, progressSection),
    section("actions", actionsOf(shown), actionsSection),
    ...(inPicture.length === 0 ? [] : [live("picture", pictureSection)]),
    ...(inPicture.length === 0 ? [] : [section("left out", rows.length - inPicture.length, leftOut)]),
    ...(rows.length === 0 ? [] : [section("selected", row ?? null, selectedSection)]),
    ...(rows.length === 0
      ? []
      : [
          section("choice", { first, total: table.length, filter }, choiceSection),
          section("table", { part, sorted, selected, axes: shown.axes, trained: rows.some(({ varianceShare }) => varianceShare !== null), front: part.filter(({ point }) => front.has(point)).map(({ point }) => point) }, tableSection), // prettier-ignore
        ]),
  ];
}

function header(file: string): HTMLElement {
  return element(
    "header",
    {},
    element(
      "p",
      { class: "file" },
      link("open-file", file, () => page.send({ kind: "open-file" })),
    ),
    element("h1", {}, "Sweep"),
  );
}

function aboutSection({ done, points, isGrid, measures, backend }: Shown): HTMLElement {
  const about = isGrid
    ? `${count(points, "architecture")}: verdict, symmetry and cost${measures === "" ? "" : `, ${measures}`}${backend === "none" ? "" : `, on ${backend}`}.`
    : `${number(done)} of ${count(points, "architecture")}${backend === "none" ? "" : `, measured on ${backend}`}.`;
  return element("p", {}, about);
}

function progressSection({ done, points, isGrid, progress: state, notice, tooLarge }: Shown): HTMLElement {
  const working = state.kind === "working";
  return element(
    "section",
    { "aria-label": "Progress" },
    working ? progress(state.what) : null,
    working ? element("progress", { max: String(points), value: String(done), "aria-label": `${done} of ${points} rows` }) : null, // prettier-ignore
    isGrid && !working && done > 0 && done < points ? element("p", { class: "quiet" }, `${number(done)} of ${number(points)} rows are made.`) : null, // prettier-ignore
    state.kind === "failed" ? element("p", { class: "problem", role: "alert" }, state.message) : null,
    state.kind === "cancelled" ? element("p", { class: "quiet" }, "Cancelled.") : null,
    notice === null ? null : element("p", { class: "problem", role: "alert" }, notice),
    tooLarge === null ? null : element("p", {}, tooLarge),
  );
}

/** What can be done; apart from the progress, so that it stays where it is while rows come. */
interface Actions {
  isGrid: boolean;
  working: boolean;
  runs: boolean;
  begun: boolean;
}

const actionsOf = ({ done, points, isGrid, progress: state, tooLarge }: Shown): Actions => ({
  isGrid,
  working: state.kind === "working",
  runs: isGrid && done < points && tooLarge === null,
  begun: done > 0,
});

function actionsSection({ isGrid, working, runs, begun }: Actions): HTMLElement {
  const send = (kind: "run" | "cancel" | "start-anew" | "save") => () => page.send({ kind });
  return element(
    "div",
    { class: "actions" },
    isGrid && working ? button("cancel", "primary", "Cancel", send("cancel")) : null,
    runs && !working ? button("run", "primary", begun ? "Go on" : "Run the sweep", send("run")) : null,
    isGrid && !working && begun ? button("start-anew", "secondary", "Forget the rows", send("start-anew")) : null,
    begun ? button("save", "secondary", "Save as CSV", send("save"), { disabled: working }) : null,
  );
}

function showPicture(inPicture: readonly SweepPoint[], front: ReadonlySet<number>): void {
  const filtered = inPicture.filter(({ verdict, point }) => filter === "all" || (filter === "front" ? front.has(point) : verdict === filter)); // prettier-ignore
  const points = filtered.map(({ point, scores, margin, verdict }): ScatterPoint => {
    const kind = verdict ?? "unknown";
    return { id: point, x: scores!, y: margin!, shape: shapes[kind], colour: colours[kind], front: front.has(point) };
  });
  const counts = verdicts.map((verdict) => ({ verdict, count: filtered.filter((row) => row.verdict === verdict).length })); // prettier-ignore
  const said = counts.filter((one) => one.count > 0).map((one) => `${one.count} ${one.verdict}`);
  scatter.show(points, `${count(points.length, "point")}: ${said.join(", ")}; ${front.size} on the Pareto front.`);
  scatter.select(selected);
}

const pictureSection = titled("Cost against margin", picture);

function leftOut(some: number): HTMLElement {
  return element("p", { class: "quiet" }, some === 0 ? "" : `${count(some, "row")} without a margin above 0 ${some === 1 ? "is" : "are"} in the table only.`); // prettier-ignore
}

function legend(): HTMLElement {
  const mark = (shape: Shape, colour: string): SVGElement => {
    const fill = `var(--vscode-${colour})`;
    const drawn: Record<Shape, () => SVGElement> = {
      circle: () => svgElement("circle", { cx: "7", cy: "7", r: "5", fill }),
      square: () => svgElement("rect", { x: "2", y: "2", width: "10", height: "10", fill }),
      triangle: () => svgElement("path", { d: "M7 1L13 12H1z", fill }),
      cross: () => svgElement("path", { d: "M2 2L12 12M12 2L2 12", stroke: fill, "stroke-width": "2.5", fill: "none" }),
    };
    return svgElement(
      "svg",
      { viewBox: "0 0 14 14", width: "14", height: "14", "aria-hidden": "true" },
      drawn[shape](),
    );
  };
  const ring = svgElement("svg", { viewBox: "0 0 14 14", width: "14", height: "14", "aria-hidden": "true" }, svgElement("circle", { cx: "7", cy: "7", r: "6", fill: "none", stroke: "var(--vscode-foreground)", "stroke-width": "1.5" })); // prettier-ignore
  return element(
    "figcaption",
    { class: "legend" },
    ...verdicts.map((verdict) => element("span", {}, mark(shapes[verdict], colours[verdict]), verdict)),
    element("span", {}, ring, "on the Pareto front of what is certified or supported: nothing cheaper has at least the margin"), // prettier-ignore
  );
}

function selectedSection(row: SweepPoint | null): HTMLElement {
  if (row === null)
    return titled("Selected", element("p", { class: "quiet" }, "Choose a point of the picture or a row of the table."));
  const entries: [string, Child][] = [
    ...Object.entries(row.axes).map(([name, value]): [string, Child] => [name, axisText(value)]),
    ["Symmetry", row.symmetry === null ? "–" : `${row.symmetry}, of order ${orderText(row.order ?? "")}`],
    ["Layers", `${digits(row.layers)} of ${row.layersNeeded === null ? "–" : row.layersNeeded} needed`],
    ["Pairs a layer", row.pairsPerLayer === null ? "–" : number(row.pairsPerLayer)],
    ["Scores", row.scores === null ? "–" : `${number(row.scores)}, ${percent(row.share)} of full attention`],
    ["Margin by layer", row.margins === null ? "–" : row.margins.map(digits).join(", ")],
    ...(row.loss === null ? [] : [["Loss", `${digits(row.loss)}, ${percent(row.varianceShare)} of the variance; floor ${digits(row.floor)}`] as [string, Child]]), // prettier-ignore
  ];
  return titled(
    "Selected",
    element("p", {}, row.statement ?? ""),
    row.notes === null ? null : element("p", { class: "quiet" }, row.notes),
    facts(entries),
    element(
      "div",
      { class: "actions" },
      button("open", "secondary", "Open this architecture", () => page.send({ kind: "open", point: row.point }), { disabled: !row.opens }), // prettier-ignore
    ),
  );
}

interface Choice {
  first: number;
  total: number;
  filter: Filter;
}

function choiceSection({ first: from, total, filter: chosen }: Choice): HTMLElement {
  const last = Math.min(total, from + together);
  const move = (by: number) => () => {
    first = Math.max(0, from + by);
    draw();
  };
  return titled(
    "Rows",
    element(
      "div",
      { class: "controls" },
      field("Shown", dropdown("filter", "Rows that are shown", [{ value: "all", label: "all rows" }, { value: "front", label: "the Pareto front" }, ...verdicts.map((verdict) => ({ value: verdict, label: verdict }))], chosen, chooseFilter)), // prettier-ignore
      total <= together ? null : button("previous", "secondary", "Previous", move(-together), { disabled: from === 0 }), // prettier-ignore
      total <= together ? null : button("next", "secondary", "Next", move(together), { disabled: last === total }),
      element("p", { class: "quiet shown" }, total === 0 ? "No row." : `${number(from + 1)} to ${number(last)} of ${count(total, "row")}.`), // prettier-ignore
    ),
  );
}

interface TableData {
  part: SweepPoint[];
  sorted: typeof sorted;
  selected: number | null;
  axes: string[];
  trained: boolean;
  front: number[];
}

function tableSection({ part, sorted: by, selected: chosen, axes, trained, front }: TableData): HTMLElement {
  const columns: [Key, string][] = [
    ["point", "Point"],
    ...axes.map((name): [Key, string] => [`axis ${name}`, name]),
    ["verdict", "Verdict"],
    ["symmetry", "Symmetry"],
    ["layers", "Layers"],
    ["scores", "Scores"],
    ["share", "Of full"],
    ["margin", "Margin"],
    ...(trained ? [["varianceShare", "Loss share"] as [Key, string]] : []),
  ];
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows of the sweep" },
    element(
      "table",
      { class: "rows" },
      element("thead", {}, element("tr", {}, ...columns.map(([key, label]) => heading(key, label, by)))),
      element("tbody", {}, ...part.map((row) => tableRow(row, axes, trained, front.includes(row.point), chosen))),
    ),
  );
}

function chooseFilter(value: string): void {
  filter = value as Filter;
  first = 0;
  draw();
}

function heading(key: Key, label: string, by: typeof sorted): HTMLElement {
  const mine = by.key === key;
  const control = element("button", { type: "button", class: "sort", "data-key": `sort ${key}` }, label, element("span", { "aria-hidden": "true" }, mine ? (by.descending ? " ↓" : " ↑") : "")); // prettier-ignore
  control.addEventListener("click", () => {
    sorted = { key, descending: mine ? !by.descending : key === "margin" };
    first = 0;
    draw();
  });
  return element("th", { scope: "col", "aria-sort": mine ? (by.descending ? "descending" : "ascending") : "none" }, control); // prettier-ignore
}

function tableRow(
  row: SweepPoint,
  axes: readonly string[],
  trained: boolean,
  onFront: boolean,
  chosen: number | null,
): HTMLElement {
  // prettier-ignore
  const { point, verdict, status } = row;
  const control = element("button", { type: "button", class: "pick", "data-key": `row ${point}`, "aria-pressed": String(chosen === point) }, String(point)); // prettier-ignore
  control.addEventListener("focus", () => hover(point));
  const made = element(
    "tr",
    { "data-point": String(point), ...(chosen === point ? { class: "chosen" } : {}) },
    element("th", { scope: "row" }, control, onFront ? element("span", { class: "front", title: "on the Pareto front" }, element("span", { class: "visually-hidden" }, "on the Pareto front")) : null), // prettier-ignore
    ...axes.map((name) => element("td", {}, axisText(row.axes[name]))),
    element("td", {}, verdict === null ? element("span", { class: "quiet" }, status) : element("span", { class: `verdict ${verdict}` }, `${verdictMarks[verdict]} ${verdict}`)), // prettier-ignore
    element("td", {}, row.symmetry ?? "–"),
    element("td", {}, row.layers === null ? "–" : row.layersNeeded === null ? String(row.layers) : `${row.layers} of ${row.layersNeeded}`), // prettier-ignore
    element("td", { class: "number" }, row.scores === null ? "–" : number(row.scores)),
    element("td", { class: "number" }, percent(row.share)),
    element("td", { class: "number" }, digits(row.margin)),
    trained ? element("td", { class: "number" }, percent(row.varianceShare)) : null,
  );
  made.addEventListener("click", () => select(point));
  made.addEventListener("mouseenter", () => hover(point));
  made.addEventListener("mouseleave", () => hover(null));
  return made;
}
