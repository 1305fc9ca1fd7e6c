/**
 * What was read of a model is kept for as long as the code that it depends on stays the same, wherever in the text that has moved to: what its statement names,
 * what that names, and so on; statements that might change any of it; and the `uap:` comments.
 */
import { createHash } from "node:crypto";
import type { Range, TextEdit } from "../../../theory/verdict/report";
import type { ReadArchitecture } from "../../modelFile";
import type { LineMap } from "../../ranges";
import { commentHead } from "../comments";
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import type { Outcome } from "./index";
import type { Program } from "./program";
import { identifiers, importsOf } from "./trees";

interface Kept {
  lines: LineMap;
  /** Of the text in which it was read. */
  length: number;
  /** In the order of the text in which it was read. */
  statements: readonly Syntax[];
  outcome: Outcome | undefined;
  read: readonly ReadArchitecture[] | undefined;
}

/** By the text that the reading depends on, the least lately used first. */
const kept = new Map<string, Kept>();
const mostKept = 256;
/** Of all texts that something is kept of: its trees and values take some hundred times as many bytes. */
const mostCharacters = 1_000_000;

/** Forgets the oldest that are too many, or of too much text. */
function forgetOldest(): void {
  const texts = new Set<LineMap>();
  let characters = 0;
  let count = 0;
  for (const [key, { lines, length }] of [...kept].reverse()) {
    if (!texts.has(lines)) characters += length;
    texts.add(lines);
    // The newest is kept however long its text is.
    if (++count > mostKept || (texts.size > 1 && characters > mostCharacters)) kept.delete(key);
  }
}

const definitions = /^(function_definition|class_definition|decorated_definition)$/;
const imports = /^(import|future_import)/;

/** What is kept of one text, and what can be taken over into it. */
export class Reuse {
  private readonly binding = new Map<string, Syntax[]>();
  private readonly comments: Syntax[];
  /** Statements that do something, other than to define or to import. */
  private readonly acting: Syntax[];
  private readonly entries = new Map<Outcome, Kept>();

  constructor(
    private readonly program: Program,
    private readonly lines: LineMap,
  ) {
    const statements = program.root.children;
    for (const statement of statements)
      for (const name of boundBy(statement)) this.binding.set(name, [...(this.binding.get(name) ?? []), statement]);
    this.comments = statements.filter(({ type, text }) => type === "comment" && commentHead.test(text));
    this.acting = statements.filter(({ type }) => !definitions.test(type) && !imports.test(type) && type !== "comment");
  }

  /**
   * The outcome of reading what a statement defines: one that was read before from the same code, or what `read` gives.
   * @param current what the outcome says of the statement in this text
   */
  outcome(
    kind: string,
    current: Pick<Outcome, "name" | "statement" | "said">,
    read: () => Outcome | undefined,
  ): Outcome | undefined {
    const statements = this.dependencies(current.statement, current.name);
    const hash = createHash("sha256").update(`${kind} ${current.name}`);
    // A comment that was above another statement is the same text.
    hash.update(JSON.stringify([...current.said.values].map(([word, { value }]) => [word, value])));
    for (const { from, to } of statements) hash.update("\0").update(this.program.text.slice(from, to));
    const key = hash.digest("base64");
    const before = kept.get(key);
    if (before) {
      kept.delete(key);
      kept.set(key, before);
      return before.outcome && this.taken(before, before.outcome, statements, current);
    }
    const outcome = read();
    const entry: Kept = { lines: this.lines, length: this.program.text.length, statements, outcome, read: undefined };
    kept.set(key, entry);
    forgetOldest();
    if (outcome) this.entries.set(outcome, entry);
    return outcome;
  }

  /** Keeps the architectures of an outcome that was read from this text. */
  keep(outcome: Outcome, read: readonly ReadArchitecture[]): void {
    const entry = this.entries.get(outcome);
    if (entry) entry.read = read;
  }

  private taken(
    before: Kept,
    outcome: Outcome,
    statements: readonly Syntax[],
    current: Pick<Outcome, "name" | "statement" | "said">,
  ): Outcome {
    // prettier-ignore
    const moved = ({ from, to }: Place): Place => {
      const at = before.statements.findIndex((statement) => statement.from <= from && from <= statement.to);
      const by = at < 0 ? 0 : statements[at].from - before.statements[at].from;
      return { from: from + by, to: to + by };
    };
    const range = (old: Range): Range => {
      const place = moved({ from: before.lines.offset(old.start), to: before.lines.offset(old.end) });
      return this.lines.range(place.from, place.to);
    };
    const isInside = ({ range: { start, end } }: TextEdit): boolean => {
      const [from, to] = [before.lines.offset(start), before.lines.offset(end)];
      return before.statements.some((statement) => statement.from <= from && to <= statement.to);
    };
    if ("lost" in outcome)
      return { ...outcome, ...current, lost: { ...outcome.lost, place: moved(outcome.lost.place) } };
    if ("missing" in outcome) return { ...outcome, ...current, place: moved(outcome.place) };
    const { read } = before;
    if (!read) return { ...outcome, ...current };
    return {
      ...outcome,
      ...current,
      place: moved(outcome.place),
      read: read.map((one) => ({
        architecture: one.architecture,
        range: range(one.range),
        skipped: one.skipped.map((skipped) => ({ ...skipped, range: range(skipped.range) })),
        locate: (path) => range(one.locate(path)),
        edit: (changes) => {
          const edits = one.edit(changes);
          // Outside the code that the reading depends on, nothing is known to be where it was.
          return edits?.every(isInside) ? edits.map((edit) => ({ ...edit, range: range(edit.range) })) : undefined;
        },
        related: (finding) => (one.related?.(finding) ?? []).map((other) => ({ ...other, range: range(other.range) })),
      })),
    };
  }

  /** The statements that the reading of one depends on, in the order of the text. */
  private dependencies(statement: Syntax, name: string): readonly Syntax[] {
    const own = this.program.statementAt(statement) ?? statement;
    const found = new Set<Syntax>([own, ...this.comments]);
    const names = new Set<string>();
    const pending = [own];
    const add = (next: Syntax): void => {
      if (found.has(next)) return;
      found.add(next);
      pending.push(next);
    };
    // Wherever it is made: with which arguments tells how it is.
    for (const other of this.program.root.children) if (identifiers(other).includes(name)) add(other);
    while (pending.length > 0) {
      for (const each of identifiers(pending.pop()!)) {
        if (names.has(each)) continue;
        names.add(each);
        for (const binding of this.binding.get(each) ?? []) add(binding);
      }
      if (pending.length > 0) continue;
      for (const acting of this.acting)
        if (!found.has(acting) && identifiers(acting).some((each) => names.has(each) && this.binding.has(each))) add(acting); // prettier-ignore
    }
    return [...found].sort((a, b) => a.from - b.from);
  }
}

/** The names that a statement of a module may bind. */
function boundBy(statement: Syntax): readonly string[] {
  if (statement.type === "comment") return [];
  if (definitions.test(statement.type)) {
    const definition = statement.fields.definition?.[0] ?? statement;
    return definition.fields.name?.map(({ text }) => text) ?? [];
  }
  if (imports.test(statement.type)) return importsOf(statement).map(({ binds }) => binds);
  const [assignment] = statement.type === "expression_statement" ? statement.children : [];
  if (assignment?.type === "assignment") return (assignment.fields.left ?? []).flatMap(identifiers);
  // A block may bind any of the names in it.
  return statement.type === "expression_statement" ? [] : identifiers(statement);
}
