/** The page of the training panel: runs as they go, against the floor that none goes below. */
import { button, checkbox, dropdown, field, textField } from "../controls/controls";
import { element } from "../controls/element";
import { details, table, titled } from "../controls/parts";
import { count, number } from "../words";
import { LineChart } from "../drawing/lineChart";
import type { Band, Curve } from "../drawing/ticks";
import { seriesVariable } from "../drawing/series";
import { live, openPage, section, type Section } from "../page";
import type {
  NothingYet,
  PageState,
  RunView,
  ToTrainingHost,
  ToTrainingPage,
  TrainingSetup,
  TrainingSnapshot,
  TypedField,
} from "../protocol";
import { head, nothing, variantField, variantNote } from "../subject";
import { SampleView } from "./sample";
import { chartSvg } from "./svg";
import { floorWords, lossWords, marginWords, shareWords, statusWords, timeLeft } from "./words";
import "../base.css";
import "./training.css";

const title = "Training";

/** What the page has been sent of a run. */
interface Curves {
  /** The training loss of every step, with room at the end. */
  room: Float32Array;
  count: number;
  steps: Float64Array;
  loss: Float64Array;
  low: Float64Array;
  high: Float64Array;
  margin: Float64Array;
}
const none = new Float64Array(0);

let snapshot: TrainingSnapshot | NothingYet | undefined;
const curves = new Map<number, Curves>();
const page = openPage<PageState, ToTrainingHost, ToTrainingPage>(receive, { kind: "ready" });

const lossChart = new LineChart("Loss against steps on a log axis, with the floor of each run", "loss", 340);
const marginChart = new LineChart("The smallest gap between outputs that differ by theory, against steps", "margin", 180); // prettier-ignore
const sample = new SampleView();

function receive(message: ToTrainingPage): void {
  switch (message.kind) {
    case "snapshot":
      snapshot = message.snapshot;
      page.remember({ uri: snapshot.subject.uri, architecture: snapshot.subject.architecture });
      break;
    case "losses": {
      const known = curvesOf(message.run);
      known.count = message.first + message.losses.length;
      if (known.count > known.room.length) {
        const larger = new Float32Array(2 * known.count);
        larger.set(known.room.subarray(0, message.first));
        known.room = larger;
      }
      known.room.set(message.losses, message.first);
      break;
    }
    case "evaluations": {
      const { steps, loss, low, high, margin } = message;
      Object.assign(curvesOf(message.run), { steps, loss, low, high, margin });
      break;
    }
    case "sample":
      sample.show(message);
      break;
  }
  draw();
}

function curvesOf(run: number): Curves {
  const known = curves.get(run) ?? {
    room: new Float32Array(0),
    count: 0,
    steps: none,
    loss: none,
    low: none,
    high: none,
    margin: none,
  };
  curves.set(run, known);
  return known;
}

// ------------------------------------------------------------------------------------------------------------- charts

function lossPicture(runs: readonly RunView[]): { curves: Curve[]; bands: Band[] } {
  const shown = runs.filter((run) => run.shown);
  return {
    curves: shown.flatMap(({ id, title: label, colour }): Curve[] => {
      const { room, count: steps1, steps, loss } = curvesOf(id);
      return [
        { label: `${label} (training)`, colour, kind: "trace", x: null, y: room.subarray(0, steps1) },
        { label, colour, kind: "line", x: steps, y: loss },
      ];
    }),
    bands: shown.flatMap(({ floor, colour }): Band[] => {
      if (floor === null || typeof floor === "string") return [];
      const { value, low, high } = floor.both;
      return [{ label: `floor ${value.toPrecision(3)} [${low.toPrecision(3)}, ${high.toPrecision(3)}]`, colour, value, low, high }]; // prettier-ignore
    }),
  };
}

function marginPicture(runs: readonly RunView[]): { curves: Curve[]; bands: Band[] } {
  return {
    curves: runs
      .filter((run) => run.shown)
      .map(({ id, title: label, colour }): Curve => {
        const { steps, margin } = curvesOf(id);
        return { label, colour, kind: "line", x: steps, y: margin };
      }),
    bands: [],
  };
}

const hasMargins = (runs: readonly RunView[]): boolean =>
  runs.some(({ id, shown }) => shown && curvesOf(id).margin.some((margin) => margin > 0));

// ----------------------------------------------------------------------------------------------------------- sections

function draw(): void {
  if (snapshot === undefined) return;
  if (snapshot.kind !== "training") {
    page.show(nothing(title, snapshot, page.send));
    return;
  }
  const { runs } = snapshot;
  for (const id of curves.keys()) if (!runs.some((run) => run.id === id)) curves.delete(id);
  lossChart.show(lossPicture(runs));
  if (hasMargins(runs)) marginChart.show(marginPicture(runs));
  page.show(sections(snapshot));
  page.announce(
    runs.map((run) => `${run.title}: ${run.status === "running" ? "running" : statusWords(run)}`).join(". "),
  );
}

function sections(shown: TrainingSnapshot): Section[] {
  const { subject, variants, noAnalogue, targets, backends, setup, problems, comparison, runs, selected, notice } =
    shown;
  const run = runs.find(({ id }) => id === selected);
  return [
    head(title, subject, page.send),
    section("setup", { variants, noAnalogue, targets, backends, setup, typed: shown.typed, problems, comparison }, () =>
      setupForm(shown),
    ),
    ...(notice === null ? [] : [section("notice", notice, () => element("p", { class: "stale", role: "alert" }, notice))]), // prettier-ignore
    ...(runs.length === 0
      ? [section("empty", null, drawEmpty)]
      : [
          live("loss", chartSection),
          section("exports", run?.id ?? null, () => exportsRow(run)),
          ...runs.map((one) => runSection(one, one.id === selected)),
          ...(hasMargins(runs) ? [live("margin", marginSection)] : []),
          ...(run !== undefined && sample.run === run.id ? [live("sample", sample.node)] : []),
          section("table", run && [run.id, curvesOf(run.id).steps.length], () => evaluationTable(run)),
        ]),
  ];
}

const chartSection = element("section", { "aria-label": "Loss" }, lossChart.node);
const marginSection = titled(
  "Margin",
  element("p", { class: "quiet" }, "The smallest gap between outputs that differ by theory, relative to their scale: how far the model keeps apart what it can tell apart."), // prettier-ignore
  marginChart.node,
);

function drawEmpty(): HTMLElement {
  return element(
    "section",
    { class: "state" },
    element("p", {}, "No run yet. Start one: its loss appears here as it goes, with the error floor that no run of the architecture ends below."), // prettier-ignore
  );
}

function setupForm({
  variants,
  noAnalogue,
  targets,
  backends,
  setup,
  typed,
  problems,
  comparison,
}: TrainingSnapshot): HTMLElement {
  const set = (change: Partial<Omit<TrainingSetup, TypedField>>) => page.send({ kind: "setup", setup: change });
  const numberField = (name: TypedField, label: string, size: number) =>
    field(
      label,
      textField(name, label, typed[name], (text) => page.send({ kind: "type", field: name, text }), {
        size,
        problem: problems[name],
      }),
    );
  const target = targets.find(({ name }) => name === setup.target);
  const wrong = Object.entries(problems);
  const selectedVariant = variants.find(({ id }) => id === setup.variant);
  return element(
    "section",
    { "aria-label": "A new run" },
    element(
      "div",
      { class: "controls" },
      variantField(variants, setup.variant, (variant) => set({ variant })),
      field(
        "Target",
        element(
          "div",
          { class: "joined" },
          dropdown("target", "Target", targets.map(({ name }) => ({ value: name, label: name })), setup.target, (name) => set({ target: name })), // prettier-ignore
          button("own", "secondary", "…", () => page.send({ kind: "choose-target" }), { describedAs: "Choose a module of your own as the target" }), // prettier-ignore
        ),
      ),
      field("Backend", dropdown("backend", "Backend", backends, setup.backend, (value) => set({ backend: value as TrainingSetup["backend"] }))), // prettier-ignore
      numberField("seed", "Seed", 6),
      numberField("steps", "Steps", 8),
      numberField("batch", "Batch", 5),
      numberField("rate", "Learning rate", 7),
    ),
    target === undefined ? null : element("p", { class: "quiet" }, target.description),
    variantNote(variants, setup.variant, noAnalogue),
    selectedVariant !== undefined && !selectedVariant.small
      ? element("p", { class: "quiet" }, "At this size a step may take seconds or more.")
      : null,
    ...wrong.map(
      ([name, problem]) =>
      element("p", { class: "problem", role: "alert" }, `${name === "target" ? "" : `The ${name} must be `}${problem}${problem.endsWith(".") ? "" : "."}`), // prettier-ignore
    ),
    element(
      "div",
      { class: "actions" },
      button("start", "primary", "Start", () => page.send({ kind: "start" }), { disabled: wrong.length > 0 }),
      comparison === null
        ? null
        : button("compare", "secondary", "Compare With the Quick Fix", () => page.send({ kind: "compare" }), {
            disabled: wrong.length > 0,
            describedAs: `Compare With the Quick Fix: start two runs, as written, and ${comparison.title.charAt(0).toLowerCase()}${comparison.title.slice(1)}`,
          }),
    ),
  );
}

/** Colour and dash of a run, as in the charts. */
function mark(colour: number): HTMLElement {
  const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = `var(${seriesVariable(colour)})`;
  return swatch;
}

/** What of a run changes from message to message, and is written into its card; the rest of the card stays as it is, under the pointer and with the focus. */
class RunCard {
  readonly node: HTMLElement;
  private readonly status = element("span", { class: "run-status" });
  private readonly bar: HTMLProgressElement;
  private readonly facts = ["Step", "Loss", "Floor", "Of the target's variance", "Margin", "Steps a second", "Time left"]
    .map((term) => ({ term, value: element("dd", {}) })); // prettier-ignore

  constructor(run: RunView, isSelected: boolean) {
    const { id, title: name, setup, status, message, backend, step, shown, outdated, colour } = run;
    const going = status === "starting" || status === "running" || status === "pausing";
    const atEnd = status === "ended";
    const act = (kind: RunAction, label: string, why: string, disabled = false) =>
      button(`${kind}-${id}`, "secondary", label, () => page.send({ kind, run: id }), {
        disabled,
        describedAs: `${label}: ${why} ${name}`,
      });
    const about = [
      backend ?? "starting the runtime",
      ...(outdated ? ["of an earlier text of the file"] : []),
      `batch ${setup.batch}, learning rate ${setup.rate}`,
    ];
    this.bar = element("progress", {
      max: String(setup.steps),
      "aria-label": `Steps of ${name}`,
    }) as HTMLProgressElement;
    this.node = element(
      "section",
      { class: `run${isSelected ? " selected" : ""}`, "aria-label": `Run ${name}` },
      element(
        "div",
        { class: "run-head" },
        mark(colour),
        element("strong", { class: "run-name" }, name),
        this.status,
        checkbox(`show-${id}`, "show", shown, (now) => page.send({ kind: "show", run: id, shown: now })),
      ),
      element("p", { class: "quiet" }, about.join(" · ")),
      message === null ? null : element("p", { class: "problem" }, message),
      this.bar,
      element("dl", {}, ...this.facts.map(({ term, value }) => element("div", {}, element("dt", {}, term), value))),
      element(
        "div",
        { class: "actions" },
        going
          ? act("pause", "Pause", "stop after this step of", status !== "running")
          : act("resume", step === 0 ? "Run" : "Resume", "go on with", atEnd),
        act("step", "Step", "train one step of", going || atEnd),
        act("cancel-run", "Cancel", "end at once", !going),
        act("reset", "Reset", "back to the first step of"),
        act("remove", "Remove", "forget"),
        isSelected ? null : act("select", "Show Sample", "target and output of"),
      ),
    );
  }

  /** Everything that the card's structure depends on. */
  static structure({ id, title, setup, status, message, backend, step, shown, outdated, colour }: RunView, isSelected: boolean): unknown {
    return [id, title, setup, status, message, backend, step === 0, shown, outdated, colour, isSelected];
  } // prettier-ignore

  update(run: RunView): void {
    const { setup, step, floor, margin, stepsPerSecond, status } = run;
    const values = [
      `${number(step)} of ${number(setup.steps)}`,
      lossWords(run),
      floorWords(floor),
      shareWords(run),
      marginWords(margin),
      stepsPerSecond === null ? "–" : stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0),
      timeLeft(run),
    ];
    this.facts.forEach(({ value }, i) => {
      if (value.textContent !== values[i]) value.textContent = values[i];
    });
    this.bar.value = step;
    this.status.className = `run-status ${status}`;
    this.status.textContent = statusWords(run);
  }
}

type RunAction = "pause" | "resume" | "step" | "cancel-run" | "reset" | "remove" | "select";

/** The cards on view by run, each with what its structure was made of. */
const cards = new Map<number, { made: string; card: RunCard }>();

function runSection(run: RunView, isSelected: boolean): Section {
  const made = JSON.stringify(RunCard.structure(run, isSelected));
  let known = cards.get(run.id);
  if (known?.made !== made) cards.set(run.id, (known = { made, card: new RunCard(run, isSelected) }));
  known.card.update(run);
  return live(`run ${made}`, known.card.node);
}

function exportsRow(run: RunView | undefined): HTMLElement {
  const runs = () => (snapshot?.kind === "training" ? snapshot.runs : []);
  const picture = (format: "png" | "svg", content: Uint8Array) =>
    page.send({ kind: "export-picture", format, content });
  return element(
    "div",
    { class: "actions exports" },
    element("span", { class: "label" }, "Export"),
    button("csv", "secondary", "CSV", () => page.send({ kind: "export-csv" }), {
      describedAs: "CSV: export the curves of all runs",
    }),
    button("png", "secondary", "PNG", () => void lossChart.png().then((content) => picture("png", content)), { describedAs: "PNG: export the chart" }), // prettier-ignore
    button("svg", "secondary", "SVG", () => picture("svg", new TextEncoder().encode(chartSvg(lossPicture(runs()), "loss"))), { describedAs: "SVG: export the chart" }), // prettier-ignore
    run === undefined
      ? null
      : button("script", "secondary", "Script", () => page.send({ kind: "export-script", run: run.id }), { describedAs: `Script: export TypeScript that repeats the run ${run.title}` }), // prettier-ignore
  );
}

/** Whether the table is open; it is made anew with every evaluation. */
let tableOpen = false;

function evaluationTable(run: RunView | undefined): HTMLElement {
  if (run === undefined) return element("div", {});
  const { steps, loss, low, high, margin } = curvesOf(run.id);
  const summary = `Evaluations of "${run.title}" as a table (${count(steps.length, "row")})`;
  const written = details(
    summary,
    table(
      ["Step", "Loss", "95 % interval", "Margin"],
      Array.from(steps, (step, i) => [
        String(step),
        loss[i].toPrecision(4),
        `${low[i].toPrecision(4)} to ${high[i].toPrecision(4)}`,
        marginWords(Number.isNaN(margin[i]) ? null : margin[i]),
      ]),
      summary,
    ),
  ) as HTMLDetailsElement;
  written.open = tableOpen;
  written.addEventListener("toggle", () => (tableOpen = written.open));
  return written;
}
