/** Graphs of model code as architectures: what every block is, what is read with a note, and what is not understood. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ActivationName } from "../../extension/theory/architecture/schema";
import { architectureInput, codeInput, patternInput } from "../../extension/theory/architecture/input";
import { contains } from "../../extension/theory/patterns/algebra";
import { buildRows } from "../../extension/theory/patterns/build";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { valueAt } from "../../extension/models/code/graph/expressions";
import type { IndexExpression } from "../../extension/models/code/graph/indexExpression";
import { lower, type Lowered } from "../../extension/models/code/graph/lower";
import type { AttentionNode, PairBias, Place, Sequence, StreamNode } from "../../extension/models/code/graph/nodes";
import { assertBounded, processorTime } from "../time";

// ------------------------------------------------------------------------------------------------------------- graphs

const tokens = 16;
const sequence: Sequence = { name: "input", tokens, projected: undefined };
const memory: Sequence = { name: "memory", tokens: 9, projected: undefined };

/** Places are counted, so that each is one node's own. */
let places = 0;
const place = (): Place => ({ from: ++places, to: places + 1 });
const node = <T extends object>(rest: T, of: Sequence = sequence) => ({ place: place(), sequence: of, ...rest });

const input = (of = sequence): StreamNode => node({ op: "input" as const, discrete: true }, of);
const position = (code: "learned" | "sinusoidal" = "learned", classes?: number[]): StreamNode =>
  node({ op: "position" as const, code, classes });
const constant = (): StreamNode => node({ op: "constant" as const });
const linear = (of: StreamNode, { bias = true, width = 32, frozen = false, weights = undefined as object | undefined } = {}): StreamNode => // prettier-ignore
  node({ op: "linear" as const, of, bias, biasPlace: place(), frozen, width, widthLiteral: undefined, weights }, of.sequence); // prettier-ignore
const activation = (of: StreamNode, name: ActivationName | "square" = "gelu"): StreamNode =>
  node({ op: "activation" as const, of, name }, of.sequence);
const norm = (of: StreamNode, kind: "layer" | "rms" = "layer"): StreamNode => node({ op: "norm" as const, of, kind }, of.sequence); // prettier-ignore
const unit = (of: StreamNode): StreamNode => node({ op: "unit" as const, of });
const scale = (of: StreamNode): StreamNode => node({ op: "scale" as const, of });
const rotate = (of: StreamNode): StreamNode => node({ op: "rotate" as const, of });
const part = (of: StreamNode, key: string): StreamNode => node({ op: "part" as const, of, key });
const join = (...parts: StreamNode[]): StreamNode => node({ op: "join" as const, parts });
const add = (left: StreamNode, right: StreamNode): StreamNode => node({ op: "add" as const, left, right });
const multiply = (left: StreamNode, right: StreamNode): StreamNode => node({ op: "multiply" as const, left, right });

const attend = (query: StreamNode, key: StreamNode, value: StreamNode, rest: Partial<AttentionNode> = {}): StreamNode =>
  node({
    op: "attend" as const,
    attention: {
      place: place(),
      query,
      key,
      value,
      heads: 4,
      headsPlace: place(),
      kernel: "softmax" as const,
      degree: 1,
      kernelPlace: place(),
      normalized: true,
      mask: undefined,
      biases: [],
      projection: undefined,
      notes: [],
      ...rest,
    },
  });

const q: IndexExpression = { kind: "coordinate", axis: 1 };
const k: IndexExpression = { kind: "coordinate", axis: 2 };
const on = (
  left: IndexExpression,
  op: "<=" | "-" | ">" | "+" | "*",
  right: IndexExpression | number,
): IndexExpression => ({
  // prettier-ignore
  kind: "binary",
  op,
  left,
  right: typeof right === "number" ? { kind: "number", value: right, literal: undefined } : right,
});
const distance: IndexExpression = { kind: "unary", op: "abs", value: on(q, "-", k) };
const masked = (condition: IndexExpression) => ({ mask: { condition, place: place(), source: { kind: "other" as const } } }); // prettier-ignore
const causal = () => masked(on(k, "<=", q));
const window = (size: number) => masked(on(distance, "<=", size));

const attention = (of: StreamNode, rest: Partial<AttentionNode> = {}): StreamNode =>
  linear(attend(linear(of), linear(of), linear(of), rest));
const network = (of: StreamNode, name: ActivationName = "gelu", bias = true): StreamNode =>
  linear(activation(linear(of, { bias, width: 128 }), name), { bias });

const preNorm = (x: StreamNode, rest: Partial<AttentionNode> = {}): StreamNode => {
  const y = add(x, attention(norm(x), rest));
  return add(y, network(norm(y)));
};
const postNorm = (x: StreamNode): StreamNode => {
  const y = norm(add(attention(x), x));
  return norm(add(network(y), y));
};
const plain = (x: StreamNode, rest: Partial<AttentionNode> = {}): StreamNode => {
  const y = add(x, attention(x, rest));
  return add(y, network(y));
};

const times = (count: number, block: (x: StreamNode, index: number) => StreamNode, x: StreamNode): StreamNode =>
  Array.from({ length: count }).reduce<StreamNode>((below, _, index) => block(below, index), x);

const model = {
  name: "Model",
  place: { from: 0, to: 1 },
  target: { symmetry: null, visibility: null, function: null },
  width: { value: 32, literal: undefined },
};

function read(output: StreamNode): Lowered {
  const lowered = lower(output, model);
  if ("opaque" in lowered) assert.fail(`not understood: ${lowered.opaque.reason}`);
  const again = parseArchitecture(architectureInput(lowered.architecture));
  assert.ok("architecture" in again);
  assert.deepEqual(again.architecture, lowered.architecture);
  return lowered;
}

function reason(output: StreamNode): string {
  const lowered = lower(output, model);
  assert.ok("opaque" in lowered, "understood");
  return lowered.opaque.reason;
}

/** The blocks, in few words. */
const summary = ({ architecture }: Lowered) =>
  architecture.layers.map(({ repeat, mixer, feedForward, norm: own }) => {
    assert.equal(mixer.kind, "attention");
    if (mixer.kind !== "attention") return [];
    const heads = mixer.heads.map(({ count, pattern, bias }) => [count, patternInput(pattern), codeInput(bias)]);
    return [
      repeat,
      heads,
      mixer.residual ? "residual" : "alone",
      feedForward &&
        `${feedForward.activation}${feedForward.bias ? "" : " without bias"}${feedForward.residual ? "" : " alone"}`,
      own && `${own.placement} ${own.kind}`,
    ];
  });

const notes = ({ skipped }: Lowered) => skipped.map(({ affects, message }) => `${affects}: ${message}`);

// -------------------------------------------------------------------------------------------------------------- tests

describe("graphs of model code", () => {
  it("a GPT: blocks with normalisation before, causal, 12 alike", () => {
    const embedded = add(input(), position());
    const lowered = read(linear(norm(times(12, (x) => preNorm(x, causal()), embedded)), { width: 50257 }));
    assert.deepEqual(summary(lowered), [[12, [[4, "causal", "none"]], "residual", "gelu", "pre layer"]]);
    const { architecture } = lowered;
    assert.deepEqual(architecture.position, { kind: "absolute", code: "learned" });
    assert.equal(architecture.target.visibility, "causal");
    assert.deepEqual([architecture.tokens, architecture.width], [16, 32]);
    assert.equal(lowered.blocks[0].length, 12);
    assert.deepEqual(notes(lowered), []);
  });

  it("a BERT: normalisation after, of the embedding too", () => {
    const lowered = read(times(3, postNorm, norm(add(add(input(), position()), constant()))));
    assert.deepEqual(summary(lowered), [[3, [[4, "full", "none"]], "residual", "gelu", "post layer"]]);
    assert.equal(lowered.architecture.target.visibility, null);
    assert.deepEqual(notes(lowered), []);
  });

  it("one block with normalisation after", () => {
    assert.deepEqual(summary(read(postNorm(input()))), [[1, [[4, "full", "none"]], "residual", "gelu", "post layer"]]);
  });

  it("no normalisation but at the end", () => {
    const lowered = read(norm(times(2, (x) => plain(x), input())));
    assert.deepEqual(summary(lowered), [[2, [[4, "full", "none"]], "residual", "gelu", null]]);
    assert.match(notes(lowered)[0], /^certificate: the normalisation before the first or after the last block/);
  });

  it("activations", () => {
    const of = (make: (x: StreamNode) => StreamNode) => {
      const x = add(input(), attention(input()));
      const first = input();
      const y = add(first, attention(first));
      void x;
      return read(add(y, make(y))).architecture.layers[0].feedForward;
    };
    const gatedBy = (name: ActivationName, bias: boolean) => (x: StreamNode) =>
      linear(multiply(activation(linear(x, { bias }), name), linear(x, { bias })), { bias: false });
    assert.equal(of((x) => network(x, "relu"))?.activation, "relu");
    assert.deepEqual([of(gatedBy("silu", false))?.activation, of(gatedBy("silu", false))?.bias], ["swiglu", false]);
    assert.deepEqual([of(gatedBy("gelu", true))?.activation, of(gatedBy("gelu", true))?.bias], ["geglu", true]);
    assert.equal(of(gatedBy("sigmoid", true))?.activation, "sigmoid");
    assert.equal(of((x) => linear(activation(activation(linear(x), "relu"), "square")))?.activation, "relu-squared");
    assert.equal(of((x) => linear(linear(x, { width: 128 })))?.activation, "linear");
    assert.equal(
      of((x) => linear(x)),
      null,
    );
    const swish = (x: StreamNode) => {
      const y = linear(x);
      return linear(multiply(y, activation(y, "sigmoid")));
    };
    assert.equal(of(swish)?.activation, "silu");
    assert.equal(of((x) => network(x, "relu", false))?.bias, false);
    assert.equal(of((x) => linear(activation(linear(x, { frozen: true }), "relu")))?.frozen, true);
    // What the theory asks for is a bias inside; one after the last map does nothing for it.
    assert.equal(of((x) => linear(activation(linear(x), "relu"), { bias: false }))?.bias, true);
  });

  it("places: the mask, the missing bias, the input where there are no positions", () => {
    const x = input();
    const mask = window(2);
    const y = add(x, attention(x, mask));
    const inner = linear(y, { bias: false });
    const hidden = activation(inner, "relu");
    const lowered = read(add(y, linear(hidden, { bias: false })));
    assert.deepEqual(lowered.locate(["layers", 0, "attention", "pattern"]), mask.mask.place);
    assert.deepEqual(lowered.locate(["layers", 0, "attention", "heads", 0, "pattern"]), mask.mask.place);
    assert.ok(inner.op === "linear");
    assert.deepEqual(lowered.locate(["layers", 0, "feedForward", "bias"]), inner.biasPlace);
    assert.deepEqual(lowered.locate(["layers", 0, "feedForward", "activation"]), hidden.place);
    assert.deepEqual(lowered.locate(["position"]), x.place);
    assert.deepEqual(lowered.locate([]), model.place);
    assert.deepEqual(lowered.locate(["nonsense", 3]), model.place);
    const code = position();
    assert.deepEqual(read(plain(add(input(), code))).locate(["position"]), code.place);
    const bare = plain(input());
    const found = read(bare);
    const [[{ attentions }]] = found.blocks;
    assert.deepEqual(found.locate(["layers", 0, "attention", "pattern"]), attentions[0].place);
    assert.deepEqual(found.locate(["layers", 0, "attention", "kernel"]), attentions[0].kernelPlace);
    assert.deepEqual(found.locate(["layers", 0, "attention", "heads"]), attentions[0].headsPlace);
  });

  it("no residual paths", () => {
    const lowered = read(times(2, (x) => network(attention(x)), input()));
    assert.deepEqual(summary(lowered), [[2, [[4, "full", "none"]], "alone", "gelu alone", null]]);
    assert.deepEqual(notes(lowered), []);
    const mixed = read(times(2, (x) => { const y = attention(x); return add(y, network(y)); }, input())); // prettier-ignore
    assert.deepEqual(summary(mixed), [[2, [[4, "full", "none"]], "alone", "gelu", null]]);
  });

  it("no feed-forward networks, and several", () => {
    const none = read(times(2, (x) => add(x, attention(x)), input()));
    assert.deepEqual(summary(none), [[2, [[4, "full", "none"]], "residual", null, null]]);
    const x = input();
    const y = add(x, attention(x));
    const z = add(y, network(y, "relu", false));
    assert.deepEqual(summary(read(add(z, network(z, "tanh")))), [[1, [[4, "full", "none"]], "residual", "tanh", null]]);
    const before = add(x, network(x, "relu"));
    assert.deepEqual(summary(read(add(before, attention(before)))), [
      [1, [[4, "full", "none"]], "residual", null, null],
    ]);
    assert.deepEqual(summary(read(activation(linear(y), "sigmoid"))), [
      [1, [[4, "full", "none"]], "residual", null, null],
    ]);
  });

  it("attention and network side by side", () => {
    const lowered = read(times(3, (x) => { const y = norm(x); return add(add(x, attention(y)), network(y)); }, input())); // prettier-ignore
    assert.deepEqual(summary(lowered), [[3, [[4, "full", "none"]], "residual", "gelu", "pre layer"]]);
    assert.match(notes(lowered)[0], /^certificate: attention and feed-forward network work side by side/);
  });

  it("heads one by one, with masks of their own", () => {
    const x = input();
    const head = (size: number) => attend(linear(x), linear(x), linear(x), { heads: 1, ...window(size) });
    const lowered = read(plain(add(x, linear(join(head(1), head(1), head(3))))));
    assert.deepEqual(summary(lowered)[0], [1, [[2, { window: 1 }, "none"], [1, { window: 3 }, "none"]], "residual", null, null]); // prettier-ignore
    const alone = linear(activation(linear(join(head(1), head(1)))));
    assert.deepEqual(summary(read(alone)), [[1, [[2, { window: 1 }, "none"]], "alone", "gelu alone", null]]);
  });

  it("queries, keys and values as parts of one projection", () => {
    const x = input();
    const all = linear(norm(x), { width: 96 });
    const y = add(x, linear(attend(part(all, "0:32"), part(all, "32:64"), part(all, "64:96"))));
    assert.deepEqual(notes(read(add(y, network(norm(y))))), []);
    const tied = linear(x);
    assert.match(notes(read(add(x, linear(attend(tied, tied, linear(x))))))[0], /share a projection/);
    assert.match(notes(read(add(x, attend(x, x, x))))[0], /no projection that is trained/);
  });

  it("rotary positions", () => {
    const turned = (x: StreamNode) => {
      const y = norm(x, "rms");
      const z = add(x, linear(attend(rotate(linear(y)), rotate(linear(y)), linear(y), causal())));
      return add(z, network(norm(z, "rms"), "silu"));
    };
    const lowered = read(times(2, turned, input()));
    assert.deepEqual(lowered.architecture.position, { kind: "rotary" });
    assert.deepEqual(summary(lowered), [[2, [[4, "causal", "none"]], "residual", "silu", "pre rms"]]);
    const mixed = read(preNorm(turned(input()), causal()));
    assert.deepEqual(codeInput(mixed.architecture.position), "none");
    assert.deepEqual(summary(mixed)[0][1], [[4, "causal", { relative: "signed" }]]);
    assert.match(notes(mixed)[0], /^nothing: rotary positions in some layers only/);
    const x = input();
    assert.match(reason(add(x, linear(attend(rotate(linear(x)), linear(x), linear(x))))), /queries or keys alone/);
    assert.match(reason(add(x, linear(attend(rotate(linear(x)), rotate(linear(x)), rotate(linear(x)))))), /values/);
  });

  it("biases of pairs", () => {
    const offset: PairBias = { kind: "table", index: on(on(k, "-", q), "+", 15), place: place() };
    const everywhere = read(times(2, (x) => plain(x, { biases: [offset] }), input()));
    assert.deepEqual(codeInput(everywhere.architecture.position), { relative: "signed" });
    assert.deepEqual(everywhere.locate(["position"]), offset.place);
    const once = read(plain(plain(input(), { biases: [offset] })));
    assert.deepEqual(once.architecture.layers.map(({ mixer }) => mixer.kind === "attention" && codeInput(mixer.heads[0].bias)), [{ relative: "signed" }, "none"]); // prettier-ignore
    const absolute = read(plain(add(input(), position("sinusoidal")), { biases: [offset] }));
    assert.deepEqual(codeInput(absolute.architecture.position), "sinusoidal");
    const alibi: PairBias = { kind: "fixed", value: on(distance, "*", -0.5), place: place() };
    assert.deepEqual(codeInput(read(plain(input(), { biases: [alibi] })).architecture.position), "alibi");
    const infinite: PairBias = { kind: "fixed", value: { kind: "choose", condition: on(k, ">", q), yes: { kind: "number", value: -Infinity, literal: undefined }, no: on(distance, "*", -0.5) }, place: place() }; // prettier-ignore
    const both = read(plain(input(), { biases: [infinite] }));
    assert.deepEqual([summary(both)[0][1], codeInput(both.architecture.position)], [[[4, "causal", "none"]], "alibi"]);
    const odd: PairBias = { kind: "fixed", value: { kind: "unary", op: "sqrt", value: distance }, place: place() };
    assert.match(reason(plain(input(), { biases: [odd] })), /not a slope/);
  });

  it("normalised queries and keys", () => {
    const x = input();
    const lowered = read(add(x, linear(attend(unit(linear(x)), unit(linear(x)), linear(x)))));
    const { mixer } = lowered.architecture.layers[0];
    assert.equal(mixer.kind === "attention" && mixer.kernel.name, "cosine");
    const y = norm(x);
    const normed = read(add(x, linear(attend(norm(linear(y)), norm(linear(y)), linear(y)))));
    assert.equal(summary(normed)[0][4], "pre layer");
    assert.match(notes(read(add(x, linear(attend(unit(linear(x)), linear(x), linear(x))))))[0], /queries alone/);
  });

  it("attention to another sequence", () => {
    const encoded = linear(input(memory));
    const decoder = (x: StreamNode) => {
      const y = norm(add(x, attention(x, causal())));
      const z = norm(add(y, linear(attend(linear(y), linear(encoded), linear(encoded)))));
      return norm(add(z, network(z)));
    };
    const lowered = read(times(2, decoder, input()));
    assert.deepEqual(summary(lowered), [[2, [[4, "causal", "none"]], "residual", "gelu", "post layer"]]);
    assert.match(notes(lowered)[0], /^nothing: cross-attention/);
    assert.deepEqual(lowered.memories, [encoded]);
    const x = input();
    const latents = attend(linear(input(memory)), linear(x), linear(x));
    assert.match(reason(add(x, linear(attend(linear(x), linear({ ...latents, sequence: memory }), linear(x))))), /computed from these tokens|not made/); // prettier-ignore
  });

  it("learned tokens beside the input's", () => {
    const longer: Sequence = { name: "longer", tokens: 17, projected: undefined };
    const extended: StreamNode = { op: "extend", of: linear(input()), vectors: [0], learned: place(), before: true, place: place(), sequence: longer }; // prettier-ignore
    const there = <T extends StreamNode>(of: T): T => ({ ...of, sequence: longer });
    const x = there(add(extended, there(position())));
    const y = there(add(x, there(linear(there(attend(there(linear(x)), there(linear(x)), there(linear(x))))))));
    const lowered = read(there(add(y, network(y))));
    assert.deepEqual([lowered.architecture.tokens, lowered.architecture.registers], [16, 1]);
    assert.deepEqual(lowered.architecture.position, { kind: "absolute", code: "learned" });
  });

  describe("registers with masks, biases and codes", () => {
    /** A node's sequence is that of what it is made of, as in graphs of real code. */
    const there = <T extends StreamNode>(of: T, own: Sequence): T => ({ ...of, sequence: own });
    /** Learned tokens, as many as numbers, put before or after; those of one number start from one vector. */
    const extend = (of: StreamNode, vectors: number[], before: boolean, learned = place()): StreamNode => {
      const longer = { name: "longer", tokens: of.sequence.tokens + vectors.length, projected: undefined };
      return { op: "extend", of, vectors, learned, before, place: place(), sequence: longer };
    };
    const coded = (of: StreamNode, classes?: number[]) =>
      there(add(of, there(position("learned", classes), of.sequence)), of.sequence);
    const block = (x: StreamNode, rest: Partial<AttentionNode> = {}) => {
      const all = <T extends StreamNode>(of: T) => there(of, x.sequence);
      const y = all(add(x, all(linear(all(attend(all(linear(x)), all(linear(x)), all(linear(x)), rest))))));
      return all(add(y, all(network(y))));
    };
    const few: Sequence = { name: "few", tokens: 3, projected: undefined };
    /** Two equal ones behind the three tokens, then one before all. */
    const extended = (codes = (of: StreamNode) => of) => extend(extend(codes(linear(input(few))), [7, 7], false), [0], true); // prettier-ignore
    /** Tokens, then registers in the order in which they are added. */
    const places = [1, 2, 3, 4, 5, 0];
    const table = (values: number[]): IndexExpression => ({ kind: "table", values, sizes: [6, 6], indices: [q, k] });
    const behind = extend(linear(input(few)), [0, 1, 1], false);
    const conditions: IndexExpression[] = [
      on(k, "<=", q),
      on(distance, "<=", 1),
      on(on(q, "+", k), "<=", 6),
      { kind: "unary", op: "not", value: on(k, "<=", 1) },
      { kind: "binary", op: "or", left: on(k, "<=", 0), right: on(q, "<=", 0) },
    ];

    it("patterns are not taken for those of tokens alone", () => {
      for (const condition of conditions)
        for (const [x, order] of [
          [behind, [0, 1, 2, 3, 4, 5]],
          [extended(), places],
        ] as const) {
          const { mixer } = read(block(x, masked(condition))).architecture.layers[0];
          assert.ok(mixer.kind === "attention");
          const rows = buildRows(mixer.heads[0].pattern, 3, 3);
          for (const [i, query] of order.entries())
            for (const [j, key] of order.entries())
              assert.equal(contains(rows, i, j), valueAt(condition, [0, query, key]) !== 0);
        }
    });

    it("pairs are those of the code, tokens before registers", () =>
      fc.assert(
        fc.property(fc.array(fc.nat(2), { minLength: 36, maxLength: 36 }), (values) => {
          const attended = values.map((value) => Math.min(value, 1));
          const bias: PairBias = { kind: "table", index: table(values), place: place() };
          const { architecture } = read(block(extended(), { ...masked(table(attended)), biases: [bias] }));
          assert.deepEqual([architecture.tokens, architecture.registers], [3, 3]);
          const [{ mixer }] = architecture.layers;
          assert.ok(mixer.kind === "attention");
          const rows = buildRows(mixer.heads[0].pattern, 3, 3);
          const [code] = mixer.heads.map((head) => head.bias);
          const classes = code.kind === "pairs" ? code.classes : places.map(() => places.map(() => 0));
          const seen = new Map<number, number>();
          for (const [i, query] of places.entries())
            for (const [j, key] of places.entries()) {
              const value = values[query * 6 + key];
              assert.equal(contains(rows, i, j), value !== 0);
              seen.set(value, seen.get(value) ?? classes[i][j]);
              assert.equal(classes[i][j], seen.get(value));
            }
          assert.equal(new Set(seen.values()).size, seen.size);
        }),
        { numRuns: 50, seed: 5 },
      ));

    it("equal vectors stay equal but for positions", () => {
      const codes = (of: StreamNode) => read(block(of)).architecture.position;
      const equal = (of = linear(input(few))) => extend(of, [4, 4], false);
      assert.deepEqual(codes(equal()), { kind: "none" });
      assert.deepEqual(codes(equal(coded(linear(input(few))))), { kind: "absolute", code: "learned" });
      assert.deepEqual(codes(extended()), { kind: "classes", classes: [0, 0, 0, 1, 1, 2] });
      assert.deepEqual(codes(extended(coded)), { kind: "classes", classes: [0, 1, 2, 3, 3, 4] });
      assert.deepEqual(codes(coded(extended())), { kind: "classes", classes: [0, 1, 2, 3, 4, 5] });
      assert.deepEqual(codes(coded(extended(), [9, 0, 1, 1, 2, 9])), { kind: "classes", classes: [0, 1, 1, 2, 3, 4] });
      assert.deepEqual(codes(coded(extended(), [0, 0, 0, 0, 5, 5])), { kind: "classes", classes: [0, 0, 0, 1, 1, 2] });
    });

    it("what is of tokens alone in the specification is written pair by pair", () => {
      const offset: PairBias = { kind: "table", index: on(k, "-", q), place: place() };
      const { architecture } = read(block(extended(), { biases: [offset] }));
      assert.equal(architecture.layers[0].mixer.kind === "attention" && architecture.layers[0].mixer.heads[0].bias.kind, "pairs"); // prettier-ignore
      const lowered = read(block(extend(input(few), [0], false), { ...causal() }));
      assert.equal(lowered.architecture.target.visibility, "causal");
      const { mixer } = lowered.architecture.layers[0];
      assert.ok(mixer.kind === "attention");
      assert.deepEqual(mixer.heads[0].pattern.kind, "edges");
      const slope: PairBias = { kind: "fixed", value: on(distance, "*", -0.5), place: place() };
      assert.match(reason(block(extended(), { biases: [slope] })), /fixed biases of pairs together with learned tokens/); // prettier-ignore
      const table = place();
      const twice = extend(extend(input(few), [0], false, table), [0], true, table);
      assert.match(reason(block(twice)), /added twice/);
    });
  });

  it("keys and values projected along the sequence", () => {
    const x = input();
    const projected: Sequence = { name: "projected", tokens: 4, projected: { of: sequence, trainable: true } };
    const shorter = (of: StreamNode): StreamNode => ({ op: "part", of, key: "projected", place: place(), sequence: projected }); // prettier-ignore
    const rest = { projection: { rank: 4, trainable: true } };
    const y = add(x, linear(attend(linear(x), shorter(linear(x)), shorter(linear(x)), rest)));
    const { mixer } = read(add(y, network(y))).architecture.layers[0];
    assert.deepEqual(mixer.kind === "attention" && mixer.projection, { kind: "linformer", rank: 4, trainable: true });
    assert.match(reason(add(y, linear(shorter(y)))), /projection along the sequence outside attention/);
  });

  it("places of single heads' masks", () => {
    const x = input();
    const [near, far] = [window(1), window(3)];
    const head = (rest: Partial<AttentionNode>) => attend(linear(x), linear(x), linear(x), { heads: 1, ...rest });
    const lowered = read(add(x, linear(join(head(near), head(near), head(far)))));
    assert.deepEqual(lowered.locate(["layers", 0, "attention", "heads", 0, "pattern"]), near.mask.place);
    assert.deepEqual(lowered.locate(["layers", 0, "attention", "heads", 1, "pattern"]), far.mask.place);
  });

  it("layers that share their parameters", () => {
    const weights = {};
    const shared = (x: StreamNode) => {
      const y = add(x, attention(x));
      return add(y, linear(activation(linear(y, { weights }))));
    };
    assert.match(notes(read(times(3, shared, input())))[0], /^certificate: layers share their parameters/);
  });

  it("position codes that are added before every layer", () => {
    const code = position();
    const lowered = read(times(3, (x) => plain(add(x, code)), input()));
    assert.deepEqual(codeInput(lowered.architecture.position), "learned");
    assert.match(notes(lowered)[0], /^nothing: position codes are added again/);
    assert.equal(lowered.architecture.layers[0].repeat, 3);
    assert.match(reason(plain(add(plain(input()), position()))), /after the first layer only/);
    const classes = read(
      plain(
        add(
          input(),
          position(
            "learned",
            Array.from({ length: 16 }, (_, t) => t % 2),
          ),
        ),
      ),
    );
    assert.equal(classes.architecture.position.kind, "classes");
  });

  it("scaled and projected residual paths", () => {
    const x = input();
    assert.equal(summary(read(add(scale(x), attention(x))))[0][2], "residual");
    assert.equal(summary(read(add(attention(x), linear(x))))[0][2], "residual");
  });

  it("what is not understood", () => {
    const x = input();
    assert.match(reason(network(x)), /no attention between its tokens/);
    const y = add(x, attention(x));
    const z = add(y, attention(y));
    // A skip connection from the input past a layer.
    assert.match(
      reason(add(add(z, network(z)), multiply(x, z))),
      /not as a residual sum|several|not made from the token/,
    );
    assert.match(reason(add(x, linear(attend(linear(add(x, position())), linear(x), linear(x))))), /positions are added to queries/); // prettier-ignore
    assert.match(reason(add(x, attention(x, masked({ kind: "table", values: [1], sizes: [1], indices: [q] })))), /the attention mask: an index outside/); // prettier-ignore
    assert.match(reason(rotate(plain(x))), /numbers that depend on the position/);
    const strange: StreamNode = node({ op: "tokenwise" as const, name: "a sort", parts: [y] });
    assert.match(reason(add(y, strange)), /a sort/);
  });

  it("a thousand layers", () => {
    const spent = processorTime(() => {
      const deep = read(times(1000, (x) => preNorm(x, causal()), input()));
      assert.equal(deep.architecture.layers[0].repeat, 1000);
    });
    assertBounded(spent, 10_000, "a thousand layers");
  });
});
