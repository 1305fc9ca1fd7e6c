/** The page of the distinguishability panel: which tokens of two samples are apart, layer by layer. */
import { expected } from "../../extension/runtime/measuring/predictions";
import { reachMarks, type Pictures } from "../../extension/theory/patterns/pictures";
import { button, dropdown, field, slider, textField } from "../controls/controls";
import { element } from "../controls/element";
import { details, table } from "../controls/parts";
import { number } from "../words";
import { css, diverging, packed, sequential } from "../drawing/colours";
import { type Dtype, dtypes, gapColours, gapTicks, gapValue, paintGaps, resolutions } from "../drawing/gapScale";
import { type Cell, Heatmap } from "../drawing/heatmap";
import { ground, onThemeChange } from "../drawing/theme";
import { live, openPage, section, type Section } from "../page";
import type {
  DistinguishSnapshot,
  GapMeasurement,
  NothingYet,
  PageState,
  PairKind,
  ToDistinguishHost,
  ToDistinguishPage,
} from "../protocol";
import { head, nothing, progressLine, variantField, variantNote } from "../subject";
import { collapseSentences, gapWords, otherSample, tokenGapRow } from "./words";
import "../base.css";
import "./distinguishability.css";

const title = "Distinguishability";
const largestSide = 620;

/** What is chosen on the page alone; the host knows nothing of it. */
interface Choices {
  layer: number | null;
  dtype: Dtype;
  head: number;
}
type State = PageState & { choices?: Choices };

interface Matrix {
  measurement: number;
  layer: number;
  gaps: Float32Array;
  theory: Uint8Array | null;
}

let snapshot: DistinguishSnapshot | NothingYet | undefined;
let matrix: Matrix | undefined;
let pictures: Pictures | null = null;

const page = openPage<State, ToDistinguishHost, ToDistinguishPage>(receive, { kind: "ready" });
const choices: Choices = page.recall()?.choices ?? { layer: null, dtype: "float32", head: 0 };

const measured = (): GapMeasurement | null => (snapshot?.kind === title.toLowerCase() ? (snapshot as DistinguishSnapshot).measured : null); // prettier-ignore
/** The layer on view: the last one unless another was chosen. */
const layerOf = ({ layers }: GapMeasurement): number => Math.min(choices.layer ?? layers, layers);

const readout = element("p", { class: "readout" }, " ");
const heatmap = new Heatmap({
  label: "Gaps between the tokens of X and the tokens of X'",
  rows: "token of X",
  columns: "token of X'",
  side: largestSide,
  say: (cell) => words(cell),
  onHover: (cell) => {
    readout.textContent = cell === null ? " " : words(cell);
    for (const map of [patternMap, reachMap]) map.mark(cell);
  },
  onPick: () => {
    const now = measured();
    if (now !== null) page.send({ kind: "go-to-cause", layer: layerOf(now) });
  },
});
const patternMap = new Heatmap({ label: "Attention pattern: which keys a query attends to", rows: "query", columns: "key", side: 280 }); // prettier-ignore
const reachMap = new Heatmap({ label: "Reach: after how many layers an output depends on an input", rows: "output", columns: "input", side: 280 }); // prettier-ignore

function receive(message: ToDistinguishPage): void {
  switch (message.kind) {
    case "snapshot": {
      const before = measured()?.id;
      snapshot = message.snapshot;
      const now = measured();
      if (now !== null && (now.id !== before || matrix?.measurement !== now.id)) ask(now);
      remember();
      draw();
      return;
    }
    case "gaps":
      matrix = message;
      paint();
      draw();
      return;
    case "pictures":
      ({ pictures } = message);
      paintPictures();
      draw();
  }
}

function ask(now: GapMeasurement): void {
  page.send({ kind: "layer", measurement: now.id, layer: layerOf(now) });
}

function remember(): void {
  if (snapshot === undefined) return;
  const { uri, architecture } = snapshot.subject;
  page.remember({ uri, architecture, choices });
}

function choose(change: Partial<Choices>): void {
  Object.assign(choices, change);
  remember();
  paint();
  paintPictures();
  draw();
}

function words({ row, column }: Cell): string {
  const now = measured();
  if (now === null || matrix === undefined) return " ";
  const { gaps, theory } = matrix;
  const at = row * now.tokens + column;
  return `Token ${row} of X, token ${column} of X': ${gapWords(gaps[at], theory?.[at] ?? null, choices.dtype)}`;
}

// ----------------------------------------------------------------------------------------------------------- pictures

function paint(): void {
  const now = measured();
  if (now === null || matrix === undefined || matrix.measurement !== now.id) return;
  const { gaps, theory } = matrix;
  const pixels = new Uint8ClampedArray(4 * gaps.length);
  paintGaps(gaps, gapColours(ground(), choices.dtype), pixels);
  heatmap.show({
    size: now.tokens,
    pixels,
    outlined: (index) => gaps[index] <= now.tolerance || theory?.[index] === expected.equal,
  });
}

function paintPictures(): void {
  const now = measured();
  if (pictures === null || now === null) return;
  const layer = layerOf(now);
  const { size, patterns, layers, reach } = pictures;
  const heads = layers[Math.max(0, layer - 1)] ?? [];
  const pattern = patterns[heads[Math.min(choices.head, heads.length - 1)] ?? 0];
  const [off, on] = [0, 0.85].map((value) => packed(sequential(ground(), value)));
  const colour = (cells: Uint8Array, of: (cell: number) => number) => {
    const pixels = new Uint8ClampedArray(4 * cells.length);
    const out = new Uint32Array(pixels.buffer);
    for (let i = 0; i < cells.length; i++) out[i] = of(cells[i]);
    return pixels;
  };
  patternMap.show({ size, pixels: colour(pattern, (cell) => (cell === 1 ? on : off)) });
  const never = packed(diverging(ground(), -0.75));
  const shades = Array.from({ length: layers.length + 1 }, (_, depth) =>
    packed(sequential(ground(), 1 - 0.8 * (depth / Math.max(1, layers.length)))),
  );
  reachMap.show({
    size: now.tokens,
    pixels: colour(reach, (cell) => (cell === reachMarks.lost || cell > layer ? never : shades[Math.min(cell, layers.length)])), // prettier-ignore
  });
}

onThemeChange(() => {
  paint();
  paintPictures();
  draw();
});

// ----------------------------------------------------------------------------------------------------------- sections

const pairs: { value: PairKind; label: string }[] = [
  { value: "witness", label: "the theory's witness" },
  { value: "worst-replacement", label: "the worst replacement of a token" },
  { value: "worst-rearrangement", label: "the worst rearrangement" },
  { value: "replacement", label: "replace a token …" },
  { value: "rearrangement", label: "rearrange …" },
];

function draw(): void {
  if (snapshot === undefined) return;
  if (snapshot.kind !== "distinguishability") {
    page.show(nothing(title, snapshot, page.send));
    return;
  }
  page.show(sections(snapshot));
  const now = snapshot.measured;
  page.announce(
    snapshot.progress.kind === "working" || now === null
      ? ""
      : `${now.collapses === 0 ? "No tokens" : number(now.collapses)} collapsed after ${now.layers} layers`,
  );
}

function sections(shown: DistinguishSnapshot): Section[] {
  const { subject, variants, noAnalogue, view, problem, parameters, progress, measured: now } = shown;
  const again = () => page.send({ kind: "measure" });
  return [
    head(title, subject, page.send),
    section("controls", { variants, noAnalogue, view, problem, parameters }, () => {
      const set = (change: Partial<typeof view>) => page.send({ kind: "view", view: change });
      const custom = view.pair === "replacement" || view.pair === "rearrangement";
      return element(
        "section",
        { "aria-label": "What is measured" },
        element(
          "div",
          { class: "controls" },
          variantField(variants, view.variant, (variant) => set({ variant })),
          field("Sample X' is X with …", dropdown("pair", "Pair of samples", pairs, view.pair, (pair) => set({ pair: pair as PairKind }))), // prettier-ignore
          custom
            ? field(
                view.pair === "replacement" ? "Token" : "Cycles, as in (0 1 2)(3 4)",
                textField("custom", view.pair === "replacement" ? "Token to replace" : "Rearrangement in cycles", view.custom, (text) => set({ custom: text }), { size: 18, problem: problem ?? undefined }), // prettier-ignore
              )
            : null,
          field(
            "Parameters",
            dropdown("parameters", "Parameters", parameters, view.parameters, (value) => set({ parameters: value as typeof view.parameters })), // prettier-ignore
          ),
          field(
            "Seed",
            textField("seed", "Seed", String(view.seed), (text) => {
              if (/^\d{1,9}$/.test(text)) set({ seed: Number(text) });
            }, { size: 6 }), // prettier-ignore
          ),
        ),
        problem === null ? null : element("p", { class: "problem", role: "alert" }, `Needed: ${problem}.`),
        variantNote(variants, view.variant, noAnalogue),
      );
    }),
    section("progress", progress, () => progressLine(progress, again, page.send) ?? element("div", {})),
    ...(now === null ? [section("none", progress.kind, () => empty(progress.kind))] : measurement(now, progress.kind === "working")), // prettier-ignore
  ];
}

function empty(progress: string): HTMLElement {
  return element(
    "section",
    { class: "state" },
    element("p", {}, progress === "working" ? "The matrix appears here." : "Nothing has been measured yet."),
  );
}

function measurement(now: GapMeasurement, stale: boolean): Section[] {
  const layer = layerOf(now);
  drawSide(layer);
  const theme = ground();
  return [
    section("what", { now, stale }, () => whatIsCompared(now, stale)),
    section("layers", { layers: now.layers, id: now.id, dtype: choices.dtype, theme, started: choices.layer === null }, () => layerControls(now)), // prettier-ignore
    live("map", mapAndPictures),
    section("collapsed", { collapsed: now.collapsed, collapses: now.collapses, layers: now.layers, theory: now.theory }, () => collapsedTokens(now)), // prettier-ignore
    section("closest", now.closest, () => closestTokens(now)),
    section("table", { id: now.id, layer, have: matrix?.layer === layer && matrix.measurement === now.id, dtype: choices.dtype }, () => matrixTable(now, layer)), // prettier-ignore
  ];
}

function whatIsCompared(now: GapMeasurement, stale: boolean): HTMLElement {
  return element(
    "section",
    { "aria-label": "What is compared" },
    now.outdated || stale
      ? element(
          "p",
          { class: "stale", role: "status" },
          now.outdated
            ? "The file has changed since this was measured. "
            : "A new measurement is under way; this is the last one. ",
          now.outdated && !stale
            ? button("measure", "secondary", "Measure Again", () => page.send({ kind: "measure" }))
            : null,
        )
      : null,
    element(
      "p",
      {},
      "X is a random sample of distinct tokens. X' is ",
      element("strong", {}, otherSample(now.comparison)),
      ". A cell is how far a token of X and a token of X' are apart after the layer chosen, relative to the tokens' scale.",
    ),
    element(
      "p",
      { class: "quiet" },
      `Measured in float32 on ${now.backend}. ${now.theory ? "Outlined: equal by theory, or closer than rounding explains." : "The theory says nothing of this pair at this size; outlined are tokens closer than rounding explains."}`,
    ),
  );
}

function layerControls(now: GapMeasurement): HTMLElement {
  const say = (layer: number) => (layer === 0 ? "before the first layer" : `after layer ${layer} of ${now.layers}`);
  return element(
    "section",
    { class: "controls", "aria-label": "View" },
    field(
      "Layer",
      slider("layer", "Layer", now.layers, layerOf(now), say, (layer) => {
        Object.assign(choices, { layer });
        remember();
        page.send({ kind: "layer", measurement: now.id, layer });
        paintPictures();
      }),
    ),
    field(
      "Colours turn at the resolution of",
      dropdown(
        "dtype",
        "Number format",
        dtypes.map((value) => ({ value, label: `${value} (${resolutions[value].toPrecision(2)})` })),
        choices.dtype,
        (value) => choose({ dtype: value as Dtype }),
      ),
    ),
    element(
      "div",
      { class: "actions" },
      button("in", "secondary", "+", () => heatmap.zoom(1.6), { describedAs: "Zoom in" }),
      button("out", "secondary", "−", () => heatmap.zoom(1 / 1.6), { describedAs: "Zoom out" }),
      button("all", "secondary", "Show All", () => heatmap.showAll()),
      button("cause", "secondary", "Go to the Cause", () => page.send({ kind: "go-to-cause", layer: layerOf(now) })),
    ),
    colourBar(),
  );
}

/** The scale of the colours, with the gaps that they stand for. */
function colourBar(): HTMLElement {
  const steps = Array.from({ length: 33 }, (_, i) => -1 + i / 16);
  const stops = steps.map((value) => css(diverging(ground(), value))).join(", ");
  const bar = element("div", { class: "bar" });
  bar.style.background = `linear-gradient(to right, ${stops})`;
  const ticks = gapTicks(choices.dtype).map(({ value, label }) => {
    const tick = element("span", { class: value === 0 ? "tick middle" : "tick" }, label);
    tick.style.left = `${50 * (value + 1)}%`;
    return tick;
  });
  return element(
    "figure",
    {
      class: "scale",
      role: "img",
      "aria-label": `Colours: orange below the resolution of ${choices.dtype}, blue above it`,
    },
    bar,
    element("div", { class: "ticks", "aria-hidden": "true" }, ...ticks),
  );
}

const sideHolder = element("div", { class: "side" });
const mapAndPictures = element(
  "section",
  { class: "maps", "aria-label": "Gap matrix" },
  element("div", { class: "main-map" }, heatmap.node, readout, element("p", { class: "quiet hint" }, "Click a cell, or press Enter on it, to go to the line of the file that is responsible. Ctrl and the wheel zoom, dragging moves.")), // prettier-ignore
  sideHolder,
);

const headsOf = (layer: number): number => pictures?.layers[Math.max(0, layer - 1)]?.length ?? 0;

/** What the pictures beside the matrix were last made for. */
let sideMade = "";

/** The pattern and the reach, beside the matrix. */
function drawSide(layer: number): void {
  const heads = headsOf(layer);
  const wanted = JSON.stringify([layer, heads, choices.head, pictures !== null]);
  if (wanted === sideMade) return;
  sideMade = wanted;
  if (pictures === null) {
    sideHolder.replaceChildren(element("p", { class: "quiet" }, "Patterns are drawn for up to 1,024 tokens."));
    return;
  }
  const groups = Array.from({ length: heads }, (_, i) => ({ value: String(i), label: `head group ${i}` }));
  const chosen = String(Math.min(choices.head, heads - 1));
  sideHolder.replaceChildren(
    element("h3", {}, `Pattern of layer ${Math.max(1, layer)}`),
    ...(heads > 1 ? [dropdown("head", "Head group", groups, chosen, (value) => choose({ head: Number(value) }))] : []),
    patternMap.node,
    element("h3", {}, layer === 0 ? "Reach before the first layer" : `Reach after layer ${layer}`),
    reachMap.node,
    element(
      "p",
      { class: "quiet" },
      "Blue: the output depends on the input, the stronger the fewer layers it took. Orange: not at this depth.",
    ),
  );
}

function collapsedTokens(now: GapMeasurement): HTMLElement {
  const sentences = collapseSentences(now);
  return element(
    "section",
    { "aria-labelledby": "collapsed" },
    element("h2", { id: "collapsed" }, `Collapsed pairs (${number(now.collapses)})`),
    now.collapses === 0
      ? element("p", {}, `After ${now.layers} layers every token of X is apart from every token of X'.`)
      : element("ul", { class: "collapsed" }, ...sentences.map((sentence) => element("li", {}, sentence))),
    now.collapses > now.collapsed.length
      ? element("p", { class: "quiet" }, `${number(now.collapsed.length)} of ${number(now.collapses)} pairs are taken into account here.`)
      : null,
  ); // prettier-ignore
}

function closestTokens(now: GapMeasurement): HTMLElement {
  return details(
    "The closest of the other pairs after the last layer",
    now.closest.length === 0
      ? element("p", {}, "There are no others.")
      : table(
          ["Token of X", "Token of X'", "Gap", "By theory"],
          now.closest.map((pair) => tokenGapRow(pair)),
        ),
  );
}

/** Most tokens of a matrix that is written out. */
const writtenOut = 32;

function matrixTable(now: GapMeasurement, layer: number): HTMLElement {
  const summary = "The matrix as a table";
  if (now.tokens > writtenOut)
    return details(
      summary,
      element("p", {}, `Matrices of more than ${writtenOut} tokens are not written out. The collapsed and the closest pairs above are, and the arrow keys read out any cell.`), // prettier-ignore
    );
  if (matrix?.layer !== layer || matrix.measurement !== now.id) return details(summary, element("p", {}, "…"));
  const { gaps } = matrix;
  const tokens = Array.from({ length: now.tokens }, (_, t) => t);
  return details(
    summary,
    table(
      ["X \\ X'", ...tokens.map(String)],
      tokens.map((s) => [
        String(s),
        ...tokens.map((t) => {
          const gap = gaps[s * now.tokens + t];
          return gapValue(gap, choices.dtype) <= -1 ? "0" : gap.toPrecision(2);
        }),
      ]),
      `Gaps ${layer === 0 ? "before the first layer" : `after layer ${layer}`}`,
    ),
  );
}
