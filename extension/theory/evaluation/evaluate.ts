/**
 * A model evaluated token by token from its definition, in any arithmetic: slow, exact where the arithmetic is, and without TensorFlow.js. What the parameters
 * are called and mean is in docs/builders.md.
 */
import type {
  ActivationName,
  Architecture,
  Attention,
  Bias,
  Block,
  FeedForward,
  HeadGroup,
  Norm,
  PairCode,
  Position,
} from "../architecture/schema";
import { runsOf } from "../patterns/algebra";
import { buildRows } from "../patterns/build";
import { codeLabels } from "../views/labels";
import type { Arithmetic } from "./arithmetic";

/** A parameter in row-major order. */
export interface Values<N> {
  shape: readonly number[];
  data: ArrayLike<N>;
}

/** All variables and constants of a model by name. */
export type Named<N> = Readonly<Record<string, Values<N> | undefined>>;

type Vector<N> = readonly N[];
/** Rows. */
type Matrix<N> = readonly Vector<N>[];

/** The evaluation lacks a mechanism; the message, a clause, says which. */
export class NotEvaluated extends Error {
  override readonly name = "NotEvaluated";
}

/** Evaluates a model of the architecture at these parameters. @throws NotEvaluated for a Nystrom projection */
export function evaluator<N>(
  architecture: Architecture,
  named: Named<N>,
  arithmetic: Arithmetic<N>,
): (X: Matrix<N>) => Vector<N>[] {
  return new Evaluation(architecture, named, arithmetic).outputs();
}

class Evaluation<N> {
  private readonly size: number;
  private readonly zero: N;
  private readonly one: N;

  constructor(
    private readonly architecture: Architecture,
    private readonly named: Named<N>,
    private readonly a: Arithmetic<N>,
  ) {
    this.size = architecture.tokens + architecture.registers;
    this.zero = a.of(0);
    this.one = a.of(1);
  }

  outputs(): (X: Matrix<N>) => Vector<N>[] {
    const { layers, tokens } = this.architecture;
    const start = this.start();
    const maps = layers
      .flatMap((block) => new Array<Block>(block.repeat).fill(block))
      .map((block, i) => this.layer(block, `layers.${i}`));
    return (X) => maps.reduce((state, map) => map(state), start(X)).slice(0, tokens);
  }

  // -------------------------------------------------------------------------------------------------------- vectors

  private readonly plus = (x: Vector<N>, y: Vector<N>): Vector<N> => x.map((value, i) => this.a.add(value, y[i]));

  private dot(x: Vector<N>, y: Vector<N>): N {
    const { a } = this;
    let sum = this.zero;
    for (let i = 0; i < x.length; i++) sum = a.add(sum, a.mul(x[i], y[i]));
    return sum;
  }

  private sum(x: Vector<N>): N {
    return x.reduce((total, value) => this.a.add(total, value), this.zero);
  }

  /** The sum of weights[j] vectors[j], in R^d. */
  private combine(weights: Vector<N>, vectors: Matrix<N>, d: number): Vector<N> {
    const { a } = this;
    const result = new Array<N>(d).fill(this.zero);
    for (let j = 0; j < vectors.length; j++)
      for (let i = 0; i < d; i++) result[i] = a.add(result[i], a.mul(weights[j], vectors[j][i]));
    return result;
  }

  /** x W for W [inputs, outputs], of whose columns those from `from` on. */
  private times(x: Vector<N>, { shape, data }: Values<N>, from = 0, count = shape[1] - from): Vector<N> {
    const { a } = this;
    const result = new Array<N>(count).fill(this.zero);
    for (let row = 0; row < shape[0]; row++)
      for (let column = 0; column < count; column++)
        result[column] = a.add(result[column], a.mul(x[row], data[row * shape[1] + from + column]));
    return result;
  }

  private parameter(name: string): Values<N> {
    const found = this.named[name];
    if (found === undefined) throw new RangeError(`the parameters have no ${name}`);
    return found;
  }

  /** A vector along the last axis. */
  private row({ shape, data }: Values<N>, index: number): Vector<N> {
    const length = shape[shape.length - 1];
    return Array.from({ length }, (_, i) => data[index * length + i]);
  }

  private sigmoid(x: N): N {
    const { a, one, zero } = this;
    return a.div(one, a.add(one, a.exp(a.sub(zero, x))));
  }

  /** base^exponent for a positive base. */
  private power(base: number, exponent: N): N {
    const { a } = this;
    return a.exp(a.mul(exponent, a.log(a.of(base))));
  }

  // --------------------------------------------------------------------------------------------------------- tokens

  private start(): (X: Matrix<N>) => Vector<N>[] {
    const { tokens, registers, width, position } = this.architecture;
    const none: Vector<N> = new Array<N>(width).fill(this.zero);
    let codes: Vector<N>[] = new Array<Vector<N>>(this.size).fill(none);
    if (position.kind === "absolute")
      codes = codes.map((code, t) =>
        t >= tokens
          ? code
          : position.code === "learned"
            ? this.row(this.parameter("position"), t)
            : this.sinusoid(t, width),
      );
    else if (position.kind === "classes") {
      const labels = [...new Set(position.classes)].sort((x, y) => x - y);
      position.classes.forEach((label, t) => {
        codes[t] = this.row(this.parameter("position"), labels.indexOf(label));
      });
    }
    const register = registers > 0 ? this.row(this.parameter("register"), 0) : none;
    return (X) => codes.map((code, t) => this.plus(code, t < tokens ? X[t] : register));
  }

  /** The angle t 10000^(-2i / length) of token t and the pair of coordinates 2i, 2i + 1. */
  private angle(t: number, pair: number, length: number): N {
    const { a } = this;
    return a.mul(a.of(t), this.power(10_000, a.div(a.of(-2 * pair), a.of(length))));
  }

  /** 1706.03762, section 3.5. */
  private sinusoid(t: number, d: number): Vector<N> {
    const { a } = this;
    return Array.from({ length: d }, (_, i) => {
      const angle = this.angle(t, i >> 1, d);
      return i % 2 === 0 ? a.sin(angle) : a.cos(angle);
    });
  }

  /** Rotary positions (2104.09864). */
  private rotated(x: Vector<N>, t: number): Vector<N> {
    const { a } = this;
    const turned = [...x];
    for (let i = 0; i + 1 < x.length; i += 2) {
      const angle = this.angle(t, i >> 1, x.length);
      const [cos, sin] = [a.cos(angle), a.sin(angle)];
      turned[i] = a.sub(a.mul(cos, x[i]), a.mul(sin, x[i + 1]));
      turned[i + 1] = a.add(a.mul(sin, x[i]), a.mul(cos, x[i + 1]));
    }
    return turned;
  }

  // --------------------------------------------------------------------------------------------------------- layers

  private layer({ mixer, feedForward, norm }: Block, name: string): (state: Vector<N>[]) => Vector<N>[] {
    const mix =
      mixer.kind === "attention"
        ? this.attention(mixer, `${name}.attention`)
        : this.convolution(mixer.offsets, this.row(this.parameter(`${name}.convolution.taps`), 0));
    const first = this.sublayer(mix, norm, mixer.residual, `${name}.mixerNorm`);
    if (feedForward === null) return first;
    const tokenwise = this.feedForward(feedForward, `${name}.feedForward`);
    const second = this.sublayer((state) => state.map(tokenwise), norm, feedForward.residual, `${name}.feedForwardNorm`); // prettier-ignore
    return (state) => second(first(state));
  }

  private sublayer(
    map: (state: Vector<N>[]) => Vector<N>[],
    norm: Norm | null,
    residual: boolean,
    name: string,
  ): (state: Vector<N>[]) => Vector<N>[] {
    const normed = norm === null ? null : this.normalisation(norm, name);
    return (state) => {
      const images = map(norm?.placement === "pre" ? state.map(normed!) : state);
      const sums = residual ? images.map((image, t) => this.plus(state[t], image)) : images;
      return norm?.placement === "post" ? sums.map(normed!) : sums;
    };
  }

  private normalisation({ kind }: Norm, name: string): (token: Vector<N>) => Vector<N> {
    const { a } = this;
    const gain = this.row(this.parameter(`${name}.gain`), 0);
    const shift = kind === "layer" ? this.row(this.parameter(`${name}.shift`), 0) : null;
    return (token) => {
      const length = a.of(token.length);
      const mean = shift === null ? this.zero : a.div(this.sum(token), length);
      const centred = token.map((x) => a.sub(x, mean));
      const variance = a.div(this.dot(centred, centred), length);
      const deviation = a.sqrt(a.add(variance, a.of(1e-5)));
      return centred.map((x, i) => {
        const scaled = a.mul(a.div(x, deviation), gain[i]);
        return shift === null ? scaled : a.add(scaled, shift[i]);
      });
    };
  }

  /** Token t reads the tokens (t + offset) mod n; registers are not on the circle. */
  private convolution(offsets: readonly number[], taps: Vector<N>): (state: Vector<N>[]) => Vector<N>[] {
    const { tokens: n, width } = this.architecture;
    const none: Vector<N> = new Array<N>(width).fill(this.zero);
    return (state) =>
      state.map((_, t) => {
        if (t >= n) return none;
        const read = offsets.map((offset) => state[(((t + offset) % n) + n) % n]);
        return this.combine(taps, read, width);
      });
  }

  private feedForward(spec: FeedForward, name: string): (token: Vector<N>) => Vector<N> {
    const { a } = this;
    const linear = (part: string) => {
      const weight = this.parameter(`${name}.${part}`);
      const bias = spec.bias ? this.row(this.parameter(`${name}.${part}Bias`), 0) : null;
      return (x: Vector<N>) => {
        const product = this.times(x, weight);
        return bias === null ? product : this.plus(product, bias);
      };
    };
    const gated = spec.activation === "swiglu" || spec.activation === "geglu";
    const inner = linear("inner");
    const gate = gated ? linear("gate") : null;
    const outer = linear("outer");
    return (token) => {
      const activated = inner(token).map((x) => this.activation(spec.activation, x));
      const factors = gate?.(token);
      return outer(factors === undefined ? activated : activated.map((x, i) => a.mul(x, factors[i])));
    };
  }

  private activation(name: ActivationName, x: N): N {
    const { a, one, zero } = this;
    const positive = () => a.sign(x) > 0;
    const times = (factor: number) => a.mul(a.of(factor), x);
    switch (name) {
      case "linear":
        return x;
      case "relu":
        return positive() ? x : zero;
      case "relu-squared":
        return positive() ? a.mul(x, x) : zero;
      case "leaky-relu":
        return positive() ? x : times(0.01);
      case "elu":
        return positive() ? x : a.sub(a.exp(x), one);
      case "sigmoid":
        return this.sigmoid(x);
      case "tanh":
        return a.sub(a.mul(a.of(2), this.sigmoid(times(2))), one);
      case "softplus":
        // log(1 + e^x) = x + log(1 + e^-x), whichever exponential is small.
        return a.near(x) > 0 ? a.add(x, a.log(a.add(one, a.exp(a.sub(zero, x))))) : a.log(a.add(one, a.exp(x)));
      case "silu":
      case "swiglu":
        return a.mul(x, this.sigmoid(x));
      case "gelu":
      case "geglu": {
        // The tanh form (1606.08415, section 2): x sigma(2u) with u = sqrt(2 / pi) (x + 0.044715 x^3).
        const cubic = a.add(one, a.mul(a.of(0.044715), a.mul(x, x)));
        return a.mul(x, this.sigmoid(a.mul(times(2 * Math.sqrt(2 / Math.PI)), cubic)));
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------ attention

  private attention(spec: Attention, name: string): (state: Vector<N>[]) => Vector<N>[] {
    if (spec.projection.kind === "nystrom") throw new NotEvaluated("a Nystrom projection");
    const { position } = this.architecture;
    const heads = spec.heads.reduce((sum, { count }) => sum + count, 0);
    const value = this.parameter(`${name}.value`);
    const output = this.parameter(`${name}.output`);
    const columns = value.shape[1] / heads;
    const reads = spec.kernel.name !== "uniform";
    const maps = spec.heads.flatMap((group, index) => {
      const first = spec.heads.slice(0, index).reduce((sum, { count }) => sum + count, 0);
      const keysOf = this.keys(group);
      return Array.from({ length: group.count }, (_, inGroup) => {
        const head = first + inGroup;
        const at = head * columns;
        const weigh = this.weights(spec, head, name);
        const pair = this.pairs(group, index, inGroup, head, heads, name, keysOf);
        const mixed = this.mixtures(spec, head, name);
        return (state: Vector<N>[]): Vector<N>[] => {
          const part = (which: string) => state.map((x) => this.times(x, this.parameter(`${name}.${which}`), at, columns)); // prettier-ignore
          const values = part("value");
          const [plainQueries, plainKeys] = reads ? [part("query"), part("key")] : [values, values];
          const place = (x: Vector<N>, t: number) => (position.kind === "rotary" && reads ? this.rotated(x, t) : x);
          const queries = plainQueries.map(place);
          let keys = plainKeys.map(place);
          let ofKeys = values;
          if (mixed !== null) {
            keys = mixed.keys.map((row) => this.combine(row, keys, columns));
            ofKeys = mixed.values.map((row) => this.combine(row, values, columns));
          }
          return queries.map((q, t) => {
            const list = mixed === null ? keysOf[t] : keys.map((_, k) => k);
            if (list.length === 0) return new Array<N>(columns).fill(this.zero);
            const weights = weigh(
              q,
              list.map((k) => keys[k]),
              mixed === null ? list.map((k) => pair(t, k, plainQueries[t], plainKeys[k])) : null,
            );
            return this.combine(weights, list.map((k) => ofKeys[k]), columns); // prettier-ignore
          });
        };
      });
    });
    return (state) => {
      const perHead = maps.map((map) => map(state));
      return state.map((_, t) => {
        const joined = perHead.flatMap((tokens) => tokens[t]);
        return this.times(joined, output);
      });
    };
  }

  /** For every query the keys that it attends to. */
  private keys(group: HeadGroup): number[][] {
    const { tokens, registers } = this.architecture;
    const rows = buildRows(group.pattern, tokens, registers);
    return Array.from({ length: this.size }, (_, q) => {
      const runs = runsOf(rows, q);
      const keys: number[] = [];
      for (let i = 0; i < runs.length; i += 2) for (let k = runs[i]; k < runs[i + 1]; k++) keys.push(k);
      return keys;
    });
  }

  /** Linformer's mixtures along the sequence; the uniform kernel reads no keys. */
  private mixtures(
    { projection, kernel }: Attention,
    head: number,
    name: string,
  ): { keys: Matrix<N>; values: Matrix<N> } | null {
    if (projection.kind !== "linformer") return null;
    const { rank } = projection;
    const rows = (part: string) =>
      Array.from({ length: rank }, (_, r) => this.row(this.parameter(`${name}.${part}`), head * rank + r));
    const values = rows("mixValues");
    return { values, keys: kernel.name === "uniform" ? values : rows("mixKeys") };
  }

  /** What attention knows of a pair: a bias, and a term of the score. */
  private pairs(
    group: HeadGroup,
    index: number,
    inGroup: number,
    head: number,
    heads: number,
    name: string,
    keysOf: readonly number[][],
  ): (q: number, k: number, query: Vector<N>, key: Vector<N>) => { bias: N; term: N } {
    const { a } = this;
    const { tokens, position } = this.architecture;
    const roles = [["position", position], ["bias", group.bias]] as const; // prettier-ignore
    const codes = roles.flatMap(([role, code]): PairTerm[] => {
      if (!isPairCode(code)) return [];
      const covered = code.kind === "pairs" ? code.classes.length : tokens;
      const speaks = (q: number, k: number) => q < covered && k < covered;
      if (code.kind === "alibi") return [{ kind: "alibi", speaks }];
      const labels = codeLabels(code, tokens);
      const found = new Set<number>();
      keysOf.forEach((keys, q) => keys.forEach((k) => speaks(q, k) && found.add(labels.learned(q, k))));
      const classes = [...found].sort((x, y) => x - y);
      const rank = (q: number, k: number) => inGroup * classes.length + classes.indexOf(labels.learned(q, k));
      const kind = code.kind === "log-buckets" ? "products" : "learned";
      return [{ kind, speaks, rank, own: `${name}.heads.${index}.${role}` }];
    });
    return (q, k, query, key) => {
      let bias = this.zero;
      let term = this.zero;
      for (const code of codes) {
        if (!code.speaks(q, k)) continue;
        if (code.kind === "alibi") {
          // 2108.12409, section 3.
          const slope = this.power(2, a.div(a.of(-8 * (head + 1)), a.of(heads)));
          bias = a.sub(bias, a.mul(slope, a.of(Math.abs(q - k))));
        } else if (code.kind === "learned") {
          bias = a.add(bias, this.parameter(code.own).data[code.rank(q, k)]);
        } else {
          const vector = (end: string) => this.row(this.parameter(code.own + end), code.rank(q, k));
          term = a.add(term, a.add(this.dot(query, vector("Query")), this.dot(key, vector("Key"))));
        }
      }
      return { bias, term };
    };
  }

  /** The weights of one query over its keys; `pairs` is null where no pair has a code. */
  private weights(
    { kernel: { name: kind, degree }, normalized }: Attention,
    head: number,
    name: string,
  ): (q: Vector<N>, keys: Matrix<N>, pairs: readonly { bias: N; term: N }[] | null) => Vector<N> {
    const { a, zero, one } = this;
    const score = this.score(kind, head, name);
    const features = this.features(kind, name);
    return (q, keys, pairs) => {
      const bias = (j: number) => pairs?.[j].bias ?? zero;
      const withTerm = (j: number) => (pairs === null ? score!(q, keys[j]) : a.add(score!(q, keys[j]), pairs[j].term));
      let weights: Vector<N>;
      if (kind === "hard") {
        const scores = keys.map((_, j) => a.add(withTerm(j), bias(j)));
        const best = scores.reduce((most, x) => (a.sign(a.sub(x, most)) > 0 ? x : most));
        weights = scores.map((x) => (a.sign(a.sub(x, best)) === 0 ? one : zero));
      } else if (kind === "sigmoid") {
        weights = keys.map((_, j) => this.sigmoid(a.add(withTerm(j), bias(j))));
      } else if (features !== null) {
        const own = features(q);
        weights = keys.map((k, j) => a.mul(this.dot(own, features(k)), a.exp(bias(j))));
      } else if (kind === "polynomial") {
        weights = keys.map((_, j) => {
          let power = one;
          for (let i = 0; i < degree; i++) power = a.mul(power, withTerm(j));
          return a.mul(power, a.exp(bias(j)));
        });
      } else if (kind === "uniform") {
        weights = keys.map((_, j) => a.exp(bias(j)));
      } else {
        const exponents = keys.map((_, j) => a.add(withTerm(j), bias(j)));
        // A common factor of a normalised row; it keeps the exponentials in range.
        const shift = normalized ? a.of(Math.max(...exponents.map((x) => a.near(x)))) : zero;
        weights = exponents.map((x) => a.exp(a.sub(x, shift)));
      }
      if (!normalized && kind !== "hard") return weights;
      const total = this.sum(weights);
      return weights.map((weight) => a.div(weight, total));
    };
  }

  /** The score of a query and a key, where the kernel is a function of one. */
  private score(
    kind: Attention["kernel"]["name"],
    head: number,
    name: string,
  ): ((q: Vector<N>, k: Vector<N>) => N) | null {
    const { a } = this;
    switch (kind) {
      case "softmax":
      case "polynomial":
      case "sigmoid":
      case "hard":
        return (q, k) => this.dot(q, k);
      case "gaussian":
        return (q, k) => {
          const difference = q.map((x, i) => a.sub(x, k[i]));
          return a.mul(a.of(-0.5), this.dot(difference, difference));
        };
      case "exponential-additive": {
        const direction = this.row(this.parameter(`${name}.direction`), head);
        return (q, k) => a.add(this.dot(direction, q), this.dot(direction, k));
      }
      case "cosine": {
        const [sharpness] = this.row(this.parameter(`${name}.sharpness`), head);
        return (q, k) => a.div(a.mul(sharpness, this.dot(q, k)), a.mul(a.sqrt(this.dot(q, q)), a.sqrt(this.dot(k, k))));
      }
      case "performer":
      case "linear-elu":
      case "linear-relu":
      case "uniform":
        return null;
    }
  }

  /** The features whose inner product the kernel is, where it is one. */
  private features(kind: Attention["kernel"]["name"], name: string): ((x: Vector<N>) => Vector<N>) | null {
    const { a, one, zero } = this;
    switch (kind) {
      case "linear-elu":
        return (x) => x.map((value) => (a.sign(value) > 0 ? a.add(value, one) : a.exp(value)));
      case "linear-relu":
        return (x) => x.map((value) => a.add(a.sign(value) > 0 ? value : zero, a.of(1e-3)));
      case "performer": {
        // Positive random features (2009.14794, Lemma 1).
        const directions = this.parameter(`${name}.features`);
        const root = a.sqrt(a.of(directions.shape[1]));
        return (x) => {
          const half = a.mul(a.of(0.5), this.dot(x, x));
          return this.times(x, directions).map((projection) => a.div(a.exp(a.sub(projection, half)), root));
        };
      }
      default:
        return null;
    }
  }
}

/** A code of pairs, as far as the evaluation needs it: of which pairs it speaks, and where their class is in its parameters. */
type PairTerm =
  | { kind: "alibi"; speaks: (q: number, k: number) => boolean }
  | {
      kind: "learned" | "products";
      speaks: (q: number, k: number) => boolean;
      rank: (q: number, k: number) => number;
      own: string;
    };

const isPairCode = (code: Position | Bias): code is PairCode =>
  code.kind !== "none" && code.kind !== "absolute" && code.kind !== "classes" && code.kind !== "rotary";
