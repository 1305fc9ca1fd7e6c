/**
 * The graph of a model as an architecture: walks down from the output, one residual sum at a time, to the embedded input. What the
 * specification has no words for makes the whole model opaque, with the reason; what it has nearly the words for is read with a note.
 */
import { codeInput, architectureInput } from "../../../theory/architecture/input";
import { limits } from "../../../theory/architecture/limits";
import type {
  Architecture,
  Bias,
  Block,
  FeedForward,
  HeadGroup,
  KernelName,
  Norm,
  Position,
  Projection,
  Target,
} from "../../../theory/architecture/schema";
import { parseArchitecture } from "../../../theory/architecture/validate";
import { feedForwardFault } from "../../../theory/verdict/conditions";
import type { SpecPath } from "../../../theory/verdict/report";
import type { Skipped } from "../../modelFile";
import type { IndexExpression } from "./indexExpression";
import type { AttentionNode, Mask, Opaque, Place, Sequence, StreamNode, Written } from "./nodes";
import { pairCode, type HeadBias } from "./pairCodes";
import { sameExpression } from "./expressions";
import { isCausal, maskPattern, rearranged, splitAdditive, type HeadPattern } from "./patterns";
import {
  allInputs,
  changesSequence,
  leaves,
  readSource,
  readTokenwise,
  tokenwiseInputs,
  type FeedForwardSource,
  type Linear,
  type Op,
  type Source,
} from "./tokenwise";

/** What the caller knows of the model. */
export interface ModelPlaces {
  name: string;
  /** What a person would call the model: its class, or its name. */
  place: Place;
  target: Target;
  /** Where the target is declared, the number of tokens and the number of layers written. */
  targetPlace?: Place;
  tokensPlace?: Place;
  depthPlace?: Place;
  /** The dimension of a token, where nothing in the graph says it. */
  width?: Written;
}

/** Something that was read as the nearest thing, or not at all, and what that leaves undecided (as `Skipped`, with a place). */
export interface Unread {
  message: string;
  place: Place;
  affects: Skipped["affects"];
}

/** One block as it is written. */
export interface BlockSource {
  attentions: AttentionNode[];
  /** The networks between this mixer and the next; the first is the one that the architecture has. */
  feedForwards: FeedForwardSource[];
  norm: Place | undefined;
}

export interface Lowered {
  architecture: Architecture;
  skipped: Unread[];
  locate(path: SpecPath): Place;
  /** For every block of the architecture the sources of all its repetitions. */
  blocks: BlockSource[][];
  /** Other sequences that the tokens read, such as an encoder's output: models of their own. */
  memories: StreamNode[];
}

/** The architecture of a stream's tokens, or why there is none. */
export function lower(output: StreamNode, model: ModelPlaces): Lowered | { opaque: Opaque } {
  try {
    return new Lowering(model).run(output);
  } catch (error) {
    if (error instanceof NotUnderstood) return { opaque: error.opaque };
    throw error;
  }
}

class NotUnderstood extends Error {
  override name = "NotUnderstood";
  readonly opaque: Opaque;

  constructor(reason: string, place: Place) {
    super(reason);
    this.opaque = { reason, place };
  }
}

// ---------------------------------------------------------------------------------------------------------- elements

/** What lies between the input and the output, one after the other. */
type Element =
  | MixerElement
  | { kind: "feed-forward"; source: FeedForwardSource; residual: boolean }
  | { kind: "norm"; norm: Op<"norm"> }
  | { kind: "position"; nodes: Op<"position">[] };

interface MixerElement {
  kind: "mixer";
  attentions: AttentionNode[];
  patterns: HeadPattern[];
  /** The codes of each group of heads that share them all. */
  heads: { group: HeadPattern; biases: Bias[]; count: number }[];
  kernel: KernelName;
  residual: boolean;
  rotary: Place | undefined;
  norm: Op<"norm"> | undefined;
  outerNorm: Op<"norm"> | undefined;
  maskPlaces: (Place | undefined)[];
  biasPlace: Place | undefined;
  /** The last linear map, back to the width of the stream. */
  output: Linear | undefined;
}

interface Facts {
  /** Longest way down. */
  height: number;
  /** Whether it is computed from the input. */
  input: boolean;
  /** Whether something on the way down moves information between tokens. */
  mixes: boolean;
}

const crossAttention =
  "cross-attention adds what each token reads from another sequence, but moves nothing between these tokens: " +
  "the verdict is for that sequence held fixed";
const parallel =
  "attention and feed-forward network work side by side on the same input (x + attention(x) + ffn(x)); they are read as one " +
  "after the other, so refutations stand but nothing is certified";
const branchNorm =
  "the normalisation of each branch's output, inside the residual path, is read as normalisation after the block";
const sharedWeights = "layers share their parameters, which certificates take to be free: refutations stand, nothing is certified"; // prettier-ignore

/** Kernels in which a number added to all scores of a row cancels, once the row is divided by its sum. */
const exponential = new Set<KernelName>(["softmax", "gaussian", "exponential-additive", "cosine", "hard"]);
/** Kernels that rotary codes go with. */
const turnable = new Set<KernelName>(["softmax", "gaussian", "cosine", "sigmoid", "hard"]);

/** The sequence that a projected one is made of. */
const originOf = (sequence: Sequence): Sequence => sequence.projected?.of ?? sequence;

const isForeign = ({ query, key }: AttentionNode): boolean => originOf(key.sequence) !== originOf(query.sequence);

/** A sequence with learned tokens in it: where the input's begin, and where each of the others is, in the order in which they are added. */
interface Stage {
  sequence: Sequence;
  first: number;
  registers: number[];
}

class Lowering {
  /** From the output down. */
  private readonly elements: Element[] = [];
  private readonly notes: Unread[] = [];
  private readonly memories: StreamNode[] = [];
  private readonly facts = new Map<StreamNode, Facts>();
  private readonly sums = new Map<StreamNode, Sum | undefined>();
  private readonly masks: { condition: IndexExpression | undefined; heads: number; result: HeadPattern[] }[] = [];
  private readonly codes: { expression: IndexExpression; patterns: HeadPattern[]; shifts: boolean; result: HeadBias[] }[] = []; // prettier-ignore
  private tokens = 0;
  /** Learned tokens beside those of the input, which the specification calls registers: what each starts from. */
  private readonly registers: string[] = [];
  private registersPlace: Place | undefined;
  /** The sequences from the input's on, each longer than the one before by learned tokens. */
  private readonly stages: Stage[] = [];
  /** For every place in the longest sequence the token or register there. */
  private order: number[] = [];
  private inputPlace: Place;
  /** Whether a linear map follows everything that was read so far. */
  private headed = false;

  constructor(private readonly model: ModelPlaces) {
    this.inputPlace = model.place;
  }

  run(output: StreamNode): Lowered {
    this.findRegisters(output);
    let at = output;
    while (this.factsOf(at).mixes) at = this.step(at);
    this.readInput(at);
    return this.assemble(this.elements.reverse());
  }

  private note(message: string, place: Place, affects: Unread["affects"]): void {
    if (!this.notes.some((note) => note.message === message && note.affects === affects)) this.notes.push({ message, place, affects }); // prettier-ignore
  }

  private factsOf(node: StreamNode): Facts {
    const pending = [node];
    while (pending.length > 0) {
      const at = pending[pending.length - 1];
      if (this.facts.has(at)) {
        pending.pop();
        continue;
      }
      const inputs = allInputs(at);
      const unknown = inputs.filter((input) => !this.facts.has(input));
      if (unknown.length > 0) {
        pending.push(...unknown);
        continue;
      }
      const below = inputs.map((input) => this.facts.get(input)!);
      this.facts.set(at, {
        height: 1 + Math.max(0, ...below.map(({ height }) => height)),
        input: at.op === "input" || below.some(({ input }) => input),
        mixes: at.op === "attend" || (at.op === "part" && changesSequence(at)) || below.some(({ mixes }) => mixes),
      });
      pending.pop();
    }
    return this.facts.get(node)!;
  }

  // ------------------------------------------------------------------------------------------------------------- steps

  /** Reads what is on top and returns the node below it. */
  private step(at: StreamNode): StreamNode {
    if (changesSequence(at)) throw new NotUnderstood(at.op === "extend" ? "learned tokens that are added between the layers" : "a projection along the sequence outside attention", at.place); // prettier-ignore
    if (at.op === "norm") {
      this.elements.push({ kind: "norm", norm: at });
      return at.of;
    }
    if (isHeads(at)) return this.alone(at, []);
    const sum = at.op === "add" ? this.sumOf(at) : undefined;
    if (sum) return this.readSum(sum);
    // Tokenwise maps without a residual path, down to the next thing that is none.
    const stops = (node: StreamNode): boolean =>
      node !== at &&
      (isHeads(node) ||
        changesSequence(node) ||
        !this.factsOf(node).mixes ||
        node.op === "norm" ||
        (node.op === "add" && this.sumOf(node) !== undefined));
    const [below, ...others] = [...leaves(at, stops)].filter(({ op }) => op !== "constant");
    if (others.length > 0 || !this.factsOf(below).mixes)
      throw new NotUnderstood("a value that is made of several layers' outputs, and not as a residual sum", at.place);
    const linears = this.readAlone(at, below);
    return isHeads(below) ? this.alone(below, linears) : below;
  }

  /** Reads a tokenwise function without residual path; returns its linear maps. */
  private readAlone(at: StreamNode, below: StreamNode): Linear[] {
    const read = readTokenwise(at, below);
    const isHead = this.elements.length === 0;
    // A nonlinearity on the output itself, with no linear map after it, is no network whose values are free.
    if (read.kind === "feed-forward" && (read.closed || this.headed || !isHead)) {
      this.elements.push({ kind: "feed-forward", source: read, residual: false });
      if (read.odd !== undefined) this.oddNetwork(read);
    } else if (read.kind === "not understood" && (read.positional || !isHead))
      throw new NotUnderstood(read.reason, read.place);
    const linears = read.kind === "not understood" ? [] : read.linears;
    if (linears.length > 0) this.headed = true;
    return linears;
  }

  private oddNetwork({ odd, place }: FeedForwardSource): void {
    this.note(`a feed-forward network is read as a plain one, without ${odd}: refutations stand, nothing is certified`, place, "certificate"); // prettier-ignore
  }

  // -------------------------------------------------------------------------------------------------------------- sums

  /** A sum as a residual one: the node that everything else is computed from, and the rest. Undefined where there is none. */
  private sumOf(node: StreamNode): Sum | undefined {
    if (!this.sums.has(node)) this.sums.set(node, this.residualSum(node));
    return this.sums.get(node);
  }

  private residualSum(node: StreamNode): Sum | undefined {
    if (node.op !== "add") return undefined;
    const candidates: Sum[] = [{ trunk: node, branches: [] }];
    // Sums are looked into one after the other: the widest trunk first.
    for (let i = 0; i < candidates.length && i < 4096; i++) {
      const { trunk, branches } = candidates[i];
      if (trunk !== node && this.isTrunk(trunk, branches)) return candidates[i];
      if (trunk.op === "add") {
        candidates.push({ trunk: trunk.left, branches: [...branches, trunk.right] });
        candidates.push({ trunk: trunk.right, branches: [...branches, trunk.left] });
      } else if (trunk.op === "scale" || (trunk.op === "linear" && !trunk.frozen)) {
        candidates.push({ trunk: trunk.of, branches });
      }
    }
    return undefined;
  }

  /** Whether all branches are computed from the trunk and what is the same for all inputs. */
  private isTrunk(trunk: StreamNode, branches: readonly StreamNode[]): boolean {
    const { height, input } = this.factsOf(trunk);
    if (!input) return false;
    const moving = branches.filter((branch) => this.factsOf(branch).input);
    if (moving.some((branch) => this.factsOf(branch).height <= height)) return false;
    if (moving.length === 0) return this.factsOf(trunk).mixes;
    const seen = new Set<StreamNode>([trunk]);
    const pending = [...moving];
    for (let at = pending.pop(); at; at = pending.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      if (at.op === "input") return false;
      if (at.op === "attend" && isForeign(at.attention)) pending.push(at.attention.query);
      else pending.push(...allInputs(at).filter((below) => this.factsOf(below).input));
    }
    return true;
  }

  private readSum({ trunk, branches }: Sum): StreamNode {
    const mixers: { term: StreamNode; attends: Op<"attend">[] }[] = [];
    const networks: FeedForwardSource[] = [];
    const positions: Op<"position">[] = [];
    for (const term of branches.flatMap((branch) => termsOf(branch))) {
      const ends = [...leaves(term, (node) => node === trunk || changesSequence(node))];
      const changed = ends.find(changesSequence);
      if (changed) throw new NotUnderstood("a projection along the sequence outside attention", changed.place);
      const attends = ends.filter((end) => end.op === "attend");
      const codes = ends.filter((end) => end.op === "position");
      const own = attends.filter(({ attention }) => !isForeign(attention));
      if (codes.length > 0 && codes.length < ends.filter(({ op }) => op !== "constant").length)
        throw new NotUnderstood("position codes inside a layer", codes[0].place);
      if (codes.length > 0) positions.push(...codes);
      else if (attends.length > 0 && own.length === 0) for (const { attention } of attends) this.readCross(attention);
      else if (own.length > 0) {
        if (own.length < attends.length) throw new NotUnderstood("attention to these tokens and to others in one branch", term.place); // prettier-ignore
        mixers.push({ term, attends: own });
      } else if (ends.includes(trunk)) {
        const read = readTokenwise(term, trunk);
        if (read.kind === "not understood") throw new NotUnderstood(read.reason, read.place);
        if (read.kind === "feed-forward") networks.push(read);
      }
    }
    if (positions.length > 0) this.elements.push({ kind: "position", nodes: positions });
    for (const source of networks) {
      this.elements.push({ kind: "feed-forward", source, residual: true });
      if (source.odd !== undefined) this.oddNetwork(source);
    }
    if (mixers.length > 0) {
      if (networks.length > 0) this.note(parallel, networks[0].place, "certificate");
      this.elements.push(this.mixer(mixers, trunk, true));
    }
    return trunk;
  }

  /** Attention to another sequence, which must not be computed from this one. */
  private readCross({ key, value, query, place }: AttentionNode): void {
    const own = originOf(query.sequence);
    const seen = new Set<StreamNode>();
    const pending = [key, value];
    for (let at = pending.pop(); at; at = pending.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      if (originOf(at.sequence) === own) throw new NotUnderstood("attention to a sequence that is computed from these tokens", place); // prettier-ignore
      pending.push(...allInputs(at));
    }
    this.note(crossAttention, place, "nothing");
    const memory = memoryOf(key);
    if (!this.memories.includes(memory)) this.memories.push(memory);
  }

  // ------------------------------------------------------------------------------------------------------------- mixers

  /** Attention without residual path, in one or several heads: the token that its queries are made of is below. */
  private alone(heads: StreamNode, linears: readonly Linear[]): StreamNode {
    const attends = [...leaves(heads, () => false)].filter((node) => node.op === "attend");
    const foreign = attends.find(({ attention }) => isForeign(attention));
    if (foreign) throw new NotUnderstood("what a token reads from another sequence takes its place", foreign.place);
    const below = tokenBelow(attends[0].attention.query);
    this.elements.push(this.mixer([{ term: heads, attends }], below, false, linears));
    return below;
  }

  private mixer(
    terms: readonly { term: StreamNode; attends: Op<"attend">[] }[],
    below: StreamNode,
    residual: boolean,
    following: readonly Linear[] = [],
  ): MixerElement {
    const attentions = terms.flatMap(({ attends }) => attends.map(({ attention }) => attention));
    const outputs = terms.map(({ term, attends }) => this.readOutput(term, attends, below, following));
    const [first] = attentions;
    const sources = attentions.map((attention) => this.readSources(attention, below, outputs.every(({ linear }) => linear?.frozen === false))); // prettier-ignore
    const kernels = attentions.map((attention, i) => this.kernelOf(attention, sources[i]));
    const turned = sources.map((source, i) => this.rotaryOf(attentions[i], source));
    for (const [i, attention] of attentions.entries()) {
      const like =
        kernels[i] === kernels[0] &&
        attention.degree === first.degree &&
        attention.normalized === first.normalized &&
        JSON.stringify(attention.projection) === JSON.stringify(first.projection) &&
        (turned[i] === undefined) === (turned[0] === undefined);
      if (!like) throw new NotUnderstood("heads of different kinds in one layer", attention.place);
      for (const note of attention.notes) this.note(note, attention.kernelPlace, "nothing");
    }
    const read = attentions.map((attention, i) => this.readHeads(attention, kernels[i]));
    const norms = sources.flatMap(({ query, key, value }) => [query.norm, key.norm, value.norm]);
    return {
      kind: "mixer",
      attentions,
      patterns: read.flatMap(({ patterns }) => patterns),
      heads: read.flatMap(({ heads }) => heads),
      kernel: kernels[0],
      residual,
      rotary: turned[0],
      norm: norms.find((norm) => norm !== undefined),
      outerNorm: outputs.find(({ norm }) => norm !== undefined)?.norm,
      maskPlaces: read.flatMap(({ heads, maskPlace }) => heads.map(() => maskPlace)),
      biasPlace: attentions.flatMap(({ biases }) => biases.map(({ place }) => place))[0],
      output: outputs.find(({ linear }) => linear !== undefined)?.linear,
    };
  }

  /** What is between attention and the sum, or the next layer. */
  private readOutput(
    term: StreamNode,
    attends: readonly StreamNode[],
    below: StreamNode,
    following: readonly Linear[],
  ): { linear: Linear | undefined; norm: Op<"norm"> | undefined } {
    let linear: Linear | undefined = following[0];
    let norm: Op<"norm"> | undefined;
    let odd: string | undefined;
    const seen = new Set<StreamNode>();
    const pending = [term];
    for (let at = pending.pop(); at; at = pending.pop()) {
      if (seen.has(at) || attends.includes(at)) continue;
      seen.add(at);
      if (at === below) {
        odd ??= "the token itself";
        continue;
      }
      if (at.op === "linear") linear ??= at;
      else if (at.op === "norm" || at.op === "unit") norm ??= at.op === "norm" ? at : { ...at, op: "norm", kind: "rms" };
      else if (at.op === "activation") odd ??= at.name;
      else if (at.op === "multiply") odd ??= "a gate";
      else if (at.op === "tokenwise") odd ??= at.name;
      else if (at.op === "rotate") throw new NotUnderstood("numbers that depend on the position are multiplied with what attention gives", at.place); // prettier-ignore
      pending.push(...tokenwiseInputs(at));
    }
    if (odd !== undefined)
      this.note(`what attention gives goes through a function of the token (${odd}), which is not read: refutations stand, nothing is certified`, term.place, "certificate"); // prettier-ignore
    return { linear, norm };
  }

  private readSources(attention: AttentionNode, below: StreamNode, projected: boolean): Sources {
    const read = (node: StreamNode, what: string): Source => {
      const source = readSource(node, below);
      if (typeof source === "string") throw new NotUnderstood(`the ${what} of attention: ${source}`, attention.place);
      if (source.odd !== undefined) this.note(`the ${what} of attention are made by more than a linear map (${source.odd}), which is not read: refutations stand, nothing is certified`, node.place, "certificate"); // prettier-ignore
      return source;
    };
    const query = read(attention.query, "queries");
    const key = read(attention.key, "keys");
    const value = read(attention.value, "values");
    const free = ({ linear }: Source): boolean => linear !== undefined && !linear.frozen;
    if (!free(query) && !free(key)) this.note("queries and keys have no projection that is trained: refutations stand, nothing is certified", attention.place, "certificate"); // prettier-ignore
    if (!free(value) && !projected) this.note("values have no projection that is trained: refutations stand, nothing is certified", attention.place, "certificate"); // prettier-ignore
    const shared = [query, key, value].filter(({ linear }) => linear !== undefined).map(({ features }) => features);
    if (new Set(shared).size < shared.length) this.note("queries, keys or values share a projection, which the theory takes to be different ones: refutations stand, nothing is certified", attention.place, "certificate"); // prettier-ignore
    if (value.unit) this.note("the values are normalised, which is not read: refutations stand, nothing is certified", value.unit, "certificate"); // prettier-ignore
    return { query, key, value };
  }

  private kernelOf({ kernel, kernelPlace }: AttentionNode, { query, key }: Sources): KernelName {
    if (!query.unit && !key.unit) return kernel;
    if (query.unit && key.unit && kernel === "softmax") return "cosine";
    this.note(`the normalisation of ${query.unit ? (key.unit ? "queries and keys" : "queries alone") : "keys alone"} is not read: refutations stand, nothing is certified`, query.unit ?? key.unit ?? kernelPlace, "certificate"); // prettier-ignore
    return kernel;
  }

  private rotaryOf({ place }: AttentionNode, { query, key, value }: Sources): Place | undefined {
    if (!query.rotated && !key.rotated && !value.rotated) return undefined;
    if (query.rotated && key.rotated && !value.rotated) return query.rotated;
    throw new NotUnderstood(value.rotated ? "rotary positions turn the values" : "rotary positions turn queries or keys alone", place); // prettier-ignore
  }

  /** Which pairs each head reads, and what is added to their scores. */
  private readHeads(attention: AttentionNode, kernel: KernelName) {
    const { heads, normalized, place } = attention;
    let { mask } = attention;
    const rest: AttentionNode["biases"] = [];
    for (const bias of attention.biases) {
      if (bias.kind !== "fixed") {
        rest.push(bias);
        continue;
      }
      const { condition, bias: value } = splitAdditive(bias.value);
      if (condition) mask = narrowed(mask, condition, bias.place);
      if (value) rest.push({ ...bias, value });
    }
    const patterns = this.patternsOf(mask, heads, place);
    const shifts = normalized && exponential.has(kernel);
    const biases = rest.map((bias) => this.codeOf(bias, patterns, shifts));
    const groups: MixerElement["heads"] = [];
    let head = 0;
    for (const group of patterns) {
      for (let end = head + group.count; head < end;) {
        const here = biases.map((list) => at(list, head));
        const count = Math.min(end - head, ...here.map(({ left }) => left));
        groups.push({ group, count, biases: here.map(({ bias }) => bias).filter(({ kind }) => kind !== "none") });
        head += count;
      }
    }
    return { patterns, heads: groups, maskPlace: mask?.place };
  }

  private patternsOf(mask: Mask | undefined, heads: number, place: Place): HeadPattern[] {
    const condition = mask?.condition;
    const known = this.masks.find((one) => one.heads === heads && (one.condition === condition || (one.condition && condition && sameExpression(one.condition, condition)))); // prettier-ignore
    if (known) return known.result;
    const read = maskPattern(condition ?? { kind: "number", value: 1, literal: undefined }, heads, this.size);
    if ("undecided" in read) throw new NotUnderstood(`the attention mask: ${read.undecided}`, mask?.place ?? place);
    const result = read.map((group): HeadPattern => {
      const pattern = this.registers.length > 0 ? rearranged(group, this.order) : group.pattern;
      if (!pattern) throw new NotUnderstood(`an attention mask of more than ${limits.edges.toLocaleString("en")} pairs together with learned tokens beside the input's`, mask?.place ?? place); // prettier-ignore
      return { ...group, pattern };
    });
    this.masks.push({ condition, heads, result });
    return result;
  }

  private codeOf(bias: AttentionNode["biases"][number], patterns: HeadPattern[], shifts: boolean): HeadBias[] {
    const expression = bias.kind === "table" ? bias.index : bias.kind === "fixed" ? bias.value : undefined;
    const known = this.codes.find((one) => expression && one.patterns === patterns && one.shifts === shifts && sameExpression(one.expression, expression)); // prettier-ignore
    if (known) return known.result;
    const listed = this.registers.length > 0;
    const read = pairCode(bias, this.size, patterns, shifts, listed);
    if ("undecided" in read) throw new NotUnderstood(read.undecided, bias.place);
    const result = listed ? read.map((one) => ({ ...one, bias: this.withRegisters(one.bias, bias.place) })) : read;
    if (expression) this.codes.push({ expression, patterns, shifts, result });
    return result;
  }

  // -------------------------------------------------------------------------------------------------------------- input

  private get size(): number {
    return this.tokens + this.registers.length;
  }

  /** Learned tokens beside those of the input, where they are in each sequence, and their order in the specification: behind the tokens. */
  private findRegisters(output: StreamNode): void {
    const found = new Map<Sequence, Op<"extend">>();
    const seen = new Set<StreamNode>([output]);
    const pending = [output];
    for (let at = pending.pop(); at; at = pending.pop()) {
      if (at.op === "extend" && at.sequence.tokens <= output.sequence.tokens && !this.factsOf(at).mixes)
        found.set(at.sequence, at);
      const inputs = at.op === "attend" && isForeign(at.attention) ? [at.attention.query] : allInputs(at);
      for (const input of inputs) {
        if (seen.has(input)) continue;
        seen.add(input);
        pending.push(input);
      }
    }
    const extensions: Op<"extend">[] = [];
    for (let at = found.get(output.sequence); at; at = found.get(at.of.sequence)) extensions.unshift(at);
    const odd = [...found.values()].find((node) => !extensions.includes(node));
    if (odd) throw new NotUnderstood("learned tokens that only a part of the model reads", odd.place);
    const base = extensions.at(0)?.of.sequence ?? output.sequence;
    this.tokens = base.tokens;
    this.registersPlace = extensions.at(-1)?.place;
    let stage: Stage = { sequence: base, first: 0, registers: [] };
    this.stages.push(stage);
    for (const [i, { sequence, vectors, before, learned, place }] of extensions.entries()) {
      if (extensions.slice(0, i).some((other) => other.learned.from === learned.from)) throw new NotUnderstood("learned tokens that are added twice", place); // prettier-ignore
      const [shift, start] = before ? [vectors.length, 0] : [0, stage.sequence.tokens];
      const registers = [...stage.registers.map((at) => at + shift), ...vectors.map((_, j) => start + j)];
      stage = { sequence, first: stage.first + shift, registers };
      this.stages.push(stage);
      this.registers.push(...vectors.map((vector) => `${i} ${vector}`));
    }
    if (this.registers.length === 0) return;
    for (let token = 0; token < this.tokens; token++) this.order[stage.first + token] = token;
    for (const [i, place] of stage.registers.entries()) this.order[place] = this.tokens + i;
  }

  /** Classes of pairs with those of registers behind the others. */
  private withRegisters(bias: Bias, place: Place): Bias {
    if (bias.kind === "none") return bias;
    if (bias.kind !== "pairs") throw new NotUnderstood("fixed biases of pairs together with learned tokens beside the input's", place); // prettier-ignore
    const classes = bias.classes.map((row) => [...row]);
    bias.classes.forEach((row, q) => row.forEach((code, k) => (classes[this.order[q]][this.order[k]] = code)));
    return { kind: "pairs", classes };
  }

  /** The bottom of the stack: embedded tokens, and their positions. */
  private readInput(at: StreamNode): void {
    if (!this.factsOf(at).input) throw new NotUnderstood("the tokens are not made from the input", at.place);
    const seen = new Set<StreamNode>([at]);
    const pending = [at];
    const positions: Op<"position">[] = [];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if (node.op === "input") this.inputPlace = node.place;
      if (node.op === "position") positions.push(node);
      if (node.op === "rotate") throw new NotUnderstood("the input is multiplied by numbers that depend on the position", node.place); // prettier-ignore
      const ends = node.op === "multiply" || node.op === "tokenwise" ? [...leaves(node, () => false)] : [];
      const mixed = ends.find(({ op }) => op === "position");
      if (mixed && ends.some(({ op }) => op === "input"))
        throw new NotUnderstood("positions are not added to the input but combined with it in another way", node.place);
      for (const input of tokenwiseInputs(node)) {
        if (seen.has(input)) continue;
        seen.add(input);
        pending.push(input);
      }
    }
    if (positions.length > 0) this.elements.push({ kind: "position", nodes: positions });
  }

  // ----------------------------------------------------------------------------------------------------------- assembly

  private assemble(elements: readonly Element[]): Lowered {
    const first = elements.findIndex(({ kind }) => kind === "mixer");
    if (first < 0) throw new NotUnderstood("there is no attention between its tokens", this.model.place);
    const position = this.positionOf(elements, first);
    const drafts: Draft[] = [];
    for (const element of elements.slice(first)) {
      const draft = drafts.at(-1);
      if (element.kind === "mixer") drafts.push({ mixer: element, networks: [], norms: [], groups: [] });
      else if (element.kind === "feed-forward") draft!.networks.push(element);
      else if (element.kind === "norm") draft!.norms.push({ norm: element.norm, last: element === elements.at(-1) });
    }
    const mixers = drafts.map(({ mixer }) => mixer);
    const codes = this.settleCodes(mixers, position);
    this.settleNorms(drafts, elements.slice(0, first));
    const made = drafts.map((draft, i) => this.block(draft, codes.biases[i]));
    const blocks: { block: Block; sources: BlockSource[]; drafts: Draft[] }[] = [];
    made.forEach((block, i) => {
      const last = blocks.at(-1);
      const source = sourceOf(drafts[i]);
      if (last && sameBlock(last.block, block)) {
        last.block.repeat++;
        last.sources.push(source);
      } else blocks.push({ block, sources: [source], drafts: [drafts[i]] });
    });
    this.checkSharing(drafts);
    const patterns = mixers.flatMap((mixer) => mixer.patterns.map(({ rows }) => rows));
    const { target } = this.model;
    const width = this.widthOf(drafts);
    const architecture: Architecture = {
      name: this.model.name.slice(0, 200),
      tokens: this.tokens,
      width: width.value,
      registers: this.registers.length,
      position: codes.position,
      layers: blocks.map(({ block }) => block),
      target: { ...target, visibility: target.visibility ?? (isCausal([...new Set(patterns)]) ? "causal" : null) },
    };
    const checked = parseArchitecture(architectureInput(architecture));
    if ("problems" in checked) throw new NotUnderstood(checked.problems[0].message, this.placeOf(checked.problems[0].path, blocks, codes.place, width.literal)); // prettier-ignore
    return {
      architecture,
      skipped: this.notes,
      locate: (path) => this.placeOf(path, blocks, codes.place, width.literal),
      blocks: blocks.map(({ sources }) => sources),
      memories: this.memories,
    };
  }

  /** Positions added to the stream: before the first mixer, and perhaps again later; and what tells registers apart. */
  private positionOf(elements: readonly Element[], first: number): { code: Position; place: Place | undefined } {
    const before = elements.slice(0, first).flatMap((element) => (element.kind === "position" ? element.nodes : []));
    const after = elements.slice(first).flatMap((element) => (element.kind === "position" ? element.nodes : []));
    if (after.length > 0) {
      if (before.length === 0) throw new NotUnderstood("position codes that are added after the first layer only", after[0].place); // prettier-ignore
      this.note("position codes are added again after layers, which changes nothing that the theory decides", after[0].place, "nothing"); // prettier-ignore
    }
    const code = this.tokenCode(before);
    return { code: this.startsOf(code, before), place: code.kind === "none" ? undefined : before[0].place };
  }

  private tokenCode(nodes: readonly Op<"position">[]): Position {
    const distinct = nodes.filter(({ classes }) => classes === undefined);
    const code = distinct.length > 0 && distinct.every((node) => node.code === "sinusoidal") ? "sinusoidal" : "learned";
    if (distinct.length > 0) return { kind: "absolute", code };
    const places = nodes.map((node) => this.stageOf(node).first);
    const classes = numbered(Array.from({ length: this.tokens }, (_, token) => nodes.map((node, i) => node.classes?.[places[i] + token]).join())); // prettier-ignore
    const count = new Set(classes).size;
    if (count === 1) return { kind: "none" };
    return count === classes.length ? { kind: "absolute", code: "learned" } : { kind: "classes", classes };
  }

  /** The places of tokens and registers in the sequence to which a position code is added. */
  private stageOf({ sequence, place }: StreamNode): Stage {
    const stage = this.stages.find((one) => one.sequence === sequence);
    if (!stage) throw new NotUnderstood("position codes of another sequence", place);
    return stage;
  }

  /** The tokens' code with what tells registers apart: the vectors that they start from, and positions added after them. */
  private startsOf(position: Position, before: readonly Op<"position">[]): Position {
    const starts = numbered(
      this.registers.map((vector, register) => {
        const codes = before.map((node) => {
          const place = this.stageOf(node).registers.at(register);
          return place === undefined ? "" : (node.classes?.[place] ?? place);
        });
        return [vector, ...codes].join();
      }),
    );
    if (starts.every((start) => start === 0)) return position;
    const tokens = position.kind === "classes" ? position.classes : Array.from({ length: this.tokens }, (_, token) => (position.kind === "absolute" ? token : 0)); // prettier-ignore
    const next = new Set(tokens).size;
    return { kind: "classes", classes: [...tokens, ...starts.map((start) => next + start)] };
  }

  /** Which code is the architecture's and which the heads': a code that all heads share is the position, if there is no other. */
  private settleCodes(mixers: readonly MixerElement[], stream: { code: Position; place: Place | undefined }) {
    let { code: position, place } = stream;
    const biases = mixers.map(({ heads }) => heads.map((head) => [...head.biases]));
    const turned = mixers.filter(({ rotary }) => rotary !== undefined);
    if (turned.length > 0 && this.registers.length > 0) throw new NotUnderstood("rotary positions together with learned tokens beside the input's", turned[0].rotary!); // prettier-ignore
    if (turned.length > 0 && turned.length === mixers.length && position.kind === "none") {
      position = { kind: "rotary" };
      place = turned[0].rotary;
    } else {
      mixers.forEach(({ rotary, kernel }, i) => {
        if (rotary === undefined) return;
        if (!turnable.has(kernel)) throw new NotUnderstood(`rotary positions with the ${kernel} kernel in some layers`, rotary); // prettier-ignore
        for (const codes of biases[i]) codes.push({ kind: "relative", offsets: "signed", clip: null });
        const beside = position.kind === "none" ? "in some layers only" : "beside others";
        this.note(`rotary positions ${beside} are read as one class per offset`, rotary, "nothing");
      });
    }
    const heads = biases.flat();
    const shared = heads[0].find((one) => heads.every((codes) => codes.some((code) => sameCode(code, one))));
    if (position.kind === "none" && shared && shared.kind !== "none") {
      position = shared;
      place = mixers[0].biasPlace ?? mixers[0].rotary;
      for (const codes of heads)
        codes.splice(
          codes.findIndex((code) => sameCode(code, shared)),
          1,
        );
    }
    const crowded = biases.findIndex((mixer) => mixer.some((codes) => codes.length > 1));
    if (crowded >= 0) throw new NotUnderstood("several biases of pairs are added in one head", mixers[crowded].biasPlace ?? mixers[crowded].attentions[0].place); // prettier-ignore
    return { position, place, biases: biases.map((mixer) => mixer.map(([code]): Bias => code ?? { kind: "none" })) };
  }

  /** Normalisation outside the blocks is an embedding's or an output's: it matters only where the blocks have none. */
  private settleNorms(drafts: readonly Draft[], before: readonly Element[]): void {
    const inside = drafts.some(({ norms }) => norms.some(({ last }) => !last));
    for (const draft of drafts) if (!inside) draft.norms = draft.norms.filter(({ last }) => !last);
    const some = drafts.some(({ mixer, networks, norms }) => norms.length > 0 || mixer.norm || mixer.outerNorm || networks.some(({ source }) => source.norm ?? source.outerNorm)); // prettier-ignore
    const outer = [...before, ...this.elements].find((element) => element.kind === "norm");
    if (!some && outer?.kind === "norm") this.note("the normalisation before the first or after the last block is not read: refutations stand, nothing is certified", outer.norm.place, "certificate"); // prettier-ignore
  }

  private block({ mixer, networks, norms, groups }: Draft, biases: readonly Bias[]): Block {
    const heads: HeadGroup[] = [];
    mixer.heads.forEach(({ group, count }, i) => {
      const last = heads.at(-1);
      if (last?.pattern === group.pattern && sameCode(last.bias, biases[i])) last.count += count;
      else {
        heads.push({ count, pattern: group.pattern, bias: biases[i] });
        groups.push(i);
      }
    });
    const [{ degree, normalized, projection }] = mixer.attentions;
    const projected: Projection = projection ? { kind: "linformer", ...projection } : { kind: "none" };
    const [network] = networks.sort((a, b) => Number(isFaulty(a)) - Number(isFaulty(b)));
    return {
      repeat: 1,
      mixer: {
        kind: "attention",
        heads,
        kernel: { name: mixer.kernel, degree: mixer.kernel === "polynomial" ? degree : 2 },
        normalized,
        projection: projected,
        residual: mixer.residual,
      },
      feedForward: network ? feedForwardOf(network) : null,
      norm: this.normOf(mixer, networks, norms),
    };
  }

  private normOf(mixer: MixerElement, networks: Draft["networks"], norms: Draft["norms"]): Norm | null {
    const inner = mixer.norm ?? networks.find(({ source }) => source.norm)?.source.norm;
    if (inner) return { placement: "pre", kind: inner.kind };
    if (norms.length > 0) return { placement: "post", kind: norms[0].norm.kind };
    const outer = mixer.outerNorm ?? networks.find(({ source }) => source.outerNorm)?.source.outerNorm;
    if (!outer) return null;
    this.note(branchNorm, outer.place, "nothing");
    return { placement: "post", kind: outer.kind };
  }

  /** Layers that are one and the same object in the code. */
  private checkSharing(drafts: readonly Draft[]): void {
    const seen = new Map<object, Draft>();
    for (const draft of drafts) {
      const maps = [...draft.networks.flatMap(({ source }) => source.linears), ...(draft.mixer.output ? [draft.mixer.output] : [])]; // prettier-ignore
      for (const { weights, place } of maps) {
        if (!weights) continue;
        const other = seen.get(weights);
        if (other && other !== draft) this.note(sharedWeights, place, "certificate");
        seen.set(weights, draft);
      }
    }
  }

  private widthOf(drafts: readonly Draft[]): Written {
    for (const { mixer, networks } of drafts) {
      const { output } = mixer;
      if (output && mixer.residual) return { value: output.width, literal: output.widthLiteral };
      const last = networks.find(({ residual }) => residual)?.source.linears.at(-1);
      if (last) return { value: last.width, literal: last.widthLiteral };
    }
    const output = drafts.find(({ mixer }) => mixer.output)?.mixer.output;
    if (this.model.width) return this.model.width;
    if (output) return { value: output.width, literal: output.widthLiteral };
    throw new NotUnderstood("nothing says how wide a token is", this.inputPlace);
  }

  // ------------------------------------------------------------------------------------------------------------- places

  private placeOf(
    path: SpecPath,
    blocks: readonly { sources: BlockSource[]; drafts: Draft[] }[],
    positionPlace: Place | undefined,
    widthPlace: Place | undefined,
  ): Place {
    const { model } = this;
    const [part, index, field, inner, group, own] = path;
    switch (part) {
      case "tokens":
        return model.tokensPlace ?? model.place;
      case "registers":
        return this.registersPlace ?? model.place;
      case "width":
        return widthPlace ?? model.place;
      case "position":
        return positionPlace ?? this.inputPlace;
      case "target":
        return model.targetPlace ?? model.place;
      case "layers":
        break;
      default:
        return model.place;
    }
    if (typeof index !== "number" || !Object.hasOwn(blocks, index)) return model.depthPlace ?? model.place;
    const [draft] = blocks[index].drafts;
    const { mixer, networks, norms } = draft;
    const [attention] = mixer.attentions;
    switch (field) {
      case "attention":
        break;
      case "feedForward": {
        const source = networks[0]?.source;
        if (!source) return attention.place;
        return inner === "bias" ? source.biasPlace : inner === "activation" ? source.activationPlace : source.place;
      }
      case "norm":
        return (mixer.norm ?? networks[0]?.source.norm ?? norms[0]?.norm ?? mixer.outerNorm ?? attention).place;
      default:
        return model.depthPlace ?? attention.place;
    }
    const patternPlace = (at: number) => mixer.maskPlaces[at] ?? attention.place;
    switch (inner) {
      case "pattern":
        return mixer.maskPlaces.find((place) => place !== undefined) ?? attention.place;
      case "heads": {
        if (typeof group !== "number") return attention.headsPlace ?? attention.place;
        return own === "bias" ? (mixer.biasPlace ?? attention.place) : patternPlace(draft.groups[group] ?? 0);
      }
      case "bias":
        return mixer.biasPlace ?? mixer.rotary ?? attention.place;
      case "kernel":
      case "degree":
      case "normalized":
        return attention.kernelPlace;
      default:
        return attention.place;
    }
  }
}

/** The number of the first of each that is equal to it, counted from 0. */
function numbered(names: readonly string[]): number[] {
  const numbers = new Map<string, number>();
  return names.map((name) => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  });
}

/** Attention, or the outputs of several side by side. */
const isHeads = (node: StreamNode): boolean =>
  node.op === "attend" || (node.op === "join" && node.parts.every((part) => isHeads(part)));

interface Sum {
  trunk: StreamNode;
  branches: StreamNode[];
}

interface Sources {
  query: Source;
  key: Source;
  value: Source;
}

/** A block as the elements that it is made of. */
interface Draft {
  mixer: MixerElement;
  networks: { source: FeedForwardSource; residual: boolean }[];
  /** On the stream, after the mixer or the network; `last` with nothing after it. */
  norms: { norm: Op<"norm">; last: boolean }[];
  /** For every group of the block's heads, the first of the mixer's that is in it. */
  groups: number[];
}

/** The summands of a branch. */
function termsOf(branch: StreamNode): StreamNode[] {
  return branch.op === "add" ? [...termsOf(branch.left), ...termsOf(branch.right)] : [branch];
}

/** What another sequence's keys are made of, below their projection and its normalisation. */
function memoryOf(key: StreamNode): StreamNode {
  let at = key;
  while (["part", "scale", "linear", "unit", "rotate"].includes(at.op)) {
    const isLinear = at.op === "linear";
    [at] = tokenwiseInputs(at);
    if (isLinear) break;
  }
  return at;
}

/** The token that a query is made of: below its projection, and a normalisation before that. */
function tokenBelow(query: StreamNode): StreamNode {
  let at = query;
  let projected = false;
  for (;;) {
    if (at.op === "norm") {
      at = at.of;
      if (projected) return at;
    } else if (at.op === "linear" && !projected) {
      at = at.of;
      projected = true;
    } else if (!projected && (at.op === "unit" || at.op === "rotate" || at.op === "scale" || at.op === "part")) {
      at = at.of;
    } else if (!projected && at.op === "join") {
      [at] = at.parts;
    } else return at;
  }
}

function narrowed(mask: Mask | undefined, condition: IndexExpression, place: Place): Mask {
  if (!mask) return { condition, place, source: { kind: "other" } };
  return { ...mask, condition: { kind: "binary", op: "and", left: mask.condition, right: condition } };
}

/** The code of a head, and how many heads from it on have the same. */
function at(list: readonly HeadBias[], head: number): { bias: Bias; left: number } {
  let from = 0;
  for (const { bias, count } of list) {
    if (head < from + count) return { bias, left: from + count - head };
    from += count;
  }
  return { bias: { kind: "none" }, left: Infinity };
}

const isFaulty = ({ source, residual }: Draft["networks"][number]): boolean =>
  feedForwardFault(feedForwardOf({ source, residual })) !== null;

/**
 * Where several networks follow one another, the others may be the identity (or, without residual path, all but it) as far as one network is free: the theory
 * asks for one that is.
 */
function feedForwardOf({ source, residual }: Draft["networks"][number]): FeedForward {
  const { hidden, activation, bias, frozen } = source;
  return { hidden: hidden !== null && hidden <= limits.width ? hidden : null, activation, bias, frozen, residual };
}

function sourceOf({ mixer, networks, norms }: Draft): BlockSource {
  const norm = mixer.norm ?? networks[0]?.source.norm ?? norms[0]?.norm;
  return { attentions: mixer.attentions, feedForwards: networks.map(({ source }) => source), norm: norm?.place };
}

const sameCode = (a: Bias, b: Bias): boolean => a === b || (a.kind === b.kind && JSON.stringify(codeInput(a)) === JSON.stringify(codeInput(b))); // prettier-ignore

function sameBlock(a: Block, b: Block): boolean {
  if (a.mixer.kind !== "attention" || b.mixer.kind !== "attention") return false;
  const [mine, theirs] = [a.mixer.heads, b.mixer.heads];
  const heads =
    mine.length === theirs.length &&
    mine.every((head, i) => {
      const other = theirs[i];
      if (head.count !== other.count || !sameCode(head.bias, other.bias)) return false;
      return head.pattern === other.pattern || JSON.stringify(head.pattern) === JSON.stringify(other.pattern);
    });
  const rest = ({ mixer, feedForward, norm }: Block) => JSON.stringify([{ ...mixer, heads: [] }, feedForward, norm]);
  return heads && rest(a) === rest(b);
}
