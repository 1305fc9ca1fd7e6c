/** The package as code that is run to be read finds it: the functions that make architectures, and nothing that computes. */
import { parseArchitecture } from "../../theory/architecture/validate";
import * as parts from "../builders/parts";

/** The key of an argument that names the call; added to calls in the text (instrument). */
const siteKey = "uap-lens call";

/** The text with an argument in each call that says which one it is. */
export function instrument(text: string, sites: readonly number[]): string {
  return [...sites]
    .sort((a, b) => b - a)
    .reduce((all, site) => `${all.slice(0, site)}, { "${siteKey}": ${site} }${all.slice(site)}`, text);
}

/** Everything that the package exports beside the parts and `transformer`. */
export const computing = [
  "build",
  "Diverged",
  "estimateFloor",
  "libraryTarget",
  "start",
  "startFastest",
  "TargetError",
  "targetNames",
  "targetOf",
  "tf",
  "train",
  "trainingDefaults",
] as const;

type Absorbed = (...all: unknown[]) => unknown;

/** Stands for whatever would be computed: takes every call, has every property, and is not a number. */
const absorbed: Absorbed = new Proxy<Absorbed>(() => undefined, {
  get: (_, name) => {
    if (name === "then") return undefined; // awaited, it is itself
    if (name === Symbol.toPrimitive) return () => NaN;
    if (name === Symbol.iterator || name === Symbol.asyncIterator) return () => [][Symbol.iterator]();
    return absorbed;
  },
  set: () => true,
  apply: () => absorbed,
  construct: () => absorbed,
});

interface Input {
  layers?: unknown;
  [key: string]: unknown;
}

/** @param record is told what each call was given. */
export function recordingLibrary(record: (site: number, input: unknown) => void): Record<string, unknown> {
  const transformer = (...all: unknown[]) => {
    const isSite = (one: unknown): one is Record<string, number> => typeof one === "object" && one !== null && siteKey in one; // prettier-ignore
    const site = all.findLast(isSite)?.[siteKey];
    const [given] = all as [Input | undefined];
    const layers: unknown = given?.layers;
    const spec = (layer: unknown): unknown => (layer instanceof parts.Block ? layer.spec : layer);
    const input: unknown = Array.isArray(layers) ? { ...given, layers: layers.map(spec) } : given;
    if (site !== undefined) record(site, input);
    const parsed = parseArchitecture(input);
    if ("problems" in parsed) throw new TypeError(parsed.problems.map(({ message }) => message).join("\n"));
    return { input, spec: parsed.architecture, build: absorbed };
  };
  return { ...parts, ...Object.fromEntries(computing.map((name) => [name, absorbed])), transformer };
}
