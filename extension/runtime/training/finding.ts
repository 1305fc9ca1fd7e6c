/** UAP601: what a declared `target.function` adds to the findings. Code of the user's own is not run for it. */
import type { Architecture } from "../../theory/architecture/schema";
import { section } from "../../theory/verdict/conditions";
import * as fixes from "../../theory/verdict/fixes";
import type { TheoryFinding } from "../../theory/verdict/report";
import { estimateFloor, type Floor, isPositive } from "./floor";
import { isTargetFile, libraryTarget, TargetError, type TargetFunction } from "./targets";

/** Most tokens, and most numbers in a sample, for which a check estimates a floor: it then takes less than about a second. */
const checkedTokens = 256;
const checkedSize = 4096;
/** Layers that a fix may add. */
const moreLayers = 4;

/**
 * UAP601 where the floor of the declared target is positive, with the fixes that bring it to zero; UAP002 where there is no such target. Nothing where none is
 * declared, where it is a module of the user's own, or where samples are too large for a check.
 */
export function targetFindings(architecture: Architecture): TheoryFinding[] {
  const { tokens, width, target } = architecture;
  const name = target.function;
  if (name === null || isTargetFile(name) || tokens > checkedTokens || tokens * width > checkedSize) return [];
  let declared: TargetFunction;
  try {
    declared = libraryTarget(name, architecture);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    const message = `${error.message} Its error floor is left undecided.`;
    return [{ code: "UAP002", severity: "info", message, path: ["target", "function"], fixes: [] }];
  }
  const floor = estimateFloor(architecture, declared, { precision: 0.01, budget: 2e6 });
  if (typeof floor === "string" || !isPositive(floor)) return [];
  const reaches = (changed: Architecture): boolean => {
    const after = estimateFloor(changed, declared, { precision: 0.1, budget: 2e5 });
    return typeof after !== "string" && after.incomplete === null && !isPositive(after);
  };
  const layers = architecture.layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const candidates = [
    ...fixes.addPositions(architecture),
    ...fixes.moreLayers(
      architecture,
      (repeats) => reaches(fixes.withRepeats(architecture, repeats)),
      layers + moreLayers,
    ),
    ...fixes.globalToken(architecture),
    ...fixes.fullAttention(architecture),
  ];
  return [
    {
      code: "UAP601",
      severity: "error",
      message: sentence(name, floor),
      path: ["target", "function"],
      fixes: candidates
        .filter(({ architecture: changed }) => reaches(changed))
        .map(({ title, changes }) => ({ title, changes })),
    },
  ];
}

function sentence(name: string, { both, symmetry, visibility, variance, incomplete }: Floor): string {
  const digits = (value: number) => String(Number(value.toPrecision(3)));
  const share = Math.round((100 * both.value) / variance);
  const causes = [
    ...(visibility.low > 1e-9 * variance ? ["outputs do not see tokens that it depends on"] : []),
    ...(symmetry.low > 1e-9 * variance ? ["the model has a symmetry that it does not have"] : []),
  ];
  const because = causes.length > 0 ? causes.join(" and ") : "outputs cannot tell rearrangements apart that it does";
  const bound = incomplete === null ? "" : `, a lower bound: ${incomplete}`;
  return `No training run on the target ${name} ends with a mean squared error below ${digits(both.value)} per coordinate (95 % interval ${digits(both.low)} to ${digits(both.high)}; ${share} % of the target's variance${bound}), because ${because} (${section(6)}).`;
}
