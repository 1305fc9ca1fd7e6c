/** What the panels show of an architecture beyond its report: variants of it, and its pictures. Made on the checking thread. */
import { readModelFile } from "./models";
import { applied, architectureOf } from "./models/ranges";
import type { ReadArchitecture } from "./models/modelFile";
import type { Architecture, SymmetrySpec } from "./theory/architecture/schema";
import type { SymmetryRequest } from "./theory/design/groups";
import { cellsOf, picturedTokens, type Pictures, reachMap } from "./theory/patterns/pictures";
import { declaredGroup } from "./theory/symmetry/naming";
import { cycles, fromCycles } from "./theory/symmetry/permutation";
import { examine } from "./theory/verdict/analyse";
import { analogueOf, isSmall } from "./theory/verdict/analogue";
import { addPositions } from "./theory/verdict/fixes";
import type {
  DeclaredSymmetry,
  FileReport,
  Finding,
  FindingCode,
  Range,
  SpecChange,
  SpecPath,
  SymmetryReport,
  TextEdit,
  TheoryReport,
} from "./theory/verdict/report";
import { compileStack, withinReach } from "./theory/views/stack";

/** An architecture to train and to measure: the one that the file describes, or what a quick fix would make of it. */
export interface Variant {
  /** The same after an edit of the file, as long as the variant means the same. */
  id: string;
  title: string;
  architecture: Architecture;
  /** Of a small analogue, what stands for what. */
  standsFor: string | null;
  /** Whether it is trained in seconds to minutes. */
  small: boolean;
}

/** A change of the file that an action of a panel makes. */
export interface Action {
  title: string;
  edits: TextEdit[];
}

export interface Study {
  variants: Variant[];
  /** Why some variant has no small analogue, in a sentence; null where each that is not small has one. */
  noAnalogue: string | null;
  places: Places;
  symmetry: {
    declared: DeclaredSymmetry | null;
    /** Changes by which the model loses its symmetry, and by which it keeps, or gets back, the one that is asked for. */
    break: Action[];
    keep: Action[];
    /** The declared symmetry, or else the architecture's own, as the designer is asked for it; null where it is not decided or not listed. */
    request: SymmetryRequest | null;
  };
}

/** Where the file says what makes tokens equal or different. */
export interface Places {
  position: Range;
  /** The attention pattern, or the taps, of every layer with repetitions unrolled. */
  patterns: Range[];
}

/** An architecture as the theory sees it. */
export interface Portrait {
  report: TheoryReport;
  pictures: Pictures | null;
}

/** Cells times layers up to which pictures are made: well under a second. */
const mostCells = 1e8;

/**
 * The variants of an architecture of a file, as written first.
 * @param report of this text
 * @returns undefined where the text has no such architecture
 */
export function studyOf(fileName: string, text: string, report: FileReport, index: number): Study | undefined {
  const read = readModelFile(fileName, text)?.architectures[index];
  const own = report.architectures.at(index);
  if (read === undefined || own === undefined) return undefined;
  const findings = report.findings.filter((finding) => [own, undefined].includes(architectureOf(report, finding)));
  const variants: Variant[] = [];
  const reasons: string[] = [];
  const add = (id: string, title: string, { architecture, skipped }: ReadArchitecture, known?: TheoryReport) => {
    variants.push({ id, title, architecture, standsFor: null, small: isSmall(architecture) });
    if (isSmall(architecture)) return;
    const examined = known === undefined ? examine(architecture, skipped) : { report: known, findings };
    const errors = examined.findings.filter(isTheoryError).map(({ code }) => code);
    const portrait = { report: examined.report, errors };
    for (const [purpose, name] of [
      ["look", "analogue"],
      ["train", "smallest"],
    ] as const) {
      const small = analogueOf(architecture, portrait, purpose, skipped);
      if (typeof small === "string") {
        if (purpose === "look") reasons.push(`${title}: ${small}.`);
        continue;
      }
      const same = JSON.stringify(small.architecture);
      const known = variants.some(
        (variant) => variant.id.startsWith(`${id}/`) && JSON.stringify(variant.architecture) === same,
      );
      if (!known)
        variants.push({
          id: `${id}/${name}`,
          title: `${title}, ${purpose === "look" ? "small analogue" : "smallest analogue"}`,
          architecture: small.architecture,
          standsFor: small.standsFor,
          small: true,
        });
    }
  };
  add("written", "As written", read, own);
  for (const { title, edits } of findings.flatMap(({ fixes }) => fixes)) {
    if (variants.some(({ id }) => id === `fix:${title}`)) continue;
    const fixed = readModelFile(fileName, applied(text, edits))?.architectures[index];
    if (fixed !== undefined) add(`fix:${title}`, `With the fix: ${title}`, fixed);
  }
  return {
    variants,
    noAnalogue: reasons.length === 0 ? null : reasons.join(" "),
    places: placesOf(read),
    symmetry: symmetryActions(read, own, findings),
  };
}

/** What the theory itself says; findings from 500 on are measured or estimated. */
const isTheoryError = ({ code, severity }: { code: FindingCode; severity: string }): boolean =>
  severity === "error" && code < "UAP500";

function placesOf(read: ReadArchitecture): Places {
  return {
    position: read.locate(["position"]),
    patterns: read.architecture.layers.flatMap(({ mixer, repeat }, block) => {
      const path: SpecPath = ["layers", block, mixer.kind, mixer.kind === "attention" ? "pattern" : "taps"];
      return new Array<Range>(repeat).fill(read.locate(path));
    }),
  };
}

// ----------------------------------------------------------------------------------------------------------- symmetry

function symmetryActions(
  read: ReadArchitecture,
  { symmetry }: TheoryReport,
  findings: readonly Finding[],
): Study["symmetry"] {
  const { architecture } = read;
  const fixesOf = (...codes: FindingCode[]): Action[] =>
    findings.filter(({ code }) => codes.includes(code)).flatMap(({ fixes }) => fixes);
  const change = (title: string, changes: SpecChange[]): Action[] => {
    const edits = read.edit(changes);
    return edits === undefined || edits.length === 0 ? [] : [{ title, edits }];
  };
  const lossOfSymmetry = () =>
    addPositions(architecture)
      .filter((candidate) => examine(candidate.architecture).report.symmetry?.name === "trivial")
      .flatMap(({ title, changes }) => change(title, changes));
  const declaration = () => {
    const spec = symmetry === null ? null : declarationOf(symmetry, architecture.tokens);
    return spec === null
      ? []
      : change(`Declare ${symmetry!.name} as the target's symmetry`, [{ path: ["target", "symmetry"], value: spec }]);
  };
  const declared = declaredSymmetry(architecture, symmetry);
  const broken = fixesOf("UAP202", "UAP203");
  const excess = fixesOf("UAP201");
  const has = symmetry !== null && symmetry.name !== "trivial";
  return {
    declared,
    break: !has ? [] : excess.length > 0 ? excess : lossOfSymmetry(),
    keep: broken.length > 0 ? broken : has && architecture.target.symmetry === null ? declaration() : [],
    request: requestOf(declared ?? symmetry, architecture.tokens),
  };
}

/** G as the designer is asked for it: by name where the name means exactly G on these tokens, otherwise by generators. */
function requestOf(symmetry: SymmetryReport | DeclaredSymmetry | null, tokens: number): SymmetryRequest | null {
  const generators = symmetry?.generators ?? null;
  if (symmetry === null || generators === null) return null;
  if (generators.length === 0) return { kind: "name", name: "trivial", tokens };
  if (typeof declarationOf({ ...symmetry, generators }, tokens) === "string")
    return { kind: "name", name: symmetry.name, tokens: null };
  const cyclesOf = (generator: number[][]) => generator.map((cycle) => `(${cycle.join(" ")})`).join("");
  return { kind: "generators", cycles: generators.map(cyclesOf).join(", "), tokens };
}

/** G as `target.symmetry` says it: by name where the name means exactly G on these tokens, otherwise by generators. Null where it cannot. */
function declarationOf(
  { name, order, generators }: Pick<SymmetryReport, "name" | "order" | "generators">,
  tokens: number,
): SymmetrySpec | null {
  if (generators === null) return null;
  const members = generators.map((generator) => fromCycles(tokens, generator));
  if (/^[SACD]_\d+$/.test(name)) {
    const named = `${name[0]}_n`;
    const group = declaredGroup(named, tokens);
    if (group.name === name && members.every((member) => group.contains(member))) return named;
  }
  const spec = { generators };
  const listed = withinReach(() => declaredGroup(spec, tokens).order.toString());
  return listed === order ? spec : null;
}

function declaredSymmetry(
  { target: { symmetry: spec }, tokens }: Architecture,
  symmetry: SymmetryReport | null,
): DeclaredSymmetry | null {
  if (spec === null) return null;
  return withinReach(() => {
    const declared = declaredGroup(spec, tokens);
    const generators = declared.generators();
    return {
      name: declared.name,
      order: declared.order.toString(),
      generators: generators.map(cycles),
      relation: relation(declared, generators, symmetry, tokens),
    };
  });
}

function relation(
  declared: ReturnType<typeof declaredGroup>,
  generators: readonly Int32Array[],
  symmetry: SymmetryReport | null,
  tokens: number,
): DeclaredSymmetry["relation"] {
  const listed = symmetry?.generators ?? null;
  if (symmetry === null || listed === null) return null;
  const own = listed.map((generator) => fromCycles(tokens, generator));
  const modelInside = own.every((generator) => declared.contains(generator));
  if (modelInside && symmetry.order === declared.order.toString()) return "equal";
  const model = withinReach(() => declaredGroup({ generators: listed }, tokens));
  if (model === null) return null;
  const declaredInside = generators.every((generator) => model.contains(generator));
  if (declaredInside) return modelInside ? "equal" : "model has more";
  return modelInside ? "model lacks some" : "neither contains the other";
}

// ----------------------------------------------------------------------------------------------------------- portrait

/** An architecture decided, and drawn where it is small enough to be looked at cell by cell. */
export function portraitOf(architecture: Architecture): Portrait {
  const { report } = examine(architecture);
  return { report, pictures: withinReach(() => picturesOf(architecture)) };
}

function picturesOf(architecture: Architecture): Pictures | null {
  const depth = architecture.layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const size = architecture.tokens + architecture.registers;
  if (size > picturedTokens || size ** 2 * depth > mostCells) return null;
  const { layers, tokens } = compileStack(architecture);
  const rows = layers.map(({ heads }) => heads.map((head) => head.rows));
  const distinct = [...new Set(rows.flat())];
  return {
    size,
    patterns: distinct.map(cellsOf),
    layers: rows.map((heads) => heads.map((head) => distinct.indexOf(head))),
    reach: reachMap(
      layers.map(({ dependence }) => dependence),
      tokens,
    ),
  };
}
