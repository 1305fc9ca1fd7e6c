/**
 * The verifier: accepts a certificate or says which step fails first. It derives everything anew from the architecture and the numbers in the certificate, and
 * believes nothing else in it. What an accepted certificate proves, and under which assumptions, is in docs/certificates.md.
 */
import { parseArchitecture } from "../architecture/validate";
import type { Architecture, Block, SymmetrySpec } from "../architecture/schema";
import {
  certificateSchema,
  fromCycles,
  hashOf,
  lowerBound,
  mostTokens,
  sealOf,
  toCycles,
  type Certificate,
  type Point,
  type Refuted,
  type TreeNode,
  type Universal,
} from "./format";
import { apart, enclosures, NotEnclosed, type Enclosure } from "./interval";
import {
  demands,
  evaluation,
  modulo,
  normalises,
  Numbering,
  read,
  TooLarge,
  type Parameter,
  type Reading,
} from "./reading";
import { copyTarget, orderTarget, refutedStatement, universalStatement } from "./statement";

export type Verification =
  | { accepted: true; certificate: Certificate; architecture: Architecture }
  /** The first step that fails, and why. */
  | { accepted: false; step: Step; reason: string };

export type Step =
  | "format"
  | "seal"
  | "architecture"
  | "hypotheses"
  | "symmetry"
  | "visibility"
  | "parameters"
  | "replacements"
  | "rearrangements"
  | "derivation"
  | "target"
  | "statement";

class Rejection extends Error {
  constructor(
    readonly step: Step,
    message: string,
  ) {
    super(message);
  }
}

function ensure(holds: boolean, step: Step, reason: string): asserts holds {
  if (!holds) throw new Rejection(step, reason);
}

/** Most elements of a declared symmetry group that are listed. */
const mostElements = 50_000;

/** Verifies the parsed JSON of a certificate. Never throws. */
export function verify(value: unknown): Verification {
  try {
    const { architecture, certificate } = opened(value);
    const reading = read(architecture);
    if (certificate.kind === "universal") verifyUniversal(reading, certificate);
    else verifyRefuted(reading, certificate);
    return { accepted: true, certificate, architecture };
  } catch (error) {
    if (error instanceof Rejection) return { accepted: false, step: error.step, reason: error.message };
    if (error instanceof NotEnclosed) return { accepted: false, step: "parameters", reason: `the evaluation meets ${error.message}` }; // prettier-ignore
    if (error instanceof TooLarge) return { accepted: false, step: "architecture", reason: error.message };
    return { accepted: false, step: "format", reason: error instanceof Error ? error.message : String(error) };
  }
}

function opened(value: unknown): { certificate: Certificate; architecture: Architecture } {
  const parsed = certificateSchema.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new Rejection("format", `${path.map(String).join(".") || "the file"}: ${message}`);
  }
  const certificate = parsed.data;
  ensure(certificate.seal === sealOf(certificate), "seal", "the seal is not that of the contents: they were changed after the certificate was issued"); // prettier-ignore
  const { sha256, specification } = certificate.architecture;
  ensure(sha256 === hashOf(specification), "architecture", "the hash is not that of the specification");
  const read = parseArchitecture(specification);
  ensure("architecture" in read, "architecture", "problems" in read ? read.problems[0].message : "");
  return { certificate, architecture: read.architecture };
}

// ------------------------------------------------------------------------------------------------------ universality

function verifyUniversal(reading: Reading, certificate: Universal): void {
  const { tokens, size, architecture } = reading;
  ensure(size <= mostTokens, "hypotheses", `${size} tokens and registers; at most ${mostTokens} are certified`);
  checkHypotheses(reading);
  checkRows(reading);
  const numbering = new Numbering(reading);
  const generators = checkSymmetries(reading, numbering, certificate.symmetry.generators);
  const sees = checkVisibility(reading, numbering, certificate.sees);
  const words = new Words(reading, certificate.point);
  const outputs = representatives(tokens, generators);

  // (a) An output depends on the inputs that it sees.
  const wanted = outputs.flatMap((output) => sees[output].map((input) => ({ output, input })));
  ensure(wanted.length === certificate.replacements.length, "replacements", `${wanted.length} comparisons are needed, ${certificate.replacements.length} are listed`); // prettier-ignore
  const whole = words.outputs(identity(tokens));
  wanted.forEach(({ output, input }, i) => {
    const listed = certificate.replacements[i];
    ensure(listed.output === output && listed.input === input, "replacements", `comparison ${i} must be of output ${output} and input ${input}`); // prettier-ignore
    const bound = distance(whole[output], words.replaced(input)[output]);
    checkBound(listed.gap, bound, "replacements", `output ${output} with token ${input} replaced`);
  });

  // (b) Outputs agree on a rearranged sample only where the symmetry says so.
  ensure(outputs.length === certificate.rearrangements.length, "rearrangements", `${outputs.length} trees are needed, ${certificate.rearrangements.length} are listed`); // prettier-ignore
  outputs.forEach((output, i) => {
    const tree = certificate.rearrangements[i];
    ensure(tree.output === output, "rearrangements", `tree ${i} must be of output ${output}`);
    ensure(same(tree.base, sees[output]), "rearrangements", `the base of output ${output} must be the inputs that it sees`); // prettier-ignore
    new Tree(words, generators, output, tree.base, tree.nodes).check();
  });
  ensure(certificate.statement === universalStatement(architecture, certificate), "statement", "the words are not those of what is proved"); // prettier-ignore
}

/** The hypotheses of the theorem, as far as they are read off the specification (docs/theory.md, sections 1 and 2). */
function checkHypotheses({ architecture, mixers }: Reading): void {
  const fault = (block: Block): string | null => {
    const { mixer, feedForward, norm } = block;
    if (feedForward === null) return "there is no feed-forward network";
    if (feedForward.activation === "linear") return "the activation is affine";
    if (feedForward.frozen) return "the feed-forward network is frozen";
    if (!feedForward.bias) return "the feed-forward network has no bias";
    if (norm !== null) return "there is a normalisation layer";
    if (mixer.kind === "convolution") return null;
    if (mixer.kernel.name === "hard") return "hard attention is not analytic";
    if (mixer.projection.kind === "nystrom") return "the Nystrom approximation is not analytic";
    if (mixer.projection.kind === "linformer" && !mixer.projection.trainable) return "the projection is frozen";
    return null;
  };
  ensure(architecture.width >= 2, "hypotheses", "the tokens have one dimension; the theorem asks for two");
  for (const [l, { block }] of mixers.entries()) {
    const found = fault(block);
    ensure(found === null, "hypotheses", `layer ${l}: ${found}`);
  }
}

/** That no weights are normalised over nothing. */
function checkRows({ mixers }: Reading): void {
  for (const [l, { block, groups }] of mixers.entries()) {
    const { mixer } = block;
    if (mixer.kind === "convolution" || !normalises(mixer) || mixer.projection.kind !== "none") continue;
    ensure(groups.every(({ keys }) => keys.every((row) => row.length > 0)), "hypotheses", `layer ${l}: a query attends to nothing`); // prettier-ignore
  }
}

/** That F(gX) = gF(X) for all parameters and every generator g. */
function checkSymmetries({ tokens }: Reading, numbering: Numbering, listed: readonly number[][][]): number[][] {
  const last = (letters: readonly number[]) => numbering.of(letters).at(-1)!;
  const plain = last(identity(tokens));
  return listed.map((moved, i) => {
    const g = fromCycles(moved, tokens);
    ensure(g !== null && moved.length > 0 && canonicalCycles(moved, g), "symmetry", `generator ${i} is no permutation of the tokens in cycles`); // prettier-ignore
    const image = last(rearranged(g));
    const differs = g.findIndex((to, from) => plain[from] !== image[to]);
    ensure(
      differs < 0,
      "symmetry",
      `generator ${i} is not shown to be a symmetry: output ${differs} need not follow it`,
    );
    return g;
  });
}

/** For each output the inputs that may matter to it; that all others do not is proved by equal numbers. */
function checkVisibility({ tokens }: Reading, numbering: Numbering, listed: Universal["sees"]): number[][] {
  const sees = inputsSeen(tokens, numbering);
  ensure(listed.length === tokens, "visibility", `${listed.length} outputs are listed, of ${tokens}`);
  listed.forEach((ranges, t) =>
    ensure(same(ranges.flat(), runs(sees[t])), "visibility", `output ${t} sees other tokens than listed`),
  );
  return sees;
}

/**
 * Of the tokens that the group wants copied to an output along with an input, how many it does not see, and how many there are.
 * @param own the output's number on the sample of all letters
 */
export function unseen(
  numbering: Numbering,
  tokens: number,
  own: number,
  [output, input]: readonly [number, number],
  generators: readonly (readonly number[])[],
): [number, number] {
  const wanted = pairOrbit(output, input, generators);
  const hidden = wanted.filter((j) => numbering.of(replaced(tokens, j)).at(-1)![output] === own);
  return [hidden.length, wanted.length];
}

/** The letters of a sample with the one at `input` replaced. */
export const replaced = (tokens: number, input: number): number[] =>
  identity(tokens).map((letter) => (letter === input ? tokens : letter));

/** For each output the inputs whose replacement changes its number. */
export function inputsSeen(tokens: number, numbering: Numbering): number[][] {
  const plain = numbering.of(identity(tokens)).at(-1)!;
  const seen: number[][] = identity(tokens).map(() => []);
  for (let input = 0; input < tokens; input++) {
    const other = numbering.of(replaced(tokens, input)).at(-1)!;
    seen.forEach((inputs, t) => plain[t] !== other[t] && inputs.push(input));
  }
  return seen;
}

/** The outputs of the model at the certificate's point on samples made of its letters; each sample is evaluated once. */
class Words {
  private readonly model: (X: readonly (readonly Enclosure[])[]) => readonly (readonly Enclosure[])[];
  private readonly known = new Map<string, readonly (readonly Enclosure[])[]>();
  private readonly letters: Enclosure[][];
  private readonly rest: Enclosure[];
  private readonly fresh: Enclosure[];

  get tokens(): number {
    return this.reading.tokens;
  }

  constructor(
    private readonly reading: Reading,
    { denominator, parameters, letters, rest, fresh }: Point,
  ) {
    ensure(Number.isInteger(Math.log2(denominator)), "parameters", "the denominator is no power of two");
    const exact = (numerator: number) => enclosures.of(numerator / denominator);
    const needed = demands(reading);
    const found = new Map<string, Parameter>();
    for (const [name, { shape, sign }] of needed) {
      ensure(Object.hasOwn(parameters, name), "parameters", `${name} is missing`);
      const { shape: given, numerators } = parameters[name];
      const count = shape.reduce((product, length) => product * length, 1);
      ensure(same(given, shape) && numerators.length === count, "parameters", `${name} must have the shape [${shape.join(", ")}]`); // prettier-ignore
      ensure(sign === "any" || numerators.every((x) => (sign === "positive" ? x > 0 : x < 0)), "parameters", `${name} must be ${sign}`); // prettier-ignore
      found.set(name, { shape, values: numerators.map(exact) });
    }
    const foreign = Object.keys(parameters).find((name) => !needed.has(name));
    ensure(foreign === undefined, "parameters", `the architecture has no ${foreign}`);
    ensure(letters.length === reading.tokens, "parameters", "there must be a letter for every token");
    this.letters = letters.map((letter) => letter.map(exact));
    this.rest = rest.map(exact);
    this.fresh = fresh.map(exact);
    this.model = evaluation(reading, found);
  }

  /** The outputs where letter i is at token places[base position i] and all other tokens have the letter of no interest. */
  outputs(places: readonly number[]): readonly (readonly Enclosure[])[] {
    const key = places.join();
    let outputs = this.known.get(key);
    if (!outputs) {
      const sample = new Array<Enclosure[]>(this.reading.tokens).fill(this.rest);
      places.forEach((place, i) => (sample[place] = this.letters[i]));
      this.known.set(key, (outputs = this.model(sample)));
    }
    return outputs;
  }

  /** The outputs on the sample of all letters with the one at `input` replaced. */
  replaced(input: number): readonly (readonly Enclosure[])[] {
    return this.model(this.letters.map((letter, t) => (t === input ? this.fresh : letter)));
  }
}

/**
 * Walks all permutations pi at once for which F_s(X) = F_t(pi X) might hold for all X, and finds none but the symmetries. Where pi takes the first tokens of the
 * base to `images`, the sample with letters at those tokens and one letter everywhere else goes to the sample with the letters at the images: outputs that
 * differ there exclude all such pi. If pi is one then so is g pi, with g(t) for t, for every symmetry g: so of the images of the next token one in each
 * orbit of the generators that fix the images before it is enough.
 */
class Tree {
  private at = 0;

  constructor(
    private readonly words: Words,
    private readonly generators: readonly (readonly number[])[],
    private readonly output: number,
    private readonly base: readonly number[],
    private readonly nodes: readonly TreeNode[],
  ) {}

  check(): void {
    this.below([], identity(this.words.tokens));
    ensure(this.at === this.nodes.length, "rearrangements", `the tree of output ${this.output} has ${this.nodes.length} nodes, ${this.at} are needed`); // prettier-ignore
  }

  private below(images: readonly number[], open: readonly number[]): void {
    if (open.length === 0) return;
    const { base, output } = this;
    const moves = this.generators.filter((g) => images.every((image) => g[image] === image));
    const fixed = images.every((image, i) => image === base[i]);
    if (images.length === base.length) {
      const forced = orbitOf(output, moves);
      const beyond = open.find((t) => !fixed || !forced.has(t));
      ensure(beyond === undefined, "rearrangements", `output ${output} and output ${beyond} are not told apart where the tokens ${base.join(", ")} go to ${images.join(", ")}`); // prettier-ignore
      return;
    }
    const own = base[images.length];
    const tried = new Set<number>(images);
    const candidates = identity(this.words.tokens);
    for (const candidate of fixed ? [own, ...candidates] : candidates) {
      if (tried.has(candidate)) continue;
      for (const point of orbitOf(candidate, moves)) tried.add(point);
      this.node([...images, candidate], open);
    }
  }

  private node(images: readonly number[], open: readonly number[]): void {
    const { words, base, output, nodes } = this;
    const where = `output ${output}, the tokens ${base.slice(0, images.length).join(", ")} taken to ${images.join(", ")}`;
    ensure(this.at < nodes.length, "rearrangements", `the comparison is missing: ${where}`);
    const listed = nodes[this.at++];
    ensure(same(listed.images, images), "rearrangements", `the tree of output ${output} must go on with ${images.join(", ")}`); // prettier-ignore
    const own = words.outputs(base.slice(0, images.length))[output];
    const theirs = words.outputs(images);
    const distances = new Map(open.map((t) => [t, distance(own, theirs[t])]));
    const left = open.filter((t) => distances.get(t) === 0);
    ensure(same(listed.open, left), "rearrangements", `the outputs left open are not those listed: ${where}`);
    const excluded = open.filter((t) => distances.get(t)! > 0).map((t) => distances.get(t)!);
    if (excluded.length === 0) ensure(listed.gap === null, "rearrangements", `nothing is excluded: ${where}`);
    else checkBound(listed.gap, Math.min(...excluded), "rearrangements", where);
    this.below(images, left);
  }
}

// -------------------------------------------------------------------------------------------------------- refutation

function verifyRefuted(reading: Reading, certificate: Refuted): void {
  const { tokens, architecture } = reading;
  const { witness, target } = certificate;
  checkRows(reading);
  const numbering = new Numbering(reading);
  const symmetries = checkSymmetries(reading, numbering, certificate.symmetry.generators);
  const declared = declaredGenerators(architecture.target.symmetry, tokens);
  ensure(
    declared === null || symmetries.length === 0,
    "symmetry",
    "where a symmetry is declared the model's own is not listed",
  );
  const generators = declared ?? symmetries;
  ensure(same(target.generators.map(canonicalText), generators.map((g) => canonicalText(toCycles(g)))), "target", "the target's symmetry is not what the architecture declares, nor else its own"); // prettier-ignore

  const causal = architecture.target.visibility === "causal";
  const [s, t] = witness.kind === "replacement" ? [witness.output, witness.output] : witness.outputs;
  ensure(s < tokens && t < tokens, "derivation", "the witness is of outputs that there are not");
  const permutation = witness.kind === "replacement" ? identity(tokens) : fromCycles(witness.permutation, tokens);
  ensure(permutation !== null && (witness.kind === "replacement" || canonicalCycles(witness.permutation, permutation)), "derivation", "the witness is no permutation of the tokens in cycles"); // prettier-ignore

  // The two samples, and that the outputs are equal on them for all parameters.
  const X = identity(tokens);
  let other = rearranged(permutation);
  if (witness.kind === "replacement") {
    ensure(witness.input < tokens, "derivation", "the witness is of an input that there is not");
    other = replaced(tokens, witness.input);
  }
  const levels = numbering.of(X);
  const others = numbering.of(other);
  ensure(levels.at(-1)![s] === others.at(-1)![t], "derivation", `outputs ${s} and ${t} are not shown to be equal`);
  const derived = derivation(reading, levels, others, s, t);
  ensure(derived.length === certificate.derivation.length, "derivation", `there are ${derived.length} levels`);
  derived.forEach((pairs, l) =>
    ensure(same(pairs.flat(), certificate.derivation[l].flat()), "derivation", `the equalities after ${l} layers are not those listed`),
  ); // prettier-ignore

  // That the target is in the class of maps asked for, and how far from it the family stays.
  let floor: [number, number];
  let words: string;
  if (witness.kind === "replacement") {
    const { input } = witness;
    ensure(!causal || (generators.length === 0 && input <= s), "target", "a causal target may not ask for this");
    floor = unseen(numbering, tokens, levels.at(-1)![s], [s, input], generators);
    words = copyTarget(s, input, tokens, target.generators);
    ensure(certificate.noSymmetry === null, "target", "nothing is to be shown of a rearrangement");
  } else {
    ensure(!causal || generators.length === 0, "target", "a causal target may have no symmetry");
    const inputs = causal ? s + 1 : tokens;
    const moves = permutation.slice(0, inputs).some((to, from) => to !== from);
    ensure(s !== t || moves, "target", "the witness says nothing: the samples are equal where the target looks");
    if (permutation[s] === t) checkOutside(reading, certificate, permutation, generators);
    else ensure(certificate.noSymmetry === null, "target", "nothing is to be shown of the rearrangement");
    floor = [1, 2];
    words = orderTarget(s, inputs, tokens, target.generators);
  }
  ensure(same(target.floor, floor), "target", `the floor is ${floor.join("/")} of the variance`);
  ensure(target.statement === words, "target", "the words are not those of the target");
  ensure(certificate.statement === refutedStatement(architecture, certificate), "statement", "the words are not those of what is proved"); // prettier-ignore
}

/** That a rearrangement is not in the target's group: listed elements of a declared one, else an output that does not follow it. */
function checkOutside(reading: Reading, { noSymmetry }: Refuted, permutation: number[], generators: number[][]): void {
  const { tokens } = reading;
  if (reading.architecture.target.symmetry !== null) {
    ensure(noSymmetry === null, "target", "nothing is to be shown of the rearrangement");
    ensure(
      !elements(tokens, generators).has(permutation.join()),
      "target",
      "the target commutes with the rearrangement",
    );
    return;
  }
  ensure(noSymmetry !== null, "target", "it is not shown that the rearrangement is no symmetry of the model");
  const { point, output, gap } = noSymmetry;
  ensure(reading.size <= mostTokens && output < reading.tokens, "target", "the output that breaks the symmetry is not there"); // prettier-ignore
  checkHypotheses(reading);
  const words = new Words(reading, point);
  const bound = distance(words.outputs(identity(reading.tokens))[output], words.outputs(permutation)[permutation[output]]); // prettier-ignore
  checkBound(gap, bound, "target", `output ${output} of the rearranged sample`);
}

/** The generators of the symmetry that an architecture declares for its target; null where it declares none. */
export function declaredGenerators(declared: SymmetrySpec | null, n: number): number[][] | null {
  if (declared === null) return null;
  if (typeof declared !== "string") return declared.generators.map((moved) => fromCycles(moved, n)!).filter(moves);
  const turn = identity(n).map((i) => (i + 1) % n);
  const swap = identity(n).map((i) => (i < 2 ? 1 - i : i));
  const threes = identity(n)
    .slice(2)
    .map((third) => fromCycles([[0, 1, third]], n)!);
  const mirror = identity(n).map((i) => (n - i) % n);
  const named: Record<string, number[][]> = { t: [], S: n < 2 ? [] : [swap, turn], A: threes, C: [turn], D: [turn, mirror] }; // prettier-ignore
  return named[declared[0]].filter(moves);
}

const moves = (g: readonly number[]): boolean => g.some((to, from) => to !== from);

/** All elements of a group, as texts. */
function elements(tokens: number, generators: readonly (readonly number[])[]): Set<string> {
  const start = identity(tokens);
  const found = new Map([[start.join(), start]]);
  for (const g of found.values())
    for (const generator of generators) {
      const product = g.map((image) => generator[image]);
      found.set(product.join(), product);
      ensure(found.size <= mostElements, "target", `the target's group has more than ${mostElements} elements`);
    }
  return new Set(found.keys());
}

/** The j such that some element takes (s, r) to (s, j). */
function pairOrbit(s: number, r: number, generators: readonly (readonly number[])[]): number[] {
  const found = new Map([[`${s},${r}`, [s, r]]]);
  for (const [u, j] of found.values()) for (const g of generators) found.set(`${g[u]},${g[j]}`, [g[u], g[j]]);
  return [...found.values()].filter(([u]) => u === s).map(([, j]) => j);
}

/**
 * Which tokens of X and X' are equal after each layer, as far as outputs s and t depend on them: every token of X that s depends on, with the first token of X'
 * that t depends on and that has its number.
 */
export function derivation(
  { mixers, tokens, size }: Reading,
  levels: readonly (readonly number[])[],
  others: readonly (readonly number[])[],
  s: number,
  t: number,
): [number, number][][] {
  let [left, right] = [[s], [t]];
  const steps: [number, number][][] = [];
  for (let l = mixers.length; ; l--) {
    steps.unshift(left.map((u) => [u, right.find((v) => others[l][v] === levels[l][u])!]));
    if (l === 0) return steps;
    const { block, groups } = mixers[l - 1];
    const below = (q: number): number[] => {
      const { mixer } = block;
      if (mixer.kind === "attention")
        return [q, ...(mixer.projection.kind !== "none" ? identity(size) : groups.flatMap(({ keys }) => keys[q]))];
      return [q, ...(q < tokens ? mixer.offsets.map((offset) => modulo(q + offset, tokens)) : [])];
    };
    // Of keys that share a number on both sides one pair says it.
    const ascending = (found: number[]) => [...new Set(found)].sort((x, y) => x - y);
    const [allLeft, allRight] = [ascending(left.flatMap(below)), ascending(right.flatMap(below))];
    left = allLeft.filter((u) => allRight.some((v) => others[l - 1][v] === levels[l - 1][u]));
    right = allRight;
  }
}

// ------------------------------------------------------------------------------------------------------------- small

export const identity = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The letters of pi X, where X has letter i at token i: letter i is at pi(i). */
export function rearranged(permutation: readonly number[]): number[] {
  const letters: number[] = [];
  permutation.forEach((to, from) => (letters[to] = from));
  return letters;
}

/** A lower bound of the distance of two vectors in the maximum norm; 0 where they may be equal. */
export const distance = (x: readonly Enclosure[], y: readonly Enclosure[]): number =>
  Math.max(...x.map((value, i) => apart(value, y[i])));

function checkBound(listed: string | null, bound: number, step: Step, what: string): void {
  ensure(bound > 0, step, `the enclosures overlap: ${what}`);
  ensure(listed === lowerBound(bound), step, `the gap is ${lowerBound(bound)}, not ${listed}: ${what}`);
}

/** The points to which products of the generators take a point. */
function orbitOf(point: number, generators: readonly (readonly number[])[]): Set<number> {
  const orbit = new Set([point]);
  for (const one of orbit) for (const g of generators) orbit.add(g[one]);
  return orbit;
}

/** The least token of every orbit. */
const representatives = (tokens: number, generators: readonly (readonly number[])[]): number[] =>
  identity(tokens).filter((t) => Math.min(...orbitOf(t, generators)) === t);

/** A set of tokens, ascending, as from, to, from, to, ... */
export const runs = (ascending: readonly number[]): number[] =>
  ascending.flatMap((token, i) => [
    ...(ascending[i - 1] === token - 1 ? [] : [token]),
    ...(ascending[i + 1] === token + 1 ? [] : [token + 1]),
  ]);

const same = (x: readonly unknown[], y: readonly unknown[]): boolean =>
  x.length === y.length && x.every((value, i) => value === y[i]);

const canonicalText = (moved: readonly (readonly number[])[]): string => JSON.stringify(moved);
const canonicalCycles = (moved: readonly (readonly number[])[], g: readonly number[]): boolean =>
  canonicalText(moved) === canonicalText(toCycles(g));
