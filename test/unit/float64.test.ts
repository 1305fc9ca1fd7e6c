/** The numerical reference against facts known without it. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  architectureSchema,
  kernelNames,
  type Architecture,
  type ArchitectureInput,
  type PairCode,
} from "../../extension/theory/architecture/schema";
import { codeLabels } from "../../extension/theory/views/labels";
import { Coincidences, noGaps, permutations, permuted, type Word } from "../reference/coincidences";
import { attends, drawParameters, evaluate, type Vector } from "../reference/float64";
import { Random } from "../reference/random";

const architecture = (input: ArchitectureInput): Architecture => architectureSchema.parse(input);
const identity = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The order of G = {pi : F_pi(s)(pi X) = F_s(X) for all s}, by trying all n! permutations. */
function groupOrder(model: Architecture): number {
  const all = permutations(model.tokens);
  const words = all.map((pi) => permuted(pi, identity(model.tokens)));
  const coincidences = new Coincidences(model, words, 1, noGaps());
  return all.filter((pi, w) => pi.every((image, s) => coincidences.same(0, s, w, image))).length;
}

function sameOnWords(model: Architecture, first: Word, s: number, second: Word, t: number): boolean {
  return new Coincidences(model, [first, second], 1, noGaps()).same(0, s, 1, t);
}

describe("the float64 reference", () => {
  it("draws normals with mean 0 and variance 1", () => {
    const random = new Random(5);
    const sample = Array.from({ length: 100_000 }, () => random.normal());
    const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sample.length;
    assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03, `${mean} ${variance}`);
  });

  it("permutes as (pi X)_pi(i) = X_i, over all of S_n", () => {
    assert.deepEqual(permuted([1, 2, 0], ["a", "b", "c"]), ["c", "a", "b"]);
    const all = permutations(4).map(String);
    assert.equal(new Set(all).size, 24);
    assert.equal(all[0], "0,1,2,3");
  });

  it("evaluates one uniform layer as the mean, worked out by hand", () => {
    const model = architecture({
      tokens: 2,
      width: 2,
      layers: [{ attention: { kernel: "uniform", residual: false }, feedForward: "none" }],
    });
    const parameters = drawParameters(model, new Random(1), 1);
    parameters.layers[0].heads[0].value = [Float64Array.of(1, 2), Float64Array.of(0, -1)];
    const outputs = evaluate(model, parameters, [Float64Array.of(1, 0), Float64Array.of(3, 4)]);
    assert.deepEqual(
      outputs.map((output) => [...output]),
      [
        [6, -2],
        [6, -2],
      ],
    );
  });

  it("evaluates one softmax row with ALiBi, worked out by hand", () => {
    const model = architecture({
      tokens: 2,
      width: 1,
      position: "alibi",
      layers: [{ attention: { pattern: "full" }, feedForward: "none" }],
    });
    const parameters = drawParameters(model, new Random(1), 1);
    Object.assign(parameters.layers[0].heads[0], { query: [[2]], key: [[0.5]], value: [[3]] });
    const [first] = evaluate(model, parameters, [Float64Array.of(0.3), Float64Array.of(-0.7)]);
    const weights = [Math.exp(0.6 * 0.15), Math.exp(0.6 * -0.35 - 2 ** -8)];
    const expected = 0.3 + (weights[0] * 0.9 + weights[1] * -2.1) / (weights[0] + weights[1]);
    assert.ok(Math.abs(first[0] - expected) < 1e-15);
  });

  it("evaluates one softmax row with logarithmic buckets, worked out by hand", () => {
    const layers = [{ attention: { kernel: "softmax" as const }, feedForward: "none" as const }];
    const model = (position: ArchitectureInput["position"]) => architecture({ tokens: 2, width: 2, position, layers });
    const buckets = model({ "log-buckets": { buckets: 2, maxDistance: 4 } });
    const parameters = drawParameters(buckets, new Random(1), 1);
    const own = { ofQuery: Float64Array.of(0.5, 0), ofKey: Float64Array.of(0, 1) };
    const next = { ofQuery: Float64Array.of(0, 2), ofKey: Float64Array.of(-1, 0) };
    const unit = [Float64Array.of(1, 0), Float64Array.of(0, 1)];
    const vectors = [[[own], [next]], [[next], [own]]]; // prettier-ignore
    Object.assign(parameters.layers[0].heads[0], { query: unit, key: unit, value: unit, vectors });
    const [x, y] = [Float64Array.of(0.3, -0.2), Float64Array.of(0.1, 0.4)];
    const [first] = evaluate(buckets, parameters, [x, y]);
    // q.k + q.R + k.S of (0, 0), then of (0, 1).
    const weights = [Math.exp(0.13 + 0.15 - 0.2), Math.exp(-0.05 - 0.4 - 0.1)];
    first.forEach((value, i) => {
      const expected = x[i] + (weights[0] * x[i] + weights[1] * y[i]) / (weights[0] + weights[1]);
      assert.ok(Math.abs(value - expected) < 1e-15);
    });
  });

  it("refuses logarithmic buckets with kernels that have no score", () => {
    for (const kernel of ["performer", "linear-elu", "linear-relu", "uniform"] as const) {
      const layers = [{ attention: { kernel, bias: { "log-buckets": {} } } }];
      assert.throws(() => drawParameters(architecture({ tokens: 3, width: 2, layers }), new Random(1), 1), RangeError);
    }
  });

  for (const kernel of kernelNames)
    it(`${kernel}: full attention without positions is equivariant under S_4 and sees every token`, () => {
      const model = architecture({
        tokens: 4,
        width: 3,
        layers: [{ attention: { kernel, heads: 2 }, feedForward: { activation: "tanh" } }],
      });
      assert.equal(groupOrder(model), 24);
      if (kernel !== "hard") assert.ok(!sameOnWords(model, [0, 1, 2, 3], 0, [0, 1, 2, 4], 0));
    });

  it("an absolute code leaves no symmetry, a rotary one neither, norms and Nystrom leave what they must", () => {
    const layer = { attention: {}, feedForward: {} };
    const order = (input: Omit<ArchitectureInput, "tokens" | "width">) =>
      groupOrder(architecture({ tokens: 4, width: 4, ...input }));
    assert.equal(order({ position: "learned", layers: [layer] }), 1);
    assert.equal(order({ position: "sinusoidal", layers: [layer] }), 1);
    assert.equal(order({ position: "rotary", layers: [layer] }), 1);
    assert.equal(order({ position: { relative: "unsigned" }, layers: [layer] }), 2);
    assert.equal(order({ position: { classes: [0, 0, 0, 1] }, layers: [layer] }), 6);
    assert.equal(order({ layers: [{ ...layer, norm: { placement: "pre", kind: "layer" } }] }), 24);
    assert.equal(order({ layers: [{ ...layer, norm: { placement: "post", kind: "rms" } }] }), 24);
    // Two segments of two tokens: S_2 within each and the exchange of both.
    assert.equal(order({ layers: [{ attention: { projection: { nystrom: { landmarks: 2 } } } }] }), 8);
    assert.equal(order({ layers: [{ attention: { projection: { linformer: { rank: 2 } } } }] }), 1);
    assert.equal(order({ layers: [{ convolution: { taps: 2 } }] }), 4);
    assert.equal(order({ layers: [{ convolution: { taps: [-1, 0, 1] } }] }), 4);
  });

  it("Nystrom with one landmark a token is exact attention", () => {
    const input = { tokens: 4, width: 3 };
    const exact = architecture({ ...input, layers: [{ attention: {} }] });
    const landmarks = architecture({
      ...input,
      layers: [{ attention: { projection: { nystrom: { landmarks: 4 } } } }],
    });
    const X = new Random(8).matrix(4, 3, 1);
    const outputs = [exact, landmarks].map((model) => evaluate(model, drawParameters(model, new Random(9), 1), X));
    const gap = Math.max(...outputs[0].flatMap((y, t) => [...y].map((value, i) => Math.abs(value - outputs[1][t][i]))));
    assert.ok(gap < 1e-6, String(gap));
  });

  it("circular windows have the dihedral group, wide ones more (theory, section 5)", () => {
    const window = (tokens: number, reach: number) =>
      groupOrder(
        architecture({
          tokens,
          width: 3,
          layers: [{ repeat: 2, attention: { pattern: { window: { left: reach, right: reach, circular: true } } } }],
        }),
      );
    assert.equal(window(5, 1), 10);
    assert.equal(window(6, 1), 12);
    assert.equal(window(6, 2), 48);
  });

  it("hop count is not enough in the graph r-a, a-p1..p4, p1-p2, p2-p3 (theory, section 3)", () => {
    const undirected = [[0, 1], [1, 2], [1, 3], [1, 4], [1, 5], [2, 3], [3, 4]]; // prettier-ignore
    const edges = [
      ...identity(6).map((t): [number, number] => [t, t]),
      ...undirected.flatMap(([a, b]): [number, number][] => [
        [a, b],
        [b, a],
      ]),
    ];
    const depth = (repeat: number) =>
      architecture({ tokens: 6, width: 3, layers: [{ repeat, attention: { pattern: { edges } } }] });
    const swapped = [0, 1, 3, 2, 4, 5];
    for (const t of [2, 3, 4, 5]) {
      const word = identity(6).map((letter) => (letter === t ? 6 : letter));
      assert.ok(!sameOnWords(depth(2), identity(6), 0, word, 0), `two layers reach token ${t}`);
    }
    assert.ok(sameOnWords(depth(2), identity(6), 0, swapped, 0), "two layers do not see p1 and p2 exchanged");
    assert.ok(!sameOnWords(depth(3), identity(6), 0, swapped, 0), "three layers do");
    // p1 with p3, and r with p4.
    assert.equal(groupOrder(depth(3)), 4);
  });

  it("one causal layer without positions is blind to the order before a token, two are not", () => {
    const depth = (repeat: number) =>
      architecture({ tokens: 4, width: 3, layers: [{ repeat, attention: { pattern: "causal" } }] });
    assert.ok(sameOnWords(depth(1), [0, 1, 2, 3], 3, [1, 2, 0, 3], 3));
    assert.ok(!sameOnWords(depth(2), [0, 1, 2, 3], 3, [1, 0, 2, 3], 3));
    assert.ok(sameOnWords(depth(2), [0, 1, 2, 3], 1, [0, 1, 3, 2], 1), "no output sees the future");
  });

  it("normalised attention sees proportions, unnormalised attention counts, hard attention sees the support", () => {
    // Query 0 reads two keys, the others three. Of a constant sequence normalised attention makes a constant one.
    const model = (normalized: boolean) =>
      architecture({
        tokens: 3,
        width: 3,
        layers: [{ attention: { normalized, pattern: { not: { edges: [[0, 2]] } } } }],
      });
    assert.ok(sameOnWords(model(true), [0, 0, 0], 0, [0, 0, 0], 1));
    assert.ok(!sameOnWords(model(false), [0, 0, 0], 0, [0, 0, 0], 1));
    assert.ok(!sameOnWords(model(true), [1, 0, 1], 1, [0, 0, 1], 1));
    const hard = architecture({ tokens: 3, width: 3, layers: [{ attention: { kernel: "hard" } }] });
    assert.ok(sameOnWords(hard, [0, 0, 1], 0, [0, 1, 1], 0));
  });

  it("registers make the alternating group exact (theory, section 5)", () => {
    const even = permutations(4).filter((p) => {
      const inversions = identity(4).flatMap((i) => identity(i).filter((j) => p[j] > p[i]));
      return inversions.length % 2 === 0;
    });
    const size = 4 + even.length;
    const classes = identity(size).map(() => new Array<number>(size).fill(4));
    // The pair (register g, token i) has class g^-1(i), read in both directions.
    even.forEach((g, r) => g.forEach((image, i) => (classes[4 + r][image] = classes[image][4 + r] = i)));
    const model = (registers: boolean) =>
      architecture(
        registers
          ? {
              tokens: 4,
              width: 3,
              registers: even.length,
              position: { pairs: classes },
              layers: [{ repeat: 2, attention: {} }],
            }
          : { tokens: 4, width: 3, layers: [{ repeat: 2, attention: {} }] },
      );
    assert.equal(groupOrder(model(false)), 24);
    assert.equal(groupOrder(model(true)), 12);
  });

  it("reads patterns pointwise", () => {
    const row = (input: NonNullable<ArchitectureInput["layers"][number]["attention"]>["pattern"], q: number, n = 8) => {
      const model = architecture({ tokens: n, width: 2, layers: [{ attention: { pattern: input } }] });
      const mixer = model.layers[0].mixer;
      assert.ok(mixer.kind === "attention");
      const { pattern } = mixer.heads[0];
      return identity(n).filter((k) => attends(pattern, q, k, n, n));
    };
    assert.deepEqual(row({ window: 2 }, 0), [0, 1, 2]);
    assert.deepEqual(row({ window: { left: 2, dilation: 2 } }, 5), [1, 3, 5]);
    assert.deepEqual(row({ window: { left: 1, right: 2, circular: true } }, 7), [0, 1, 6, 7]);
    assert.deepEqual(row({ block: { size: 3, shift: 1 } }, 2), [1, 2, 3]);
    assert.deepEqual(row({ block: { size: 3, shift: 1 } }, 0), [0]);
    assert.deepEqual(row({ strided: 3 }, 7), [1, 4, 5, 6, 7]);
    assert.deepEqual(row({ fixed: 3 }, 4), [2, 3, 4, 5]);
    assert.deepEqual(row({ star: 2 }, 0), [2]);
    assert.deepEqual(row({ axial: { rows: 2, columns: 4 } }, 5), [1, 4, 5, 6, 7]);
    assert.deepEqual(row({ global: [1] }, 4), [1]);
    assert.deepEqual(row({ bigbird: { block: 2, random: 0, globals: [-1] } }, 1), [0, 1, 2, 3, 6, 7]);
    assert.deepEqual(row({ longformer: { window: 1, globals: [0] } }, 4), [0, 3, 4, 5]);
    assert.deepEqual(row({ expression: "abs(q - k) == 1 || k == n - 1" }, 3), [2, 4, 7]);
    assert.deepEqual(row({ all: ["causal", { not: { window: 1 } }] }, 4), [0, 1, 2]);
    assert.throws(() => row({ random: { degree: 2, seed: 1 } }, 0), RangeError);
  });

  it("places T5's and DeBERTa's offsets in the buckets of the released code", () => {
    /** Two pairs share a class iff they share what is learned of it, a bias or a vector. */
    const partition = (position: ArchitectureInput["position"]): number[][] => {
      const model = architecture({ tokens: 400, width: 1, position, layers: [{ attention: {} }] });
      const [{ heads }] = drawParameters(model, new Random(3), 1).layers;
      const groups = new Map<number, number[]>();
      // From query 200: the offsets -200 .. 199.
      const [{ biases, vectors }] = heads;
      const learned = biases[200].map((bias, k) => vectors[200][k].at(0)?.ofKey[0] ?? bias);
      learned.forEach((number, k) => groups.set(number, [...(groups.get(number) ?? []), k - 200]));
      return [...groups.values()];
    };
    const t5 = partition({ "t5-buckets": { buckets: 32, maxDistance: 128, bidirectional: true } });
    assert.equal(t5.length, 31, "the bucket of +0 stays empty");
    for (const bucket of [[0], [7], [-7], [8, 9, 10, 11], [12, 13, 14, 15], [-15, -14, -13, -12]])
      assert.ok(
        t5.some((group) => String(group) === String(bucket)),
        String(bucket),
      );
    const causal = partition({ "t5-buckets": { buckets: 32, maxDistance: 128, bidirectional: false } });
    assert.ok(
      causal.some((group) => group[0] === 0 && group.at(-1) === 199),
      "the future shares the bucket of 0",
    );
    const deberta = partition({ "log-buckets": { buckets: 256, maxDistance: 512 } });
    for (const bucket of [[0], [1], [-1], [127], [-127], [128], [-128]])
      assert.ok(
        deberta.some((group) => String(group) === String(bucket)),
        String(bucket),
      );
    // Offsets far beyond the largest distance share the two ends of the table, here and in the theory.
    const short: PairCode = { kind: "log-buckets", buckets: 8, maxDistance: 16 };
    const far = partition({ "log-buckets": { buckets: 8, maxDistance: 16 } });
    const labels = codeLabels(short, 200);
    for (const side of [1, -1]) {
      const end = far.find((group) => group.includes(199 * side))!;
      assert.ok(end.length > 150 && end.length < 190, `${end.length} offsets share an end`);
      for (let distance = 1; distance < 200; distance++) {
        const [query, key] = side > 0 ? [0, distance] : [distance, 0];
        const last = side > 0 ? labels.learned(0, 199) : labels.learned(199, 0);
        assert.equal(labels.learned(query, key) === last, end.includes(side * distance), `offset ${side * distance}`);
      }
    }
  });

  it("keeps every mechanism finite", () => {
    const random = new Random(11);
    for (const kernel of kernelNames)
      for (const activation of ["relu", "swiglu", "geglu", "elu", "leaky-relu", "relu-squared", "linear"] as const) {
        const model = architecture({
          tokens: 5,
          width: 3,
          registers: 2,
          position: "learned",
          layers: [
            {
              repeat: 2,
              attention: { kernel, heads: 2 },
              feedForward: { activation },
              norm: { placement: "pre", kind: "rms" },
            },
          ],
        });
        const X: Vector[] = random.matrix(5, 3, 1);
        const outputs = evaluate(model, drawParameters(model, random, 0.3), X);
        assert.equal(outputs.length, 5);
        assert.ok(
          outputs.every((output) => output.length === 3 && output.every(Number.isFinite)),
          `${kernel} ${activation}`,
        );
      }
  });
});
