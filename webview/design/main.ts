/** The page of the designer: a symmetry in, architectures that have exactly this symmetry out. */
import type { PairClasses } from "../../extension/theory/design/pairClasses";
import { button, checkbox, dropdown, field, link, textArea, textField } from "../controls/controls";
import { element } from "../controls/element";
import { choiceTable, details, facts, table, titled, verdictWord } from "../controls/parts";
import { classColour, packed } from "../drawing/colours";
import { type Cell, Heatmap } from "../drawing/heatmap";
import { onThemeChange } from "../drawing/theme";
import { drawnTokens, tokenPicture } from "../drawing/tokens";
import { live, openPage, section, type Section } from "../page";
import type {
  DesignInputs,
  DesignPageState,
  DesignProblems,
  DesignSnapshot,
  ShownDesign,
  SymmetryKind,
  ToDesignHost,
  ToDesignPage,
} from "../protocol";
import { progressLine } from "../subject";
import { cycles, number } from "../words";
import {
  cellWords,
  classesSentence,
  classRows,
  closureSentence,
  examples,
  groupFacts,
  headsWords,
  kindLabels,
} from "./words";
import "../base.css";
import "./design.css";

let snapshot: DesignSnapshot | undefined;
/** Of the selected design. */
let classes: PairClasses[] | null = null;
/** Which of them is on view. */
let matrix = 0;
/** Tells one design's classes from another's. */
let version = 0;

const page = openPage<DesignPageState, ToDesignHost, ToDesignPage>(receive, { kind: "ready" });

const readout = element("p", { class: "readout quiet" }, " ");
const heatmap = new Heatmap({
  label: "Classes of pairs: what a query knows of a key beside the two tokens",
  rows: "query",
  columns: "key",
  side: 460,
  say: (cell) => words(cell),
  onHover: (cell) => {
    readout.textContent = cell === null ? " " : words(cell);
  },
});
const map = element("div", { class: "map" }, heatmap.node, readout);

function receive(message: ToDesignPage): void {
  if (message.kind === "snapshot") {
    ({ snapshot } = message);
    const { inputs, selected, format } = snapshot;
    page.remember({ inputs, selected, format });
  } else {
    ({ classes } = message);
    matrix = 0;
    version++;
    paint();
  }
  draw();
}

function words({ row, column }: Cell): string {
  const shown = classes?.[matrix];
  if (shown === undefined || !snapshot?.shown) return " ";
  const said = cellWords(shown, row, column, snapshot.shown.tokens);
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}`;
}

function paint(): void {
  const shown = classes?.[matrix];
  if (shown === undefined) return;
  const { size, cells, count } = shown;
  // Nothing is drawn where a pair is masked.
  const colours = Uint32Array.from({ length: count + 1 }, (_, cell) =>
    cell === 0 ? 0 : packed(classColour(cell - 1)),
  );
  const pixels = new Uint8ClampedArray(4 * cells.length);
  new Uint32Array(pixels.buffer).set(cells.map((cell) => colours[cell]));
  heatmap.show({ size, pixels, written: (index) => (cells[index] === 0 ? "" : String(cells[index])) });
}

onThemeChange(() => {
  paint();
  draw();
});

// ----------------------------------------------------------------------------------------------------------- sections

function draw(): void {
  if (snapshot === undefined) return;
  page.show(sections(snapshot));
  const { progress, outcome, refused } = snapshot;
  page.announce(
    progress.kind === "working"
      ? ""
      : (refused ??
          (outcome === null ? "" : `${outcome.designs.length} designs with the symmetry ${outcome.group.name}`)),
  );
}

function sections(shown: DesignSnapshot): Section[] {
  const {
    inputs,
    problems,
    targets,
    trusted,
    progress,
    refused,
    outcome,
    selected,
    format,
    shown: design,
    notice,
  } = shown;
  const { by } = inputs;
  return [
    section("head", shown.origin, head),
    section("form", { inputs, problems, targets, trusted, refused }, () => form(shown)),
    section("start", null, () =>
      element(
        "div",
        { class: "actions" },
        button("design", "primary", "Design", () => page.send({ kind: "design" })),
      ),
    ),
    ...(by === "target" ? [] : [section("examples", by, exampleList)]),
    section("progress", progress, () =>
      progressLine(progress, () => page.send({ kind: "design" }), page.send, "Design Again") ?? element("div", {}),
    ),
    ...(notice === null ? [] : [section("notice", notice, () => element("p", { class: "stale", role: "alert" }, notice))]), // prettier-ignore
    ...(outcome === null ? [] : [
      section("group", { group: outcome.group, notes: outcome.notes }, () => groupSection(outcome)),
      section("designs", { designs: outcome.designs, selected }, () => designTable(outcome.designs, selected)),
    ]),
    ...(design === null ? [] : [
      section("why", { title: design.title, reason: design.reason }, () => titled(design.title, element("p", {}, design.reason))),
      ...classSections(design),
      section("text", { text: design.text, format }, () => textSection(shown, design.text)),
    ]),
  ]; // prettier-ignore
}

const head = (origin: string | null): HTMLElement =>
  element(
    "header",
    {},
    origin === null ? null : element("p", { class: "file" }, `with the symmetry of ${origin}`),
    element("h1", {}, "Design an Architecture with This Symmetry"),
    element(
      "p",
      {},
      "Give the rearrangements of the tokens that a map commutes with. The designs have exactly this symmetry, and are certified universal for the maps that have it.",
    ),
  );

// --------------------------------------------------------------------------------------------------------------- form

function form({ inputs, problems, targets, trusted, refused }: DesignSnapshot): HTMLElement {
  const { by, width, directed } = inputs;
  const set = (change: Extract<ToDesignHost, { kind: "inputs" }>["change"]) => page.send({ kind: "inputs", change });
  const wrong = Object.entries(problems).map(([name, needed]) => `${fieldNames[name as keyof DesignProblems](by)}: needed is ${needed}.`); // prettier-ignore
  return element(
    "section",
    { "aria-label": "The symmetry" },
    element(
      "div",
      { class: "controls given" },
      field(
        "Symmetry given by",
        dropdown(
          "by",
          "Symmetry given by",
          (Object.keys(kindLabels) as SymmetryKind[]).map((value) => ({ value, label: kindLabels[value] })),
          by,
          (value) => set({ by: value as SymmetryKind }),
        ),
      ),
      by === "target" ? targetField(inputs, targets, trusted, problems, set) : givenField(inputs, problems, set),
      by === "points"
        ? null
        : field(
            by === "graph" ? "Vertices" : "Tokens",
            textField("tokens", fieldNames.tokens(by), inputs.given[by].tokens, (tokens) => set({ tokens }), {
              size: 8,
              problem: problems.tokens,
              ...(by === "target" ? {} : { placeholder: "as given" }),
            }),
          ),
      field("Width", textField("width", "Width", width, (text) => set({ width: text }), { size: 6, problem: problems.width })), // prettier-ignore
      by === "graph" ? checkbox("directed", "Edges have a direction", directed, (now) => set({ directed: now })) : null,
    ),
    ...wrong.map((sentence) => element("p", { class: "problem", role: "alert" }, sentence)),
    refused === null ? null : element("p", { class: "problem", role: "alert" }, refused),
  );
}

const fieldNames: Record<keyof DesignProblems, (by: SymmetryKind) => string> = {
  text: (by) => ({ name: "Name", generators: "Cycles", graph: "Edges", points: "Points", target: "Target" })[by],
  tokens: (by) => (by === "graph" ? "Number of vertices" : "Number of tokens"),
  width: () => "Width",
};

type SetInputs = (change: Extract<ToDesignHost, { kind: "inputs" }>["change"]) => void;

function givenField({ by, given }: DesignInputs, { text: problem }: DesignProblems, set: SetInputs): HTMLElement {
  const { text } = given[by];
  const name = fieldNames.text(by);
  const change = (now: string) => set({ text: now });
  if (by === "graph" || by === "points")
    return field(
      by === "graph" ? "Edges, one a line: 0 1" : "Points, one a line: 0 1.5",
      textArea("text", name, text, change, { rows: 6, columns: 30, problem }),
    );
  return field(
    by === "name" ? "Name" : "Cycles, as in (0 1 2)(3 4), (0 3)",
    textField("text", name, text, change, { size: by === "name" ? 24 : 40, problem }),
  );
}

function targetField(
  { given }: DesignInputs,
  targets: DesignSnapshot["targets"],
  trusted: boolean,
  { text: problem }: DesignProblems,
  set: SetInputs,
): HTMLElement {
  const { text } = given.target;
  const about = targets.find(({ name }) => name === text)?.description;
  const choice = dropdown("text", "Target", targets.map(({ name }) => ({ value: name, label: name })), text, (now) => set({ text: now })); // prettier-ignore
  const own = button("own", "secondary", "Module of Your Own …", () => page.send({ kind: "choose-target" }), {
    disabled: !trusted,
    ...(trusted ? {} : { describedAs: "A module of your own is code, which runs in trusted workspaces only" }),
  });
  if (about !== undefined) choice.title = about;
  if (problem !== undefined) choice.classList.add("invalid");
  return field("Target", element("div", { class: "joined" }, choice, own));
}

function exampleList(by: SymmetryKind): HTMLElement {
  const list = by === "target" ? [] : examples[by];
  return element(
    "p",
    { class: "examples" },
    element("span", { class: "label" }, "Examples"),
    ...list.map(({ label, text, tokens = "" }, index) =>
      link(`example-${index}`, label, () => page.send({ kind: "inputs", change: { text, tokens } })),
    ),
  );
}

// -------------------------------------------------------------------------------------------------------------- group

function groupSection({ group, notes }: NonNullable<DesignSnapshot["outcome"]>): HTMLElement {
  const { name, degree, generators, orbits } = group;
  const closure = closureSentence(group);
  return titled(
    "Group",
    element(
      "div",
      { class: "group-and-tokens" },
      element(
        "div",
        {},
        element("p", { class: "group" }, element("span", { class: "group-name" }, name)),
        facts(groupFacts(group)),
        closure === null ? null : element("p", {}, closure),
        ...notes.map((note) => element("p", { class: "note" }, note)),
        details(
          `Generators (${number(generators.length)})`,
          generators.length === 0
            ? element("p", {}, "None: nothing but the identity is asked for.")
            : element("ul", {}, ...generators.map((one) => element("li", {}, element("code", {}, cycles(one))))),
        ),
      ),
      degree > drawnTokens ? null : tokenPicture({ tokens: degree, generators, orbits, layout: "ring", shown: null }),
    ),
  );
}

// ------------------------------------------------------------------------------------------------------------ designs

function designTable(designs: NonNullable<DesignSnapshot["outcome"]>["designs"], selected: number): HTMLElement {
  if (designs.length === 0) return titled("Designs", element("p", {}, "No design was found."));
  return titled(
    `Designs, the cheapest first (${designs.length})`,
    choiceTable(
      "Designs, the cheapest first",
      ["Design", "Pairs a layer", "Layers", "Parameters", "Registers", "Verdict"],
      designs.map(({ title, pairsPerLayer, layers, parameters, registers, verdict }, index) => ({
        key: `design-${index}`,
        name: title,
        cells: [number(pairsPerLayer), number(layers), number(parameters), number(registers), verdictWord(verdict)],
      })),
      selected,
      (design) => page.send({ kind: "select", design }),
    ),
  );
}

function classSections({ tokens, registers, positions }: ShownDesign): Section[] {
  if (classes === null) return [];
  const all = classes;
  const shown = all[matrix];
  const choices = all.map((one, index) => ({ value: String(index), label: headsWords(one, all) }));
  return [
    section("classes", [version, matrix], () =>
      titled(
        "What it knows of pairs of tokens",
        element(
          "p",
          {},
          classesSentence(shown, registers),
          " Pairs of one class share one learned bias; cells without colour are masked.",
        ),
        positions === null ? null : element("p", {}, positions),
        all.length === 1
          ? null
          : element(
              "div",
              { class: "controls" },
              field("Of", dropdown("matrix", "Layers and heads", choices, String(matrix), (value) => {
                matrix = Number(value);
                paint();
                draw();
              })),
            ),
      ),
    ),
    live("map", map),
    section("class-table", [version, matrix], () => {
      const { rows, left } = classRows(shown, tokens);
      return details(
        `The classes as a table (${number(shown.count)})`,
        table(["Class", "Pairs", "For example"], rows, "Classes of pairs"),
        left === 0 ? null : element("p", { class: "quiet" }, `And ${number(left)} more classes.`),
      );
    }),
  ]; // prettier-ignore
}

function textSection({ formats, format }: DesignSnapshot, text: ShownDesign["text"]): HTMLElement {
  const ready = text !== null && "content" in text;
  return titled(
    "As a file",
    element(
      "div",
      { class: "controls" },
      button("open-model", "primary", "Open as Model File", () => page.send({ kind: "open-model" })),
      field(
        "Format",
        dropdown("format", "Format", formats, format, (value) => page.send({ kind: "format", format: value })),
      ),
      button("export", "secondary", "Export", () => page.send({ kind: "export" }), { disabled: !ready }),
      button("copy", "secondary", "Copy", () => page.send({ kind: "copy" }), { disabled: !ready }),
    ),
    text === null
      ? element("p", { class: "quiet" }, "It is being written …")
      : "problem" in text
        ? element("p", { class: "problem" }, text.problem)
        : element(
            "div",
            {},
            element(
              "pre",
              { class: "text", tabindex: "0", role: "region", "aria-label": text.fileName },
              element("code", {}, text.content),
            ),
            text.cut ? element("p", { class: "quiet" }, "The rest is in the exported document.") : null,
          ),
  );
}
