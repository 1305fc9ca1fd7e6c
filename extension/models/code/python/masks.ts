/**
 * Masks and attention functions that stand alone: a mask_mod or score_mod of flex_attention, a block mask, a function of queries, keys and
 * values. Each is read as a stack of standard blocks: softmax attention and a feed-forward network with bias, both with residual paths.
 */
import { limits } from "../../../theory/architecture/limits";
import type { Block, Position } from "../../../theory/architecture/schema";
import type { Comments, Said } from "../comments";
import { lower, type Lowered } from "../graph/lower";
import type { Opaque, Place, Sequence } from "../graph/nodes";
import { tensors } from "../graph/operations";
import { sizesOf, type Tensor } from "../graph/tensor";
import type { Syntax } from "../syntax";
import type { Known, Outcome } from "./index";
import { BlockMask, evaluateMask, flexAttentionNames, isBlockMask } from "./libraries/flexAttention";
import { isTensor, tensorOf } from "./libraries/tensorState";
import { torch } from "./libraries/torch";
import { nameOf, steps, type Program } from "./program";
import { inputTensor } from "./running";
import { targetOf } from "./target";
import { identifiers, one, parametersOf } from "./trees";
import type { Reuse } from "./reuse";
import { nameOf as nativeName, none, unknown, type Arguments, type PythonFunction, type Value } from "./values";

type Kind = "mask" | "scores" | "function";

/** Something that stands alone, and how it is written. */
interface Subject {
  name: string;
  kind: Kind;
  value: Value;
  statement: Syntax;
  place: Place;
  /** Of the block mask that it is made a mask by. */
  block: BlockMask | undefined;
}

const wholeWidth = 64;
const headWidth = 16;
/** Where nothing says how many heads there are, a mask is the same for all of them; so many show that. */
const severalHeads = 3;
/** A few tokens show what a mask depends on. */
const fewTokens = 8;

/** @param only the name of the one that is read; all are where it is left out */
/** @param how `only` the one of this name; `reuse` of what was read before */
export function readMasks(
  program: Program,
  comments: Comments,
  { only, reuse }: { only?: string; reuse?: Reuse },
): Outcome[] {
  // prettier-ignore
  const subjects = subjectsOf(program);
  return subjects.flatMap((subject): Outcome[] => {
    if (only !== undefined && subject.name !== only) return [];
    const said = comments.about(subject.statement, argumentsOf(subject));
    if (said.ignore) return [];
    const asked = said.own?.entries.some(({ key }) => key === "tokens" || key === "layers") === true;
    if (!asked && isUsed(program, subject, subjects)) return [];
    const { name, statement } = subject;
    const read = () => readSubject(program, subject, said);
    return [reuse?.outcome("mask", { name, statement, said }, read) ?? read()];
  });
}

// ------------------------------------------------------------------------------------------------------------- subjects

function subjectsOf(program: Program): Subject[] {
  const subjects: Subject[] = [];
  const blocks: BlockMask[] = [];
  for (const value of program.returned.values()) if (isBlockMask(value)) blocks.push(value.data);
  for (const [name, value] of program.interpreter.module.names) {
    if (isBlockMask(value)) blocks.push(value.data);
    const found = subjectOf(program, name, value);
    if (found && !subjects.some((subject) => subject.value === found.value && subject.statement === found.statement)) subjects.push(found); // prettier-ignore
  }
  return subjects.flatMap((subject) => {
    if (!isBlockMask(subject.value)) return [{ ...subject, block: blocks.find(({ mask }) => mask === subject.value) }];
    // A block mask of a function that is itself a subject says how many tokens that has.
    const { mask } = subject.value.data;
    return subjects.some(({ value }) => value === mask) ? [] : [{ ...subject, block: subject.value.data }];
  });
}

function subjectOf(program: Program, name: string, value: Value): Subject | undefined {
  const assignment = program.assignment(name);
  const common = { name, value, block: undefined };
  if (isBlockMask(value) && assignment)
    return { ...common, kind: "mask", statement: assignment, place: value.data.maskPlace };
  if (value.kind === "native" && value.type.name === "a function" && assignment) {
    // What `and_masks` gives, and the like.
    const place = one(assignment.children[0], "right") ?? assignment;
    return /masks/.test(nativeName(value)) ? { ...common, kind: "mask", statement: assignment, place } : undefined;
  }
  if (value.kind !== "function") return undefined;
  const kind = kindOf(value);
  const statement = value.node.type === "function_definition" && program.value(value.name) === value ? value.node : assignment; // prettier-ignore
  if (!kind || !statement) return undefined;
  return { ...common, kind, statement, place: nameOf(value.node.type === "lambda" ? statement : value.node) };
}

const queryNames = /^(q|query|queries|Q)$/;
const keyNames = /^(k|key|keys|K)$/;
const valueNames = /^(v|value|values|V)$/;

function kindOf({ node }: PythonFunction): Kind | undefined {
  const names = parametersOf(node)?.named.map(({ name }) => name);
  if (!names) return undefined;
  const pair = (at: number) => /^(q|query|row|i)/i.test(names[at] ?? "") && /^(k|key|kv|col|j)/i.test(names[at + 1] ?? ""); // prettier-ignore
  if (names.length === 4 && /^(b|_)/i.test(names[0]) && pair(2)) return "mask";
  if (names.length === 5 && /score|^s$/i.test(names[0]) && pair(3)) return "scores";
  const attends = identifiers(node).some((name) => /softmax|scaled_dot_product|^flex_attention$/.test(name));
  return attends && queryNames.test(names[0] ?? "") && keyNames.test(names[1] ?? "") && valueNames.test(names[2] ?? "")
    ? "function"
    : undefined;
}

const argumentsOf = ({ value, kind }: Subject): Set<string> =>
  new Set(kind === "function" && value.kind === "function" ? parametersOf(value.node)?.named.map(({ name }) => name) : []); // prettier-ignore

/** Whether other code of the text uses it, other than to make a block mask of it or to attend with it. */
function isUsed(
  program: Program,
  { name, statement, value, block, kind }: Subject,
  subjects: readonly Subject[],
): boolean {
  // prettier-ignore
  const masks = subjects.filter((other) => other.kind !== "function");
  // A function that attends with a mask of the module says nothing that the mask does not.
  if (kind === "function" && masks.some((mask) => identifiers(statement).includes(mask.name))) return true;
  if (isBlockMask(value)) return usesIn(program.root, name, statement) > 0;
  const made = block ? program.statementAt(block.place) : undefined;
  const attending = new Set(subjects.filter((other) => other.kind === "function").map((other) => other.statement));
  return program.root.children.some((other) => other !== statement && other !== made && !attending.has(other) && usesIn(other, name, statement) > 0); // prettier-ignore
}

/** How often a name occurs in code, other than in its own statement, in imports, and where a block mask is made of it. */
function usesIn(node: Syntax, name: string, own: Syntax): number {
  if (node === own || node.type.startsWith("import")) return 0;
  if (node.type === "identifier") return Number(node.text === name);
  const makesMask = node.type === "call" && /^create_(block_)?mask$/.test(one(node, "function")?.text ?? "");
  const inside = makesMask ? [] : node.children;
  return inside.reduce((count, child) => count + usesIn(child, name, own), 0);
}

// -------------------------------------------------------------------------------------------------------------- reading

function readSubject(program: Program, subject: Subject, said: Said): Outcome {
  const { name, statement, place, block, kind } = subject;
  const common = { name, statement, said };
  const number = (key: string): number | undefined => {
    const entry = said.values.get(key);
    return entry?.value.kind === "int" ? entry.value.value : undefined;
  };
  const tokens = number("tokens") ?? block?.queries;
  if (tokens !== undefined && tokens > limits.tokens) return { ...common, lost: { reason: `masks of more than ${limits.tokens.toLocaleString("en")} tokens are not read`, place } }; // prettier-ignore
  const layers = number("layers");
  const heads = number("heads") ?? block?.heads;
  const attempt = (count: number) => program.within(steps.model, () => blockAround(program, subject, tokens ?? fewTokens, count)); // prettier-ignore
  const built = attempt(heads ?? 1);
  if (!built) return { ...common, lost: { reason: "it takes too many steps to read", place } };
  if (built.content.kind === "opaque") {
    const { opaque } = built.content;
    const argument = /^the argument `(\w+)` of /.exec(opaque.reason)?.[1];
    if (argument === undefined) return { ...common, lost: opaque };
    const asks = `What \`${name}\` lets a token read depends on its argument \`${argument}\`, which only its callers know.`;
    return { ...common, missing: [[argument, "causal"]], why: asks, place };
  }
  const missing: [string, string][] = [];
  if (tokens === undefined) missing.push(["tokens", "128"]);
  if (layers === undefined) missing.push(["layers", "12"]);
  if (layers === undefined || tokens === undefined) {
    const what = kind === "function" ? "attention" : "mask";
    const asks = `What a stack of layers with the ${what} \`${name}\` can express depends on how many tokens and layers there are.`;
    return { ...common, missing, why: asks, place };
  }
  const lowered = loweredFrom(built, name, place, said);
  if ("opaque" in lowered) return { ...common, lost: lowered.opaque };
  const several = heads === undefined ? attempt(severalHeads) : undefined;
  const compared = several && loweredFrom(several, name, place, said);
  if (
    heads === undefined &&
    (looksAtHead(subject) || (compared && "architecture" in compared && differsByHead(compared)))
  ) {
    const why = `\`${name}\` is not the same for all heads: how many are there?`;
    return { ...common, missing: [["heads", "8"]], why, place };
  }
  const known: Known = { name, kind: "mask", trial: undefined, isLongest: false };
  return { ...common, place, lowered: stacked(lowered, said, layers, place), known, format: "pytorch" };
}

function loweredFrom(output: Tensor, name: string, place: Place, said: Said): Lowered | { opaque: Opaque } {
  if (output.content.kind !== "stream") return { opaque: { reason: "it gives back no tokens", place } };
  return lower(output.content.node, { name, place, ...targetOf(said) });
}

/** Whether a score_mod looks at its head: its numbers are others for other heads then. */
function looksAtHead({ kind, value }: Subject): boolean {
  if (kind !== "scores" || value.kind !== "function") return false;
  const head = parametersOf(value.node)?.named[2]?.name;
  const body = one(value.node, "body");
  return head !== undefined && body !== undefined && usesIn(body, head, value.node) > 0;
}

function differsByHead({ architecture }: Lowered): boolean {
  const [{ mixer }] = architecture.layers;
  return mixer.kind === "attention" && mixer.heads.length > 1;
}

const positions: Readonly<Record<string, Position>> = {
  none: { kind: "none" },
  learned: { kind: "absolute", code: "learned" },
  sinusoidal: { kind: "absolute", code: "sinusoidal" },
  rotary: { kind: "rotary" },
  alibi: { kind: "alibi" },
};

/** The block so many times, with the positions that the comment gives the model around it. */
function stacked(lowered: Lowered, said: Said, layers: number, place: Place): Lowered {
  const { architecture } = lowered;
  const entry = said.values.get("position");
  const position = entry?.value.kind === "string" ? positions[entry.value.value] : architecture.position;
  // What scores know of a pair stays theirs beside the positions of the model around them.
  const own = architecture.position;
  const bias = position !== own && own.kind !== "none" && own.kind !== "absolute" && own.kind !== "classes" && own.kind !== "rotary" ? own : undefined; // prettier-ignore
  const blocks = architecture.layers.map((block): Block => {
    const { mixer } = block;
    if (!bias || mixer.kind !== "attention") return { ...block, repeat: layers };
    return { ...block, repeat: layers, mixer: { ...mixer, heads: mixer.heads.map((head) => ({ ...head, bias })) } };
  });
  const layersPlace = said.values.get("layers")?.valuePlace;
  return {
    ...lowered,
    architecture: { ...architecture, position, layers: blocks },
    locate: (path) => {
      if (path[0] === "position") return entry?.valuePlace ?? place;
      if (path[0] === "layers" && (path[2] === "repeat" || path.length <= 2)) return layersPlace ?? place;
      if (path[0] === "tokens") return said.values.get("tokens")?.valuePlace ?? place;
      return lowered.locate(path);
    },
  };
}

/** One block around the attention. */
function blockAround(program: Program, subject: Subject, tokens: number, heads: number): Tensor {
  const { place } = subject;
  const width = wholeWidth;
  const sequence: Sequence = { name: "tokens", tokens, projected: undefined };
  const x = inputTensor(sequence, "vectors", width, place);
  const linear = (of: Tensor, to: number) =>
    tensors.linear(of, { width: to, widthLiteral: undefined, bias: true, biasPlace: place, frozen: false }, place);
  const inner = headWidth * heads;
  const apart = (of: Tensor) =>
    tensors.permute(tensors.reshape(of, [sizesOf(of)[0], tokens, heads, headWidth], place), [0, 2, 1, 3], place);
  const [q, k, v] = [0, 1, 2].map(() => apart(linear(x, inner)));
  const attention = attended(program, subject, q, k, v, { heads, queries: tokens, keys: tokens });
  if (attention.content.kind === "opaque") return attention;
  const together = tensors.reshape(tensors.permute(attention, [0, 2, 1, 3], place), [-1, tokens, inner], place);
  const h = tensors.binary("+", x, linear(together, width), place);
  return tensors.binary("+", h, linear(tensors.activation(linear(h, 4 * width), "gelu", place), width), place);
}

function attended(
  program: Program,
  subject: Subject,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  sizes: { heads: number; queries: number; keys: number },
): Tensor {
  // prettier-ignore
  const { kind, value, place, block } = subject;
  const { interpreter } = program;
  const at = { place, interpreter };
  const [query, key, content] = [q, k, v].map((tensor) => torch.wrap(tensor));
  if (kind === "mask") {
    const mask = evaluateMask(isBlockMask(value) ? value.data.mask : value, sizes, at);
    if (mask.content.kind !== "constant") return mask;
    return tensors.attention(q, k, v, { mask, causal: undefined, kernel: "softmax", heads: undefined }, place);
  }
  const call = (callee: Value, positional: readonly Value[], named: ReadonlyMap<string, Value>): Tensor => {
    const args: Arguments = { positional, named, place, places: { positional: [], named: new Map() } };
    const result = interpreter.call(callee, args, place);
    if (isTensor(result)) return tensorOf(result);
    const first = result.kind === "tuple" ? result.items[0] : undefined;
    if (first && isTensor(first)) return tensorOf(first);
    return result.kind === "unknown" ? tensors.opaque(result.reason, result.place) : tensors.opaque("no tokens are given back", place); // prettier-ignore
  };
  if (kind === "scores") {
    const named = new Map<string, Value>([["score_mod", value]]);
    if (block) named.set("block_mask", value);
    return call(flexAttentionNames("flex_attention") ?? none, [query, key, content], named);
  }
  const named = new Map<string, Value>();
  const parameters = value.kind === "function" ? (parametersOf(value.node)?.named ?? []) : [];
  for (const { name, default: fallback } of parameters.slice(3))
    if (fallback === undefined) named.set(name, unknown(`the argument \`${name}\` of \`${subject.name}\``, place));
  return call(value, [query, key, content], named);
}
