/** Edits that add learned positions to the embedded tokens, or take positions away. */
import type { Splice } from "../../spec/edit";
import type { Syntax } from "../syntax";
import type { Edited } from "./edit";
import { argumentsOf, calleeName, type SourceText } from "./sourceText";
import { one, parametersOf, parts } from "./trees";

const lengths = /block_size|context|max_len|maxlen|max_seq|seq_len|length|n_positions|n_ctx|num_patches|num_tokens|n_tokens|^tokens$|max_tokens|max_pos/i; // prettier-ignore
const tables = /^(Embedding|Embed)$/;
const layers = /^(Linear|LazyLinear|Dense)$/;

/** How many places are tried. */
const mostSites = 4;

/** An expression that gives the embedded tokens. */
interface Site {
  call: Syntax;
  /** What is embedded. */
  input: string;
  /** The call that makes the layer. */
  made: Syntax;
  /** The attribute of `self` that the layer is kept as, and the statement that does. */
  kept: { statement: Syntax; type: Syntax } | undefined;
}

export function* positionEdits(edited: Edited): Iterable<Splice[]> {
  const { source, known, lowered } = edited;
  if (known.kind === "mask") {
    yield* commentEdits(edited);
    return;
  }
  for (const node of source.all())
    if (
      node.type === "keyword_argument" &&
      one(node, "name")?.text === "use_abs_pos_emb" &&
      one(node, "value")?.type === "false"
    )
      // prettier-ignore
      yield [source.replace(one(node, "value")!, "True")];
  const place = lowered.locate(["position"]);
  const sites = [...sitesOf(source)];
  const rank = ({ call, made, kept }: Site) =>
    4 * Number(call.from !== place.from || call.to !== place.to) + 2 * Number(kept !== undefined && kept.type !== edited.statement) + Number(!tables.test(calleeName(source, made))); // prettier-ignore
  sites.sort((a, b) => rank(a) - rank(b));
  for (const site of sites.slice(0, mostSites)) yield* addedAt(edited, site);
  yield* addedToInput(edited);
}

/** Calls of layers that a class keeps, and of layers made on the spot. */
function* sitesOf(source: SourceText): Iterable<Site> {
  for (const call of source.all()) {
    if (call.type !== "call") continue;
    const callee = one(call, "function");
    const input = argumentsOf(call).positional.at(0);
    if (!callee || !input || source.code(input).length > 40) continue;
    if (callee.type === "call") {
      if (/^(Embed|Dense)$/.test(calleeName(source, callee)) && source.imported("flax.linen") !== undefined) yield { call, input: source.code(input), made: callee, kept: undefined }; // prettier-ignore
      continue;
    }
    const type = source.enclosing(call, "class_definition");
    if (!type || callee.type !== "attribute" || source.code(one(callee, "object") ?? callee) !== "self") continue;
    const found = attribute(source, type, one(callee, "attribute")?.text ?? "");
    const name = found && calleeName(source, found.made);
    if (found && name && (tables.test(name) || layers.test(name)))
      yield { call, input: source.code(input), made: found.made, kept: { statement: found.statement, type } };
  }
}

/** The call that a class's constructor keeps as an attribute. */
function attribute(source: SourceText, type: Syntax, name: string): { made: Syntax; statement: Syntax } | undefined {
  const init = source.method(type, "__init__") ?? source.method(type, "setup");
  for (const statement of init ? source.body(init) : []) {
    const [assignment] = statement.children;
    if (statement.type !== "expression_statement" || assignment?.type !== "assignment") continue;
    const [left, right] = [one(assignment, "left"), one(assignment, "right")];
    if (!left || !right) continue;
    const [targets, values] = [/pattern_list|tuple_pattern/.test(left.type) ? parts(left) : [left], right.type === "expression_list" ? parts(right) : [right]]; // prettier-ignore
    const at = targets.findIndex((target) => source.code(target) === `self.${name}`);
    if (at >= 0 && values[at]?.type === "call") return { made: values[at], statement };
  }
  return undefined;
}

function* addedAt(edited: Edited, { call, input, made, kept }: Site): Iterable<Splice[]> {
  const { source } = edited;
  const { positional, named } = argumentsOf(made);
  const name = calleeName(source, made);
  const isTable = tables.test(name);
  const sized = ["embedding_dim", "out_features", "features", "output_dim", "units"].flatMap((key) => named.get(key) ?? []); // prettier-ignore
  const written = sized.at(0) ? one(sized[0], "value") : positional.at(name === "Dense" ? 0 : 1);
  if (!written || written.type.includes("splat")) return;
  const width = source.code(written);
  if (!kept) {
    const jnp = source.written("jax.numpy");
    const length = lengthText(edited, call, width);
    const callee = source.code(one(made, "function")!).replace(/\w+$/, "Embed");
    if (jnp) yield* added(source, call, `${callee}(${length}, ${width})(${jnp}.arange(${sizeText(source, call, input, 1)}))`); // prettier-ignore
    return;
  }
  const { statement, type } = kept;
  const position = source.freeName(["position", "positions", "position_embedding", "position_table"], "self.");
  if (!position) return;
  const length = lengthText(edited, made, width, type);
  const callee = source.code(one(made, "function")!);
  const isTorch = /^(Embedding|Linear|LazyLinear)$/.test(name) && source.imported("keras") === undefined && source.imported("keras.layers") === undefined; // prettier-ignore
  if (!isTorch) {
    yield* keptElsewhere(edited, { callee, name, position, length, width, isTable }, { statement, call, input, made });
    return;
  }
  const { importing, torch } = torchName(source);
  const tokenFirst = edited.known.trial?.input.endsWith("token-first") === true;
  const size = sizeText(source, call, input, tokenFirst ? 0 : 1);
  const table = isTable ? callee : (source.written(`torch.nn.Embedding`) ?? `${torch}.nn.Embedding`);
  const parameter = source.written("torch.nn.Parameter") ?? `${torch}.nn.Parameter`;
  const ways: [kept: string, term: string][] = [
    [`${table}(${length}, ${width})`, `self.${position}(${torch}.arange(${size}, device=${input}.device))`],
    [`${parameter}(${torch}.randn(${length}, ${width}) * 0.02)`, `self.${position}[: ${size}]`],
  ];
  for (const [value, term] of isTable ? ways : ways.reverse()) {
    const keeps = source.after(statement, [`self.${position} = ${value}`]);
    if (!keeps) return;
    for (const adds of added(source, call, tokenFirst ? `${term}.unsqueeze(1)` : term))
      yield [...importing, ...keeps, ...adds];
  }
}

/** Keras and Flax's nnx. */
function* keptElsewhere(
  { source }: Edited,
  table: { callee: string; name: string; position: string; length: string; width: string; isTable: boolean },
  { statement, call, input, made }: { statement: Syntax; call: Syntax; input: string; made: Syntax },
): Iterable<Splice[]> {
  const { callee, name, position, length, width } = table;
  const isKeras = source.imported("keras") !== undefined || /layers\.(Embedding|Dense)$/.test(callee);
  const rngs = argumentsOf(made).named.get("rngs");
  const own = callee.replace(/\w+$/, isKeras ? "Embedding" : "Embed");
  if (own !== callee && callee === name) return;
  const ops = source.written("keras.ops");
  const jnp = source.written("jax.numpy");
  const range = isKeras ? ops && `${ops}.arange(${ops}.shape(${input})[1])` : jnp && `${jnp}.arange(${sizeText(source, call, input, 1)})`; // prettier-ignore
  const keeps = source.after(statement, [`self.${position} = ${own}(${length}, ${width}${rngs ? `, ${source.code(rngs)}` : ""})`]); // prettier-ignore
  if (!range || !keeps) return;
  for (const adds of added(source, call, `self.${position}(${range})`)) yield [...keeps, ...adds]; // prettier-ignore
}

/** The module `torch` as the text calls it, and its import where it has none. */
function torchName(source: SourceText): { importing: Splice[]; torch: string } {
  const torch = source.imported("torch");
  return torch ? { importing: [], torch } : { importing: source.importing("import torch"), torch: "torch" };
}

/** The term added to an expression, or in a statement after it where the line would be too long. */
function* added(source: SourceText, call: Syntax, term: string): Iterable<Splice[]> {
  let site = call;
  for (let parent = source.parent(site); parent; parent = source.parent(site)) {
    const isScaled = parent.type === "binary_operator" && /^[*/]$/.test(one(parent, "operator")?.text ?? "");
    if (!isScaled && parent.type !== "parenthesized_expression") break;
    site = parent;
  }
  const parent = source.parent(site);
  const isOperand = parent !== undefined && /^(attribute|call|subscript|unary_operator)$/.test(parent.type);
  const code = isOperand ? `(${source.code(site)} + ${term})` : `${source.code(site)} + ${term}`;
  const statement = source.statement(site);
  const assignment = statement?.children[0];
  const target = assignment?.type === "assignment" && one(assignment, "right") === site ? one(assignment, "left") : undefined; // prettier-ignore
  if (!source.fits(site, code) && statement && target?.type === "identifier") {
    const after = source.after(statement, [`${target.text} = ${target.text} + ${term}`]);
    if (after) yield after;
  }
  yield isOperand ? [source.replace(site, code)] : [{ from: site.to, to: site.to, newText: ` + ${term}` }];
}

/** How many tokens an input has, as the code around says it. */
function sizeText(source: SourceText, call: Syntax, input: string, axis: 0 | 1): string {
  const scope = source.enclosing(call, "function_definition");
  const statement = source.statement(call);
  const before = scope && statement ? source.text.slice(scope.from, statement.from) : "";
  const escaped = input.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const last = axis === 1 ? "|-1" : "";
  const single = new RegExp(`^[ \\t]*(\\w+) = ${escaped}\\.(?:size\\((?:${axis}${last})\\)|shape\\[(?:${axis}${last})\\])[ \\t]*\\r?$`, "m").exec(before); // prettier-ignore
  if (single) return single[1];
  const several = new RegExp(`^[ \\t]*(\\w+), (\\w+)(?:, \\w+)? = ${escaped}\\.(?:shape|size\\(\\))[ \\t]*\\r?$`, "m").exec(before); // prettier-ignore
  if (several && several[axis + 1] !== "_") return several[axis + 1];
  return /\.shape\[/.test(source.text) || source.imported("torch") === undefined && /jax|keras/.test(source.text) ? `${input}.shape[${axis}]` : `${input}.size(${axis})`; // prettier-ignore
}

/** The number of tokens: by the name that the constructor or the configuration has for it, or as it is. */
function lengthText(edited: Edited, near: Syntax, width: string, type?: Syntax): string {
  const { source, lowered } = edited;
  const { tokens } = lowered.architecture;
  const init = type ? source.method(type, "__init__") : source.enclosing(near, "function_definition");
  for (const { name, default: fallback } of (init && parametersOf(init)?.named) ?? [])
    if (fallback?.text === String(tokens) && lengths.test(name)) return name;
  const holder = /^(.+)\.\w+$/.exec(width)?.[1];
  for (const { name, value, isArgument } of source.numbers())
    if (value === tokens && lengths.test(name) && !isArgument && holder && new RegExp(`\\b${name}\\b\\s*[:=]`).test(source.text) && !holder.includes("(")) // prettier-ignore
      if (source.text.includes(`${holder}.${name}`) || /config|cfg|args|hp|^c$/.test(holder) || (holder === "self" && !type)) return `${holder}.${name}`; // prettier-ignore
  return String(tokens);
}

/** Models whose blocks get the input itself: a parameter added at the start. */
function* addedToInput(edited: Edited): Iterable<Splice[]> {
  const { source, statement: type, lowered } = edited;
  if (type.type !== "class_definition" || !edited.known.trial?.input.startsWith("vectors")) return;
  const [init, forward] = [source.method(type, "__init__"), source.method(type, "forward")];
  const [first] = forward ? source.body(forward) : [];
  const input = forward && parametersOf(forward)?.named.at(1)?.name;
  if (!init || !first || !input) return;
  const { width } = lowered.architecture;
  const named = parametersOf(init)?.named.find((each) => each.default?.text === String(width) && /dim|width|d_model|embd|hidden|features|size/i.test(each.name)); // prettier-ignore
  const statements = source.body(init);
  const start = statements.find((each) => /super\(.*\)\.__init__\(/.test(source.code(each)));
  const position = source.freeName(["position", "positions", "position_embedding"], "self.");
  const { importing, torch } = torchName(source);
  const parameter = source.written("torch.nn.Parameter") ?? `${torch}.nn.Parameter`;
  const length = lengthText(edited, first, "", type);
  const keeps = start && position && source.after(start, [`self.${position} = ${parameter}(${torch}.randn(${length}, ${named?.name ?? width}) * 0.02)`]); // prettier-ignore
  const tokenFirst = edited.known.trial.input.endsWith("token-first");
  const size = sizeText(source, first, input, tokenFirst ? 0 : 1);
  const adds = source.before(first, [`${input} = ${input} + self.${position}[: ${size}]${tokenFirst ? ".unsqueeze(1)" : ""}`]); // prettier-ignore
  if (keeps && adds) yield [...importing, ...keeps, ...adds];
}

// ------------------------------------------------------------------------------------------------------------ comments

/** The `uap:` comment of a mask that stands alone. */
function* commentEdits({ source, lowered }: Edited): Iterable<Splice[]> {
  const place = lowered.locate(["position"]);
  if (/position\s*=\s*["']?$/.test(source.text.slice(0, place.from)) && /^\w+$/.test(source.code(place))) {
    yield [source.replace(place, "learned")];
    return;
  }
  const { from } = lowered.locate(["layers", 0, "repeat"]);
  const line = source.text.slice(from).search(/\r?\n/);
  const at = line < 0 ? source.text.length : from + line;
  if (/# ?uap:/.test(source.text.slice(source.text.lastIndexOf("\n", from) + 1, from))) yield [{ from: at, to: at, newText: " position=learned" }]; // prettier-ignore
}

// -------------------------------------------------------------------------------------------------------------- removal

export function* noPositionEdits(edited: Edited): Iterable<Splice[]> {
  const { source, known, lowered } = edited;
  const place = lowered.locate(["position"]);
  if (known.kind === "mask") {
    const before = /\s*\bposition\s*=\s*$/.exec(source.text.slice(0, place.from));
    if (before) yield [{ from: before.index, to: place.to, newText: "" }];
    return;
  }
  const at = source.at(place);
  // The term that has the positions, in the sum that it is in.
  const sums = at.type === "binary_operator" ? [at] : [];
  for (const each of source.around(at)) if (each.type === "binary_operator") sums.push(each);
  // Where a table is made, the sums that use it.
  const kept = keptAs(source, at);
  if (kept)
    for (const node of source.all())
      if (node.type === "binary_operator" && new RegExp(`\\b${kept.replace(".", "\\.")}\\b`).test(source.code(node))) sums.push(node); // prettier-ignore
  for (const sum of sums) {
    if (one(sum, "operator")?.text !== "+") continue;
    const [left, right] = [one(sum, "left"), one(sum, "right")];
    if (!left || !right) continue;
    for (const [stays, goes] of [[left, right], [right, left]]) yield* withoutTerm(edited, sum, stays, goes); // prettier-ignore
  }
  for (const node of source.all()) {
    const [inner] = node.children;
    if (node.type !== "expression_statement" || inner?.type !== "augmented_assignment") continue;
    const right = one(inner, "right");
    const isTerm = right && ((right.from <= place.from && place.to <= right.to) || (kept && source.code(right).includes(kept))); // prettier-ignore
    const gone = isTerm ? source.without(node) : undefined;
    if (gone) yield withLength(edited, withoutUnused(source, gone, right!));
  }
}

/** What a value that is made in a constructor is kept as. */
function keptAs(source: SourceText, node: Syntax): string | undefined {
  const statement = source.statement(node);
  const [inner] = statement?.children ?? [];
  const left = inner?.type === "assignment" ? one(inner, "left") : undefined;
  return left && /^(attribute|identifier)$/.test(left.type) ? source.code(left) : undefined;
}

function* withoutTerm(edited: Edited, sum: Syntax, stays: Syntax, goes: Syntax): Iterable<Splice[]> {
  const { source } = edited;
  const statement = source.statement(sum);
  const assignment = statement?.children[0];
  const target = assignment?.type === "assignment" && one(assignment, "right") === sum ? one(assignment, "left") : undefined; // prettier-ignore
  const isNothing = target !== undefined && source.code(target) === source.code(stays);
  const gone = isNothing && statement ? source.without(statement) : [{ from: sum.from, to: sum.to, newText: source.code(stays) }]; // prettier-ignore
  if (gone) yield withLength(edited, withoutUnused(source, gone, goes));
}

/** Also without what only the term used: a table or a buffer of its own. */
function withoutUnused(source: SourceText, gone: Splice[], term: Syntax): Splice[] {
  const name = /^self\.(\w+)/.exec(source.code(term))?.[1];
  if (name === undefined) return gone;
  const uses = source.text.match(new RegExp(`\\b${name}\\b`, "g"))?.length ?? 0;
  if (uses !== 2) return gone;
  for (const node of source.all()) {
    if (node.type !== "expression_statement" || !new RegExp(`^self\\.${name} =|^self\\.register_(buffer|parameter)\\(\\s*["']${name}["']`).test(source.code(node))) continue; // prettier-ignore
    const unused = source.without(node);
    if (unused) return [...unused, ...gone];
  }
  return gone;
}

/** Where only the positions told how many tokens there are, the comment does so. */
function withLength({ source, known, lowered, statement }: Edited, splices: Splice[]): Splice[] {
  if (!known.isLongest) return splices;
  const before = source.text.slice(0, statement.from);
  const comment = /#[ \t]*uap:[^\r\n]*(?=\r?\n[ \t]*(@[^\n]*\n[ \t]*)*$)/.exec(before);
  if (!comment) return splices;
  const at = comment.index + comment[0].length;
  return [{ from: at, to: at, newText: ` tokens=${lowered.architecture.tokens}` }, ...splices]; // prettier-ignore
}
