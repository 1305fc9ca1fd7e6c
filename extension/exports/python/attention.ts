/** What PyTorch and JAX have in common of attention: the mechanism of a layer, and the lines that compute it. */
import type { Architecture, Attention } from "../../theory/architecture/schema";
import { headWidth } from "../../theory/architecture/sizes";
import { keyCounts } from "../../theory/patterns/algebra";
import { buildRows } from "../../theory/patterns/build";
import { undefinedBeside } from "../../theory/views/labels";
import { ExportError } from "../exportError";
import { Codes, type LearnedCode, maskOf, type PairFunction } from "./codes";
import type { Dialect } from "./dialect";
import { headsOf } from "./file";
import { Patterns } from "./patterns";
import { numbers, type Program } from "./program";

/** A layer of attention, with the names of what it uses. */
export interface Mechanism {
  spec: Attention;
  /** Names of constants. */
  heads: string;
  columns: string;
  /** The name of the grid of the heads' indices. */
  head: string;
  mask: PairFunction | null;
  /** Whether some query has no key. */
  emptyRows: boolean;
  codes: LearnedCode[];
  /** How often ALiBi's bias is added in each head, as a function of (h, q, k); null where it is nowhere. */
  alibi: PairFunction | null;
  /** The function that turns queries and keys; null where none does. */
  rotary: string | null;
  /** The constant with Linformer's rank or Nystrom's landmarks, and that with Performer's features or the polynomial's degree; empty where there is none. */
  rank: string;
  size: string;
}

export const reads = ({ spec }: Mechanism): boolean => spec.kernel.name !== "uniform";

/** @throws ExportError */
export function mechanismOf(
  spec: Attention,
  architecture: Architecture,
  program: Program,
  dialect: Dialect,
): Mechanism {
  const { tokens, registers, width, position } = architecture;
  const { kernel, projection, heads: groups } = spec;
  const heads = groups.reduce((sum, { count }) => sum + count, 0);
  const columns = headWidth(width, heads);
  const codes = groups.map(({ bias }) => bias);
  for (const code of [position, ...codes]) {
    const reason = undefinedBeside(code, kernel.name);
    if (reason !== null) throw new ExportError(`The architecture has ${reason}.`);
  }
  if (kernel.name === "hard")
    throw new ExportError("Hard attention has weights without a derivative: a module of it could be neither trained nor measured by its Jacobian."); // prettier-ignore
  const plain = groups.every(({ pattern, bias }) => pattern.kind === "full" && bias.kind === "none");
  const placed = ["none", "absolute", "classes", "rotary"].includes(position.kind);
  if (projection.kind !== "none" && !(plain && placed))
    throw new ExportError("A projection along the sequence beside a pattern or a bias of pairs has no meaning in the specification."); // prettier-ignore
  const places = new Codes(architecture, program, dialect);
  const own: LearnedCode[] = [
    ...places.learned("position", groups, groups.map(() => position)), // prettier-ignore
    ...places.learned("bias", groups, codes),
  ];
  const [headsName, columnsName] = [program.constant("HEADS", String(heads)), program.constant("HEAD_WIDTH", String(columns))]; // prettier-ignore
  const constant = (name: string, value: number) => program.constant(name, String(value));
  return {
    spec,
    heads: headsName,
    columns: columnsName,
    head: headsOf(headsName),
    mask: maskOf(groups, new Patterns(architecture, program, dialect), program),
    emptyRows: groups.some(({ pattern }) => pattern.kind !== "full" && hasRowOf(0, buildRows(pattern, tokens, registers))), // prettier-ignore
    codes: own,
    alibi: alibiOf(spec, architecture, headsName, program, dialect),
    rotary:
      position.kind === "rotary" && kernel.name !== "uniform"
        ? program.define("functions", "rotate", (name) => rotation(name, columnsName, dialect.arrays))
        : null,
    rank:
      projection.kind === "linformer"
        ? constant("RANK", projection.rank)
        : projection.kind === "nystrom"
          ? constant("LANDMARKS", Math.min(projection.landmarks, tokens + registers))
          : "",
    size:
      kernel.name === "performer"
        ? constant("FEATURES", Math.max(8, 2 * columns))
        : kernel.name === "polynomial"
          ? constant("DEGREE", kernel.degree)
          : "",
  };
}

/** Whether some query has so many keys. */
function hasRowOf(keys: number, rows: ReturnType<typeof buildRows>): boolean {
  const counts = keyCounts(rows);
  return rows.rowOf.some((row) => counts[row] === keys);
}

/** ALiBi (2108.12409): slopes for all heads of a layer; a head whose position and bias both have it has it twice. */
function alibiOf(
  { heads: groups }: Attention,
  { position, registers }: Architecture,
  heads: string,
  program: Program,
  { table, arrays }: Dialect,
): PairFunction | null {
  const times = groups.flatMap(({ count, bias }) =>
    Array.from({ length: count }, () => [position, bias].filter(({ kind }) => kind === "alibi").length),
  );
  if (times.every((time) => time === 0)) return null;
  const slope = `2 ** (-8 * (h + 1) / ${heads})`;
  const slopes = times.every((time) => time === 1)
    ? `[${slope} for h in range(${heads})]`
    : `[t * ${slope} for h, t in enumerate(${program.constant("ALIBI", numbers(times))})]`;
  const name = program.define("functions", "alibi", (own) =>
    [
      `def ${own}(h, q, k):`,
      `    """ALiBi (arXiv 2108.12409): a bias by distance, with the slope of head h."""`,
      `    slopes = ${table(slopes)}`,
      ...(registers === 0
        ? ["    return -slopes[h] * abs(q - k)"]
        : ["    in_sequence = (q < TOKENS) & (k < TOKENS)", `    return ${arrays}.where(in_sequence, -slopes[h] * abs(q - k), 0.0)`]), // prettier-ignore
    ].join("\n"),
  );
  return { name, ofHeads: true };
}

export const learnedName = ({ role }: LearnedCode): string => (role === "bias" ? "bias" : "position");
export const classesName = ({ role, kind }: LearnedCode): string =>
  `${role === "bias" ? "" : "position_"}${kind === "bias" ? "classes" : "buckets"}`;

/**
 * The lines from the derivatives, [outputs, samples, tokens, width], to which outputs depend on which tokens: where it is not 0. The weight of a key that is the
 * only one is 1 whatever the scores are, and its derivative is what rounding leaves of 0; only then is what is as small as that taken for 0, for derivatives
 * through many layers may be smaller.
 */
export function dependences({ layers, tokens, registers }: Architecture, arrays: "torch" | "jnp"): string[] {
  const [axis, keep] = arrays === "torch" ? ["dim", "keepdim"] : ["axis", "keepdims"];
  const lone = layers.some(({ mixer }) => mixer.kind === "attention" && mixer.normalized && mixer.heads.some(({ pattern }) => hasRowOf(1, buildRows(pattern, tokens, registers)))); // prettier-ignore
  if (!lone) return [`depends = (jacobian != 0).any(${axis}=-1).any(${axis}=1).tolist()`];
  const size = arrays === "torch" ? `jacobian.abs().amax(${axis}=(1, 3))` : `abs(jacobian).max(${axis}=(1, 3))`;
  const largest = arrays === "torch" ? "size.amax" : "size.max";
  return [
    "# The weight of a key that is the only one is 1, and has a derivative of rounding.",
    `size = ${size}`,
    `depends = (size > 1e-14 * ${largest}(${axis}=1, ${keep}=True)).tolist()`,
  ];
}

/** [heads, size, size] or less: what a code adds to the scores, or the vectors of each pair. */
function lookedUp({ head }: Mechanism, code: LearnedCode, parameter: string, { member, padded }: Dialect): string {
  const table = code.partial ? padded(member(parameter), code.kind === "bias" ? 2 : 3) : member(parameter);
  return `${table}[${code.classes.ofHeads ? head : ":"}, ${member(classesName(code))}]`;
}

/** The biases of the scores, one an expression. */
export const biasesOf = (mechanism: Mechanism, dialect: Dialect): string[] => [
  ...mechanism.codes
    .filter(({ kind }) => kind === "bias")
    .map((code) => lookedUp(mechanism, code, learnedName(code), dialect)),
  ...(mechanism.alibi === null ? [] : [dialect.member("alibi")]),
];

/** What logarithmic buckets add to the scores: products of queries and keys, before they are turned, with the vectors of the pair's class. */
const productsOf = (mechanism: Mechanism, dialect: Dialect): string[] =>
  mechanism.codes
    .filter(({ kind }) => kind === "vectors")
    .flatMap((code) =>
      (["query", "key"] as const).map((end) => {
        const vectors = lookedUp(mechanism, code, `${learnedName(code)}_${end}`, dialect);
        const subscripts = end === "query" ? "bhqc,hqkc->bhqk" : "bhkc,hqkc->bhqk";
        return `${dialect.arrays}.einsum("${subscripts}", ${end[0]}, ${vectors})`;
      }),
    );

/** How a kernel's features replace queries and keys, if it has some. */
function featuresOf(mechanism: Mechanism, { pointwise, exp, sum, member }: Dialect): ((x: string) => string) | null {
  switch (mechanism.spec.kernel.name) {
    case "linear-elu":
      return (x) => `${pointwise("elu", x)} + 1`;
    case "linear-relu":
      return (x) => `${pointwise("relu", x)} + 1e-3`;
    case "performer":
      // 2009.14794, lemma 1
      return (x) => exp(`(${x} @ ${member("features")} - ${sum(`(${x}**2)`)} / 2)`).replace(/^jnp\.exp\(\((.*)\)\)$/, "jnp.exp($1)"); // prettier-ignore
    default:
      return null;
  }
}

/** The lines before the scores: features in place of queries and keys. */
export function preparation(mechanism: Mechanism, dialect: Dialect): string[] {
  const features = featuresOf(mechanism, dialect);
  if (features !== null) return ["q", "k"].map((x) => `${x} = ${features(x)}`);
  if (mechanism.spec.kernel.name === "cosine")
    return [`q = ${dialect.member("sharpness")} * ${bracketed(dialect.unit("q"))}`, `k = ${dialect.unit("k")}`];
  return [];
}
const bracketed = (x: string): string => (x.includes(" / ") ? `(${x})` : x);

/** The scores of q and k, [batch, heads, queries, keys]. */
function scoresOf({ spec: { kernel }, columns }: Mechanism, { transposed, arrays }: Dialect): string {
  const product = `q @ ${transposed("k")}`;
  switch (kernel.name) {
    case "softmax":
    case "sigmoid":
    case "polynomial":
      return `${product} * ${columns}**-0.5`;
    case "gaussian":
      return arrays === "torch" ? "-0.5 * torch.cdist(q, k) ** 2" : "-0.5 * ((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(axis=-1)"; // prettier-ignore
    default:
      return product;
  }
}

const isExponential = ({ spec: { kernel } }: Mechanism): boolean =>
  ["softmax", "gaussian", "exponential-additive", "cosine"].includes(kernel.name);

/**
 * The lines that compute `weights`, [batch, heads, queries, keys], from `q` and `k`.
 * @param products terms of the scores that were computed before
 */
export function weighting(mechanism: Mechanism, dialect: Dialect, products: readonly string[]): string[] {
  const { spec, mask, emptyRows, size } = mechanism;
  const { kernel, normalized } = spec;
  const { member, exp, softmax, sum, pointwise, arrays } = dialect;
  const inMask = mask === null ? null : member("mask");
  const biases = biasesOf(mechanism, dialect);
  const lines = [...preparation(mechanism, dialect)];
  const sizes = spec.projection.kind === "none" ? "SIZE, SIZE" : "q.shape[-2], k.shape[-2]";
  const ones = arrays === "torch" ? `v.new_ones((${sizes}))` : `jnp.ones((${sizes}))`;
  if (kernel.name === "uniform") lines.push(`weights = ${ones}`);
  else {
    if (kernel.name === "exponential-additive") {
      for (const x of ["q", "k"])
        lines.push(`along_${x} = ${arrays}.einsum("bhtc,hc->bht", ${x}, ${member("direction")})`);
      lines.push("scores = along_q[..., :, None] + along_k[..., None, :]");
    } else lines.push(`scores = ${scoresOf(mechanism, dialect)}`);
    for (const product of products) lines.push(`scores = scores + ${product}`);
  }
  if (isExponential(mechanism) || kernel.name === "sigmoid")
    for (const bias of biases) lines.push(`scores = scores + ${bias}`);
  if (isExponential(mechanism) && normalized) {
    // Softmax of a row without keys is 0/0: such a row is given zeros.
    const least = emptyRows ? "-1e9" : `-${arrays}.inf`;
    if (inMask !== null) lines.push(`scores = ${arrays}.where(${inMask}, scores, ${least})`);
    lines.push(`weights = ${softmax("scores")}${emptyRows ? ` * ${inMask}` : ""}`);
    return lines;
  }
  if (isExponential(mechanism)) lines.push(`weights = ${exp("scores")}`);
  else if (kernel.name === "sigmoid") lines.push(`weights = ${pointwise("sigmoid", "scores")}`);
  else {
    if (kernel.name === "polynomial") lines.push(`weights = scores**${size}`);
    else if (kernel.name !== "uniform") lines.push("weights = scores");
    for (const bias of biases) lines.push(`weights = weights * ${exp(bias)}`);
  }
  if (inMask !== null) lines.push(`weights = weights * ${inMask}`);
  if (normalized) {
    const total = emptyRows ? `(${sum("weights")} + ~${inMask}.any(-1)[..., None])` : sum("weights");
    lines.push(`weights = weights / ${total}`);
  }
  return lines;
}

/** The terms of the scores that are computed before queries and keys are turned or replaced, and the lines that turn them. */
export function turning(mechanism: Mechanism, dialect: Dialect): { lines: string[]; products: string[] } {
  const products = productsOf(mechanism, dialect);
  const { rotary } = mechanism;
  const changes = rotary !== null || preparation(mechanism, dialect).length > 0;
  const turned = rotary === null ? [] : [`q, k = ${rotary}(q), ${rotary}(k)`];
  if (!changes || products.length === 0) return { lines: turned, products };
  return {
    lines: [`terms = ${products[0]}`, ...products.slice(1).map((product) => `terms = terms + ${product}`), ...turned],
    products: ["terms"],
  };
}

/** Rotary positions (2104.09864). */
const rotation = (name: string, columns: string, arrays: "torch" | "jnp"): string =>
  arrays === "torch"
    ? `def ${name}(x):
    """Rotary positions (arXiv 2104.09864): pairs of coordinates turn with the position."""
    rates = 10000.0 ** (-torch.arange(0, ${columns}, 2, dtype=x.dtype) / ${columns})
    angles = torch.arange(SIZE, dtype=x.dtype)[:, None] * rates
    cos, sin = angles.cos().to(x.device), angles.sin().to(x.device)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)`
    : `def ${name}(x):
    """Rotary positions (arXiv 2104.09864): pairs of coordinates turn with the position."""
    rates = 10000.0 ** (-jnp.arange(0, ${columns}, 2) / ${columns})
    angles = jnp.arange(SIZE)[:, None] * rates
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = jnp.stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
    return turned.reshape(x.shape)`;
