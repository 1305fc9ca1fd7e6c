/**
 * The search for certificates. It takes the symmetry and the witness from the decision procedure, looks for parameters at which float64 tells apart whatever can be told
 * apart, and writes down what the verifier will derive again. Nothing here has to be believed: what is issued, the verifier has accepted.
 */
import { architectureInput } from "../architecture/input";
import type { Architecture, Block } from "../architecture/schema";
import { float64, type Arithmetic } from "../evaluation/arithmetic";
import { evaluator, NotEvaluated, type Values } from "../evaluation/evaluate";
import { PermutationGroup } from "../symmetry/group";
import { orbitsOf } from "../symmetry/permutation";
import type { Permutation } from "../symmetry/structure";
import { examine, type SkippedPart } from "../verdict/analyse";
import type { Witness } from "../verdict/report";
import { decide, type Decision } from "../views/decide";
import {
  certificateVersion,
  fromCycles,
  hashOf,
  lowerBound,
  mostNodes,
  mostTokens,
  sealOf,
  toCycles,
  type Certificate,
  type Point,
  type TreeNode,
} from "./format";
import { enclosures, NotEnclosed } from "./interval";
import { demands, evaluatedWidth, Numbering, read, TooLarge, type Demand, type Reading } from "./reading";
import { copyTarget, orderTarget, refutedStatement, universalStatement } from "./statement";
import {
  declaredGenerators,
  derivation,
  distance,
  identity,
  inputsSeen,
  rearranged,
  replaced,
  runs,
  unseen,
  verify,
} from "./verify";

export interface Source {
  file: string;
  /** Of the file's bytes. */
  sha256: string;
}

/** No certificate is issued; the message, a sentence, says why. */
export class NotIssued extends Error {
  override readonly name = "NotIssued";
}

/**
 * Issues a certificate of what the verdict says of an architecture, at the depth written.
 * @throws NotIssued where the verdict is neither certified nor refuted, where the architecture is too large, or where no parameters were found.
 */
export function issue(architecture: Architecture, source: Source, skipped: readonly SkippedPart[] = []): Certificate {
  const { verdict, statement, witness } = examine(architecture, skipped).report;
  if (verdict !== "certified" && verdict !== "refuted")
    throw new NotIssued(`The verdict is ${verdict}, and a certificate is due for \`certified\` and \`refuted\` only. ${statement}`); // prettier-ignore
  try {
    const issuing = new Issuing(architecture, source, decide(architecture));
    return verdict === "certified" ? issuing.universal() : issuing.refuted(witness);
  } catch (error) {
    if (error instanceof NotEvaluated)
      throw new NotIssued(`What shows that the witness is no symmetry is not evaluated: ${error.message}.`);
    if (error instanceof TooLarge)
      throw new NotIssued(`The architecture is too large for a certificate: ${error.message}.`);
    throw error;
  }
}

/** Draws of parameters of which the best is taken, and most draws until one tells everything apart at all. */
const scoredDraws = 4;
const mostDraws = 40;
/** Distances below it, in float64 and relative to vectors of length about 1, are taken for equality. */
const indistinct = 1e-11;
/** The least gap that a certificate may rest on; enclosures are far narrower. */
const leastGap = 1e-10;

const denominator = 64;
/** The standard deviation of what the sigmoids take in, and the most that entries are scaled for it. */
const spread = 1.2;
const mostScaled = 2 ** 20;

class Issuing {
  private readonly size: number;

  constructor(
    private readonly architecture: Architecture,
    private readonly source: Source,
    private readonly decision: Decision,
  ) {
    this.size = architecture.tokens + architecture.registers;
  }

  private sealed<Body extends { kind: Certificate["kind"] }>(body: Body & { statement: string }): Certificate {
    const specification = architectureInput(this.architecture);
    const whole = {
      version: certificateVersion,
      source: this.source,
      architecture: { sha256: hashOf(specification), specification },
      ...body,
    };
    const certificate = { ...whole, seal: sealOf(whole) };
    const verification = verify(JSON.parse(JSON.stringify(certificate)));
    if (!verification.accepted) throw new NotIssued(`No certificate that the verifier accepts was found: ${verification.reason} (${verification.step}).`); // prettier-ignore
    return verification.certificate;
  }

  // ----------------------------------------------------------------------------------------------------- universality

  universal(): Certificate {
    const { architecture, size } = this;
    if (size > mostTokens)
      throw new NotIssued(`Universality is certified up to ${mostTokens} tokens and registers; these are ${size}.`);
    const { symmetry } = this.decision;
    if (!("group" in symmetry)) throw new NotIssued(`The symmetry is not decided: ${symmetry.unknown}.`);
    const group = PermutationGroup.generate(architecture.tokens, symmetry.group.automorphisms.generators);
    const reading = read(architecture);
    const sees = inputsSeen(architecture.tokens, new Numbering(reading));
    const strong = strongGenerators(group, sees);
    const body = {
      kind: "universal" as const,
      symmetry: { generators: strong.map(toCycles) },
      sees: sees.map((inputs) => pairs(runs(inputs))),
    };
    const statement = universalStatement(architecture, body);
    let problem = "no draw tells everything apart";
    for (const point of this.points(reading, strong, sees)) {
      try {
        const search = new Search(this.model(point, enclosures), architecture.tokens, strong, sees, lettersOf(point, enclosures), distance); // prettier-ignore
        const { replacements, rearrangements } = search.run();
        return this.sealed({ ...body, statement, point, replacements, rearrangements });
      } catch (error) {
        if (!(error instanceof NotEnclosed || error instanceof NotIssued || error instanceof Indistinct)) throw error;
        problem = error.message;
      }
    }
    throw new NotIssued(`No parameters were found at which every gap is above rounding: ${problem}`);
  }

  /** Parameters at which float64 tells everything apart, those with the largest least gap first. */
  private points(reading: Reading, generators: readonly Permutation[], sees: readonly number[][]): Point[] {
    const { tokens } = this.architecture;
    const scored: { point: Point; gap: number }[] = [];
    for (let seed = 1; seed <= scoredDraws || (scored.length === 0 && seed <= mostDraws); seed++) {
      const point = this.draw(reading, new Draws(seed));
      const search = new Search(this.model(point, float64), tokens, generators, sees, lettersOf(point, float64), rounded); // prettier-ignore
      try {
        const { least } = search.run();
        if (least >= leastGap) scored.push({ point, gap: least });
      } catch (error) {
        if (!(error instanceof Indistinct)) throw error;
      }
    }
    return scored.sort((x, y) => y.gap - x.gap).map(({ point }) => point);
  }

  /** Random parameters, with every tokenwise map centred and scaled to the states that reach it, so that no layer saturates or loses the differences. */
  private draw(reading: Reading, draws: Draws): Point {
    const { tokens } = reading;
    const parameters: Point["parameters"] = {};
    for (const [name, demand] of demands(reading)) {
      const mixer = reading.mixers[Number(name.split(".")[1])]?.block.mixer;
      // Without a residual path a query's own token shows through the weights alone: they are drawn steep in every other draw.
      parameters[name] = draws.parameter(name, demand, draws.seed % 2 === 0 && mixer?.residual === false);
    }
    const letter = (): [number, number] => [draws.between(-96, 96), draws.between(-96, 96)];
    const point: Point = {
      denominator,
      parameters,
      letters: Array.from({ length: tokens }, letter),
      rest: letter(),
      fresh: letter(),
    };
    const { letters, rest } = lettersOf(point, float64);
    const samples = [letters, letters.map((one, t) => (t < tokens / 2 ? one : rest))];
    for (let l = 0; l < reading.mixers.length; l++) {
      const upTo = this.model(point, float64, l);
      this.calibrate(parameters, l, samples.flatMap(upTo));
    }
    return point;
  }

  /** Scales and centres what the sigmoids of a tokenwise map take in. */
  private calibrate(parameters: Point["parameters"], l: number, states: readonly (readonly number[])[]): void {
    const inner = parameters[`tokenwise.${l}.inner`].numerators;
    const bias = parameters[`tokenwise.${l}.innerBias`].numerators;
    for (let column = 0; column < evaluatedWidth; column++) {
      const entries = [inner[column], inner[evaluatedWidth + column]];
      const taken = states.map((x) => (entries[0] * x[0] + entries[1] * x[1]) / denominator);
      const mean = taken.reduce((sum, x) => sum + x, 0) / taken.length;
      const deviation = Math.sqrt(taken.reduce((sum, x) => sum + (x - mean) ** 2, 0) / taken.length);
      const factor = Math.min(spread / deviation, mostScaled);
      entries.forEach((entry, row) => (inner[row * evaluatedWidth + column] = Math.round(entry * factor)));
      bias[column] = Math.round(-mean * factor * denominator);
    }
  }

  /** The architecture as the general evaluator takes it, at a point, with the tokenwise maps before the mixers; of these the first `depth` only. */
  private model<N>(
    point: Point,
    arithmetic: Arithmetic<N>,
    depth = Infinity,
  ): (X: readonly (readonly N[])[]) => readonly (readonly N[])[] {
    const tokenwise: Block["feedForward"] = { hidden: evaluatedWidth, activation: "sigmoid", bias: true, frozen: false, residual: false }; // prettier-ignore
    const mixers = this.architecture.layers
      .flatMap(({ repeat, mixer }) => new Array<Block["mixer"]>(repeat).fill(mixer))
      .slice(0, depth);
    const passing: Block["mixer"] = { kind: "convolution", offsets: [0], residual: true };
    const layers = [passing, ...mixers].map((mixer, l): Block => ({ repeat: 1, mixer, norm: null, feedForward: l < mixers.length ? tokenwise : null })); // prettier-ignore
    const named: Record<string, Values<N>> = {
      "layers.0.convolution.taps": { shape: [1], data: [arithmetic.of(0)] },
    };
    for (const [name, { shape, numerators }] of Object.entries(point.parameters)) {
      if (Number(name.split(".")[1]) >= mixers.length) continue;
      const data = numerators.map((x) => arithmetic.of(x / point.denominator));
      // The evaluator takes one number for a head as a row.
      named[evaluatorName(name, mixers)] = { shape: name.endsWith("sharpness") ? [...shape, 1] : shape, data };
    }
    return evaluator({ ...this.architecture, width: evaluatedWidth, layers }, named, arithmetic);
  }

  // ------------------------------------------------------------------------------------------------------- refutation

  refuted(found: Witness | null): Certificate {
    const { architecture } = this;
    const { tokens } = architecture;
    const reading = read(architecture);
    if (found === null || found.kind === "repeated") throw new NotIssued("The verdict has no witness.");
    const { symmetry } = this.decision;
    const model = "group" in symmetry ? [...symmetry.group.automorphisms.generators].map((g) => [...g]) : []; // prettier-ignore
    const declared = declaredGenerators(architecture.target.symmetry, tokens);
    const generators = declared ?? model;
    const { s, t } = found;
    const numbering = new Numbering(reading);
    const levels = numbering.of(identity(tokens));
    const body = { kind: "refuted" as const, symmetry: { generators: declared === null ? model.map(toCycles) : [] } };
    const listed = generators.map(toCycles);
    const finish = (
      other: number[],
      rest: Pick<Extract<Certificate, { kind: "refuted" }>, "witness" | "target" | "noSymmetry">,
    ) => {
      const steps = derivation(reading, levels, numbering.of(other), s, t);
      return this.sealed({ ...body, ...rest, derivation: steps, statement: refutedStatement(architecture, rest) });
    };
    if (found.kind === "replacement") {
      const input = found.replaced!;
      const floor = unseen(numbering, tokens, levels.at(-1)![s], [s, input], generators);
      return finish(replaced(tokens, input), {
        witness: { kind: "replacement", output: s, input },
        target: { generators: listed, statement: copyTarget(s, input, tokens, listed), floor },
        noSymmetry: null,
      });
    }
    const permutation = fromCycles(found.permutation ?? [], tokens)!;
    const inputs = architecture.target.visibility === "causal" ? s + 1 : tokens;
    const free = declared === null && permutation[s] === t;
    return finish(rearranged(permutation), {
      witness: { kind: "rearrangement", outputs: [s, t], permutation: toCycles(permutation) },
      target: { generators: listed, statement: orderTarget(s, inputs, tokens, listed), floor: [1, 2] },
      noSymmetry: free ? this.noSymmetry(reading, permutation) : null,
    });
  }

  /** An output that shows that the rearrangement is no symmetry of the model. */
  private noSymmetry(reading: Reading, permutation: readonly number[]) {
    if (this.size > mostTokens) throw new NotIssued(`That the rearrangement is no symmetry is shown up to ${mostTokens} tokens and registers.`); // prettier-ignore
    for (let seed = 1; seed <= mostDraws; seed++) {
      const point = this.draw(reading, new Draws(seed));
      const { letters } = lettersOf(point, enclosures);
      const outputs = this.model(point, enclosures);
      const plain = outputs(letters);
      const moved = outputs(rearranged(permutation).map((letter) => letters[letter]));
      const gaps = plain.map((x, u) => distance(x, moved[permutation[u]]));
      const gap = Math.max(...gaps);
      if (gap >= leastGap) return { point, output: gaps.indexOf(gap), gap: lowerBound(gap) };
    }
    throw new NotIssued("No parameters were found at which the rearrangement is seen to be no symmetry.");
  }
}

/** The general evaluator's name of a parameter: its layer 0 only has the tokenwise map before mixer 0. */
function evaluatorName(name: string, mixers: readonly Block["mixer"][]): string {
  const [part, l, ...rest] = name.split(".");
  if (part === "tokenwise") return `layers.${l}.feedForward.${rest.join(".")}`;
  if (part === "mixer") return `layers.${Number(l) + 1}.${mixers[Number(l)].kind}.${rest.join(".")}`;
  return name;
}

/**
 * Generators among which those that fix the first k tokens of what an output sees generate all that do: with them the search need try one token of each orbit
 * only.
 */
function strongGenerators(group: PermutationGroup, sees: readonly number[][]): Permutation[] {
  const found = new Map<string, Permutation>();
  const { orbitOf } = group;
  const add = (of: PermutationGroup) => of.generators.forEach((g) => found.set(g.join(), g));
  add(group);
  const bases = new Map(sees.map((base, output) => [orbitOf[output] === output ? base.join() : "", base]));
  for (const base of bases.values()) {
    let rest = group;
    for (const point of base) {
      if (rest.isTrivial) break;
      add((rest = rest.stabiliser(point)));
    }
  }
  return [...found.values()];
}

const pairs = (flat: readonly number[]): [number, number][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

interface Letters<N> {
  letters: N[][];
  rest: N[];
  fresh: N[];
}

function lettersOf<N>({ denominator: whole, letters, rest, fresh }: Point, arithmetic: Arithmetic<N>): Letters<N> {
  const vector = (numerators: readonly number[]) => numerators.map((x) => arithmetic.of(x / whole));
  return { letters: letters.map(vector), rest: vector(rest), fresh: vector(fresh) };
}

/** How far two vectors are apart in float64; 0 where they may be equal. */
const rounded = (x: readonly number[], y: readonly number[]): number => {
  const gap = Math.max(...x.map((value, i) => Math.abs(value - y[i])));
  return gap < indistinct ? 0 : gap;
};

/** Two outputs that theory tells apart are not told apart here. */
class Indistinct extends Error {}

/** All comparisons at one point: replacements, and the trees of rearrangements. */
class Search<N> {
  private readonly known = new Map<string, readonly (readonly N[])[]>();
  private nodes = 0;
  private least = Infinity;

  constructor(
    private readonly outputsOf: (X: readonly (readonly N[])[]) => readonly (readonly N[])[],
    private readonly tokens: number,
    private readonly generators: readonly Permutation[],
    private readonly sees: readonly number[][],
    private readonly letters: Letters<N>,
    private readonly gap: (x: readonly N[], y: readonly N[]) => number,
  ) {}

  run() {
    const { tokens, sees, letters } = this;
    const orbitOf = orbitsOf(tokens, this.generators);
    const outputs = identity(tokens).filter((t) => orbitOf[t] === t);
    const whole = this.at(identity(tokens));
    const replaced = identity(tokens).map((input) => this.outputsOf(letters.letters.map((letter, t) => (t === input ? letters.fresh : letter)))); // prettier-ignore
    const replacements = outputs.flatMap(
      (output) =>
      sees[output].map((input) => ({ output, input, gap: this.positive(this.gap(whole[output], replaced[input][output])) })), // prettier-ignore
    );
    const rearrangements = outputs.map((output) => {
      const nodes: TreeNode[] = [];
      this.below(output, [], identity(tokens), nodes);
      return { output, base: sees[output], nodes };
    });
    return { replacements, rearrangements, least: this.least };
  }

  private positive(gap: number): string {
    if (gap < leastGap) throw new Indistinct(`a gap of ${gap.toExponential(1)}`);
    this.least = Math.min(this.least, gap);
    return lowerBound(gap);
  }

  private at(places: readonly number[]): readonly (readonly N[])[] {
    const key = places.join();
    let outputs = this.known.get(key);
    if (outputs === undefined) {
      const sample = new Array<N[]>(this.tokens).fill(this.letters.rest);
      places.forEach((place, i) => (sample[place] = this.letters.letters[i]));
      this.known.set(key, (outputs = this.outputsOf(sample)));
    }
    return outputs;
  }

  private below(output: number, images: readonly number[], open: readonly number[], nodes: TreeNode[]): void {
    if (open.length === 0) return;
    const base = this.sees[output];
    const orbitOf = orbitsOf(this.tokens, this.generators.filter((g) => images.every((image) => g[image] === image))); // prettier-ignore
    const fixed = images.every((image, i) => image === base[i]);
    if (images.length === base.length) {
      if (!fixed || open.some((t) => orbitOf[t] !== orbitOf[output]))
        throw new Indistinct(`output ${output} is not told apart where ${base.join(", ")} go to ${images.join(", ")}`);
      return;
    }
    const own = base[images.length];
    const done = new Set(images.map((image) => orbitOf[image]));
    for (const candidate of fixed ? [own, ...identity(this.tokens)] : identity(this.tokens)) {
      const orbit = orbitOf[candidate];
      if (done.has(orbit)) continue;
      done.add(orbit);
      const next = [...images, candidate];
      if (++this.nodes > mostNodes) throw new Indistinct(`more than ${mostNodes.toLocaleString("en")} comparisons`);
      const ours = this.at(base.slice(0, next.length))[output];
      const theirs = this.at(next);
      const gaps = open.map((t) => this.gap(ours, theirs[t]));
      const left = open.filter((_, i) => gaps[i] === 0);
      const excluded = gaps.filter((gap) => gap > 0);
      nodes.push({ images: next, open: left, gap: excluded.length === 0 ? null : this.positive(Math.min(...excluded)) }); // prettier-ignore
      this.below(output, next, left, nodes);
    }
  }
}

/** Numbers that only depend on the seed (mulberry32). */
class Draws {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed * 0x9e3779b9;
  }

  private next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + (this.next() % (most - least + 1));
  }

  /** Numerators over `denominator`. */
  parameter(name: string, { shape, sign }: Demand, steep: boolean): { shape: number[]; numerators: number[] } {
    const count = shape.reduce((product, length) => product * length, 1);
    const [least, most] = this.range(name);
    const one = () => {
      // Steep layers have queries and keys of widely different directions.
      const magnitude = steep && sign !== "any" ? 2 ** this.between(0, 7) : this.between(least, most);
      if (sign === "positive" || /inner$|value$|output$|taps$/.test(name)) return magnitude;
      if (sign === "negative") return -magnitude;
      return this.next() % 2 === 0 ? magnitude : -magnitude;
    };
    return { shape: [...shape], numerators: Array.from({ length: count }, one) };
  }

  /** Magnitudes by what the parameter does, in units of 1 / denominator. */
  private range(name: string): [number, number] {
    if (name.endsWith("inner")) return [64, 256];
    if (name.endsWith("innerBias")) return [1, 128];
    if (name.endsWith("outer")) return [8, 128];
    if (name.endsWith("outerBias")) return [1, 32];
    if (name.endsWith("output") || name.endsWith("taps")) return [32, 96];
    if (name.endsWith("sharpness")) return [128, 256];
    if (name.endsWith("query") || name.endsWith("key")) return [2, 10];
    return [16, 96];
  }
}
