/** The page of the symmetry panel: the group, its generators and orbits, and how exactly the built model has them. */
import { button, dropdown, field, textField } from "../controls/controls";
import { element, type Child } from "../controls/element";
import { code, details, facts, table, titled } from "../controls/parts";
import { count, cycles, number, orderText } from "../words";
import { onThemeChange } from "../drawing/theme";
import { drawnTokens, type Layout, tokenPicture } from "../drawing/tokens";
import { openPage, section, type Section } from "../page";
import type {
  NothingYet,
  PageState,
  SymmetryMeasurement,
  SymmetrySnapshot,
  ToSymmetryHost,
  ToSymmetryPage,
} from "../protocol";
import { head, nothing, progressLine, variantField, variantNote } from "../subject";
import { errorChart } from "./errors";
import "../base.css";
import "./symmetry.css";

const title = "Symmetry";

/** What is chosen on the page alone. */
interface Choices {
  /** Null: as the group suggests. */
  layout: Layout | null;
  /** Which generator is drawn; all where it is null. */
  generator: number | null;
}
type State = PageState & { choices?: Choices };

let snapshot: SymmetrySnapshot | NothingYet | undefined;
const page = openPage<State, ToSymmetryHost, ToSymmetryPage>(
  (message) => {
    ({ snapshot } = message);
    remember();
    draw();
  },
  { kind: "ready" },
);
const choices: Choices = page.recall()?.choices ?? { layout: null, generator: null };
onThemeChange(() => draw());

function remember(): void {
  if (snapshot === undefined) return;
  const { uri, architecture } = snapshot.subject;
  page.remember({ uri, architecture, choices });
}

function choose(change: Partial<Choices>): void {
  Object.assign(choices, change);
  remember();
  draw();
}

function draw(): void {
  if (snapshot === undefined) return;
  if (snapshot.kind !== "symmetry") {
    page.show(nothing(title, snapshot, page.send));
    return;
  }
  page.show(sections(snapshot));
  const { symmetry, progress } = snapshot;
  page.announce(progress.kind === "working" ? "" : `Symmetry ${symmetry?.name ?? "not decided"}`);
}

function sections(shown: SymmetrySnapshot): Section[] {
  const { subject, variants, noAnalogue, view, parameters, tokens, symmetry, declared, actions, progress, measured } =
    shown;
  const again = () => page.send({ kind: "measure" });
  return [
    head(title, subject, page.send),
    section("controls", { variants, noAnalogue, view, parameters }, () => {
      const set = (change: Partial<typeof view>) => page.send({ kind: "view", view: change });
      return element(
        "section",
        { "aria-label": "What is measured" },
        element(
          "div",
          { class: "controls" },
          variantField(variants, view.variant, (variant) => set({ variant })),
          field("Parameters", dropdown("parameters", "Parameters", parameters, view.parameters, (value) => set({ parameters: value as typeof view.parameters }))), // prettier-ignore
          field(
            "Seed",
            textField(
              "seed",
              "Seed",
              String(view.seed),
              (text) => {
                if (/^\d{1,9}$/.test(text)) set({ seed: Number(text) });
              },
              { size: 6 },
            ),
          ),
        ),
        variantNote(variants, view.variant, noAnalogue),
      );
    }),
    section("group", { symmetry, tokens, declared, actions }, () => groupSection(shown)),
    ...(symmetry === null || symmetry.generators === null || symmetry.orbits === null ? [] : [section("tokens", { symmetry, tokens, choices }, () => tokenSection(shown))]), // prettier-ignore
    section("progress", progress, () => progressLine(progress, again, page.send) ?? element("div", {})),
    ...(measured === null ? [] : [section("measured", { measured, working: progress.kind === "working" }, () => measuredSection(measured, progress.kind === "working"))]), // prettier-ignore
  ];
}

// -------------------------------------------------------------------------------------------------------------- group

function groupSection({ symmetry, tokens, declared, actions }: SymmetrySnapshot): HTMLElement {
  const act = (action: "break" | "keep") =>
    actions[action].map((label, index) =>
      button(`${action}-${index}`, "secondary", label, () => page.send({ kind: "act", action, index })),
    );
  const has = symmetry !== null && symmetry.name !== "trivial";
  return titled(
    "Group",
    element(
      "p",
      { class: "group" },
      element("span", { class: "group-name" }, symmetry === null ? "not decided" : symmetry.name),
      symmetry === null ? "" : ` of order ${orderText(symmetry.order)} on ${number(tokens)} tokens`,
    ),
    element(
      "p",
      {},
      symmetry === null
        ? "The symmetry of this architecture was not decided; the report says why."
        : has
          ? "Rearranging the input by any element rearranges the output in the same way, for all parameters: no training run can break it."
          : "No rearrangement of the tokens is forced to commute with the model.",
    ),
    declared === null
      ? null
      : facts([
          ["The target's symmetry", `${declared.name}, of order ${orderText(declared.order)}`],
          ["The model against it", relationWords[declared.relation ?? "undecided"]],
        ]),
    actions.break.length + actions.keep.length === 0
      ? null
      : element(
          "div",
          { class: "choices" },
          ...(actions.break.length > 0 ? [element("div", { class: "actions" }, element("span", { class: "label" }, "Break it"), ...act("break"))] : []), // prettier-ignore
          ...(actions.keep.length > 0 ? [element("div", { class: "actions" }, element("span", { class: "label" }, "Keep it"), ...act("keep"))] : []), // prettier-ignore
          element("div", { class: "actions" }, button("position", "secondary", "Go to the Positions", () => page.send({ kind: "go-to-position" }))), // prettier-ignore
        ),
    element(
      "div",
      { class: "actions" },
      button("design", "secondary", "Design for This Symmetry", () => page.send({ kind: "design" })),
    ),
  );
}

const relationWords = {
  equal: "has exactly this symmetry",
  "model has more": "has more symmetry than the target: maps that the target needs are out of reach",
  "model lacks some": "lacks a part of it, and has to learn that part",
  "neither contains the other": "lacks a part of it and has another in addition",
  undecided: "not decided",
} as const;

// ------------------------------------------------------------------------------------------------------------- tokens

function tokenSection({ symmetry, tokens }: SymmetrySnapshot): HTMLElement {
  const generators = symmetry!.generators!;
  const orbits = symmetry!.orbits!;
  const layout = choices.layout ?? (/^[CD]_\d+$/.test(symmetry!.name) ? "ring" : "line");
  const shown = choices.generator !== null && choices.generator < generators.length ? choices.generator : null;
  const moved = orbits.filter((orbit) => orbit.length > 1);
  return titled(
    "Generators and orbits",
    tokens > drawnTokens
      ? element("p", { class: "quiet" }, `Tokens are drawn up to ${drawnTokens}. The lists below have them.`)
      : element(
          "div",
          {},
          element(
            "div",
            { class: "controls" },
            field(
              "Tokens on a",
              dropdown("layout", "Layout of the tokens", [{ value: "ring", label: "ring" }, { value: "line", label: "line" }], layout, (value) => choose({ layout: value as Layout })), // prettier-ignore
            ),
            field(
              "Generator",
              dropdown(
                "generator",
                "Generator on view",
                [
                  { value: "all", label: "all of them" },
                  ...generators.map((generator, i) => ({ value: String(i), label: shortCycles(generator) })),
                ],
                shown === null ? "all" : String(shown),
                (value) => choose({ generator: value === "all" ? null : Number(value) }),
              ),
            ),
          ),
          tokenPicture({ tokens, generators, orbits, layout, shown }),
        ),
    details(
      `${count(generators.length, "generator")} and ${count(orbits.length, "orbit")} as lists`,
      element("h3", {}, "Generators"),
      generators.length === 0
        ? element("p", {}, "None: the group is trivial.")
        : element("ul", {}, ...generators.map((generator) => element("li", {}, code(cycles(generator))))),
      element("h3", {}, "Orbits"),
      moved.length === 0
        ? element("p", {}, "Every token stays where it is.")
        : element("ul", {}, ...moved.map((orbit) => element("li", {}, code(`{${orbit.join(", ")}}`)))),
    ),
  );
}

/** Cycles for a menu. */
function shortCycles(generator: readonly (readonly number[])[]): string {
  const text = cycles(generator);
  return text.length <= 40 ? text : `${text.slice(0, 38)} …`;
}

// ----------------------------------------------------------------------------------------------------------- measured

function measuredSection(
  { generators, group, notes, backend, outdated }: SymmetryMeasurement,
  working: boolean,
): HTMLElement {
  const note = outdated
    ? "The file has changed since this was measured."
    : working
      ? "A new measurement is under way; this is the last one."
      : null;
  return titled(
    "Measured on the built model",
    note === null
      ? null
      : element("p", { class: "stale", role: "status" }, `${note} `, outdated && !working ? button("measure", "secondary", "Measure Again", () => page.send({ kind: "measure" })) : null), // prettier-ignore
    element("p", {}, "How far F(pi X) is from pi F(X), relative to the outputs' scale, for each generator pi: of the model's group, and of the target's where the model lacks it. A symmetry misses by rounding alone, which shrinks with the precision; what is none misses by the same in both."), // prettier-ignore
    element("p", { class: "quiet" }, `float32 on ${backend}; float64 from the definitions, token by token.`),
    generators.length === 0
      ? element("p", {}, "There is no generator to measure: the group is trivial, and the target declares none.")
      : errorChart(generators),
    generators.length === 0
      ? null
      : details(
          "Equivariance errors as a table",
          table(
            ["Generator", "By theory", "float32, largest", "float32, mean", "float64, largest"],
            generators.map(({ permutation, symmetry, float32, float64 }): Child[] => [
              code(shortCycles(permutation)),
              symmetry === null ? "not decided" : symmetry ? "a symmetry" : "no symmetry",
              float32.max.toExponential(1),
              float32.rms.toExponential(1),
              float64 === null ? "–" : float64.max.toExponential(1),
            ]),
            "Equivariance errors",
          ),
        ),
    group === null
      ? null
      : element(
          "p",
          { class: "comparison" },
          element("strong", {}, "Expected against measured. "),
          `Of ${number(group.tested)} rearrangements ${group.exhaustive ? "(all there are)" : "that were tried"}, `,
          `${number(group.theory)} are symmetries by theory and ${number(group.measured)} were measured as such`,
          group.theory === group.measured ? "." : ": a contradiction.",
        ),
    ...notes.map((text) => element("p", { class: "quiet" }, text)),
  );
}
