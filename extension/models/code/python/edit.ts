/**
 * Changes of the specification as edits of the Python that says it. Every way of making a change that the code suggests is tried: the edited text is read
 * again, and the first way is taken whose architecture is the one asked for, with nothing else changed in it or in the other models of the file.
 */
import type { Architecture } from "../../../theory/architecture/schema";
import { BeyondReach } from "../../../theory/patterns/rows";
import type { SpecChange, TextEdit } from "../../../theory/verdict/report";
import { Patch, type Splice } from "../../spec/edit";
import type { LineMap } from "../../ranges";
import type { Lowered } from "../graph/lower";
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import { changed, Comparison, nothingNewSkipped } from "./compare";
import { additionEdits, invertedEdits, unmaskedEdits } from "./editMasks";
import { activationEdits, biasEdits, networkEdits, trainingEdits } from "./editNetworks";
import { depthEdits, diagonalEdits, windowEdits } from "./editNumbers";
import { noPositionEdits, positionEdits } from "./editPositions";
import { readAgain, type Known } from "./index";
import type { Program } from "./program";
import { SourceText } from "./sourceText";
import { identifiers, one } from "./trees";

/** How often texts are read again, at most, for all fixes of a file, and for one of them. */
export const mostReadings = 32;
const mostForOne = 8;

/** One of the models or masks of a file. */
export interface EditedSubject {
  lowered: Lowered;
  known: Known;
  place: Place;
  statement: Syntax;
}

/** What the edits of a file share. */
export interface FileEdits {
  program: Program;
  lines: LineMap;
  /** Of the program's text, once it is asked for. */
  source?: SourceText;
  /** How many readings are left. */
  left: number;
  subjects: EditedSubject[];
  /** Edits that were found, or that there are none, by subject and changes. */
  found: Map<string, TextEdit[] | undefined>;
}

/** A text that is being edited, and what was read of it. */
export interface Edited {
  source: SourceText;
  lowered: Lowered;
  known: Known;
  statement: Syntax;
}

export function editPython(file: FileEdits, subject: EditedSubject, changes: SpecChange[]): TextEdit[] | undefined {
  const key = JSON.stringify([file.subjects.indexOf(subject), changes]);
  if (!file.found.has(key)) file.found.set(key, new Editing(file, subject).run(changes));
  return file.found.get(key);
}

class Editing {
  private readonly patch: Patch;
  private readonly tried = new Set<string>();
  private readonly comparison: Comparison;
  private left = mostForOne;

  constructor(
    private readonly file: FileEdits,
    private readonly subject: EditedSubject,
  ) {
    this.patch = new Patch(file.program.text);
    const { tokens, registers } = subject.lowered.architecture;
    this.comparison = new Comparison(tokens, registers);
  }

  run(changes: readonly SpecChange[]): TextEdit[] | undefined {
    try {
      return this.find(changes);
    } catch (error) {
      if (error instanceof BeyondReach) return undefined;
      throw error;
    }
  }

  private find(changes: readonly SpecChange[]): TextEdit[] | undefined {
    const { file, subject } = this;
    const { lowered, known } = subject;
    file.source ??= new SourceText(file.program.text, file.program.root);
    let edited: Edited = { ...subject, source: file.source };
    let wanted: Architecture | undefined = lowered.architecture;
    for (const step of stepsOf(changes)) {
      wanted = changed(wanted, step.changes);
      wanted = wanted && this.intended(wanted, step.ways === unmaskedEdits || step.ways === invertedEdits);
      if (!wanted) return undefined;
      const next = this.take(step, edited, wanted);
      if (!next) return undefined;
      edited = next;
    }
    const splices = this.patch.splices();
    if (!this.leavesOthers(splices, edited.source.text, known)) return undefined;
    return splices.map(({ from, to, newText }) => ({ range: file.lines.range(from, to), newText }));
  }

  /**
   * With the target that the edited code has, where it declares none: a model all of whose masks look back is one of what comes next, and must not see that; but
   * where its masks are what is changed.
   */
  private intended(wanted: Architecture, ofMasks: boolean): Architecture | undefined {
    const { architecture } = this.subject.lowered;
    const { comparison } = this;
    const given = (visibility: "causal" | null) => ({ ...wanted, target: { ...wanted.target, visibility } });
    if (wanted.target.visibility === null) return given(comparison.isCausal(wanted) ? "causal" : null);
    const opens = wanted.target.visibility === "causal" && comparison.looksBack(architecture) && !comparison.looksBack(wanted); // prettier-ignore
    if (!opens) return wanted;
    return ofMasks ? given(null) : undefined;
  }

  /** Makes one kind of change in the first way that does no more. */
  private take(step: Step, edited: Edited, wanted: Architecture): Edited | undefined {
    const { known } = edited;
    for (const unordered of step.ways(edited, wanted)) {
      const splices = unordered.toSorted((a, b) => a.from - b.from);
      if (splices.some(({ from }, i) => i > 0 && from < splices[i - 1].to)) continue;
      const after = new Patch(edited.source.text);
      after.apply(splices);
      const { text } = after;
      if (this.tried.has(text)) continue;
      this.tried.add(text);
      if (this.left-- <= 0 || this.file.left-- <= 0) return undefined;
      const again = readAgain(text, known);
      if (!again || !this.comparison.same(again.lowered.architecture, wanted)) continue;
      if (!nothingNewSkipped(edited.lowered, again.lowered)) continue;
      this.patch.apply(splices);
      return {
        source: new SourceText(text, again.program.root),
        lowered: again.lowered,
        known,
        statement: again.statement,
      };
    }
    return undefined;
  }

  /** Whether the other models whose code was edited are what they were. */
  private leavesOthers(splices: readonly Splice[], text: string, { name }: Known): boolean {
    const { program, subjects } = this.file;
    const touched = new Set(program.root.children.filter(({ from, to }) => splices.some((splice) => from <= splice.to && splice.from <= to))); // prettier-ignore
    return subjects.every((other) => {
      if (other === this.subject || other.known.name === name) return true;
      if (![...reachable(program.root, other.statement)].some((statement) => touched.has(statement))) return true;
      if (this.file.left-- <= 0) return false;
      const again = readAgain(text, other.known);
      return again !== undefined && this.comparison.same(again.lowered.architecture, other.lowered.architecture);
    });
  }
}

/** The statements of the module that a statement uses by name, itself among them. */
function reachable(root: Syntax, statement: Syntax): Set<Syntax> {
  const first = root.children.find(({ from, to }) => from <= statement.from && statement.to <= to);
  const found = new Set(first ? [first] : []);
  for (const each of found) {
    const names = new Set(identifiers(each));
    for (const other of root.children) {
      if (found.has(other) || other.type.startsWith("import")) continue;
      const definition = one(other, "definition") ?? other;
      const [inner] = other.children;
      const bound = one(definition, "name") ?? (inner?.type === "assignment" ? one(inner, "left") : undefined);
      // Other statements may do anything to what the names stand for.
      if (bound ? identifiers(bound).some((name) => names.has(name)) : identifiers(other).some((name) => names.has(name))) found.add(other); // prettier-ignore
    }
  }
  return found;
}

// --------------------------------------------------------------------------------------------------------------- steps

/** Changes of one kind, and the ways to make them. */
interface Step {
  changes: SpecChange[];
  ways: (edited: Edited, wanted: Architecture) => Iterable<Splice[]>;
}

/** The changes by kind, in the order in which they are made. */
function stepsOf(changes: readonly SpecChange[]): Step[] {
  const steps = new Map<string, Step>();
  for (const change of changes) {
    const kind = kindOf(change);
    const step = steps.get(kind);
    if (step) step.changes.push(change);
    else steps.set(kind, { changes: [change], ways: waysOf[kind] ?? none });
  }
  return [...steps.values()];
}

function kindOf({ path, value }: SpecChange): string {
  const [part, , field, inner] = path;
  if (part === "position") return value === "none" ? "no positions" : value === "absolute" ? "positions" : "";
  if (part !== "layers") return "";
  if (field === "repeat") return "depth";
  if (field === "feedForward") return inner === undefined ? "network" : String(inner);
  if (field !== "attention" || path.at(-1) !== "pattern") return "";
  return patternKind(value);
}

/** What is asked of a pattern: to be full, to have token 0 or the diagonal as well, or other sides. */
function patternKind(value: unknown): string {
  if (value === "full") return "full";
  if (typeof value === "object" && value !== null && "not" in value) return "inverted";
  const parts = typeof value === "object" && value !== null && "any" in value && Array.isArray(value.any) ? (value.any as unknown[]) : []; // prettier-ignore
  const last = JSON.stringify(parts.at(-1));
  if (last === JSON.stringify({ global: [0] }) || JSON.stringify(value).includes('"globals":[0')) return "global";
  return last === JSON.stringify({ window: 0 }) ? "self" : "window";
}

function* none(): Iterable<Splice[]> {
  // Nothing that code says in a way that is known.
}

const waysOf: Readonly<Record<string, Step["ways"] | undefined>> = {
  depth: depthEdits,
  window: windowEdits,
  global: (edited) => additionEdits(edited, "global"),
  self: function* (edited) {
    yield* diagonalEdits(edited);
    yield* additionEdits(edited, "self");
  },
  full: unmaskedEdits,
  inverted: invertedEdits,
  positions: positionEdits,
  "no positions": noPositionEdits,
  network: networkEdits,
  bias: biasEdits,
  frozen: trainingEdits,
  activation: activationEdits,
};
