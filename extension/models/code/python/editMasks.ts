/** Edits of attention masks: pairs that are to be read as well, and no mask at all. */
import type { Splice } from "../../spec/edit";
import type { Mask, Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import type { Edited } from "./edit";
import { argumentsOf, calleeName, operand, parameterNames, type SourceText } from "./sourceText";
import { one, parts } from "./trees";

/** Pairs to be read as well: those of token 0, or each token's own. */
export type Addition = "global" | "self";

export function masksOf({ lowered }: Edited): Mask[] {
  const found = new Map<string, Mask>();
  for (const [{ attentions }] of lowered.blocks)
    for (const { mask, biases } of attentions) {
      // Added to the scores, as minus infinity is.
      const added = biases.flatMap((bias): Mask[] => (bias.kind === "fixed" ? [{ condition: bias.value, place: bias.place, source: { kind: "other" } }] : [])); // prettier-ignore
      for (const each of mask ? [mask, ...added] : added) found.set(`${each.place.from} ${each.place.to}`, each);
    }
  return [...found.values()];
}

export function* additionEdits(edited: Edited, addition: Addition): Iterable<Splice[]> {
  const { source } = edited;
  for (const { place, source: written } of masksOf(edited)) {
    const node = source.at(place);
    if (written.kind === "function") {
      const { query, key } = written;
      yield* widened(source, source.at(written.returned), [query, key], addition, false);
      continue;
    }
    if (node.type === "call" && /^(or|and)_masks$/.test(calleeName(source, node))) {
      yield* combined(source, node, addition);
      continue;
    }
    const mutates = source.imported("torch") !== undefined;
    if (mutates) yield* assigned(source, node, addition);
    const operands = indicesOf(source, node);
    if (operands) {
      yield* widened(source, node, operands, addition, true);
    }
  }
}

/** The condition with more pairs, or, where it is of pairs that are left out, with fewer. */
function* widened(
  source: SourceText,
  node: Syntax,
  [query, key]: readonly [string, string],
  addition: Addition,
  mayLeaveOut: boolean,
): Iterable<Splice[]> {
  const words = /\b(and|or|not)\b/.test(source.code(node)) && node.type !== "binary_operator" && node.type !== "call";
  const conditions = (equal: string) => (addition === "global" ? [`${query} ${equal} 0`, `${key} ${equal} 0`] : [`${query} ${equal} ${key}`]); // prettier-ignore
  const write = (operator: "|" | "&", equal: string): Splice[] => {
    const others = conditions(equal);
    if (words) {
      const word = operator === "|" ? "or" : "and";
      const isLoose = /^(conditional_expression|lambda|named_expression)$/.test(node.type) || (word === "and" && node.type === "boolean_operator"); // prettier-ignore
      const code = isLoose ? `(${source.code(node)})` : source.code(node);
      return wrapped(source, node, [code, ...others], word);
    }
    return wrapped(source, node, [operand(source, node, operator), ...others.map((each) => `(${each})`)], operator);
  };
  yield write("|", "==");
  if (mayLeaveOut) yield write("&", "!=");
}

/** The operands on one line where it is not too long, else one to a line in brackets. */
function wrapped(source: SourceText, node: Syntax, operands: readonly string[], operator: string): Splice[] {
  const parent = source.parent(node);
  // In place of an operand or of what a method is called on.
  const isInside = parent !== undefined && !/^(assignment|return_statement|argument_list|keyword_argument|parenthesized_expression|block|module|lambda|expression_statement)$/.test(parent.type); // prettier-ignore
  const flat = operands.join(` ${operator} `);
  const line = isInside ? `(${flat})` : flat;
  if (source.fits(node, line) || flat.includes("\n")) return [source.replace(node, line)];
  const statement = source.statement(node) ?? node;
  const inner = `${source.indent(statement) ?? ""}    `;
  const lines = operands.map((each, i) => source.newline + inner + (i > 0 ? `${operator} ` : "") + each);
  return [source.replace(node, `(${lines.join("")}${source.newline}${source.indent(statement) ?? ""})`)];
}

/** What `or_masks` and `and_masks` combine, with another function beside it or more in one of those. */
function* combined(source: SourceText, call: Syntax, addition: Addition): Iterable<Splice[]> {
  const isOr = calleeName(source, call) === "or_masks";
  const functions = argumentsOf(call).positional.flatMap((each) => {
    const definition = source.root.children.find((child) => child.type === "function_definition" && one(child, "name")?.text === each.text); // prettier-ignore
    return each.type === "identifier" && definition ? [definition] : [];
  });
  for (const definition of isOr ? functions : []) {
    const returned = [...source.all(definition)].find(({ type }) => type === "return_statement");
    const value = returned && parts(returned)[0];
    const names = parameterNames(definition);
    if (value && names.length === 4) yield* widened(source, value, [names[2], names[3]], addition, false);
  }
  const statement = source.statement(call);
  const name = source.freeName(addition === "global" ? ["global_token", "token_0_is_global"] : ["itself", "same_token"]); // prettier-ignore
  const callee = one(call, "function");
  if (!statement || !name || !callee || source.parent(statement)?.type !== "module") return;
  const or = source.code(callee).replace(/and_masks$/, "or_masks");
  const importing =
    source.uses("or_masks") > 0 || or.includes(".") ? [] : importBeside(source, "and_masks", "or_masks");
  if (!importing) return;
  const condition = addition === "global" ? "(q_idx == 0) | (kv_idx == 0)" : "q_idx == kv_idx";
  const { newline } = source;
  const above = commentStart(source, statement);
  const definition = `def ${name}(b, h, q_idx, kv_idx):${newline}    return ${condition}${newline}${newline}${newline}`;
  yield [
    ...importing,
    { from: above, to: above, newText: definition },
    isOr
      ? { from: call.to - 1, to: call.to - 1, newText: `, ${name}` }
      : source.replace(call, `${or}(${source.code(call)}, ${name})`),
  ];
}

/** Where the comments directly above a statement begin. */
function commentStart(source: SourceText, statement: Syntax): number {
  const lines = /(?:^[ \t]*#.*\r?\n)*$/m;
  const before = source.text.slice(0, statement.from);
  const match = /(?:(?<=^|\n)[ \t]*#[^\n]*\n)+$/.exec(before);
  return match && lines.test(before) ? match.index : statement.from;
}

/** Imports a name from where another is imported. */
function importBeside(source: SourceText, known: string, name: string): Splice[] | undefined {
  for (const node of source.root.children) {
    if (node.type !== "import_from_statement") continue;
    const names = node.fields.name ?? [];
    const at = names.find((each) => source.code(each) === known);
    if (at) return [{ from: at.to, to: at.to, newText: `, ${name}` }];
  }
  return undefined;
}

/** The vectors of indices that a mask compares: the two sides of its first difference, or of its first comparison. */
function indicesOf(source: SourceText, node: Syntax): readonly [string, string] | undefined {
  const nodes = [...source.all(node)];
  const differences = nodes.filter((each) => each.type === "binary_operator" && one(each, "operator")?.text === "-");
  const comparisons = nodes.filter(({ type }) => type === "comparison_operator");
  for (const each of [...differences, ...comparisons]) {
    const sides = parts(each);
    if (sides.length === 2 && sides.every(({ type }) => /^(identifier|subscript|call)$/.test(type))) return [source.code(sides[0]), source.code(sides[1])]; // prettier-ignore
  }
  return undefined;
}

// ------------------------------------------------------------------------------------------------------------- tensors

/** What stands for pairs that are read in masks that are written like this one: of conditions, of numbers, or added to the scores. */
function valuesIn(code: string): readonly string[] {
  if (/inf\b|1e\d|finfo|-10000/.test(code)) return ["0.0"];
  return /bool|[<>!=]=|[<>~]|logical|eq\(|True|False/.test(code) ? ["True", "False"] : ["1", "0"];
}

/** Entries of the mask set after it is made. */
function* assigned(source: SourceText, node: Syntax, addition: Addition): Iterable<Splice[]> {
  const statement = source.statement(node);
  if (!statement) return;
  const scope = source.enclosing(node, "function_definition") ?? source.root;
  const values = valuesIn(source.code(/^(identifier|subscript)$/.test(node.type) ? scope : node));
  const lines = (name: string, value: string) =>
    addition === "global"
      ? [`${name}[..., 0, :] = ${value}`, `${name}[..., :, 0] = ${value}`]
      : [`${name}.fill_diagonal_(${value})`];
  const target = targetOf(source, statement, node);
  for (const value of values) {
    const splices = target
      ? source.after(target.after, lines(target.name, value))
      : hoisted(source, statement, node, (name) => lines(name, value));
    if (splices) yield splices;
  }
}

/** What the mask is called after a statement, and the statement after which it is complete. */
function targetOf(source: SourceText, statement: Syntax, node: Syntax): { name: string; after: Syntax } | undefined {
  const [inner] = statement.children;
  if (statement.type !== "expression_statement") return undefined;
  if (inner.type === "assignment") {
    const [left, right] = [one(inner, "left"), one(inner, "right")];
    if (!left || !right) return undefined;
    // An entry of it: complete after the loops.
    if (left.type === "subscript" && left.from <= node.from && node.to <= left.to) {
      let after = statement;
      for (const each of source.around(statement)) if (/^(for|while)_statement$/.test(each.type)) after = each;
      const of = one(left, "value");
      return of && { name: source.code(of), after };
    }
    const isWhole = right.from <= node.from && node.to <= right.to && isElementwise(source, node, right);
    return isWhole && /^(identifier|attribute)$/.test(left.type) ? { name: source.code(left), after: statement } : undefined; // prettier-ignore
  }
  if (inner.type === "call" && calleeName(source, inner) === "register_buffer") {
    const [name] = argumentsOf(inner).positional;
    const written = name && /^["'](\w+)["']$/.exec(source.code(name))?.[1];
    return written ? { name: `self.${written}`, after: statement } : undefined;
  }
  return undefined;
}

/** Whether the node is the whole of another, or all but what is asked of each of its entries. */
function isElementwise(source: SourceText, node: Syntax, whole: Syntax): boolean {
  for (let at = node; at !== whole;) {
    const parent = source.parent(at);
    if (!parent) return false;
    const operator = one(parent, "operator");
    const isCondition = parent.type === "binary_operator" && operator !== undefined && /^[&|*]$/.test(source.code(operator)); // prettier-ignore
    if (!isCondition && !/^(attribute|call|parenthesized_expression|subscript|unary_operator|comparison_operator|not_operator)$/.test(parent.type)) return false; // prettier-ignore
    at = parent;
  }
  return true;
}

/** The expression given a name before the statement that it is in, and the name in its place. */
function hoisted(
  source: SourceText,
  statement: Syntax,
  node: Syntax,
  lines: (name: string) => string[],
): Splice[] | undefined {
  if (!/^(expression_statement|return_statement)$/.test(statement.type)) return undefined;
  for (const each of source.around(node)) {
    if (each === statement) break;
    if (/comprehension|generator_expression|lambda|conditional_expression/.test(each.type)) return undefined;
  }
  const scope = source.enclosing(node, "function_definition") ?? source.root;
  const taken = source.variables(scope);
  const name = ["mask", "attn_mask", "attention_mask", "pairs"].find((each) => !taken.has(each));
  const indent = source.indent(statement);
  if (!name || indent === undefined) return undefined;
  const before = source.before(statement, [`${name} = ${source.code(node)}`, ...lines(name)]);
  return before && [...before, source.replace(node, name)];
}

// ------------------------------------------------------------------------------------------------------------ inverted

/** The mask negated where it is given to the attention, or where it is made. */
export function* invertedEdits(edited: Edited): Iterable<Splice[]> {
  const { source, lowered } = edited;
  const places = lowered.blocks.flatMap(([{ attentions }]) => attentions.map(({ place }) => place));
  for (const { place } of masksOf(edited)) {
    const node = source.at(place);
    const outer = source.parent(node);
    for (const each of outer ? [node, outer] : [node]) if (isNegated(source, each)) yield [negated(source, each)];
  }
  const seen = new Set<Syntax>();
  for (const place of places) {
    const call = source.at(place);
    if (call.type !== "call" || seen.has(call)) continue;
    seen.add(call);
    for (const [name, node] of argumentsOf(call).named) {
      const value = maskArguments.test(name) ? one(node, "value") : undefined;
      if (value && !/^(true|false|none)$/.test(value.type)) yield [negated(source, value)];
    }
  }
  for (const { place } of masksOf(edited)) {
    const node = source.at(place);
    if (node.type !== "identifier") yield [negated(source, node)];
  }
}

const isNegated = (source: SourceText, node: Syntax): boolean =>
  node.type === "unary_operator" && source.code(node).startsWith("~");

function negated(source: SourceText, node: Syntax): Splice {
  const code = source.code(node);
  if (isNegated(source, node)) return source.replace(node, code.slice(1));
  const isTight = /^(identifier|attribute|call|subscript|parenthesized_expression)$/.test(node.type);
  return source.replace(node, isTight ? `~${code}` : `~(${code})`);
}

// ---------------------------------------------------------------------------------------------------------- no masks

const maskArguments = /^(attn_mask|mask|src_mask|tgt_mask|attention_mask|block_mask|is_causal|causal|use_causal_mask|attn_max_attend_past|score_mod)$/; // prettier-ignore

/** Ways to attend to everything: without the argument, the statement or the call that masks. */
export function* unmaskedEdits(edited: Edited): Iterable<Splice[]> {
  const { source, lowered } = edited;
  for (const { source: written, place } of masksOf(edited)) {
    if (written.kind !== "flag") continue;
    const node = source.at(written.argument);
    if (source.code(node) === "True") {
      const parent = source.parent(node);
      yield parent?.type === "keyword_argument" ? [source.withoutItem(parent)] : [source.replace(node, "False")];
    }
    yield* removals(source, place);
  }
  const attentions = lowered.blocks.flatMap(([block]) => block.attentions);
  const functions = new Set<Syntax>();
  for (const { place } of attentions) {
    const call = source.at(place);
    functions.add(source.enclosing(call, "function_definition") ?? source.root);
    if (call.type === "call") yield* withoutArgument(source, call);
  }
  for (const scope of functions) yield* removals(source, scope);
  // Calls that the mask is handed down by.
  for (const node of source.all())
    if (node.type === "call" && [...argumentsOf(node).named.keys()].some((name) => maskArguments.test(name)))
      yield* withoutArgument(source, node);
}

function* withoutArgument(source: SourceText, call: Syntax): Iterable<Splice[]> {
  const { positional, named } = argumentsOf(call);
  for (const [name, node] of named) {
    if (!maskArguments.test(name)) continue;
    yield [source.withoutItem(node), ...unused(source, one(node, "value"))];
  }
  const name = calleeName(source, call);
  const mask = name === "scaled_dot_product_attention" ? positional[3] : undefined;
  if (mask) yield [positional.length === 4 ? source.withoutItem(mask) : source.replace(mask, "None")];
}

/** The statement that gives a variable its value, where nothing else uses it. */
function unused(source: SourceText, value: Syntax | undefined): Splice[] {
  if (value?.type !== "identifier") return [];
  const scope = source.enclosing(value, "function_definition");
  if (!scope || source.uses(value.text, scope) !== 2) return [];
  const statement = [...source.all(scope)].find(
    ({ type, children }) => type === "expression_statement" && children[0]?.type === "assignment" && one(children[0], "left")?.text === value.text, // prettier-ignore
  );
  return (statement && source.without(statement)) ?? [];
}

/** What masks scores in a piece of code. */
function* removals(source: SourceText, scope: Place): Iterable<Splice[]> {
  const around = source.at(scope);
  for (const node of source.all(around)) {
    if (node.type === "call" && /^masked_fill_?$/.test(calleeName(source, node))) {
      const statement = source.statement(node);
      const assignment = statement?.children[0];
      const callee = one(node, "function");
      const of = callee && one(callee, "object");
      if (!of || !statement) continue;
      const target = assignment?.type === "assignment" ? one(assignment, "left") : undefined;
      const isOwn = source.code(of) === (target ? source.code(target) : source.code(of)) && (one(assignment ?? node, "right") ?? assignment) === node; // prettier-ignore
      const gone = isOwn ? source.without(statement) : [{ from: of.to, to: node.to, newText: "" }];
      if (gone) yield gone;
    }
    if (node.type !== "expression_statement") continue;
    const [inner] = node.children;
    const [left, right] = [one(inner, "left"), one(inner, "right")];
    const adds = inner.type === "augmented_assignment" || (inner.type === "assignment" && right?.type === "binary_operator" && one(right, "operator")?.text === "+" && left && source.code(one(right, "left") ?? right) === source.code(left)); // prettier-ignore
    if (!adds || !right || !/mask|tri[ul]|inf|causal/i.test(source.code(right))) continue;
    const gone = source.without(node);
    if (gone) yield gone;
  }
}
