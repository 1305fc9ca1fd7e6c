/** Random small architectures for property tests, shrinkable: fewer layers, fewer tokens, plainer mechanisms. */
import fc from "fast-check";
import { activationNames, kernelNames } from "../../extension/theory/architecture/schema";
import type {
  Architecture,
  Attention,
  Bias,
  Block,
  FeedForward,
  HeadGroup,
  KernelName,
  PairCode,
  Pattern,
  Position,
} from "../../extension/theory/architecture/schema";
import { attends } from "./float64";

const grid = (size: number): [number, number][] =>
  Array.from({ length: size * size }, (_, pair) => [Math.floor(pair / size), pair % size]);

/** Pairs, each present or not, with or without the token itself. */
const edges = (size: number): fc.Arbitrary<Pattern> =>
  fc
    .tuple(fc.subarray(grid(size)), fc.boolean())
    .map(([pairs, selves]) => ({ kind: "edges", edges: pairs.filter(([q, k]) => selves || q !== k) }));

/** Patterns of every kind that has a pointwise definition. */
function patterns(tokens: number, registers: number): fc.Arbitrary<Pattern> {
  const size = tokens + registers;
  const token = fc.nat(tokens - 1);
  const anyToken = fc.nat(size - 1);
  const reach = fc.nat(2);
  const structured: fc.Arbitrary<Pattern>[] = [
    fc.constant<Pattern>({ kind: "full" }),
    fc.constant<Pattern>({ kind: "causal" }),
    token.map((centre): Pattern => ({ kind: "star", centre })),
    anyToken.map((t): Pattern => ({ kind: "global", tokens: [t] })),
    edges(size),
    edges(size),
    fc
      .tuple(reach, reach, fc.boolean(), fc.integer({ min: 1, max: 2 }))
      .map(([left, right, circular, dilation]): Pattern => ({ kind: "window", left, right, circular, dilation })),
    fc.tuple(fc.integer({ min: 1, max: 3 }), reach).map(([length, shift]): Pattern => ({
      kind: "block",
      size: length,
      shift: shift % length,
    })),
    fc.integer({ min: 1, max: 3 }).map((stride): Pattern => ({ kind: "strided", stride })),
    fc.integer({ min: 1, max: 3 }).map((stride): Pattern => ({ kind: "fixed", stride, summary: 1 })),
    fc
      .tuple(reach, anyToken)
      .map(([window, t]): Pattern => ({ kind: "longformer", window, globals: [t], dilation: 1 })),
    fc.constantFrom("k <= q", "abs(q - k) <= 1 || k == 0", "(q + k) % 2 == 0", "q != k").map((expression): Pattern => ({
      kind: "expression",
      expression,
    })),
  ];
  const simple = fc.oneof(...structured);
  return fc.oneof(
    { weight: 8, arbitrary: simple },
    { weight: 1, arbitrary: fc.tuple(simple, simple).map((pair): Pattern => ({ kind: "any", patterns: pair })) },
    { weight: 1, arbitrary: fc.tuple(simple, simple).map((pair): Pattern => ({ kind: "all", patterns: pair })) },
    { weight: 1, arbitrary: simple.map((pattern): Pattern => ({ kind: "not", pattern })) },
  );
}

function pairCodes(tokens: number, registers: number): fc.Arbitrary<PairCode> {
  const clip = fc.constantFrom(null, 1, 2);
  const square = (side: number) =>
    fc.array(fc.array(fc.nat(2), { minLength: side, maxLength: side }), { minLength: side, maxLength: side });
  const classes = fc.oneof(
    { weight: 3, arbitrary: square(tokens + registers) },
    { weight: 1, arbitrary: square(tokens) },
  );
  return fc.oneof(
    { weight: 4, arbitrary: classes.map((rows): PairCode => ({ kind: "pairs", classes: rows })) },
    { weight: 2, arbitrary: clip.map((c): PairCode => ({ kind: "relative", offsets: "signed", clip: c })) },
    { weight: 1, arbitrary: clip.map((c): PairCode => ({ kind: "relative", offsets: "unsigned", clip: c })) },
    { weight: 1, arbitrary: fc.constant<PairCode>({ kind: "alibi" }) },
    {
      weight: 1,
      arbitrary: fc.boolean().map((bidirectional): PairCode => ({
        kind: "t5-buckets",
        buckets: bidirectional ? 4 : 3,
        maxDistance: 4,
        bidirectional,
      })),
    },
    // Of the coarser ones, a row without its own token is often in one bucket.
    {
      weight: 3,
      arbitrary: fc.constantFrom([4, 6], [2, 4]).map(([buckets, maxDistance]): PairCode => ({
        kind: "log-buckets",
        buckets,
        maxDistance,
      })),
    },
  );
}

/** Kernels without a score leave logarithmic buckets undefined; the kernel that feels the query through them alone takes their place. */
const beside = (name: KernelName, codes: readonly (Position | Bias)[]): KernelName =>
  codes.some(({ kind }) => kind === "log-buckets") &&
  ["performer", "linear-elu", "linear-relu", "uniform"].includes(name)
    ? "exponential-additive"
    : name;

function positions(tokens: number, registers: number): fc.Arbitrary<Position> {
  const classes = (length: number) =>
    fc
      .array(fc.nat(2), { minLength: length, maxLength: length })
      .map((list): Position => ({ kind: "classes", classes: list }));
  return fc.oneof(
    { weight: 10, arbitrary: fc.constant<Position>({ kind: "none" }) },
    { weight: 3, arbitrary: classes(tokens) },
    { weight: 1, arbitrary: classes(tokens + registers) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("learned" as const, "sinusoidal" as const)
        .map((code): Position => ({ kind: "absolute", code })),
    },
    // The specification gives registers no angle.
    { weight: registers === 0 ? 1 : 0, arbitrary: fc.constant<Position>({ kind: "rotary" }) },
    { weight: 2, arbitrary: pairCodes(tokens, registers) },
  );
}

const feedForwards: fc.Arbitrary<FeedForward> = fc
  .tuple(fc.constantFrom("tanh" as const, "gelu" as const, "silu" as const, "softplus" as const), fc.boolean())
  .map(([activation, residual]) => ({ hidden: null, activation, bias: true, frozen: false, residual }));

/** A normalised row without a key is 0/0; such queries attend to themselves instead. */
function withoutEmptyRows(pattern: Pattern, tokens: number, size: number): Pattern {
  const all = Array.from({ length: size }, (_, t) => t);
  const empty = all.filter((q) => !all.some((k) => attends(pattern, q, k, tokens, size)));
  if (empty.length === 0) return pattern;
  return { kind: "any", patterns: [pattern, { kind: "edges", edges: empty.map((t) => [t, t]) }] };
}

function attentions(tokens: number, registers: number, position: Position): fc.Arbitrary<Attention> {
  const size = tokens + registers;
  // Kernels with features of their own: the theory leaves open what rotary positions do to them.
  const featured = [
    "performer" as const,
    "exponential-additive" as const,
    "uniform" as const,
    "linear-elu" as const,
    "polynomial" as const,
  ];
  const kernels: fc.Arbitrary<KernelName> = fc.oneof(
    { weight: 8, arbitrary: fc.constant("softmax" as const) },
    { weight: 3, arbitrary: fc.constantFrom("gaussian" as const, "cosine" as const, "sigmoid" as const) },
    { weight: position.kind === "rotary" ? 0 : 5, arbitrary: fc.constantFrom(...featured) },
  );
  const bias: fc.Arbitrary<Bias> = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Bias>({ kind: "none" }) },
    { weight: 2, arbitrary: pairCodes(tokens, registers) },
  );
  const group: fc.Arbitrary<HeadGroup> = fc.record({
    count: fc.constant(1),
    pattern: patterns(tokens, registers),
    bias,
  });
  const heads = fc.oneof(
    { weight: 3, arbitrary: group.map((head) => [head]) },
    { weight: 1, arbitrary: group.map((head) => [{ ...head, count: 2 }]) },
    { weight: 2, arbitrary: fc.tuple(group, group) },
  );
  const plain = fc
    .record({
      heads,
      name: kernels,
      degree: fc.integer({ min: 1, max: 3 }),
      normalized: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      residual: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    })
    .map(({ heads, name, degree, normalized, residual }): Attention => ({
      kind: "attention",
      heads: heads.map((head) => ({
        ...head,
        pattern: normalized ? withoutEmptyRows(head.pattern, tokens, size) : head.pattern,
      })),
      // Odd powers have both signs: normalised, their totals come close to zero and magnify rounding.
      kernel: { name: beside(name, [position, ...heads.map(({ bias }) => bias)]), degree: normalized ? 2 : degree },
      normalized,
      projection: { kind: "none" },
      residual,
    }));
  const pairCode = position.kind !== "none" && position.kind !== "absolute" && position.kind !== "classes";
  if (pairCode) return plain;
  const alongSequence = (projection: Attention["projection"], residual: boolean): Attention => ({
    kind: "attention",
    heads: [{ count: 1, pattern: { kind: "full" }, bias: { kind: "none" } }],
    kernel: { name: "softmax", degree: 2 },
    normalized: true,
    projection,
    residual,
  });
  const linformer = fc
    .tuple(fc.integer({ min: 1, max: 2 }), fc.boolean())
    .map(([rank, residual]) => alongSequence({ kind: "linformer", rank, trainable: true }, residual));
  // The pseudo-inverse of more landmarks is too badly conditioned, where tokens have nearly collapsed, to tell identities.
  const nystrom = fc.constant(alongSequence({ kind: "nystrom", landmarks: 1 }, true));
  return fc.oneof(
    { weight: 24, arbitrary: plain },
    { weight: 1, arbitrary: linformer },
    { weight: 1, arbitrary: nystrom },
  );
}

function blocks(tokens: number, registers: number, position: Position): fc.Arbitrary<Block> {
  const convolution = fc
    .tuple(fc.uniqueArray(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([offsets, residual]): Block["mixer"] => ({ kind: "convolution", offsets, residual }));
  const attention: fc.Arbitrary<Block["mixer"]> = attentions(tokens, registers, position);
  return fc.record({
    repeat: fc.constant(1),
    mixer: fc.oneof({ weight: 12, arbitrary: attention }, { weight: 1, arbitrary: convolution }),
    feedForward: feedForwards,
    norm: fc.constant(null),
  });
}

/** Averages without a residual path collapse doubly exponentially with depth (2103.03404): float64 follows two of them, not three. */
function withoutCollapse(blocks: Block[]): Block[] {
  let averages = 0;
  return blocks.map((block) => {
    const { mixer } = block;
    if (mixer.kind === "convolution" || mixer.residual || !mixer.normalized) return block;
    averages += block.repeat;
    return averages <= 2 ? block : { ...block, mixer: { ...mixer, residual: true } };
  });
}

/** Blocks stacked: all their own, or one repeated. At most four layers. */
const stacks = (tokens: number, registers: number, position: Position): fc.Arbitrary<Block[]> => {
  const block = blocks(tokens, registers, position);
  const stack = fc.oneof(
    { weight: 4, arbitrary: fc.array(block, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.tuple(block, fc.integer({ min: 2, max: 3 })).map(([b, repeat]) => [{ ...b, repeat }]) },
  );
  return stack.map(withoutCollapse);
};

/** Architectures of `least` to `most` tokens with up to two registers and one to four layers. */
export const architectures = (least: number, most: number): fc.Arbitrary<Architecture> =>
  fc
    .record({
      tokens: fc.integer({ min: least, max: most }),
      registers: fc.oneof(
        { weight: 6, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
      ),
      width: fc.constantFrom(3, 4),
    })
    .chain((sizes) => positions(sizes.tokens, sizes.registers).map((position) => ({ ...sizes, position })))
    .chain(({ tokens, registers, width, position }) =>
      stacks(tokens, registers, position).map((layers): Architecture => ({
        name: "random",
        tokens,
        width,
        registers,
        position,
        layers,
        target: { symmetry: null, visibility: null, function: null },
      })),
    );

// ------------------------------------------------------------------------------------------------------ every mechanism

/**
 * Architectures for comparing two evaluations of one function, with every mechanism of the specification: what no identity can be told of in floating
 * point is left out above, but evaluates well. Patterns drawn at random, which have no pointwise definition, and rows without a key are left out here.
 */
export const everyMechanism = (least: number, most: number): fc.Arbitrary<Architecture> =>
  fc
    .record({
      tokens: fc.integer({ min: least, max: most }),
      registers: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
      ),
      width: fc.integer({ min: 3, max: 6 }),
    })
    .chain((sizes) =>
      fc
        .oneof(
          { weight: 3, arbitrary: positions(sizes.tokens, sizes.registers) },
          { weight: 1, arbitrary: pairCodes(sizes.tokens, sizes.registers) },
          { weight: 1, arbitrary: fc.constant<Position>({ kind: "rotary" }) },
        )
        .map((position: Position) => ({ ...sizes, position })),
    )
    .chain((sizes) =>
      fc
        .array(anyBlock(sizes.tokens, sizes.registers, sizes.position), { minLength: 1, maxLength: 2 })
        .map((layers): Architecture => ({
          name: "every mechanism",
          ...sizes,
          layers: withoutTies(layers),
          target: { symmetry: null, visibility: null, function: null },
        })),
    );

/** Layers make tokens equal, for instance averages without a residual path; equal keys are ties of hard attention, which any rounding decides. */
const withoutTies = (blocks: Block[]): Block[] =>
  blocks.map((block, i) => {
    if (block.mixer.kind === "convolution" || block.mixer.kernel.name !== "hard") return block;
    if (i === 0) return { ...block, repeat: 1 };
    return { ...block, mixer: { ...block.mixer, kernel: { ...block.mixer.kernel, name: "softmax" } } };
  });

function anyBlock(tokens: number, registers: number, position: Position): fc.Arbitrary<Block> {
  const flag = fc.boolean();
  const feedForward = fc.record({
    hidden: fc.option(fc.integer({ min: 1, max: 7 })),
    activation: fc.constantFrom(...activationNames),
    bias: flag,
    frozen: flag,
    residual: flag,
  });
  const convolution = fc
    .tuple(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 4 }), flag)
    .map(([offsets, residual]): Block["mixer"] => ({ kind: "convolution", offsets, residual }));
  const attention: fc.Arbitrary<Block["mixer"]> = anyAttention(tokens, registers, position);
  return fc.record({
    repeat: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(2) }),
    mixer: fc.oneof({ weight: 9, arbitrary: attention }, { weight: 1, arbitrary: convolution }),
    feedForward: fc.option(feedForward, { freq: 5 }),
    norm: fc.option(
      fc.record({
        placement: fc.constantFrom("pre" as const, "post" as const),
        kind: fc.constantFrom("layer" as const, "rms" as const),
      }),
      { freq: 2 },
    ),
  });
}

function anyAttention(tokens: number, registers: number, position: Position): fc.Arbitrary<Attention> {
  const size = tokens + registers;
  const bias = fc.oneof(fc.constant<Bias>({ kind: "none" }), pairCodes(tokens, registers));
  const group: fc.Arbitrary<HeadGroup> = fc.record({
    count: fc.integer({ min: 1, max: 2 }),
    pattern: patterns(tokens, registers),
    bias,
  });
  const heads = fc.array(group, { minLength: 1, maxLength: 3 });
  const codes = position.kind !== "none" && position.kind !== "absolute" && position.kind !== "classes";
  const projection: fc.Arbitrary<Attention["projection"]> =
    codes && position.kind !== "rotary"
      ? fc.constant({ kind: "none" })
      : fc.oneof(
          { weight: 8, arbitrary: fc.constant<Attention["projection"]>({ kind: "none" }) },
          {
            weight: 2,
            arbitrary: fc
              .tuple(fc.integer({ min: 1, max: 3 }), fc.boolean())
              .map(([rank, trainable]): Attention["projection"] => ({ kind: "linformer", rank, trainable })),
          },
          { weight: 1, arbitrary: fc.constant<Attention["projection"]>({ kind: "nystrom", landmarks: 1 }) },
        );
  return fc
    .record({
      heads,
      name: fc.constantFrom(...kernelNames),
      degree: fc.integer({ min: 1, max: 4 }),
      normalized: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      projection,
      residual: fc.boolean(),
    })
    .map(({ heads, name, degree, normalized, projection, residual }): Attention => ({
      kind: "attention",
      heads: heads.map(({ count, pattern, bias }) =>
        projection.kind === "none"
          ? { count, pattern: normalized ? withoutEmptyRows(pattern, tokens, size) : pattern, bias }
          : { count, pattern: { kind: "full" }, bias: { kind: "none" } },
      ),
      // Normalised powers: odd ones have totals of both signs, high ones tiny totals, and either magnifies rounding.
      kernel: {
        name: projection.kind === "none" ? beside(name, [position, ...heads.map(({ bias }) => bias)]) : name,
        degree: normalized ? 2 : degree,
      },
      normalized,
      projection,
      residual,
    }));
}
