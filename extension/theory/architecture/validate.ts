import { checkConsistency } from "./consistency";
import { explainStructure, type Problem } from "./explain";
import { limits } from "./limits";
import { architectureSchema, type Architecture, type ArchitectureInput } from "./schema";
import type { SpecPath } from "../verdict/report";

export type { Problem } from "./explain";

/**
 * The architecture that a JSON value specifies, or at least one problem with the place of each. Never throws.
 * @param value any JSON value, however deep and large: `limits` bounds what is read.
 */
export function parseArchitecture(value: unknown): { architecture: Architecture } | { problems: Problem[] } {
  // Everything below recurses into the value, so its depth is bounded first.
  const deep = tooDeep(value, limits.nesting);
  if (deep) return { problems: [{ path: deep, message: `values are nested more than ${limits.nesting} deep` }] };
  const structure = explainStructure(value);
  if (structure.length > 0) return { problems: structure };
  const parsed = architectureSchema.safeParse(value);
  if (!parsed.success) {
    return { problems: parsed.error.issues.map(({ path, message }) => ({ path: path as SpecPath, message })) };
  }
  const problems = checkConsistency(parsed.data, value as ArchitectureInput);
  return problems.length > 0 ? { problems } : { architecture: parsed.data };
}

/** The path of a value nested more than `depth` deep below this one, if there is one. */
function tooDeep(value: unknown, depth: number): SpecPath | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === 0) return [];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const below = tooDeep(value[i], depth - 1);
      if (below) return [i, ...below];
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const below = tooDeep((value as Record<string, unknown>)[key], depth - 1);
    if (below) return [key, ...below];
  }
  return undefined;
}
