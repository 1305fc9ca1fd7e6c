/**
 * Grid files (`*.sweep.yaml`, `*.sweep.json`): a base specification, axes along which it is changed, and what is to be measured (docs/sweep.md). One zod schema
 * gives the validation and the JSON Schema, as for specifications.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { ReadError } from "../models/modelFile";
import { LineMap } from "../models/ranges";
import { parseJson } from "../models/spec/json";
import { spanOf } from "../models/spec/places";
import { toValue } from "../models/spec/source";
import { parseYaml } from "../models/spec/yaml";
import { type BackendName, backendNames } from "../runtime/backends/backend";
import { isTargetFile, isTargetName, targetNames } from "../runtime/training/targets";
import { architectureJsonSchema, type SchemaNode } from "../theory/architecture/jsonSchema";
import { limits } from "../theory/architecture/limits";
import { kernelNames } from "../theory/architecture/schema";
import { parseArchitecture, type Problem } from "../theory/architecture/validate";
import { clip, didYouMean, either, nameOf, show } from "../theory/architecture/words";
import type { SpecPath } from "../theory/verdict/report";
import { type Axis, NoPlace, specificationOf, valuesAt } from "./axes";

/** Sizes past which a grid is refused. */
export const gridLimits = { points: 100_000, valuesOfAxis: 10_000, axes: 16, seeds: 32 } as const;

export interface TrainingSettings {
  /** A name of the library (docs/targets.md); null for the `target.function` of the point. */
  target: string | null;
  steps: number;
  batch: number;
  rate: number;
  seed: number;
}

export interface Grid {
  /** 16 hexadecimal digits that tell grids apart: of the base, the axes and the settings, whatever the file's comments and layout, and without the backend. */
  hash: string;
  base: unknown;
  /** In the order of the file; the last one changes from point to point. */
  axes: readonly Axis[];
  /** The number of points. */
  points: number;
  /** How many initialisations the margin is the smallest of; null where it is not measured. */
  margin: { seeds: number } | null;
  training: TrainingSettings | null;
  backend: BackendName;
}

const whole = (least: number, most: number) => z.int().min(least).max(most);
const values = <Value extends z.ZodType>(value: Value) => z.array(value).min(1).max(gridLimits.valuesOfAxis);
const windowSchema = z.union([
  whole(0, limits.tokens),
  z.strictObject({
    left: whole(0, limits.tokens).optional(),
    right: whole(0, limits.tokens).optional(),
    circular: z.boolean().optional(),
    dilation: whole(1, limits.tokens).optional(),
  }),
]);
const token = whole(0, limits.tokens + limits.registers - 1);

const axesSchema = z
  .object({
    window: values(windowSchema)
      .optional()
      .meta({ description: "Sets every window of the base, and gives one to each attention that is written without a pattern." }), // prettier-ignore
    layers: values(whole(1, limits.layers))
      .optional()
      .meta({ description: "How many layers in all: the base's blocks one after the other, again and again." }),
    globals: values(z.union([whole(0, limits.tokens), z.array(token).max(limits.tokens)]))
      .optional()
      .meta({ description: "Global tokens: the first so many, or a list." }),
    kernel: values(z.enum(kernelNames)).optional().meta({ description: "The kernel of every attention." }),
  })
  .catchall(values(z.unknown()))
  .meta({
    description:
      "What is varied: `window`, `layers`, `globals`, `kernel`, or a path of the specification such as `layers.0.attention.heads` (`*` for every entry of a list), each with its values.",
  });

const trainingSchema = z
  .strictObject({
    target: z.string().max(200).optional().meta({
      description: "The target function, a name of the library (docs/targets.md); the specification's own if left out.",
    }),
    steps: whole(1, 1_000_000).default(200).meta({ description: "Training steps." }),
    batch: whole(1, 4096).default(32).meta({ description: "Samples of a step." }),
    rate: z.number().min(1e-9).max(10).default(3e-3).meta({ description: "The highest learning rate." }),
    seed: whole(0, 0xffffffff).default(1).meta({ description: "Decides, with the point, the start and the samples." }),
  })
  .meta({ description: "A short training run of every point against its error floor; none if left out." });

const settingsShape = {
  $schema: z.string().optional(),
  axes: axesSchema,
  margin: z
    .union([
      z.boolean(),
      z.strictObject({
        seeds: whole(1, gridLimits.seeds).default(1).meta({ description: "Initialisations that the margin is the smallest of." }), // prettier-ignore
      }),
    ])
    .default(true)
    .meta({ description: "Whether the smallest token gap at initialisation is measured." }),
  training: trainingSchema.optional(),
  backend: z
    .enum(backendNames)
    .default("wasm")
    .meta({ description: "What margins and training are computed on. WASM gives the same bytes everywhere." }),
};

const gridSchema = z.strictObject({ ...settingsShape, base: z.unknown() });

let generated: SchemaNode | undefined;

/** The JSON Schema (draft-07) of a grid file, with that of a specification in it. */
export function gridJsonSchema(): SchemaNode {
  if (generated !== undefined) return generated;
  const settings = z.toJSONSchema(z.strictObject(settingsShape), {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      const node = jsonSchema as SchemaNode;
      if (node.description !== undefined) node.markdownDescription = node.description;
    },
  }) as SchemaNode;
  const { definitions, ...base } = architectureJsonSchema();
  const description = "The specification that the axes change (docs/specification.md).";
  generated = {
    ...settings,
    properties: { base: { ...base, description, markdownDescription: description }, ...settings.properties },
    required: ["base", "axes"],
    definitions,
  };
  return generated;
}

/** Errors past this many are left out. */
const mostErrors = 50;

/**
 * Reads a grid. Never throws: what cannot be read is an error with a range.
 * @param fileName decides the language: JSON where it ends in .json, otherwise YAML.
 */
export function readGrid(fileName: string, text: string): { grid: Grid } | { errors: ReadError[] } {
  const lines = new LineMap(text);
  const written = text.trimEnd().length;
  const failed = (faults: { message: string; from: number; to: number }[]) => ({
    errors: faults.slice(0, mostErrors).map(({ message, from, to }) => ({
      message,
      range: from >= written ? lines.range(written - 1, written) : lines.range(from, to),
    })),
  });
  if (text.length > limits.fileBytes)
    return failed([{ message: `a grid file of more than ${limits.fileBytes} bytes is not read`, from: 0, to: 1 }]);
  const source = (/\.json$/i.test(fileName) ? parseJson : parseYaml)(text);
  if ("faults" in source) return failed(source.faults);
  const parsed = parseGrid(toValue(source.root));
  if ("grid" in parsed) return parsed;
  return failed(
    parsed.problems.map((problem) => ({ message: problem.message, ...spanOf(problem, source.root, text) })),
  );
}

/** The grid that a JSON value describes, or at least one problem with the place of each. Never throws. */
export function parseGrid(value: unknown): { grid: Grid } | { problems: Problem[] } {
  const parsed = gridSchema.safeParse(value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, value)) };
  const { axes: written, margin, training, backend } = parsed.data;
  if (parsed.data.base === undefined)
    return { problems: [{ path: ["base"], message: "the grid lacks `base`: the specification that the axes change" }] };
  const base = withoutSchema(parsed.data.base);
  const read = parseArchitecture(base);
  const problems: Problem[] = [];
  if ("problems" in read)
    problems.push(
      ...read.problems.map((problem) => ({
        ...problem,
        path: ["base", ...problem.path],
        message: problem.message.replace(/^the architecture /, "the base "),
      })),
    );
  // The schema's parser may have another order of keys than the file.
  const axes = Object.keys((value as { axes: object }).axes).map((name): Axis => ({
    name,
    values: (written as Record<string, unknown[]>)[name],
  }));
  if (problems.length === 0) problems.push(...checkAxes(base, axes));
  problems.push(...checkTarget(training?.target));
  const points = axes.reduce((product, axis) => product * axis.values.length, 1);
  if (points > gridLimits.points) {
    const message = `the axes have ${points.toLocaleString("en")} points; at most ${gridLimits.points.toLocaleString("en")} are swept`;
    problems.push({ path: ["axes"], message, atKey: true });
  }
  if (problems.length > 0) return { problems };
  const settings = {
    margin: margin === false ? null : margin === true ? { seeds: 1 } : margin,
    training: training === undefined ? null : { ...training, target: training.target ?? null },
  };
  const content = JSON.stringify({ base, axes, ...settings });
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  return { grid: { hash, base, axes, points, ...settings, backend } };
}

function withoutSchema(base: unknown): unknown {
  if (typeof base !== "object" || base === null || Array.isArray(base)) return base;
  return Object.fromEntries(Object.entries(base).filter(([key]) => key !== "$schema"));
}

function checkAxes(base: unknown, axes: readonly Axis[]): Problem[] {
  const problems: Problem[] = [];
  if (axes.length > gridLimits.axes)
    problems.push({
      path: ["axes"],
      message: `${axes.length} axes; at most ${gridLimits.axes} are swept`,
      atKey: true,
    });
  for (const { name, values: wanted } of axes) {
    const known = new Set<string>();
    wanted.forEach((value, i) => {
      const text = JSON.stringify(value);
      if (known.has(text)) problems.push({ path: ["axes", name, i], message: `${show(value)} is on this axis twice` });
      known.add(text);
    });
    // What another axis puts there may have a place for it.
    if (axes.some((other) => other.name !== name && name.startsWith(`${other.name}.`))) continue;
    try {
      const read = parseArchitecture(specificationOf(base, [{ name, values: wanted }], [0]));
      const unknown = "problems" in read ? read.problems.find(({ atKey }) => atKey) : undefined;
      if (unknown === undefined) continue;
      const hint = didYouMean(name, Object.keys(axesSchema.shape));
      problems.push({ path: ["axes", name], message: hint === "" ? unknown.message : `there is no axis \`${clip(name)}\`${hint}`, atKey: true }); // prettier-ignore
    } catch (error) {
      if (!(error instanceof NoPlace)) throw error;
      problems.push({ path: ["axes", name], message: error.message, atKey: true });
    }
  }
  return problems;
}

function checkTarget(name: string | undefined): Problem[] {
  if (name === undefined || isTargetName(name)) return [];
  const path = ["training", "target"];
  if (isTargetFile(name)) return [{ path, message: "a sweep trains on targets of the library; code of your own is not run for it" }]; // prettier-ignore
  const names = targetNames.map((known) => known.name);
  return [{ path, message: `there is no target ${show(name)}${didYouMean(name, names)}` }];
}

/** An issue of the schema in the words of model files. */
function problemsOf(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const path = issue.path as SpecPath;
  const found = path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], value);
  const it = path.length === 0 ? "the grid" : nameOf(path);
  const must = (what: string): Problem[] => [{ path, message: `${it} must be ${what}, got ${show(found)}` }];
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = path.length === 0 ? Object.keys(settingsShape).concat("base") : knownKeys(path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `${it} has no key \`${clip(key)}\`${didYouMean(key, known) || `; it knows ${either(known)}`}`,
        atKey: true,
      }));
    }
    case "invalid_type":
      if (found === undefined) return [{ path, message: `${nameOf(path.slice(0, -1)).replace("the architecture", "the grid")} lacks ${nameOf(path)}` }]; // prettier-ignore
      return must(issue.expected === "array" ? "a list of values" : issue.expected === "object" ? "an object" : issue.expected === "int" ? "a whole number" : `a ${issue.expected}`); // prettier-ignore
    case "invalid_value":
      return [{ path, message: `${it} must be ${either(issue.values.map(String))}, got ${show(found)}${typeof found === "string" ? didYouMean(found, issue.values.map(String)) : ""}` }]; // prettier-ignore
    case "too_small":
      return Array.isArray(found) ? [{ path, message: `${it} has no values` }] : must(`at least ${issue.minimum}`);
    case "too_big":
      return Array.isArray(found) ? [{ path, message: `${it} has ${found.length} values; at most ${issue.maximum} are swept` }] : must(`at most ${issue.maximum}`); // prettier-ignore
    case "invalid_union":
      return must(path[0] === "margin" ? "true, false or an object with `seeds`" : path[1] === "globals" ? "a number of tokens or a list of tokens" : "a number, or an object with `left`, `right`, `circular` and `dilation`"); // prettier-ignore
    default:
      return [{ path, message: issue.message }];
  }
}

const knownKeys = (path: SpecPath): string[] =>
  path[0] === "training" ? Object.keys(trainingSchema.shape) : path[0] === "margin" ? ["seeds"] : ["left", "right", "circular", "dilation"]; // prettier-ignore

/** The axes' values at a point, and the specification there. @throws NoPlace */
export function pointOf(grid: Grid, point: number): { values: Record<string, unknown>; specification: () => unknown } {
  const at = valuesAt(grid.axes, point);
  return {
    values: Object.fromEntries(grid.axes.map(({ name, values: all }, axis) => [name, all[at[axis]]])),
    specification: () => specificationOf(grid.base, grid.axes, at),
  };
}
