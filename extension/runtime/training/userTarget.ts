/** A user's own target, from a module that says `export default (X: number[][]) => ...`. Loading it runs its code. */
import { Random, streams } from "../random";
import { type Shape, TargetError, type TargetFunction, type TargetSource } from "./targets";

/** Samples on which a target is tried before it is used. */
const trials = 4;

/**
 * Loads the module and tries its function out. The module stands alone: it may import Node's own modules (`node:...`) and nothing else.
 * @param trusted whether the user has said that code of the workspace may run.
 * @throws TargetError where the code is not trusted, does not load, or is no target (`targetOf`).
 */
export async function userTarget(source: TargetSource, shape: Shape, trusted: boolean): Promise<TargetFunction> {
  const fail = failure(source.file);
  if (!trusted) throw fail("a target of your own is code, which runs in trusted workspaces only");
  if (!("process" in globalThis))
    throw fail(
      "a target of your own needs the runtime in a process of its own; WebGPU in a panel trains on the targets of the library",
    );
  return targetOf(source.file, await load(source, fail), shape);
}

type Fail = (problem: string, cause?: unknown) => TargetError;

const failure =
  (name: string): Fail =>
  (problem, cause) =>
    new TargetError(`${name}: ${problem}`, { cause });

/**
 * A function of one's own as a target, after it has been tried out.
 * @param name what messages call it
 * @param map from a sample as [tokens][width] numbers to one of the same shape
 * @throws TargetError where it is no map from [tokens][width] to [tokens][width] finite numbers that gives the same for the same.
 */
export function targetOf(name: string, map: (sample: number[][]) => unknown, shape: Shape): TargetFunction {
  const fail = failure(name);
  const { tokens, width } = shape;
  const apply = (x: Float64Array, y: Float64Array): void => {
    const sample = Array.from({ length: tokens }, (_, t) => [...x.subarray(t * width, (t + 1) * width)]);
    let value: unknown;
    try {
      value = map(sample);
    } catch (cause) {
      throw fail(`the target fails on a sample: ${messageOf(cause)}`, cause);
    }
    if (!Array.isArray(value) || value.length !== tokens)
      throw fail(`the target must give ${tokens} tokens, and gives ${described(value)}`);
    value.forEach((token: unknown, t) => {
      if (!isList(token) || token.length !== width)
        throw fail(`token ${t} of the target must be ${width} numbers, and is ${described(token)}`);
      for (let c = 0; c < width; c++) {
        const number = token[c];
        if (typeof number !== "number" || !Number.isFinite(number))
          throw fail(`coordinate ${c} of token ${t} of the target must be a finite number, and is ${String(number)}`);
        y[t * width + c] = number;
      }
    });
  };
  const random = new Random(1, streams.trial, tokens, width);
  for (let trial = 0; trial < trials; trial++) {
    const x = random.normals(new Float64Array(tokens * width));
    const [y, again] = [new Float64Array(x.length), new Float64Array(x.length)];
    apply(x, y);
    apply(x, again);
    if (y.some((number, i) => number !== again[i]))
      throw fail("the target gives different outputs for the same sample");
  }
  return { name, description: "A target of the user's own.", shape, symmetry: null, visible: null, apply };
}

async function load({ file, text }: TargetSource, fail: Fail): Promise<(sample: number[][]) => unknown> {
  let module: { default?: unknown };
  try {
    const isTypeScript = /\.m?ts$/.test(file);
    const code = isTypeScript ? (await import("./transpile.js")).transpile(text, file) : text;
    // From its text, so that an edited module is not the one remembered under its name.
    module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as typeof module;
  } catch (cause) {
    throw fail(`the target does not load: ${messageOf(cause)}`, cause);
  }
  if (typeof module.default !== "function")
    throw fail("there is no target: the module must `export default` a function from number[][] to number[][]");
  return module.default as (sample: number[][]) => unknown;
}

const isList = (value: unknown): value is ArrayLike<unknown> => Array.isArray(value) || ArrayBuffer.isView(value);

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

function described(value: unknown): string {
  if (isList(value)) return `a list of ${value.length}`;
  return value === null || typeof value !== "object" ? String(value) : "an object";
}
