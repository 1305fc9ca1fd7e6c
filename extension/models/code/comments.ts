/**
 * The `uap:` comments of model code, `#` in Python and `//` in JavaScript and TypeScript: what the code cannot tell and a person can. A comment is about the class,
 * function or other statement that it is directly above (above its decorators), on the first line of, or at the start of the body of; at the top of the file
 * it is about every model in it.
 */
import { limits } from "../../theory/architecture/limits";
import type { TextEdit } from "../../theory/verdict/report";
import type { LineMap } from "../ranges";
import type { Place } from "./graph/nodes";
import type { Syntax } from "./syntax";

/** A value as written, quotes and the like taken away; `mask` is the bare word for an argument that is a mask. */
export type CommentValue =
  | { kind: "int"; value: number }
  | { kind: "float"; value: number }
  | { kind: "bool"; value: boolean }
  | { kind: "none" }
  | { kind: "string"; value: string }
  | { kind: "mask"; value: "causal" | "full" };

export interface CommentEntry {
  key: string;
  keyPlace: Place;
  value: CommentValue;
  valuePlace: Place;
}

export interface CommentProblem {
  message: string;
  place: Place;
}

export interface UapComment {
  place: Place;
  /** What it is about is not to be read. */
  ignore: boolean;
  entries: CommentEntry[];
  problems: CommentProblem[];
}

/** A key of its own, beside the names of arguments. */
export interface CommentKey {
  name: string;
  /** For people: which values it takes. */
  values: string;
  documentation: string;
  /** What is offered after the equals sign. */
  offered: readonly string[];
  /** Undefined where the word is no value of the key. */
  read: (word: string) => CommentValue | undefined;
}

const count =
  (most: number) =>
  (word: string): CommentValue | undefined => {
    const value = /^[1-9]\d*$/.test(word) ? Number(word) : 0;
    return 1 <= value && value <= most ? { kind: "int", value } : undefined;
  };
const oneOf =
  (...words: string[]) =>
  (word: string): CommentValue | undefined =>
    words.includes(word) ? { kind: "string", value: word } : undefined;
const upTo = (most: number) => `a whole number from 1 to ${most}`;
const positions = ["none", "learned", "sinusoidal", "rotary", "alibi"];

export const commentKeys: readonly CommentKey[] = [
  {
    name: "tokens",
    values: upTo(limits.tokens),
    documentation: "The number of tokens in a sample, where the code leaves it to its caller.",
    offered: ["16", "128", "1024"],
    read: count(limits.tokens),
  },
  {
    name: "layers",
    values: upTo(limits.layers),
    documentation: "How many layers the mask or the block is stacked to.",
    offered: ["1", "2", "12"],
    read: count(limits.layers),
  },
  {
    name: "width",
    values: upTo(limits.width),
    documentation: "The dimension of a token.",
    offered: ["64", "512"],
    read: count(limits.width),
  },
  {
    name: "heads",
    values: upTo(limits.heads),
    documentation: "For a mask that stands alone and is not the same for all heads: how many there are.",
    offered: ["8", "16"],
    read: count(limits.heads),
  },
  {
    name: "position",
    values: positions.join(", "),
    documentation: "For a mask that stands alone: how the model around it knows where a token is.",
    offered: positions,
    read: oneOf(...positions),
  },
  {
    name: "symmetry",
    values: "a group: trivial, S_n, A_n, C_n, D_n",
    documentation: "The permutations of the tokens that the task is symmetric under. Findings are measured against it.",
    offered: ["trivial", "S_n", "A_n", "C_n", "D_n"],
    // As `target.symmetry` of the specification, but for generators.
    read: (word) => (/^(trivial|[SACD]_?(n|[1-9]\d{0,6}))$/.test(word) ? { kind: "string", value: word } : undefined),
  },
  {
    name: "visibility",
    values: "full, causal",
    documentation: "Whether output t of the task may depend on every token, or on the tokens 0 to t only.",
    offered: ["full", "causal"],
    read: oneOf("full", "causal"),
  },
  {
    name: "function",
    values: "the name of a target function",
    documentation: "The target function: a name of the library, or the path of a module of your own.",
    offered: [],
    read: (word) => (0 < word.length && word.length <= 200 ? { kind: "string", value: word } : undefined),
  },
];

export const ignoreWord = "ignore";
const keysByName = new Map(commentKeys.map((key) => [key.name, key]));

/** The start of a `uap:` comment up to its first word. */
export const commentHead = /^(?:#+|\/\/+|\/\*+)\s*uap:/;

/** The `uap:` comments among all comments of a text. */
export function uapComments(comments: readonly Place[], text: string): UapComment[] {
  return comments.flatMap(({ from, to }) => {
    const written = text.slice(from, to);
    const head = commentHead.exec(written);
    return head ? [parse(written, from, head[0].length)] : [];
  });
}

/** A word that may have a value: `key`, `key=value`, `key="a value"`; what is between words is space or commas. */
const word = /([A-Za-z_]\w*)(?:(\s*=\s*)("[^"]*"|'[^']*'|[^\s,"']+)?)?(?=[\s,]|$)|[^\s,]+/y;

/** What is being typed at the end of a line, where that is in a `uap:` comment, and where it begins. */
export type CommentPart = { from: number } & ({ kind: "key"; given: string[] } | { kind: "value"; key: string });

export function commentPart(before: string): CommentPart | undefined {
  const head = /(?:#+|\/\/+|\/\*+)\s*uap:(.*)$/.exec(before);
  if (head === null) return undefined;
  const [, key, value] = /(?:^|[\s,])([A-Za-z_]\w*)\s*=\s*([^\s,=]*)$/.exec(head[1]) ?? [];
  if (key !== undefined) return { kind: "value", key, from: before.length - value.length };
  const typed = /(?:^|[\s,])(\w*)$/.exec(head[1])?.[1];
  if (typed === undefined) return undefined;
  const given = [...head[1].matchAll(/([A-Za-z_]\w*)\s*=/g)].map(([, name]) => name);
  return { kind: "key", given, from: before.length - typed.length };
}

function parse(written: string, start: number, head: number): UapComment {
  const comment: UapComment = {
    place: { from: start, to: start + written.length },
    ignore: false,
    entries: [],
    problems: [],
  };
  const end = written.startsWith("/*") ? written.replace(/\*+\/$/, "").length : written.length;
  const said = written.slice(0, end);
  const complain = (message: string, from: number, length: number) =>
    comment.problems.push({ message, place: { from: start + from, to: start + from + length } });
  const blank = /[\s,]*/y;
  for (let at = head; ; at = word.lastIndex) {
    blank.lastIndex = at;
    blank.exec(said);
    at = blank.lastIndex;
    // A comment in the comment is for people.
    if (at >= end || said[at] === "#" || said.startsWith("//", at)) break;
    word.lastIndex = at;
    const [all, key, equals, value] = word.exec(said)!;
    if (key === undefined) {
      complain(`\`${all}\` is no \`key=value\``, at, all.length);
    } else if (key === ignoreWord && equals === undefined) {
      comment.ignore = true;
    } else if (value === undefined) {
      const wanted = keysByName.get(key)?.values;
      complain(`\`${key}\` has no value here${wanted ? `; it takes ${wanted}` : ""}`, at, all.trimEnd().length);
    } else {
      const valueAt = at + all.length - value.length;
      const read = readValue(key, value);
      const known = keysByName.get(key);
      if (comment.entries.some((entry) => entry.key === key)) {
        complain(`\`${key}\` is given twice`, at, key.length);
      } else if (read === undefined) {
        const wanted = known?.values ?? "a number, true, false, none, a text in quotes, or causal or full for a mask";
        complain(`\`${key}\` cannot be \`${value}\`; it takes ${wanted}`, valueAt, value.length);
      } else {
        const places = [at, at + key.length, valueAt, valueAt + value.length].map((offset) => start + offset);
        comment.entries.push({
          key,
          keyPlace: { from: places[0], to: places[1] },
          value: read,
          valuePlace: { from: places[2], to: places[3] },
        });
      }
    }
  }
  return comment;
}

function readValue(key: string, written: string): CommentValue | undefined {
  const text = /^(["'])(.*)\1$/.exec(written)?.[2];
  const known = keysByName.get(key);
  if (known) return known.read(text ?? written);
  if (text !== undefined) return { kind: "string", value: text };
  if (/^[+-]?\d[\d_]*$/.test(written)) {
    const value = Number(written.replaceAll("_", ""));
    return Number.isSafeInteger(value) ? { kind: "int", value } : undefined;
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written)) {
    const value = Number(written);
    return Number.isFinite(value) ? { kind: "float", value } : undefined;
  }
  switch (written) {
    case "true":
    case "True":
      return { kind: "bool", value: true };
    case "false":
    case "False":
      return { kind: "bool", value: false };
    case "none":
    case "None":
    case "null":
      return { kind: "none" };
    case "causal":
    case "full":
      return { kind: "mask", value: written };
    default:
      return undefined;
  }
}

// -------------------------------------------------------------------------------------------------------------- scope

/** What the comments say of one class, function or other statement. */
export interface Said {
  ignore: boolean;
  /** By key; its own comments say more than those at the top of the file. */
  values: ReadonlyMap<string, CommentEntry>;
  /** Of its own comments. */
  problems: readonly CommentProblem[];
  /** Its own comment that another value is best added to, if it has one. */
  own: UapComment | undefined;
}

interface OnLine extends UapComment {
  line: number;
}

const definitions = /^(class_definition|function_definition|class_declaration|abstract_class_declaration|function_declaration)$/; // prettier-ignore
const wrappers = /^(decorated_definition|export_statement)$/;
const isImport = (type: string) => /^(import|future_import|use_strict)/.test(type);

/** The comments of one file and what each is about. */
export class Comments {
  readonly #comments: OnLine[];
  /** Lines that hold nothing but a comment. */
  readonly #commentLines = new Set<number>();
  /** What a definition is wrapped in: its decorators, an export. */
  readonly #outer = new Map<Syntax, Syntax>();
  /** Those at the top of the file. */
  readonly #top: ReadonlySet<UapComment>;
  readonly #asked = new Set<UapComment>();
  /** Keys at the top of the file that something takes. */
  readonly #taken = new Set<string>(keysByName.keys());

  constructor(
    root: Syntax,
    private readonly text: string,
    private readonly lines: LineMap,
  ) {
    const all: Place[] = [];
    const look = (node: Syntax) => {
      if (node.type === "comment") all.push(node);
      if (wrappers.test(node.type))
        for (const inside of [...(node.fields.definition ?? []), ...(node.fields.declaration ?? [])])
          this.#outer.set(inside, node);
      for (const child of node.children) look(child);
    };
    look(root);
    for (const { from, to } of all) {
      const first = lines.position(from);
      if (text.slice(from - first.character, from).trim() !== "") continue;
      for (let line = first.line; line <= lines.position(to).line; line++) this.#commentLines.add(line);
    }
    this.#comments = uapComments(all, text).map((comment) => ({
      ...comment,
      line: lines.position(comment.place.from).line,
    }));
    this.#top = new Set(this.#atTop(root));
  }

  /**
   * What is said of a statement.
   * @param takes the names of the arguments that a value can be given for; undefined where they are not known, and any name is taken
   */
  about(statement: Syntax, takes?: ReadonlySet<string>): Said {
    const own = this.#own(statement);
    const problems: CommentProblem[] = [];
    const values = new Map<string, CommentEntry>();
    for (const comment of this.#top)
      for (const entry of comment.entries) {
        if (takes && !takes.has(entry.key) && !keysByName.has(entry.key)) continue;
        this.#taken.add(entry.key);
        values.set(entry.key, entry);
      }
    const mine = new Set<string>();
    for (const comment of own) {
      this.#asked.add(comment);
      problems.push(...comment.problems);
      for (const entry of comment.entries) {
        const { key, keyPlace } = entry;
        if (mine.has(key)) problems.push({ message: `\`${key}\` is given twice`, place: keyPlace });
        else if (takes && !takes.has(key) && !keysByName.has(key)) problems.push(unknownKey(entry, takes));
        else values.set(key, entry);
        mine.add(key);
      }
    }
    const ignore = [...this.#top, ...own].some((comment) => comment.ignore);
    return { ignore, values, problems, own: own.find((comment) => !comment.ignore) };
  }

  /** After everything was asked about: what is wrong with the comments at the top, and those that are about nothing that was. */
  rest(): CommentProblem[] {
    const top = [...this.#top].flatMap(({ entries, problems }) => [
      ...problems,
      ...entries.filter(({ key }) => !this.#taken.has(key)).map((entry) => unknownKey(entry, new Set())),
    ]);
    const loose = this.#comments.filter((comment) => !this.#asked.has(comment) && !this.#top.has(comment));
    const message =
      "this comment is about nothing that was read: put it directly above a model or a mask, or at the top of the file";
    return [...top, ...loose.map(({ place }) => ({ message, place }))];
  }

  /**
   * The edit by which a comment gives a statement values: a new comment above it, or more words in the one that it has.
   * @param values the keys with values that the person then changes
   * @param marker what begins a comment
   */
  add(statement: Syntax, values: readonly (readonly [key: string, value: string])[], marker: "#" | "//"): TextEdit {
    const words = values.map(([key, value]) => `${key}=${value}`).join(" ");
    const own = this.#own(statement).find(({ ignore }) => !ignore);
    if (own) {
      const written = this.text.slice(own.place.from, own.place.to);
      const at = own.place.from + written.replace(/\s*(\*+\/)?$/, "").length;
      return { range: this.lines.range(at, at), newText: ` ${words}` };
    }
    const { from } = this.#outer.get(statement) ?? statement;
    const { line, character } = this.lines.position(from);
    const start = from - character;
    const indent = /^[ \t]*/.exec(this.text.slice(start, from))![0];
    const ending = this.text.includes("\r\n") ? "\r\n" : "\n";
    const position = { line, character: 0 };
    return { range: { start: position, end: position }, newText: `${indent}${marker} uap: ${words}${ending}` };
  }

  #own(statement: Syntax): OnLine[] {
    const outer = this.#outer.get(statement) ?? statement;
    const first = this.lines.position(outer.from).line;
    let above = first;
    while (this.#commentLines.has(above - 1)) above--;
    const body = bodyOf(statement);
    const until = body === undefined ? outer.from : firstIn(body);
    // A body on the line of its head, or a statement without one: what stands behind it there.
    const sameLine = (offset: number) => this.text.slice(offset, this.lines.offset({ line: this.lines.position(offset).line + 1, character: 0 })); // prettier-ignore
    const startsLine = (offset: number) => this.text.slice(offset - this.lines.position(offset).character, offset).trim() === ""; // prettier-ignore
    const behind =
      body === undefined
        ? [first, this.lines.position(outer.to).line]
        : startsLine(body.from) || sameLine(body.from) === ""
          ? []
          : [this.lines.position(body.from).line];
    return this.#comments.filter(({ line, place }) => {
      if (place.to <= outer.from) return above <= line && line < first && this.#commentLines.has(line);
      return place.to <= until || (behind.includes(line) && place.from >= outer.from);
    });
  }

  /** Before the first definition, but not directly above it. */
  #atTop(root: Syntax): OnLine[] {
    const statements = root.children.filter(({ type }) => type !== "comment");
    const isDefinition = ({ type }: Syntax) => definitions.test(type) || wrappers.test(type);
    const first =
      statements.find(isDefinition) ?? statements.find((each) => !isImport(each.type) && !isDocstring(each));
    if (first === undefined) return this.#comments;
    const above = isDefinition(first) ? new Set(this.#own(first)) : new Set<OnLine>();
    return this.#comments.filter(
      (comment) =>
        comment.place.to <= first.from &&
        !above.has(comment) &&
        this.lines.position(comment.place.from).character === 0,
    );
  }
}

const unknownKey = ({ key, keyPlace }: CommentEntry, takes: ReadonlySet<string>): CommentProblem => {
  const names = [...keysByName.keys(), ...takes].map((name) => `\`${name}\``).join(", ");
  return { message: `\`${key}\` is neither a key of these comments nor an argument here; there are ${names}`, place: keyPlace }; // prettier-ignore
};

/** The body of what a statement defines. */
function bodyOf({ type, fields, children }: Syntax): Syntax | undefined {
  if (fields.body) return fields.body[0];
  const inside = [...(fields.definition ?? []), ...(fields.declaration ?? []), ...(fields.value ?? []), ...(fields.right ?? [])]; // prettier-ignore
  const wrapped = /^(expression_statement|lexical_declaration|variable_declaration)$/.test(type) ? children : [];
  for (const each of [...inside, ...wrapped]) {
    const body = bodyOf(each);
    if (body) return body;
  }
  return undefined;
}

const isDocstring = ({ type, children }: Syntax): boolean =>
  type === "expression_statement" && children.length === 1 && children[0].type === "string";

/** Where the first statement of a body begins that does something. */
function firstIn(body: Syntax): number {
  // An expression, as that of a lambda.
  if (!/^(block|class_body|statement_block)$/.test(body.type)) return body.from;
  return body.children.find((child) => child.type !== "comment" && !isDocstring(child))?.from ?? body.to;
}
