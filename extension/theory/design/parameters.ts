/** How many numbers a model of an architecture learns. */
import type { Architecture, Attention, FeedForward, PairCode } from "../architecture/schema";
import { headWidth, hiddenWidth } from "../architecture/sizes";
import { buildRows } from "../patterns/build";
import type { Rows } from "../patterns/rows";
import { codeLabels } from "../views/labels";

/**
 * The numbers that the model of docs/builders.md learns: tables of positions, the register, and of every layer the attention's matrices and biases, the feed-forward
 * network and the normalisation. What is never trained (frozen weights, random features) is not counted.
 * @throws BeyondReach where a pattern is too large.
 */
export function parameterCount(architecture: Architecture): number {
  const { width, position, tokens, registers, layers } = architecture;
  let count = registers > 0 ? width : 0;
  if (position.kind === "absolute" && position.code === "learned") count += tokens * width;
  if (position.kind === "classes") count += new Set(position.classes).size * width;
  for (const { repeat, mixer, feedForward, norm } of layers) {
    const mixing = mixer.kind === "convolution" ? mixer.offsets.length : attentionCount(architecture, mixer);
    const sublayers = feedForward === null ? 1 : 2;
    const normalisation = norm === null ? 0 : sublayers * width * (norm.kind === "layer" ? 2 : 1);
    count += repeat * (mixing + feedForwardCount(feedForward, width) + normalisation);
  }
  return count;
}

function feedForwardCount(network: FeedForward | null, width: number): number {
  if (network === null || network.frozen) return 0;
  const hidden = hiddenWidth(network, width);
  const gates = network.activation === "swiglu" || network.activation === "geglu" ? 2 : 1;
  return (gates + 1) * width * hidden + (network.bias ? gates * hidden + width : 0);
}

function attentionCount(architecture: Architecture, { heads, kernel, projection }: Attention): number {
  const { width, tokens, registers, position } = architecture;
  const total = heads.reduce((sum, { count }) => sum + count, 0);
  const columns = headWidth(width, total);
  const reads = kernel.name !== "uniform";
  let count = (reads ? 4 : 2) * width * total * columns;
  if (kernel.name === "exponential-additive") count += total * columns;
  if (kernel.name === "cosine") count += total;
  if (projection.kind === "linformer" && projection.trainable)
    count += (reads ? 2 : 1) * total * projection.rank * (tokens + registers);
  for (const group of heads) {
    const codes = [position, group.bias].filter(isLearned);
    if (codes.length === 0) continue;
    const rows = buildRows(group.pattern, tokens, registers);
    for (const code of codes) {
      const classes = classesIn(code, rows, tokens);
      count += group.count * classes * (code.kind === "log-buckets" ? 2 * columns : 1);
    }
  }
  return count;
}

const learned = new Set<string>(["relative", "t5-buckets", "log-buckets", "pairs"] satisfies PairCode["kind"][]);
const isLearned = (code: { kind: string }): code is PairCode => learned.has(code.kind);

/** The classes that occur in a pattern. */
function classesIn(code: PairCode, rows: Rows, tokens: number): number {
  const covered = code.kind === "pairs" ? code.classes.length : tokens;
  const labels = codeLabels(code, tokens);
  const found = new Set<number>();
  for (let q = 0; q < Math.min(covered, rows.size); q++) {
    const row = rows.rowOf[q];
    for (let run = rows.first[row]; run < rows.first[row + 1]; run++) {
      const end = Math.min(covered, rows.bounds[2 * run + 1]);
      for (let k = rows.bounds[2 * run]; k < end; k = labels.runEnd(q, k, end)) found.add(labels.learned(q, k));
    }
  }
  return found.size;
}
