/** Biases of pairs: the mask of a pattern, ALiBi's slopes, and one learned number per class. Logarithmic buckets, which are no biases, are in pairProducts.ts. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { Architecture, Bias, HeadGroup, PairCode, Position } from "../../theory/architecture/schema";
import { codeLabels } from "../../theory/views/labels";
import { masked, type PairBias } from "./attend";
import type { Declarations, Read } from "./declare";
import { lookup } from "./lookup";
import type { PartPlan, Plan } from "./plan";

/** The slope of a head's ALiBi bias (2108.12409, section 3). */
const slope = (head: number, heads: number): number => 2 ** ((-8 * (head + 1)) / heads);

const isPairCode = (code: Position | Bias): code is PairCode =>
  code.kind !== "none" && code.kind !== "absolute" && code.kind !== "classes" && code.kind !== "rotary";

/** The codes that attention of this group has besides the tokens, by the name of their parameter. */
export const codesOf = (architecture: Architecture, group: HeadGroup): [string, PairCode][] =>
  [["position", architecture.position] as const, ["bias", group.bias] as const].filter(
    (entry): entry is ["position" | "bias", PairCode] => isPairCode(entry[1]),
  );

/**
 * How many classes the pairs of a plan have under a code, and for each part the rank of each pair's class among them in ascending order, -1 where the code does
 * not speak of the pair (what is learned of classes is 0 there).
 */
export function pairClasses(code: PairCode, tokens: number, { parts }: Plan): { count: number; ranks: Int32Array[] } {
  const covered = code.kind === "pairs" ? code.classes.length : tokens;
  const labels = codeLabels(code, tokens);
  const speaks = (query: number, key: number) => query < covered && key < covered;
  const found = new Set<number>();
  for (const { pairs } of parts)
    pairs.query.forEach((q, i) => {
      if (speaks(q, pairs.key[i])) found.add(labels.learned(q, pairs.key[i]));
    });
  const rank = new Map([...found].sort((a, b) => a - b).map((own, i) => [own, i]));
  const ranks = parts.map(({ pairs }) =>
    pairs.query.map((q, i) => (speaks(q, pairs.key[i]) ? rank.get(labels.learned(q, pairs.key[i]))! : -1)),
  );
  return { count: rank.size, ranks };
}

/** A group of heads of one layer: `first` is the number of its first head among all heads of the layer. */
export interface PlacedGroup {
  group: HeadGroup;
  index: number;
  first: number;
}

/**
 * Declares the biases of head groups that share a plan, and gives for each part what is added to its scores.
 * @param masks for each group the pairs of its pattern, part by part, where the plan covers more than its pattern; the plan's own pairs otherwise.
 */
export function pairBiases(
  architecture: Architecture,
  groups: readonly PlacedGroup[],
  plans: readonly Plan[],
  heads: number,
  name: string,
  declarations: Declarations,
): (read: Read) => (PairBias | null)[] {
  const learned = groups.map((placed, g) => learnedCodes(architecture, placed, plans[g], name, declarations));
  const parts = plans[0].parts.map((_, p) => {
    const fixed = fixedBias(
      architecture,
      groups,
      plans.map((plan) => plan.parts[p]),
      heads,
    );
    const constant = fixed === null ? null : declarations.structure(fixed);
    if (learned.every((codes) => codes.length === 0))
      return () => (constant === null ? null : { value: constant, learned: false });
    return (read: Read): PairBias => {
      const rows = groups.map(({ group }, g) =>
        learned[g].length === 0
          ? tf.zeros<tf.Rank.R2>([group.count, plans[0].parts[p].products])
          : learned[g].map((code) => code(read, p)).reduce((a, b) => tf.add(a, b)),
      );
      const all = rows.length === 1 ? rows[0] : tf.concat(rows, 0);
      return { value: constant === null ? all : tf.add(all, constant), learned: true };
    };
  });
  return (read) => parts.map((part) => part(read));
}

type LearnedCode = (read: Read, part: number) => Tensor2D;

function learnedCodes(
  architecture: Architecture,
  { group, index }: PlacedGroup,
  plan: Plan,
  name: string,
  declarations: Declarations,
): LearnedCode[] {
  return codesOf(architecture, group)
    .filter(([, code]) => code.kind !== "alibi" && code.kind !== "log-buckets")
    .map(([role, code]): LearnedCode | null => {
      const { count, ranks } = pairClasses(code, architecture.tokens, plan);
      if (count === 0) return null;
      const parameter = `${name}.heads.${index}.${role}`;
      declarations.parameter(parameter, [group.count, count], declarations.choose(0.1, 0.3));
      const readers = plan.parts.map(({ products, pairs }, p) => {
        const classes = new Int32Array(products).fill(-1);
        pairs.at.forEach((at, i) => (classes[at] = ranks[p][i]));
        return declarations.own(lookup(classes, count, ranks[p].includes(-1)));
      });
      return (read, part) => readers[part].read(read(parameter) as Tensor2D);
    })
    .filter((code) => code !== null);
}

/** Mask and ALiBi, [heads of the groups, products], or [1, products] where the heads do not differ; null where all is 0. */
function fixedBias(
  { position, tokens }: Architecture,
  groups: readonly PlacedGroup[],
  parts: readonly PartPlan[],
  heads: number,
): Tensor2D | null {
  const { products } = parts[0];
  const alibis = ({ group }: PlacedGroup) => [position, group.bias].filter((code) => code.kind === "alibi").length;
  const headDependent = parts.some((part) => part !== parts[0]) || groups.some((placed) => alibis(placed) > 0);
  if (!headDependent && parts[0].pairs.at.length === products) return null;
  const rows = (headDependent ? groups : groups.slice(0, 1)).flatMap((placed, g) => {
    const { query, key, at } = parts[g].pairs;
    const count = headDependent ? placed.group.count : 1;
    return Array.from({ length: count }, (_, h) => {
      const row = new Float32Array(products).fill(masked);
      const steepness = alibis(placed) * slope(placed.first + h, heads);
      at.forEach((place, i) => {
        const between = query[i] < tokens && key[i] < tokens;
        row[place] = between ? -steepness * Math.abs(query[i] - key[i]) : 0;
      });
      return row;
    });
  });
  const all = new Float32Array(rows.length * products);
  rows.forEach((row, r) => all.set(row, r * products));
  return tf.tensor2d(all, [rows.length, products]);
}
