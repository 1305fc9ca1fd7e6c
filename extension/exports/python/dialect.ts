/** How PyTorch and JAX say the same. `x` and the like are expressions that bind as tightly as a name or a call. */
export interface Dialect {
  /** The module of functions on arrays. */
  arrays: "torch" | "jnp";
  /** An array of a Python list. */
  table: (items: string) => string;
  /** Integers cut off at both ends, or above only. */
  clip: (x: string, least: number | null, most: number) => string;
  /** A parameter or a table of the attention that is being written. */
  member: (name: string) => string;
  exp: (x: string) => string;
  softmax: (x: string) => string;
  /** Of a function of one array: elu, relu, sigmoid, ... */
  pointwise: (name: string, x: string) => string;
  /** Sums along the last axis, which stays. */
  sum: (x: string) => string;
  /** The last two axes exchanged. */
  transposed: (x: string) => string;
  /** [heads, classes] or [heads, classes, columns] with zeros for one more class. */
  padded: (x: string, axes: 2 | 3) => string;
  /** Rows of length one. */
  unit: (x: string) => string;
}

const pointwiseTorch: Record<string, string> = { sigmoid: "torch.sigmoid", tanh: "torch.tanh" };
const pointwiseJax: Record<string, string> = { tanh: "jnp.tanh" };

/** @param onDevice whether tables are made where the model computes. */
export const torchDialect = (onDevice: boolean): Dialect => ({
  arrays: "torch",
  table: (items) => `torch.tensor(${items}${onDevice ? ", device=DEVICE" : ""})`,
  clip: (x, least, most) => (least === null ? `${x}.clamp(max=${most})` : `${x}.clamp(${least}, ${most})`),
  member: (name) => `self.${name}`,
  exp: (x) => `${x}.exp()`,
  softmax: (x) => `${x}.softmax(dim=-1)`,
  pointwise: (name, x) => `${pointwiseTorch[name] ?? `F.${name}`}(${x})`,
  sum: (x) => `${x}.sum(dim=-1, keepdim=True)`,
  transposed: (x) => `${x}.transpose(-2, -1)`,
  padded: (x, axes) => `F.pad(${x}, (${axes === 2 ? "" : "0, 0, "}0, 1))`,
  unit: (x) => `F.normalize(${x}, dim=-1)`,
});

export const jaxDialect: Dialect = {
  arrays: "jnp",
  table: (items) => `jnp.array(${items})`,
  clip: (x, least, most) => (least === null ? `${x}.clip(max=${most})` : `${x}.clip(${least}, ${most})`),
  member: (name) => `params["${name}"]`,
  exp: (x) => `jnp.exp(${x})`,
  softmax: (x) => `jax.nn.softmax(${x}, axis=-1)`,
  pointwise: (name, x) => `${pointwiseJax[name] ?? `jax.nn.${name}`}(${x})`,
  sum: (x) => `${x}.sum(axis=-1, keepdims=True)`,
  transposed: (x) => `${x}.swapaxes(-2, -1)`,
  padded: (x, axes) => `jnp.pad(${x}, ((0, 0), (0, 1)${axes === 2 ? "" : ", (0, 0)"}))`,
  unit: (x) => `${x} / jnp.linalg.norm(${x}, axis=-1, keepdims=True)`,
};
