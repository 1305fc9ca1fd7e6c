/** Costs of repairs in words. */
import { number } from "../words";

/** A cost as a share of full attention; more than all of it is marked. */
export function shareOfFull(share: number | null): string {
  if (share === null) return "–";
  const percent = 100 * share;
  const digits = percent < 0.1 ? percent.toPrecision(1) : percent < 10 ? percent.toFixed(1) : number(Math.round(percent)); // prettier-ignore
  // The number and its sign stay in one line.
  return `${digits.replace(/\.0$/, "")}\u00a0%${share > 1 ? " !" : ""}`;
}

export const editsWords = (edits: number | null): string => (edits === null ? "–" : number(edits));
