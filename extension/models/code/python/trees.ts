/** What the interpreter asks of Python's syntax trees, found once per node. */
import type { Syntax } from "../syntax";

/** The named children without comments. */
export function parts(node: Syntax): readonly Syntax[] {
  return node.children.some(isExtra) ? node.children.filter((child) => !isExtra(child)) : node.children;
}
const isExtra = ({ type }: Syntax): boolean => type === "comment" || type === "line_continuation";

export const one = (node: Syntax, field: string): Syntax | undefined => node.fields[field]?.[0];

function memo<Found>(find: (node: Syntax) => Found): (node: Syntax) => Found {
  const known = new WeakMap<Syntax, { found: Found }>();
  return (node) => {
    let entry = known.get(node);
    if (!entry) known.set(node, (entry = { found: find(node) }));
    return entry.found;
  };
}

/** Whether a statement's own code, that of the blocks in it apart, has a syntax error. A missing token is an empty node. */
export const isBroken: (node: Syntax) => boolean = memo(
  (node) => isError(node) || node.children.some((child) => child.type !== "block" && isBrokenBeside(child)),
);
function isBrokenBeside(node: Syntax): boolean {
  return isError(node) || node.children.some((child) => child.type !== "block" && isBrokenBeside(child));
}
/** Whether anything in it has a syntax error. */
export const isBrokenInside = (node: Syntax): boolean => isError(node) || node.children.some(isBrokenInside);
/** Whether there is a syntax error anywhere in it. */
export const hasError: (node: Syntax) => boolean = memo((node) => isError(node) || node.children.some(hasError));
const isError = ({ type, from, to }: Syntax): boolean =>
  type === "ERROR" || (from === to && (type === "identifier" || type === "block"));

/** How control may leave code, the functions in it apart. */
export interface Exits {
  return: boolean;
  break: boolean;
  continue: boolean;
}
const nothing: Exits = { return: false, break: false, continue: false };
export const exitsOf: (node: Syntax) => Exits = memo((node) => {
  switch (node.type) {
    case "return_statement":
      return { ...nothing, return: true };
    case "break_statement":
      return { ...nothing, break: true };
    case "continue_statement":
      return { ...nothing, continue: true };
    case "function_definition":
    case "class_definition":
    case "lambda":
      return nothing;
    default: {
      const isLoop = node.type === "for_statement" || node.type === "while_statement";
      const exits = { ...nothing };
      for (const child of node.children) {
        const inner = exitsOf(child);
        exits.return ||= inner.return;
        // What is in a loop's `else` leaves the loop around it.
        if (isLoop && child.type !== "else_clause") continue;
        exits.break ||= inner.break;
        exits.continue ||= inner.continue;
      }
      return exits;
    }
  }
});

/** Whether running the block to its end, however it goes, raises an exception. */
export const alwaysRaises: (block: Syntax) => boolean = memo((block) => {
  const exits = exitsOf(block);
  if (exits.return || exits.break || exits.continue) return false;
  return parts(block).some(raises);
});
function raises(statement: Syntax): boolean {
  switch (statement.type) {
    case "raise_statement":
      return true;
    case "assert_statement":
      return parts(statement)[0]?.type === "false";
    case "if_statement": {
      const clauses = statement.fields.alternative ?? [];
      if (clauses.at(-1)?.type !== "else_clause") return false;
      return [statement, ...clauses].every((clause) => {
        const block = one(clause, "consequence") ?? one(clause, "body");
        return block !== undefined && alwaysRaises(block);
      });
    }
    case "with_statement":
    case "else_clause": {
      const body = one(statement, "body");
      return body !== undefined && alwaysRaises(body);
    }
    default:
      return false;
  }
}

/** Whether a function is a generator. */
export const yields: (node: Syntax) => boolean = memo((node) => {
  if (node.type === "yield") return true;
  return node.children.some(
    (child) => child.type !== "function_definition" && child.type !== "class_definition" && child.type !== "lambda" && yields(child), // prettier-ignore
  );
});

export interface Parameter {
  name: string;
  default: Syntax | undefined;
  by: "position" | "both" | "name";
}
export interface Parameters {
  named: readonly Parameter[];
  rest: string | undefined;
  restNamed: string | undefined;
}

/** The parameters of a `function_definition` or `lambda`; undefined where they are written in no way that is known. */
export const parametersOf: (node: Syntax) => Parameters | undefined = memo((node) => {
  const named: Parameter[] = [];
  let rest: string | undefined;
  let restNamed: string | undefined;
  let by: Parameter["by"] = "both";
  const written = one(node, "parameters");
  for (const child of written ? parts(written) : []) {
    const inner = child.type === "typed_parameter" ? parts(child)[0] : child;
    switch (inner?.type) {
      case "identifier":
        named.push({ name: inner.text, default: undefined, by });
        break;
      case "default_parameter":
      case "typed_default_parameter": {
        const name = one(inner, "name");
        if (name?.type !== "identifier") return undefined;
        named.push({ name: name.text, default: one(inner, "value"), by });
        break;
      }
      case "list_splat_pattern":
        rest = parts(inner)[0]?.text;
        by = "name";
        break;
      case "dictionary_splat_pattern":
        restNamed = parts(inner)[0]?.text;
        break;
      case "keyword_separator":
        by = "name";
        break;
      case "positional_separator":
        for (const parameter of named) parameter.by = "position";
        break;
      default:
        return undefined;
    }
  }
  return { named, rest, restNamed };
});

/** A slice's start, stop and step as written; undefined for those left out. */
export function sliceParts(node: Syntax, text: string): (Syntax | undefined)[] {
  const found: (Syntax | undefined)[] = [undefined, undefined, undefined];
  let slot = 0;
  let from = node.from;
  for (const child of [...parts(node), undefined]) {
    const gap = text.slice(from, child?.from ?? node.to);
    for (const char of gap) {
      if (char === "#") break;
      if (char === ":") slot++;
    }
    if (!child) break;
    found[slot] = child;
    from = child.to;
  }
  return found;
}

/** The names that an import statement binds, with the whole names that they are given to. */
export function importsOf(node: Syntax): { name: string; binds: string }[] {
  return (node.fields.name ?? []).map((written) => {
    const dotted = written.type === "aliased_import" ? one(written, "name") : written;
    const name = dotted ? dottedText(dotted) : "";
    const alias = written.type === "aliased_import" ? one(written, "alias")?.text : undefined;
    return { name, binds: alias ?? (node.type === "import_statement" ? name.split(".")[0] : name) };
  });
}

/** `a.b.c` of a dotted name. */
export const dottedText = (node: Syntax): string =>
  node.children.length === 0 ? node.text : parts(node).map(({ text }) => text).join("."); // prettier-ignore

/** The names that a pattern of `match` binds. */
export function captures(pattern: Syntax): string[] {
  const own = parts(pattern);
  if (pattern.type === "dotted_name") return own.length === 1 ? [own[0].text] : [];
  if (pattern.type === "class_pattern" || pattern.type === "keyword_pattern") return own.slice(1).flatMap(captures);
  if (pattern.type === "splat_pattern") return own.map(({ text }) => text);
  const alias = pattern.type === "as_pattern" ? own.at(-1) : undefined;
  return [...own.flatMap(captures), ...(alias?.type === "identifier" ? [alias.text] : [])];
}

/** All identifiers in code, those after a dot among them. */
export const identifiers: (node: Syntax) => readonly string[] = memo((node) =>
  node.type === "identifier" ? [node.text] : node.children.flatMap(identifiers),
);
