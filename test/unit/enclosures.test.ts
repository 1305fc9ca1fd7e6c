/**
 * Enclosures against MPFR at 200 bits (test/reference/highPrecision.py): every operation, every activation and whole models; and the verifier's own evaluation
 * against the general one, which shares nothing with it but the arithmetic.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { round } from "interval-arithmetic";
import { start } from "../../extension/runtime/backends/start";
import { build } from "../../extension/runtime/builders/build";
import { activationNames, architectureSchema, kernelNames } from "../../extension/theory/architecture/schema";
import type {
  ActivationName,
  Architecture,
  Attention,
  Block,
  Pattern,
} from "../../extension/theory/architecture/schema";
import { apart, enclosures, NotEnclosed, type Enclosure } from "../../extension/theory/certificate/interval";
import { demands, evaluatedWidth, evaluation, read } from "../../extension/theory/certificate/reading";
import { float64, type Arithmetic } from "../../extension/theory/evaluation/arithmetic";
import { evaluator, type Values } from "../../extension/theory/evaluation/evaluate";
import { everyMechanism } from "../reference/architectures";
import { Random } from "../reference/random";

const seed = 20250601;
/** Evaluations of each operation, and of each activation, which is some ten of these operations one after the other. */
const evaluations = 1_000_000;
const activations = 200_000;
const count = (x: number): string => x.toLocaleString("en");
const percent = (x: number): string => `${(100 * x).toPrecision(2)} %`;
const below = (random: Random, bound: number): number => Math.floor(random.uniform() * bound);

// ------------------------------------------------------------------------------------------------- the other program

/** Debian's package is for its own Python, which need not be the first on PATH. */
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import gmpy2"]).status === 0,
);

interface Answer {
  checked: number;
  outside: number;
  examples: { place: number[]; lo: string; value: string; hi: string }[];
}

/** Runs that a failing test leaves behind would keep this process waiting. */
const running = new Set<ChildProcess>();

/** A run of highPrecision.py, which checks what it is sent while the next is computed here. */
class HighPrecision {
  private readonly child;
  private readonly closed: Promise<unknown>;
  private output = "";
  private problem = "";

  constructor(...task: string[]) {
    this.child = spawn(python!, [path.join(__dirname, "../reference/highPrecision.py"), ...task]);
    running.add(this.child);
    this.closed = once(this.child, "close");
    this.child.stdout.on("data", (text) => (this.output += String(text)));
    this.child.stderr.on("data", (text) => (this.problem += String(text)));
    // Of a program that has ended, `answer` tells why.
    this.child.stdin.on("error", () => {});
  }

  async send(...parts: (Float64Array | Int32Array)[]): Promise<void> {
    const { stdin } = this.child;
    const bytes = parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
    const room = stdin.write(Buffer.concat(bytes)) || stdin.writableLength < 2 ** 24;
    await (room ? setImmediate() : Promise.race([once(stdin, "drain"), this.closed]));
  }

  async answer(): Promise<Answer> {
    this.child.stdin.end();
    await this.closed;
    running.delete(this.child);
    assert.equal(this.child.exitCode, 0, this.problem);
    return JSON.parse(this.output) as Answer;
  }

  /** That all values are held, so many of them. */
  async holds(values: number): Promise<void> {
    const { checked, outside, examples } = await this.answer();
    assert.equal(outside, 0, `${count(outside)} values outside: ${JSON.stringify(examples)}`);
    assert.equal(checked, values);
  }
}

// -------------------------------------------------------------------------------------------------- single operations

/** Any float64 number with its exponent in a range, of either sign; some have few bits, some are zero. */
function real(random: Random, least: number, most: number): number {
  if (random.uniform() < 0.01) return 0;
  const fraction = random.uniform();
  const mantissa = random.uniform() < 0.2 ? Math.floor(8 * fraction) / 8 : fraction + random.uniform() * 2 ** -32;
  const size = (1 + mantissa) * 2 ** (least + below(random, most - least + 1));
  return random.uniform() < 0.5 ? size : -size;
}

const finite = (x: number): number => Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, x));

/** An interval with x in it: x alone, two numbers, narrow, from zero on, or so wide that it may hold zero. */
function around(random: Random, x: number, width = Math.abs(x)): Enclosure {
  const kind = random.uniform();
  if (kind < 0.25) return { lo: x, hi: x };
  if (kind < 0.5) return { lo: x, hi: finite(round.next(x)) };
  if (kind < 0.53) return { lo: Math.min(0, x), hi: Math.max(0, x) };
  const reach = kind < 0.9 ? width * 2 ** (-50 * random.uniform()) : 4 * width;
  return { lo: finite(x - reach * random.uniform()), hi: finite(x + reach * random.uniform()) };
}

/** A float64 number of an interval, often an end. */
function inside(random: Random, { lo, hi }: Enclosure): number {
  const kind = random.uniform();
  if (kind < 0.25) return lo;
  if (kind < 0.5) return hi;
  const share = random.uniform();
  return Math.min(hi, Math.max(lo, lo * (1 - share) + hi * share));
}

interface Operation {
  draw: (random: Random) => Enclosure[];
  /** The least point at which the operation is defined. */
  from?: number;
  apply: (...x: Enclosure[]) => Enclosure;
  /** The share of the draws that may have no enclosure. */
  refused: number;
  /** How wide the enclosure may be where the arguments are numbers: relative to its ends, and beyond that. */
  narrow: [relative: number, absolute: number];
}

async function check(
  name: string,
  points: number,
  { draw, from = -Infinity, apply, refused, narrow }: Operation,
): Promise<void> {
  const random = new Random(seed);
  const program = new HighPrecision("operation", name);
  let thrown = 0;
  const evaluated = (x: Enclosure[]): Enclosure | null => {
    try {
      return apply(...x);
    } catch (error) {
      if (!(error instanceof NotEnclosed)) throw error;
      thrown++;
      return null;
    }
  };
  const batch = 2000;
  for (let done = 0; done < points; done += batch) {
    const columns = draw(random).length + 2;
    const rows = new Float64Array(batch * columns);
    for (let at = 0; at < rows.length;) {
      const x = draw(random);
      const found = evaluated(x);
      if (found === null) continue;
      const { lo, hi } = found;
      const most = narrow[0] * Math.max(Math.abs(lo), Math.abs(hi)) + narrow[1];
      if (x.every((one) => one.lo === one.hi))
        assert.ok(hi - lo <= most, `of ${x.map((one) => one.lo).join()}: [${lo}, ${hi}]`);
      for (const one of x) rows[at++] = inside(random, one.lo < from ? { lo: from, hi: one.hi } : one);
      rows[at++] = lo;
      rows[at++] = hi;
    }
    await program.send(rows);
  }
  await program.holds(points);
  const share = thrown / (points + thrown);
  console.log(`      ${name}: ${count(thrown)} further draws have no enclosure (${percent(share)})`);
  assert.ok(share <= refused, `${percent(share)} of the draws have no enclosure`);
}

/** Ranges of exponents: everyday, large and small, all, the smallest and the largest. */
const ranges: [share: number, least: number, most: number][] = [
  [0.45, -20, 20],
  [0.7, -300, 300],
  [0.9, -1074, 1023],
  [0.95, -1074, -1000],
  [1, 1000, 1023],
];

function pair(random: Random): Enclosure[] {
  const kind = random.uniform();
  const [, least, most] = ranges.find(([share]) => kind < share)!;
  const x = real(random, least, most);
  // Neighbours cancel.
  const y = random.uniform() < 0.15 ? -x * (1 + 2 ** (-53 * random.uniform())) : real(random, least, most);
  return [around(random, x), around(random, finite(y))];
}

const exact: Operation["narrow"] = [2 ** -50, 2 ** -1070];
const nearly: Operation["narrow"] = [2 ** -48, 2 ** -1060];

function positive(random: Random): Enclosure {
  const [least, most] = random.uniform() < 0.5 ? [-20, 20] : [-1074, 1022];
  const x = Math.abs(real(random, least, most)) || 1;
  const { lo, hi } = around(random, x);
  return { lo: lo > 0 ? lo : x, hi };
}

function angle(random: Random): Enclosure {
  const x = random.uniform() < 0.3 ? ((below(random, 2000) - 1000) * Math.PI) / 2 : real(random, -40, 19);
  return around(random, x, random.uniform() < 0.5 ? Math.abs(x) : 1);
}

/** Numbers up to a bound, mostly of order 1. */
const upTo =
  (bound: number) =>
  (random: Random): Enclosure => {
    const kind = random.uniform();
    const x = kind < 0.6 ? 2 * random.normal() : kind < 0.8 ? real(random, -60, 0) : bound * (2 * random.uniform() - 1);
    const { lo, hi } = around(random, Math.min(bound, Math.max(-bound, x)));
    return { lo: Math.max(lo, -bound), hi: Math.min(hi, bound) };
  };

/** Some have an exponential below all normal numbers, or below all numbers. */
const exponent = (random: Random): Enclosure =>
  random.uniform() < 0.1 ? around(random, -700 - 60 * random.uniform(), 1) : upTo(709)(random);

const operations: Record<string, Operation> = {
  add: { draw: pair, apply: (x, y) => enclosures.add(x, y), refused: 0.005, narrow: exact },
  sub: { draw: pair, apply: (x, y) => enclosures.sub(x, y), refused: 0.005, narrow: exact },
  mul: { draw: pair, apply: (x, y) => enclosures.mul(x, y), refused: 0.1, narrow: exact },
  div: { draw: pair, apply: (x, y) => enclosures.div(x, y), refused: 0.15, narrow: exact },
  exp: { draw: (random) => [exponent(random)], apply: (x) => enclosures.exp(x), refused: 0, narrow: nearly },
  log: { draw: (random) => [positive(random)], apply: (x) => enclosures.log(x), refused: 0, narrow: nearly },
  sqrt: {
    draw(random) {
      const { lo, hi } = positive(random);
      return [{ lo: random.uniform() < 0.1 ? -lo : lo, hi }];
    },
    from: 0,
    apply: (x) => enclosures.sqrt(x),
    refused: 0,
    narrow: exact,
  },
  sin: { draw: (random) => [angle(random)], apply: (x) => enclosures.sin(x), refused: 0, narrow: [0, 2 ** -48] },
  cos: { draw: (random) => [angle(random)], apply: (x) => enclosures.cos(x), refused: 0, narrow: [0, 2 ** -48] },
  apart: { draw: pair, apply: (x, y) => ({ lo: apart(x, y), hi: Infinity }), refused: 0, narrow: [1, 0] },
};

/** Enclosures that leave out sums with zero and products with one, of which a model of one token consists but for its activation. */
const withoutNeutral: Arithmetic<Enclosure> = {
  ...enclosures,
  add: (a, b) => (a.lo === 0 && a.hi === 0 ? b : enclosures.add(a, b)),
  mul: (a, b) => (a.lo === 1 && a.hi === 1 ? b : b.lo === 1 && b.hi === 1 ? a : enclosures.mul(a, b)),
};

/** An activation as the evaluator composes it. */
function activation(name: ActivationName): (x: Enclosure) => Enclosure {
  const feedForward = { activation: name, hidden: 1, bias: false, residual: false };
  const layers = [{ convolution: { taps: 1, residual: false }, feedForward }];
  const unit = { shape: [1, 1], data: [enclosures.of(1)] };
  const parameters = ["convolution.taps", "feedForward.inner", "feedForward.outer"];
  const named = Object.fromEntries(parameters.map((parameter) => [`layers.0.${parameter}`, unit]));
  const map = evaluator(architectureSchema.parse({ tokens: 1, width: 1, layers }), named, withoutNeutral);
  return (x) => map([[x]])[0][0];
}

/** Where the exponentials inside stay in range. */
const activationRange = (name: ActivationName): number => (name === "gelu" ? 21 : name === "tanh" ? 350 : 700);
/** Those that ask for a sign. */
const kinked: readonly ActivationName[] = ["relu", "relu-squared", "leaky-relu", "elu"];
/** Gates are products of these. */
const plainActivations = activationNames.filter((name) => !["linear", "swiglu", "geglu"].includes(name));

// ------------------------------------------------------------------------------------------------------- whole models

interface Recorded {
  step: number;
  value: number;
}

/** Writes down what an evaluation does; signs and near numbers are those of float64. */
class Recording implements Arithmetic<Recorded> {
  readonly code: number[] = [];
  readonly constants: number[] = [];

  private step(operation: number, a: number, b: number, value: number): Recorded {
    this.code.push(operation, a, b);
    return { step: this.code.length / 3 - 1, value };
  }

  readonly of = (x: number): Recorded => this.step(0, this.constants.push(x) - 1, 0, x);
  readonly add = (a: Recorded, b: Recorded): Recorded => this.step(1, a.step, b.step, a.value + b.value);
  readonly sub = (a: Recorded, b: Recorded): Recorded => this.step(2, a.step, b.step, a.value - b.value);
  readonly mul = (a: Recorded, b: Recorded): Recorded => this.step(3, a.step, b.step, a.value * b.value);
  readonly div = (a: Recorded, b: Recorded): Recorded => this.step(4, a.step, b.step, a.value / b.value);
  readonly exp = (x: Recorded): Recorded => this.step(5, x.step, 0, Math.exp(x.value));
  readonly log = (x: Recorded): Recorded => this.step(6, x.step, 0, Math.log(x.value));
  readonly sqrt = (x: Recorded): Recorded => this.step(7, x.step, 0, Math.sqrt(x.value));
  readonly sin = (x: Recorded): Recorded => this.step(8, x.step, 0, Math.sin(x.value));
  readonly cos = (x: Recorded): Recorded => this.step(9, x.step, 0, Math.cos(x.value));
  readonly sign = ({ value }: Recorded): number => Math.sign(value);
  readonly near = ({ value }: Recorded): number => value;
}

type Numbers = Readonly<Record<string, Values<number>>>;
type Rows = readonly (readonly number[])[];

/** An evaluation of a model in some arithmetic; the outputs one after another. */
function outputs<N>(architecture: Architecture, numbers: Numbers, X: Rows, arithmetic: Arithmetic<N>): N[] {
  const named = Object.fromEntries(
    Object.entries(numbers).map(([name, { shape, data }]) => [
      name,
      { shape, data: Array.from(data, (x) => arithmetic.of(x)) },
    ]),
  );
  return evaluator(architecture, named, arithmetic)(X.map((token) => token.map((x) => arithmetic.of(x)))).flat();
}

/** Sends a model for the comparison of its 200-bit outputs with enclosures of them. */
async function sendModel(
  program: HighPrecision,
  number: number,
  architecture: Architecture,
  numbers: Numbers,
  X: Rows,
  found: readonly Enclosure[],
): Promise<void> {
  const recording = new Recording();
  const wanted = outputs(architecture, numbers, X, recording).map(({ step }) => step);
  const { code, constants } = recording;
  await program.send(
    Int32Array.of(number, code.length / 3, constants.length, wanted.length),
    Int32Array.from(code),
    Int32Array.from(wanted),
    Float64Array.from(constants),
    Float64Array.from(found.flatMap(({ lo, hi }) => [lo, hi])),
  );
}

/** Patterns of the sequence that have no definition pair by pair, and the one that only some lengths have. */
function undefinedByPairs(tokens: number, random: Random): Pattern {
  const drawn = below(random, 1000);
  switch (below(random, 3)) {
    case 0:
      return { kind: "random", degree: 1 + below(random, tokens), seed: drawn };
    case 1:
      return { kind: "bigbird", block: 1 + below(random, 2), window: 1, globals: [0], random: 1, seed: drawn };
    default:
      return tokens === 4 ? { kind: "axial", rows: 2, columns: 2 } : { kind: "axial", rows: 1, columns: tokens };
  }
}

/** A random architecture made small, without what is not evaluated or not analytic, and with more patterns. */
function small(architecture: Architecture, random: Random): Architecture {
  const { tokens } = architecture;
  const attention = (mixer: Attention): Attention => {
    const { projection, kernel, heads } = mixer;
    return {
      ...mixer,
      kernel: kernel.name === "hard" ? { ...kernel, name: "softmax" } : kernel,
      projection: projection.kind === "nystrom" ? { kind: "linformer", rank: 2, trainable: true } : projection,
      heads: heads
        .slice(0, 2)
        .map((group) =>
          projection.kind === "none" && random.uniform() < 0.2
            ? { ...group, pattern: undefinedByPairs(tokens, random) }
            : group,
        ),
    };
  };
  const layers = architecture.layers.map(({ mixer, feedForward, norm }): Block => ({
    repeat: 1,
    mixer: mixer.kind === "attention" ? attention(mixer) : mixer,
    feedForward: feedForward === null ? null : { ...feedForward, hidden: 1 + below(random, 3) },
    norm,
  }));
  return { ...architecture, width: 2 + below(random, 2), layers };
}

/** Random architectures, all their own. */
function* smallArchitectures(most: number): Generator<Architecture> {
  const random = new Random(seed);
  for (let batch = 0; ; batch++)
    for (const one of fc.sample(everyMechanism(2, most), { seed: seed + batch, numRuns: 500 }))
      yield small(one, random);
}

/** Kinds of patterns, with those inside others. */
const patternKinds = (pattern: Pattern): string[] => [
  pattern.kind,
  ...(pattern.kind === "any" || pattern.kind === "all" ? pattern.patterns : pattern.kind === "not" ? [pattern.pattern] : []).flatMap(patternKinds), // prettier-ignore
];

/** Codes by their name, of which relative ones have two. */
const codeName = (code: { kind: string; offsets?: string; code?: string }): string =>
  [code.kind, code.offsets ?? code.code].filter((word) => word !== undefined).join(" ");

/** The mechanisms of the mixing layers. */
function mixing({ registers, position, layers }: Architecture): string[] {
  return [
    `position ${codeName(position)}`,
    ...(registers > 0 ? ["registers"] : []),
    ...layers.flatMap(({ mixer }) => [
      `residual ${mixer.residual}`,
      ...(mixer.kind === "convolution"
        ? ["convolution"]
        : [
            `kernel ${mixer.kernel.name}`,
            `kernel ${mixer.kernel.name} ${mixer.normalized ? "normalised" : "as it is"}`,
            `projection ${mixer.projection.kind}`,
            ...mixer.heads.flatMap(({ pattern, bias }) => [
              `bias ${codeName(bias)}`,
              ...patternKinds(pattern).map((kind) => `pattern ${kind}`),
            ]),
          ]),
    ]),
  ];
}

const codeNames = ["none", "alibi", "relative signed", "relative unsigned", "t5-buckets", "log-buckets", "pairs"];
const allPatterns = ["full", "causal", "window", "block", "strided", "fixed", "star", "axial", "global", "random", "bigbird", "longformer", "edges", "expression", "any", "all", "not"]; // prettier-ignore
const analyticKernels = kernelNames.filter((name) => name !== "hard");
const everyMixing = [
  ...[...codeNames, "absolute learned", "absolute sinusoidal", "classes", "rotary"].map((name) => `position ${name}`),
  ...codeNames.map((name) => `bias ${name}`),
  ...allPatterns.map((name) => `pattern ${name}`),
  ...analyticKernels.flatMap((name) => ["", " normalised", " as it is"].map((ending) => `kernel ${name}${ending}`)),
  ...["registers", "convolution", "projection none", "projection linformer", "residual true", "residual false"],
];

/** The mechanisms beside the mixers. */
const beside = ({ layers }: Architecture): string[] =>
  layers.flatMap(({ feedForward, norm }) => [
    norm === null ? "no norm" : `norm ${norm.placement} ${norm.kind}`,
    ...(feedForward === null ? ["no feed-forward"] : [`activation ${feedForward.activation}`]),
  ]);
const everythingBeside = [
  ...activationNames.map((name) => `activation ${name}`),
  ...["no norm", "norm pre layer", "norm pre rms", "norm post layer", "norm post rms", "no feed-forward"],
];

class Coverage {
  private readonly counts: Map<string, number>;

  constructor(names: readonly string[]) {
    this.counts = new Map(names.map((name) => [name, 0]));
  }

  add(names: readonly string[]): void {
    for (const name of new Set(names)) {
      const known = this.counts.get(name);
      assert.ok(known !== undefined, name);
      this.counts.set(name, known + 1);
    }
  }

  /** The rarest mechanism in words, after a check that each has been met so often. */
  rarest(least: number): string {
    const [name, times] = [...this.counts].reduce((rarest, one) => (one[1] < rarest[1] ? one : rarest));
    assert.ok(times >= least, `${name}: ${times} models`);
    return `every mechanism in at least ${count(times)} (${name})`;
  }
}

/** The parameters of a built model, of order 0.3, with all bits of float64. */
function builtParameters(architecture: Architecture, random: Random): Numbers {
  const model = build(architecture, { seed: below(random, 1e6), regime: "small" });
  const numbers = Object.fromEntries(
    Object.entries({ ...model.variables, ...model.constants }).map(([name, tensor]) => {
      const data = Float64Array.from(tensor.dataSync(), (x) => x * (1 + 2 ** -24 * random.normal()));
      return [name, { shape: tensor.shape, data }];
    }),
  );
  model.dispose();
  return numbers;
}

const input = ({ tokens }: Architecture, width: number, random: Random): number[][] =>
  Array.from({ length: tokens }, () => Array.from({ length: width }, () => random.normal()));

/** The largest width relative to the largest output, which may be zero. */
function relativeWidth(found: readonly Enclosure[]): number {
  const scale = Math.max(1e-300, ...found.map(({ lo, hi }) => Math.max(Math.abs(lo), Math.abs(hi))));
  return Math.max(...found.map(({ lo, hi }) => hi - lo)) / scale;
}

// ------------------------------------------------------------------------------------------- the verifier's evaluation

/** The kernels that go with rotary codes (docs/specification.md, Positions). */
const turning = ["softmax", "gaussian", "cosine", "sigmoid"];

/** With a kernel that the specification allows beside the position, and a second block that is repeated. */
function eligible(architecture: Architecture): Architecture {
  const layers = architecture.layers.map(({ mixer, ...rest }, l): Block => {
    const block = { ...rest, mixer, repeat: 1 + l };
    if (mixer.kind === "convolution" || architecture.position.kind !== "rotary" || turning.includes(mixer.kernel.name)) return block; // prettier-ignore
    return { ...block, mixer: { ...mixer, kernel: { ...mixer.kernel, name: "softmax" } } };
  });
  return { ...architecture, layers };
}

/** The verifier's model in the terms of the general evaluator: its layer 0 has the first tokenwise map only. */
function asGeneral(architecture: Architecture): { general: Architecture; rename: (name: string) => string } {
  const mixers = architecture.layers.flatMap(({ repeat, mixer }) => new Array<Block["mixer"]>(repeat).fill(mixer));
  const tokenwise: Block["feedForward"] = { hidden: evaluatedWidth, activation: "sigmoid", bias: true, frozen: false, residual: false }; // prettier-ignore
  const passing: Block["mixer"] = { kind: "convolution", offsets: [0], residual: true };
  const layers = [passing, ...mixers].map((mixer, l): Block => ({
    repeat: 1,
    mixer,
    norm: null,
    feedForward: l < mixers.length ? tokenwise : null,
  }));
  const rename = (name: string): string => {
    const [part, l, ...rest] = name.split(".");
    if (part === "tokenwise") return `layers.${l}.feedForward.${rest.join(".")}`;
    return part === "mixer" ? `layers.${Number(l) + 1}.${mixers[Number(l)].kind}.${rest.join(".")}` : name;
  };
  return { general: { ...architecture, width: evaluatedWidth, layers }, rename };
}

// ---------------------------------------------------------------------------------------------------------- the tests

describe("enclosures", () => {
  before(() => start("cpu"));
  afterEach(() => {
    for (const child of running) child.kill();
    running.clear();
  });

  describe("against MPFR at 200 bits", () => {
    before(function () {
      if (python !== undefined) return;
      console.log(
        "      skipped: no Python has gmpy2 (Debian package python3-gmpy2), so there is nothing to compare with",
      );
      this.skip();
    });

    it("a value beside its bounds is found, by less than float64 can tell", async () => {
      const sums = new HighPrecision("operation", "add");
      // 1 + 2^-300 is above 1, and 200 bits round it to 1; 1 + 2 is 3; 0.1 + 0.2 is no float64 number.
      await sums.send(Float64Array.of(1, 2 ** -300, 0.5, 1, 1, 2, 3, 3, 0.1, 0.2, 0.1 + 0.2, 0.1 + 0.2));
      const { checked, outside, examples } = await sums.answer();
      assert.deepEqual([checked, outside, examples[0].place], [3, 2, [1, 2 ** -300]]);

      const models = new HighPrecision("programs");
      const architecture = architectureSchema.parse({ tokens: 2, width: 2, layers: [{ attention: {} }] });
      const random = new Random(seed);
      const numbers = builtParameters(architecture, random);
      const X = input(architecture, 2, random);
      const rounded = outputs(architecture, numbers, X, float64).map((x) => ({ lo: x, hi: x }));
      await sendModel(models, 7, architecture, numbers, X, rounded);
      const answer = await models.answer();
      assert.deepEqual([answer.checked, answer.outside, answer.examples[3].place], [4, 4, [7, 3]]);
    });

    for (const [name, operation] of Object.entries(operations))
      it(`hold ${name} at ${count(evaluations)} random points of random intervals`, () =>
        check(name, evaluations, operation));

    for (const name of plainActivations)
      it(`hold the activation ${name} at ${count(activations)} random points of random intervals`, () =>
        check(name, activations, {
          draw: (random) => [upTo(activationRange(name))(random)],
          apply: activation(name),
          refused: kinked.includes(name) ? 0.12 : 0,
          narrow: [2 ** -38, 2 ** -48],
        }));

    const models = 10_000;
    it(`hold the outputs of ${count(models)} random models of every analytic mechanism`, async () => {
      const program = new HighPrecision("programs");
      const random = new Random(seed);
      const coverage = new Coverage([...everyMixing, ...everythingBeside]);
      const widths: number[] = [];
      let [thrown, values] = [0, 0];
      for (const architecture of smallArchitectures(4)) {
        const numbers = builtParameters(architecture, random);
        const X = input(architecture, architecture.width, random);
        let found: Enclosure[];
        try {
          found = outputs(architecture, numbers, X, enclosures);
        } catch (error) {
          if (!(error instanceof NotEnclosed)) throw error;
          thrown++;
          continue;
        }
        await sendModel(program, widths.length, architecture, numbers, X, found);
        coverage.add([...mixing(architecture), ...beside(architecture)]);
        values += found.length;
        if (widths.push(relativeWidth(found)) === models) break;
      }
      await program.holds(values);
      widths.sort((x, y) => x - y);
      const share = thrown / (models + thrown);
      const [median, most] = [widths[models / 2], widths[models - 1]].map((x) => x.toExponential(1));
      console.log(`      ${count(values)} outputs, ${coverage.rarest(30)}`);
      console.log(`      widths relative to the largest output: median ${median}, largest ${most}; ${count(thrown)} further models have no enclosure (${percent(share)})`); // prettier-ignore
      assert.ok(share < 0.05 && widths[models / 2] < 1e-12 && widths[0.99 * models] < 1e-8);
    });
  });

  it("by the verifier's own evaluation agree with those by the general one, for 400 architectures", async () => {
    const cases = 400;
    const program = python === undefined ? null : new HighPrecision("programs");
    const random = new Random(seed);
    const coverage = new Coverage(everyMixing);
    let [done, thrown, values, widest] = [0, 0, 0, 0];
    for (const plain of smallArchitectures(5)) {
      const architecture = eligible(plain);
      const reading = read(architecture);
      const { general, rename } = asGeneral(architecture);
      const numbers: Record<string, Values<number>> = {
        "layers.0.convolution.taps": { shape: [1], data: [0] },
      };
      const own = new Map<string, { shape: readonly number[]; values: Enclosure[] }>();
      for (const [name, { shape, sign }] of demands(reading)) {
        const data = random.vector(shape.reduce((product, length) => product * length, 1), 0.7); // prettier-ignore
        if (sign !== "any") data.forEach((x, i) => (data[i] = sign === "positive" ? Math.abs(x) : -Math.abs(x)));
        own.set(name, { shape, values: Array.from(data, (x) => enclosures.of(x)) });
        // One number for each head is a column to the general evaluator.
        numbers[rename(name)] = { shape: name.endsWith("sharpness") ? [...shape, 1] : shape, data };
      }
      const X = input(architecture, evaluatedWidth, random);
      let pairs: [Enclosure, Enclosure][];
      try {
        const byVerifier = evaluation(reading, own)(X.map((token) => token.map((x) => enclosures.of(x)))).flat();
        pairs = outputs(general, numbers, X, enclosures).map((one, i) => [byVerifier[i], one]);
        assert.equal(byVerifier.length, pairs.length);
      } catch (error) {
        if (!(error instanceof NotEnclosed)) throw error;
        thrown++;
        continue;
      }
      const rounded = outputs(general, numbers, X, float64);
      const scale = Math.max(1, ...rounded.map(Math.abs));
      const what = () => JSON.stringify(architecture);
      pairs.forEach(([ours, theirs], i) => {
        assert.ok(ours.lo <= theirs.hi && theirs.lo <= ours.hi, `${JSON.stringify([ours, theirs])}: ${what()}`);
        for (const { lo, hi } of [ours, theirs])
          assert.ok(lo - 1e-9 * scale <= rounded[i] && rounded[i] <= hi + 1e-9 * scale, `${rounded[i]} is not in [${lo}, ${hi}]: ${what()}`); // prettier-ignore
      });
      const byVerifier = pairs.map(([ours]) => ours);
      if (program !== null) await sendModel(program, done, general, numbers, X, byVerifier);
      coverage.add(mixing(architecture));
      values += pairs.length;
      widest = Math.max(widest, relativeWidth(byVerifier));
      if (++done === cases) break;
    }
    await program?.holds(values);
    console.log(`      ${count(values)} outputs, ${coverage.rarest(1)}; largest relative width ${widest.toExponential(1)}; ${thrown} further architectures have no enclosure; ${program === null ? "no Python has gmpy2 to compare with" : "all hold the 200-bit values"}`); // prettier-ignore
    assert.ok(thrown < cases / 20 && widest < 1e-8);
  });
});
