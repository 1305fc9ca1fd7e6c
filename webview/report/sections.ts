/** The report as sections, each a function of the part of the snapshot that it shows. */
import { isRepairable, mapsOfClass, visibilityDecided } from "../../extension/editor/words";
import { architectureOf } from "../../extension/models/ranges";
import type {
  ArchitectureReport,
  Condition,
  Finding,
  Severity,
  SymmetryReport,
  Witness,
} from "../../extension/theory/verdict/report";
import { button, divider, dropdown, link, progress } from "../controls/controls";
import { element, type Child } from "../controls/element";
import { code, details, facts, table, titled, verdictWord } from "../controls/parts";
import { count, cycles, number } from "../words";
import { section as drawnSection, type Section } from "../page";
import type { PanelName, Snapshot, ToHost } from "../protocol";
import { layerMeter, orbitStrip } from "./drawings";

type Send = (message: ToHost) => void;

/** The sections of a snapshot, from top to bottom. */
export function sectionsOf(snapshot: Snapshot, send: Send): Section[] {
  const section = <Data>(name: string, data: Data, draw: (data: Data, send: Send) => HTMLElement) =>
    drawnSection(name, data, (own) => draw(own, send));
  switch (snapshot.kind) {
    case "empty":
      return [section("empty", null, drawEmpty)];
    case "checking":
      return [section("checking", snapshot.file, drawChecking)];
    case "failed":
      return [section("failed", { file: snapshot.file, message: snapshot.message }, drawFailed)];
    case "report":
      return reportSections(snapshot, section);
  }
}

type MakeSection = <Data>(name: string, data: Data, draw: (data: Data, send: Send) => HTMLElement) => Section;

function reportSections(
  { report, freshness, architecture: index }: Snapshot & { kind: "report" },
  section: MakeSection,
): Section[] {
  const architecture = report.architectures[index] as ArchitectureReport | undefined;
  const findings = report.findings
    .map((finding, position) => ({ finding, position }))
    .filter(({ finding }) => [undefined, architecture].includes(architectureOf(report, finding)));
  const head = section(
    "head",
    { file: report.file, names: report.architectures.map(nameOf), index, freshness },
    drawHead,
  );
  const findingList = findings.length > 0 ? [section("findings", findings, drawFindings)] : [];
  const foot = section("foot", null, drawFoot);
  if (architecture === undefined) return [head, section("unread", report.format, drawUnread), ...findingList, foot];
  const { conditions, witness, symmetry, visibility, repeatedTokens, errorFloor, tokens } = architecture;
  return [
    head,
    section("verdict", { ...verdictData(architecture), repairable: isRepairable(report, architecture) }, drawVerdict),
    ...findingList,
    section("conditions", conditions, drawConditions),
    ...(witness === null ? [] : [section("witness", witness, drawWitness)]),
    section("symmetry", { symmetry, tokens }, drawSymmetry),
    ...(visibilityDecided(architecture) ? [section("visibility", visibility, drawVisibility)] : []),
    section("repeated", repeatedTokens, drawRepeated),
    section("floor", { errorFloor, verdict: architecture.verdict }, drawFloor),
    foot,
  ];
}

// ------------------------------------------------------------------------------------------------------ whole states

function drawEmpty(): HTMLElement {
  return element(
    "section",
    { class: "state" },
    element("h1", {}, "No model file is open"),
    element(
      "p",
      {},
      "Open a *.uap.json or *.uap.yaml file, the config.json of a Hugging Face model, or a model in Python or TypeScript. Its verdict appears here.",
    ),
  );
}

function drawChecking(file: string): HTMLElement {
  return element(
    "section",
    { class: "state" },
    element("h1", {}, file),
    progress("Reading the file and deciding what the architecture can express"),
  );
}

function drawFailed({ file, message }: { file: string; message: string }, send: Send): HTMLElement {
  return element(
    "section",
    { class: "state" },
    element("h1", {}, `${file} could not be checked`),
    element("p", {}, `The check broke down: ${message}. That is a defect of UAP Lens, not of the file.`),
    element("p", {}, 'The output channel "UAP Lens" has the details.'),
    button("again", "primary", "Check Again", () => send({ kind: "check-again" })),
  );
}

function drawUnread(): HTMLElement {
  return element(
    "section",
    { class: "state" },
    element(
      "p",
      {},
      "No architecture could be read from this file, so there is no verdict. The findings say what is in the way.",
    ),
  );
}

// -------------------------------------------------------------------------------------------------------------- head

const nameOf = (architecture: ArchitectureReport): string => architecture.name;

const freshnessNotes = {
  current: null,
  checking: "The file has changed. This is the report of its earlier text; a new check is under way.",
  closed: "The file is closed. This is its last report.",
} as const;

interface Head {
  file: string;
  names: string[];
  index: number;
  freshness: keyof typeof freshnessNotes;
}

function drawHead({ file, names, index, freshness }: Head, send: Send): HTMLElement {
  const note = freshnessNotes[freshness];
  return element(
    "header",
    {},
    element("p", { class: "file" }, file),
    element("h1", {}, names[index] ?? "Not readable"),
    names.length > 1
      ? dropdown(
          "architecture",
          "Architecture of the file",
          names.map((label, value) => ({ value: String(value), label })),
          String(index),
          (value) => send({ kind: "select-architecture", architecture: Number(value) }),
        )
      : null,
    note === null ? null : element("p", { class: "stale", role: "status" }, note),
  );
}

// ----------------------------------------------------------------------------------------------------------- verdict

/** What the banner shows. Numbers of layers make sense only where visibility was decided. */
function verdictData(architecture: ArchitectureReport) {
  const { verdict, statement, tokens, width, attentionLayers: written, family, visibility } = architecture;
  const decided = visibilityDecided(architecture);
  return {
    verdict,
    statement,
    tokens,
    width,
    written,
    needed: family.attentionLayersNeeded,
    deeper: family.verdict,
    maps: decided ? mapsOfClass(architecture) : null,
    mapsVerdict: architecture.class.verdict,
    symmetry: architecture.symmetry?.name ?? "not decided",
    hops: !decided ? "not decided" : visibility.hops === null ? "no depth connects them" : number(visibility.hops),
  };
}

function drawVerdict(data: ReturnType<typeof verdictData> & { repairable: boolean }, send: Send): HTMLElement {
  const { verdict, statement, tokens, width, written, needed, deeper, maps, mapsVerdict, symmetry, hops, repairable } =
    data;
  return element(
    "section",
    { class: `banner ${verdict}`, "aria-labelledby": "verdict" },
    element("h2", { id: "verdict" }, verdictWord(verdict)),
    element("p", { class: "statement" }, statement),
    needed === null ? null : layerMeter(written, needed),
    facts([
      ["Tokens", number(tokens)],
      ["Width", number(width)],
      ["Layers written", number(written)],
      ["Layers needed", needed === null ? "no number is known to be enough" : number(needed)],
      ["With the blocks stacked deeper", verdictWord(deeper)],
      ...(maps === null ? [] : [[`For ${maps}`, verdictWord(mapsVerdict)] satisfies [string, Child]]),
      ["Symmetry", symmetry],
      ["Layers until every pair is connected", hops],
    ]),
    repairable ? panelButton("repair", "Compare Repairs", send) : null,
  );
}

// ---------------------------------------------------------------------------------------------------------- findings

const severityMarks: Record<Severity, string> = { error: "✗ error", warning: "! warning", info: "i info" };

function drawFindings(findings: { finding: Finding; position: number }[], send: Send): HTMLElement {
  return titled(
    `Findings (${findings.length})`,
    element(
      "ul",
      { class: "findings" },
      ...findings.map(({ finding, position }) =>
        element(
          "li",
          { class: finding.severity },
          element(
            "p",
            { class: "finding-head" },
            element("span", { class: `severity ${finding.severity}` }, severityMarks[finding.severity]),
            link(`page-${position}`, finding.code, () => send({ kind: "open-page", code: finding.code })),
          ),
          element("p", {}, finding.message),
          element(
            "div",
            { class: "actions" },
            ...finding.fixes.map(({ title }, fix) =>
              button(`fix-${position}-${fix}`, fix === 0 ? "primary" : "secondary", title, () =>
                send({ kind: "apply-fix", finding: position, fix }),
              ),
            ),
            button(`go-${position}`, "secondary", `Go to Line ${finding.range.start.line + 1}`, () =>
              send({ kind: "go-to", range: finding.range }),
            ),
          ),
        ),
      ),
    ),
  );
}

// -------------------------------------------------------------------------------------------------------- conditions

const statusMarks: Record<Condition["status"], string> = {
  holds: "✓ holds",
  fails: "✗ fails",
  "not-covered": "– not covered",
};

function drawConditions(conditions: Condition[]): HTMLElement {
  return titled(
    "Conditions",
    table(
      ["Condition", "Reason and source"],
      conditions.map(({ id, status, reason, source }) => [
        element("div", {}, id, element("div", { class: `status ${status}` }, statusMarks[status])),
        element("div", {}, reason, element("div", { class: "source" }, source)),
      ]),
    ),
  );
}

// ------------------------------------------------------------------------------------------------------- the evidence

/** The way to the panel that shows more. */
const panelButton = (panel: PanelName, label: string, send: Send): HTMLElement =>
  element(
    "div",
    { class: "actions" },
    button(panel, "secondary", label, () => send({ kind: "open-panel", panel })),
  );

function drawWitness(witness: Witness, send: Send): HTMLElement {
  return titled("Witness", ...witnessBody(witness), panelButton("distinguishability", "Show the Tokens", send));
}

function witnessBody({ statement, target, s, t, replaced, permutation, samples }: Witness): HTMLElement[] {
  const entries: [string, Child][] = [["Outputs compared", s === t ? `token ${s}` : `token ${s} and token ${t}`]];
  if (replaced !== null) entries.push(["Input that may be anything", `token ${replaced}`]);
  if (permutation !== null) entries.push(["Rearrangement", code(cycles(permutation))]);
  if (samples !== null) entries.push(["Samples", code(samples.join("  and  "))]);
  return [
    element("p", {}, statement),
    facts(entries),
    element("p", { class: "target" }, element("strong", {}, "What needs them apart: "), target),
  ];
}

function drawSymmetry(
  { symmetry, tokens }: { symmetry: SymmetryReport | null; tokens: number },
  send: Send,
): HTMLElement {
  if (symmetry === null) return titled("Symmetry", element("p", {}, "The symmetry could not be decided."));
  const { name, order, generators, orbits } = symmetry;
  const explanation =
    name === "trivial"
      ? "No rearrangement of the tokens is forced to commute with the model."
      : `Rearranging the input tokens by any element of ${name} rearranges the output in the same way, whatever the parameters.`;
  return titled(
    "Symmetry",
    element("p", {}, explanation),
    facts([
      ["Group", name],
      ["Order", order.length > 40 ? `${order.slice(0, 20)}… (${order.length} digits)` : order],
    ]),
    orbits === null ? null : orbitStrip(orbits, tokens),
    generators === null || orbits === null
      ? element("p", { class: "quiet" }, "Generators and orbits are listed for short sequences only.")
      : details(
          `${count(generators.length, "generator")} and ${count(orbits.length, "orbit")}`,
          element("h3", {}, "Generators"),
          generators.length === 0
            ? element("p", {}, "None: the group is trivial.")
            : element("ul", {}, ...generators.map((generator) => element("li", {}, code(cycles(generator))))),
          element("h3", {}, "Orbits"),
          element("ul", {}, ...orbits.map((orbit) => element("li", {}, code(`{${orbit.join(", ")}}`)))),
        ),
    element(
      "div",
      { class: "actions" },
      button("symmetry", "secondary", "Measure the Symmetry", () => send({ kind: "open-panel", panel: "symmetry" })),
      button("design", "secondary", "Design for This Symmetry", () => send({ kind: "design" })),
    ),
  );
}

function drawVisibility({ hops, unreachable }: ArchitectureReport["visibility"]): HTMLElement {
  return titled(
    "Visibility",
    element(
      "p",
      {},
      hops === null
        ? "Some tokens never influence some others, however many blocks are stacked."
        : `Information passes between all the pairs that the class asks for within ${count(hops, "layer")}.`,
    ),
    unreachable.length === 0
      ? element("p", {}, "At the depth written no such pair is out of reach.")
      : element("p", {}, "At the depth written some pairs are out of reach, for example:"),
    unreachable.length === 0
      ? null
      : table(
          ["From token", "Does not influence token"],
          unreachable.map(({ from, to }) => [String(from), String(to)]),
        ),
  );
}

function drawRepeated({ verdict, witness }: ArchitectureReport["repeatedTokens"]): HTMLElement {
  return titled(
    "Repeated tokens",
    element("p", {}, "Samples in which a letter occurs more than once: ", verdictWord(verdict)),
    ...(witness === null ? [] : witnessBody(witness)),
  );
}

function drawFloor(
  { errorFloor, verdict }: Pick<ArchitectureReport, "errorFloor" | "verdict">,
  send: Send,
): HTMLElement {
  const none =
    verdict === "unknown"
      ? "None is established, because the verdict is unknown."
      : "None follows from what the tokens see or from the symmetry.";
  return titled(
    "Error floor",
    element("p", {}, errorFloor ?? none),
    panelButton("training", errorFloor === null ? "Train" : "Train Against It", send),
  );
}

function drawFoot(_: null, send: Send): HTMLElement {
  return element(
    "footer",
    {},
    divider(),
    element(
      "div",
      { class: "actions" },
      button("json", "secondary", "Open as JSON", () => send({ kind: "open-json" })),
      button("again", "secondary", "Check Again", () => send({ kind: "check-again" })),
    ),
  );
}
