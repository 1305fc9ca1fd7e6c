/** Attention by flex_attention: mask_mod, score_mod, and the kernels that a softmax of a changed score can say. */
import { ExportError } from "../exportError";
import { classesName, learnedName, type Mechanism, preparation, turning } from "./attention";
import type { Dialect } from "./dialect";

/** What the constructor has besides, and the lines from \`q\`, \`k\` and \`v\` to \`y\`. @throws ExportError */
export function flexBody(mechanism: Mechanism, dialect: Dialect): { init: string[]; forward: string[] } {
  const { spec, mask, codes, alibi, heads, size } = mechanism;
  const { kernel, normalized, projection } = spec;
  if (projection.kind !== "none")
    throw new ExportError(`${projection.kind === "linformer" ? "Linformer's projection" : "Nystrom's landmarks"} along the sequence leaves flex_attention no pairs of tokens to mask or to bias; export the architecture as plain PyTorch.`); // prettier-ignore
  if (kernel.name === "polynomial" && spec.kernel.degree % 2 === 1)
    throw new ExportError("flex_attention takes the exponential of a score, which is positive: odd powers of q.k are not. Export the architecture as plain PyTorch."); // prettier-ignore
  const init: string[] = [];
  const forward: string[] = [];
  if (mask !== null) {
    const headCount = mask.ofHeads ? `, H=${heads}` : ", H=None";
    init.push(
      "",
      "def mask_mod(b, h, q_idx, kv_idx):",
      `    return mask(${mask.ofHeads ? "h, " : ""}q_idx, kv_idx)`,
      "",
      "self.block_mask = create_block_mask(",
      `    mask_mod, B=None${headCount}, Q_LEN=SIZE, KV_LEN=SIZE, device=DEVICE`,
      ")",
    );
  }
  const { lines: turned } = turning({ ...mechanism, codes: [] }, dialect);
  /** Terms of the score and biases, by the indices of the pair. */
  const terms: string[] = [];
  const biases: string[] = [];
  for (const code of codes.filter(({ kind }) => kind === "vectors")) {
    const name = learnedName(code);
    for (const [end, x, index] of [
      ["query", "q", "q_idx"],
      ["key", "k", "kv_idx"],
    ] as const) {
      // prettier-ignore
      const own = dialect.member(`${name}_${end}`);
      const vectors = code.partial ? dialect.padded(own, 3) : own;
      forward.push(`${name}_${end} = ${x} @ ${dialect.transposed(vectors)}`);
      terms.push(`${name}_${end}[b, h, ${index}, ${classOf(code)}]`);
    }
  }
  forward.push(...turned, ...preparation(mechanism, dialect));
  for (const code of codes.filter(({ kind }) => kind === "bias")) {
    const name = learnedName(code);
    forward.push(`${name} = ${code.partial ? dialect.padded(`self.${name}`, 2) : `self.${name}`}`);
    biases.push(`${name}[h, ${classOf(code)}]`);
  }
  if (alibi !== null) biases.push("self.alibi(h, q_idx, kv_idx)");
  const { before, scale, start, after } = kernelOf(mechanism, size);
  forward.push(...before);
  const added = (list: readonly string[]) => list.map((term) => `score = score + ${term}`);
  // Of a product of a kernel and exp(bias) the logarithm is a sum; a sigmoid takes the biases in.
  const inside = kernel.name === "sigmoid" ? [...terms, ...biases] : terms;
  const lines = [
    ...(start === null ? [] : [`score = ${start}`]),
    ...added(inside),
    ...(after === null ? [] : [`score = ${after}`]),
    ...(kernel.name === "sigmoid" ? [] : added(biases)),
  ];
  const arguments_ = ["q, k, v"];
  if (lines.length > 0) {
    forward.push("", "def score_mod(score, b, h, q_idx, kv_idx):", ...lines.map((line) => `    ${line}`), "    return score", ""); // prettier-ignore
    arguments_.push("score_mod=score_mod");
  }
  if (mask !== null) arguments_.push("block_mask=self.block_mask");
  if (scale) arguments_.push("scale=1.0");
  if (!normalized) arguments_.push("return_lse=True");
  const call = `flex_attention(${arguments_.join(", ")})`;
  const target = normalized ? "y" : "y, lse";
  if (`        ${target} = ${call}`.length <= 88) forward.push(`${target} = ${call}`);
  else forward.push(`${target} = flex_attention(`, `    ${arguments_.join(", ")}`, ")");
  // Softmax divides by the sum of the weights, and exp(lse) is that sum.
  if (!normalized) forward.push("y = y * lse.exp()[..., None]");
  return { init, forward };
}

const classOf = (code: Mechanism["codes"][number]): string =>
  `self.${classesName(code)}(${code.classes.ofHeads ? "h, " : ""}q_idx, kv_idx)`;

interface FlexKernel {
  /** Lines that what the score is changed with needs. */
  before: string[];
  /** Whether the score is q.k without the division by the square root of the width. */
  scale: boolean;
  /** The score to start from, and what becomes of it; null where it stays. */
  start: string | null;
  after: string | null;
}

/** The logarithm of a weight, as a change of the score. */
function kernelOf({ spec: { kernel } }: Mechanism, size: string): FlexKernel {
  const plain = { before: [], scale: false, start: null, after: null };
  switch (kernel.name) {
    case "softmax":
      return plain;
    case "cosine":
      return { ...plain, scale: true };
    case "gaussian":
      // -|q - k|^2 / 2 = q.k - |q|^2 / 2 - |k|^2 / 2
      return {
        before: ["q_half, k_half = (q**2).sum(dim=-1) / 2, (k**2).sum(dim=-1) / 2"],
        scale: true,
        start: "score - q_half[b, h, q_idx] - k_half[b, h, kv_idx]",
        after: null,
      };
    case "exponential-additive":
      return {
        before: ["q", "k"].map((x) => `along_${x} = torch.einsum("bhtc,hc->bht", ${x}, self.direction)`),
        scale: false,
        start: "along_q[b, h, q_idx] + along_k[b, h, kv_idx]",
        after: null,
      };
    case "uniform":
      return { before: ["q = k = torch.zeros_like(v)"], scale: false, start: null, after: null };
    case "sigmoid":
      return { ...plain, after: "F.logsigmoid(score)" };
    case "polynomial":
      return { ...plain, after: `${size} * score.abs().log()` };
    default:
      return { ...plain, scale: true, after: "score.log()" };
  }
}
