/** Pairs of samples as a person types them. */
import type { DistinguishView } from "../../webview/protocol";
import type { PairChoice } from "../runtime/measuring/distinguish";
import { fromCycles } from "../theory/symmetry/permutation";

/** The pair that is meant; a string says what is wrong with what was typed. */
export function pairOf(
  { pair, custom }: Pick<DistinguishView, "pair" | "custom">,
  tokens: number,
): PairChoice | string {
  switch (pair) {
    case "witness":
      return { kind: "witness" };
    case "worst-replacement":
      return { kind: "worst", of: "replacement" };
    case "worst-rearrangement":
      return { kind: "worst", of: "rearrangement" };
    case "replacement": {
      const token = /^\d+$/.test(custom.trim()) ? Number(custom) : NaN;
      return token < tokens ? { kind: "replacement", position: token } : `a token from 0 to ${tokens - 1}`;
    }
    case "rearrangement": {
      const cycles = parseCycles(custom, tokens);
      return typeof cycles === "string" ? cycles : { kind: "rearrangement", permutation: fromCycles(tokens, cycles) };
    }
  }
}

/** Cycles such as "(0 1 2)(3 4)"; a string says what is wrong. */
function parseCycles(text: string, tokens: number): number[][] | string {
  const form = 'cycles such as "(0 1 2)(3 4)"';
  if (!/^\s*(\(\s*\d+([\s,]+\d+)*\s*\)\s*)+$/.test(text)) return form;
  const cycles = [...text.matchAll(/\(([^)]*)\)/g)].map(([, inner]) =>
    inner
      .trim()
      .split(/[\s,]+/)
      .map(Number),
  );
  const all = cycles.flat();
  const beyond = all.find((token) => token >= tokens);
  if (beyond !== undefined) return `tokens from 0 to ${tokens - 1}, and not ${beyond}`;
  const twice = all.find((token, i) => all.indexOf(token) !== i);
  return twice === undefined ? cycles : `each token at most once, and not ${twice} twice`;
}
