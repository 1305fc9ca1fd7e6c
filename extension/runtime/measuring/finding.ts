/** UAP501: a measured margin below what a floating-point format tells apart. */
import { section } from "../../theory/verdict/conditions";
import type { NumericMargin, NumericReport, ParametersKind, TheoryFinding } from "../../theory/verdict/report";
import { count, cycleText, list } from "../../theory/verdict/words";

/**
 * The relative error of one rounding, half the distance from 1 to the next number (IEEE 754-2019, table 3.5: 24 and 11 significant bits; bfloat16 has 8).
 * Two numbers closer than that may be stored as one.
 */
export const resolutions = { float32: 2 ** -24, float16: 2 ** -11, bfloat16: 2 ** -9 } as const;

const kinds = {
  initialisation: "at initialisation",
  trained: "as trained",
  maximised: "with the margin maximised over bounded parameters",
} as const satisfies Record<ParametersKind, string>;

/** The warning where the outputs' margin, at any parameters measured, is below the resolution of a dtype; else nothing. */
export function marginFinding({ layers }: NumericReport): TheoryFinding | null {
  const outputs = layers.at(-1);
  if (outputs === undefined) return null;
  const parts = (Object.keys(kinds) as ParametersKind[]).flatMap((kind) => {
    const margin = outputs[kind]?.margin;
    return margin ? [{ kind, margin, below: formatsAbove(margin.gap) }] : [];
  });
  if (parts.every(({ below }) => below.length === 0)) return null;
  const text = parts.map(({ kind, margin, below }, i) => {
    const pair = i === 0 || below.length > 0 ? ` (${pairText(margin)})` : "";
    const against = below.length > 0 ? `, below the resolution of ${list(below.map(named))}` : "";
    return `${kinds[kind]} it is ${amount(margin.gap)}${pair}${against}`;
  });
  const first = firstBelow(layers.map((layer) => layer[parts.find(({ below }) => below.length > 0)!.kind]));
  const since = first === null || first === outputs.layers ? "" : ` Layer by layer, the margin is below a resolution first after ${count(first, "layer")}.`; // prettier-ignore
  return {
    code: "UAP501",
    severity: "warning",
    message: `The margin of the outputs after ${count(outputs.layers, "layer")}, the smallest gap between tokens that differ in theory relative to the tokens' scale, is small: ${text.join("; ")}.${since} (${section(8)})`,
    path: ["layers"],
    fixes: [],
  };
}

type Dtype = keyof typeof resolutions;
const formatsAbove = (gap: number): Dtype[] =>
  (Object.keys(resolutions) as Dtype[]).filter((dtype) => gap < resolutions[dtype]);

const named = (dtype: Dtype): string => `${dtype} (${resolutions[dtype].toPrecision(2)})`;

/** Measured in float32, a smaller gap is the rounding's. */
const amount = (gap: number): string => (gap < resolutions.float32 ? "less than 6.0e-8" : gap.toPrecision(2));

const pairText = ({ s, t, replaced, permutation }: NonNullable<NumericMargin["margin"]>): string => {
  if (replaced !== null)
    return s === t
      ? `output ${s} with token ${replaced} replaced`
      : `output ${s}, and output ${t} with token ${replaced} replaced`;
  if (permutation!.length === 0) return `outputs ${s} and ${t} of one sample`;
  const moved = `of the sample rearranged by ${cycleText(permutation!)}`;
  return s === t ? `output ${s}, and the one ${moved}` : `output ${s}, and output ${t} ${moved}`;
};

/** The least number of layers after which the margin is below a resolution; null where it never is. */
function firstBelow(layers: readonly (NumericMargin | null)[]): number | null {
  const first = layers.findIndex((layer) => layer?.margin && formatsAbove(layer.margin.gap).length > 0);
  return first < 0 ? null : first;
}
