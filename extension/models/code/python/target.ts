/** What a `uap:` comment declares of the task. */
import { noTarget, type Target } from "../../../theory/architecture/schema";
import type { Said } from "../comments";
import type { Place } from "../graph/nodes";

/** The target as the comment has it, and where it and the number of tokens are written. */
export function targetOf({ values }: Said): { target: Target; targetPlace?: Place; tokensPlace?: Place } {
  const text = (key: string) => {
    const value = values.get(key)?.value;
    return value?.kind === "string" ? value.value : null;
  };
  const visibility = text("visibility");
  const target: Target = {
    ...noTarget,
    symmetry: text("symmetry"),
    visibility: visibility === "full" || visibility === "causal" ? visibility : null,
    function: text("function"),
  };
  const declared = ["symmetry", "visibility", "function"].flatMap((key) => values.get(key) ?? []);
  const places = declared.flatMap(({ keyPlace, valuePlace }) => [keyPlace.from, valuePlace.to]);
  const tokens = values.get("tokens");
  return {
    target,
    ...(places.length > 0 && { targetPlace: { from: Math.min(...places), to: Math.max(...places) } }),
    ...(tokens && { tokensPlace: tokens.valuePlace }),
  };
}
