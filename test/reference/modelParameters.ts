/**
 * A built model's parameters as those of the reference, so that both evaluate the same function, and derivatives in float64. Written from the names
 * and shapes that docs/builders.md gives, sharing nothing with the builders.
 */
import type { Architecture, Attention, Block, PairCode } from "../../extension/theory/architecture/schema";
import {
  attends,
  evaluate,
  pairClass,
  sinusoid,
  unrolled,
  type BucketVectors,
  type Head,
  type Layer,
  type Matrix,
  type Parameters,
  type Vector,
} from "./float64";

/** A tensor in row-major order. */
export interface Values {
  shape: readonly number[];
  data: Float64Array;
}

/** A model's variables and constants by name. */
export type Named = Readonly<Record<string, Values>>;

/** Rows of the transpose of columns [from, to) of a matrix [inputs, outputs]. */
function columnsOf({ shape, data }: Values, from: number, to: number): Matrix {
  const [inputs, outputs] = shape;
  return Array.from({ length: to - from }, (_, column) =>
    Float64Array.from({ length: inputs }, (__, row) => data[row * outputs + from + column]),
  );
}

const row = ({ shape, data }: Values, index: number): Vector => {
  const length = shape[shape.length - 1];
  return data.slice(index * length, (index + 1) * length);
};

export function referenceParameters(architecture: Architecture, named: Named): Parameters {
  const { tokens: n, registers, width: d, position } = architecture;
  const zero = (): Vector => new Float64Array(d);
  const codes = Array.from({ length: n + registers }, zero);
  if (position.kind === "absolute")
    for (let t = 0; t < n; t++) codes[t] = position.code === "learned" ? row(named.position, t) : sinusoid(t, d);
  else if (position.kind === "classes") {
    const labels = [...new Set(position.classes)].sort((a, b) => a - b);
    position.classes.forEach((label, t) => (codes[t] = row(named.position, labels.indexOf(label))));
  }
  const layers = unrolled(architecture).map((block, i) => layerOf(architecture, block, `layers.${i}`, named));
  return { codes, register: registers > 0 ? named.register.data : zero(), layers };
}

function layerOf(architecture: Architecture, block: Block, name: string, named: Named): Layer {
  const d = architecture.width;
  const zeros = (length: number) => new Float64Array(length);
  const inner = named[`${name}.feedForward.inner`];
  const linear = (part: string): { matrix: Matrix; bias: Vector } => {
    const weight = named[`${name}.feedForward.${part}`];
    if (weight === undefined) return { matrix: [], bias: zeros(0) };
    const outputs = weight.shape[1];
    return {
      matrix: columnsOf(weight, 0, outputs),
      bias: named[`${name}.feedForward.${part}Bias`]?.data ?? zeros(outputs),
    };
  };
  const [first, gate, outer] = [linear("inner"), linear("gate"), linear("outer")];
  const affine = (norm: string) => ({
    gain: named[`${name}.${norm}.gain`]?.data ?? zeros(d),
    shift: named[`${name}.${norm}.shift`]?.data ?? zeros(d),
  });
  if ((block.feedForward === null) !== (inner === undefined)) throw new Error(`${name}: feed-forward parameters`);
  return {
    heads: block.mixer.kind === "attention" ? headsOf(architecture, block.mixer, `${name}.attention`, named) : [],
    taps: named[`${name}.convolution.taps`]?.data ?? zeros(0),
    tokenwise: {
      inner: first.matrix,
      innerBias: first.bias,
      gate: gate.matrix,
      gateBias: gate.bias,
      outer: outer.matrix,
      outerBias: outer.bias,
    },
    norms: [affine("mixerNorm"), affine("feedForwardNorm")],
  };
}

/**
 * A code of pairs with its learned numbers [heads of the group, labels]; ALiBi has none, logarithmic buckets have vectors [heads of the group, labels, head width]
 * for queries and keys.
 */
interface Code {
  code: PairCode;
  table: Values | undefined;
  ofQueries: Values | undefined;
  ofKeys: Values | undefined;
  labels: number[];
}

function headsOf(architecture: Architecture, attention: Attention, name: string, named: Named): Head[] {
  const { tokens: n, registers, width: d, position } = architecture;
  const size = n + registers;
  const value = named[`${name}.value`];
  const output = named[`${name}.output`];
  const total = attention.heads.reduce((sum, group) => sum + group.count, 0);
  const columns = value.shape[1] / total;
  if (columns !== 2 * Math.ceil(d / total / 2)) throw new Error(`${name}: heads of width ${columns}`);
  const everyone = Array.from({ length: size }, (_, token) => token);
  let h = 0;
  return attention.heads.flatMap((group, g) => {
    const keys = everyone.map((q) => everyone.filter((k) => attends(group.pattern, q, k, n, size)));
    const speaks = (code: PairCode, q: number, k: number) =>
      Math.max(q, k) < n || (code.kind === "pairs" && code.classes.length === size);
    const codes = (["position", "bias"] as const).flatMap((role): Code[] => {
      const code = role === "position" ? position : group.bias;
      if (code.kind === "none" || code.kind === "absolute" || code.kind === "classes" || code.kind === "rotary")
        return [];
      const table = named[`${name}.heads.${g}.${role}`];
      const [ofQueries, ofKeys] = ["Query", "Key"].map((end) => named[`${name}.heads.${g}.${role}${end}`]);
      if (code.kind === "alibi") return [{ code, table, ofQueries, ofKeys, labels: [] }];
      const found = keys.flatMap((list, q) => list.filter((k) => speaks(code, q, k)).map((k) => pairClass(code, q, k)));
      const labels = [...new Set(found)].sort((a, b) => a - b);
      return [{ code, table, ofQueries, ofKeys, labels }];
    });
    return Array.from({ length: group.count }, (_, inGroup): Head => {
      const head = h++;
      const [from, to] = [head * columns, (head + 1) * columns];
      const bias = (q: number, k: number): number => {
        let sum = 0;
        for (const { code, table, labels } of codes) {
          if (!speaks(code, q, k) || code.kind === "log-buckets") continue;
          if (code.kind === "alibi") sum -= 2 ** ((-8 * (head + 1)) / total) * Math.abs(q - k);
          else sum += table!.data[inGroup * labels.length + labels.indexOf(pairClass(code, q, k))];
        }
        return sum;
      };
      const vectors = (q: number, k: number): BucketVectors[] =>
        codes.flatMap(({ code, ofQueries, ofKeys, labels }) => {
          if (code.kind !== "log-buckets" || !speaks(code, q, k)) return [];
          const own = inGroup * labels.length + labels.indexOf(pairClass(code, q, k));
          return [{ ofQuery: row(ofQueries!, own), ofKey: row(ofKeys!, own) }];
        });
      const inner = columnsOf(value, from, to);
      const projected = (part: string) =>
        named[`${name}.${part}`] === undefined ? [new Float64Array(d)] : columnsOf(named[`${name}.${part}`], from, to);
      const mixture = (part: string): Matrix => {
        const table = named[`${name}.${part}`];
        if (table === undefined) return [];
        const rank = table.shape[1];
        return Array.from({ length: rank }, (__, r) => row(table, head * rank + r));
      };
      const features = named[`${name}.features`];
      return {
        query: projected("query"),
        key: projected("key"),
        value: Array.from({ length: d }, (__, i) =>
          Float64Array.from({ length: d }, (___, x) =>
            inner.reduce((sum, column, c) => sum + output.data[(from + c) * d + i] * column[x], 0),
          ),
        ),
        keys,
        biases: keys.map((list, q) => list.map((k) => bias(q, k))),
        vectors: keys.map((list, q) => list.map((k) => vectors(q, k))),
        direction:
          named[`${name}.direction`] === undefined ? new Float64Array(0) : row(named[`${name}.direction`], head),
        sharpness: named[`${name}.sharpness`]?.data[head] ?? 0,
        features: features === undefined ? [] : columnsOf(features, 0, features.shape[1]),
        // The uniform kernel reads no keys, so the model has nothing that mixes them; how many there are is all that matters.
        mixKeys: mixture(attention.kernel.name === "uniform" ? "mixValues" : "mixKeys"),
        mixValues: mixture("mixValues"),
      };
    });
  });
}

/** The outputs for samples [batch, tokens, width] in row-major order. */
export function evaluateModel(architecture: Architecture, named: Named, samples: Values): Float64Array {
  const parameters = referenceParameters(architecture, named);
  const { tokens, width } = architecture;
  const outputs = Array.from({ length: samples.shape[0] }, (_, b) => {
    const tokensOf = Array.from({ length: tokens }, (__, t) => row(samples, b * tokens + t));
    return evaluate(architecture, parameters, tokensOf);
  }).flat();
  const result = new Float64Array(samples.data.length);
  outputs.forEach((token, t) => result.set(token, t * width));
  return result;
}

/**
 * The derivative of c.F along a direction of one parameter (or of the samples, by the name `samples`): a central difference in float64, with relative
 * error near 1e-9. The step is small so that it hardly ever crosses a kink of relu.
 * @param weights c, one per output
 */
export function derivative(
  architecture: Architecture,
  named: Named,
  samples: Values,
  weights: Float64Array,
  name: string,
  direction: Float64Array,
): number {
  const at = (step: number): number => {
    const moved = (values: Values): Values => ({
      shape: values.shape,
      data: values.data.map((x, i) => x + step * direction[i]),
    });
    const outputs =
      name === "samples"
        ? evaluateModel(architecture, named, moved(samples))
        : evaluateModel(architecture, { ...named, [name]: moved(named[name]) }, samples);
    return outputs.reduce((sum, output, i) => sum + weights[i] * output, 0);
  };
  const step = 1e-6;
  return (at(step) - at(-step)) / (2 * step);
}
