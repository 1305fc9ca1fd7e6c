/** What the distinguishability page says of gaps, in words. */
import type { Comparison } from "../../extension/runtime/measuring/comparisons";
import type { TokenGap } from "../../extension/runtime/measuring/distinguish";
import { expected } from "../../extension/runtime/measuring/predictions";
import { cycles as cyclesOf } from "../../extension/theory/symmetry/permutation";
import { cycles, number } from "../words";
import { type Dtype, resolutions } from "../drawing/gapScale";
import type { GapMeasurement } from "../protocol";

/** Longest rearrangement written in full. */
const longest = 12;

/** X', in terms of X. */
export function otherSample(comparison: Comparison): string {
  if (comparison.kind === "replacement") return `X with token ${comparison.position} replaced by a new one`;
  const moved = cyclesOf(comparison.permutation);
  if (moved.length === 0) return "X itself";
  const all = moved.flat().length;
  const text =
    all <= longest ? cycles(moved) : `${cycles(moved.slice(0, 3).map((cycle) => cycle.slice(0, longest)))} …`;
  return `X rearranged by ${text}: the token at i stands at the place that i goes to`;
}

/** A gap of a cell. */
export function gapWords(gap: number, theory: number | null, dtype: Dtype): string {
  const size =
    gap === 0
      ? "no gap"
      : `gap ${gap.toPrecision(2)}${gap < resolutions[dtype] ? `, below the resolution of ${dtype}` : ""}`;
  const said =
    theory === expected.equal ? ", equal by theory" : theory === expected.different ? ", different by theory" : "";
  return `${size}${said}`;
}

/** Neighbouring numbers as ranges: "3", "4 to 15". */
function ranges(tokens: readonly number[]): string[] {
  const sorted = [...tokens].sort((a, b) => a - b);
  const found: [number, number][] = [];
  for (const token of sorted) {
    const last = found.at(-1);
    if (last !== undefined && token === last[1] + 1) last[1] = token;
    else found.push([token, token]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from} to ${to}`));
}

const list = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;

/** Most single pairs that get a sentence of their own. */
const spelled = 40;

/** The collapsed pairs, those of equal tokens taken together. */
export function collapseSentences({ collapsed, comparison, tolerance }: GapMeasurement): string[] {
  const when = (since: number) => (since === 0 ? "at every depth" : `from layer ${since} on`);
  const isSaid = ({ equal }: TokenGap) => equal === true;
  /** Equal for all parameters, or only as measured. */
  const are = (pair: TokenGap) => (isSaid(pair) ? "are identical" : `are within ${tolerance} of each other`);
  const why = ({ equal }: TokenGap) =>
    equal === true ? ", for all parameters" : equal === false ? ", though they differ for almost all parameters" : "";
  /** Pairs of the same kind: token t with token t, all since the same layer and for the same reason. */
  const same = new Map<string, TokenGap[]>();
  const others: TokenGap[] = [];
  for (const pair of collapsed) {
    if (pair.s !== pair.t) others.push(pair);
    else {
      const key = `${pair.since} ${pair.equal}`;
      const group = same.get(key);
      if (group === undefined) same.set(key, [pair]);
      else group.push(pair);
    }
  }
  const cause = comparison.kind === "replacement" ? `: token ${comparison.position} has no influence on ` : "";
  const together = [...same.values()]
    .sort(([a], [b]) => Number(isSaid(b)) - Number(isSaid(a)))
    .map((pairs) => {
      const tokens = ranges(pairs.map(({ s }) => s));
      const [first] = pairs;
      const one = pairs.length === 1;
      const blind = cause !== "" && first.since === 0 && isSaid(first) ? `${cause}${one ? "it" : "them"}` : "";
      const end = `${when(first.since!)}${why(first)}${blind}.`;
      return one
        ? `Token ${tokens[0]} of X and token ${tokens[0]} of X' ${are(first)} ${end}`
        : `Tokens ${list(tokens)} of X and the same tokens of X' ${are(first)}, each with its own, ${end}`;
    });
  const single = others
    .slice(0, spelled)
    .map((pair) => `Token ${pair.s} of X and token ${pair.t} of X' ${are(pair)} ${when(pair.since!)}${why(pair)}.`);
  const rest = others.length - single.length;
  return [...together, ...single, ...(rest > 0 ? [`And ${number(rest)} more pairs of different places.`] : [])];
}

/** A row of a table of pairs. */
export const tokenGapRow = ({ s, t, gap, equal }: TokenGap): string[] => [
  String(s),
  String(t),
  gap.toPrecision(3),
  equal === null ? "not decided" : equal ? "equal" : "different",
];
