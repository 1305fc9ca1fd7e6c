/** `uap-lens train`: a training run of a model file's architecture on a target, its loss against the floor that no run goes below. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { readCheckpoint, writeCheckpoint } from "./checkpointFile";
import { decode, readModelFile } from "./models";
import { prepareReading } from "./models/code";
import { isCodeFile, mostBytes } from "./models/fileNames";
import { backendNames } from "./runtime/backends/backend";
import { RuntimeClient } from "./runtime/process/client";
import type { Estimate } from "./runtime/training/estimate";
import type { TrainOutcome, TrainProgress } from "./runtime/training/handler";
import type { Floor } from "./runtime/training/floor";
import type { Checkpoint, Metrics } from "./runtime/training/train";
import { defaults, resumeTraining } from "./runtime/training/options";
import { isTargetFile, isTargetName, targetNames, type TargetSource } from "./runtime/training/targets";
import { backendOf, complain, Misuse, parse, print, read, reasonOf, showProgress } from "./terminal";
import type { Architecture } from "./theory/architecture/schema";

export const trainUsage = `Usage: uap-lens train FILE [--target NAME] [--steps N] [--json] [--checkpoint FILE] [--backend NAME] [--seed N]

Trains the architecture on a target function (docs/targets.md) and prints its loss against the error floor.

  --target NAME      a target of the library, or the path of a TypeScript or JavaScript module of your own; \`target.function\` of the file if left out
  --steps N          training steps, ${defaults.steps} if left out
  --json             the run as JSON
  --checkpoint FILE  writes the state of the run there as it goes, and goes on from it if it is there
  --backend NAME     ${backendNames.join(", ")}; the fastest that works if left out
  --seed N           decides the start and the samples

Exit code: 0 the run has ended, 2 it could not run or was interrupted.
`;

export async function train(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    target: { type: "string" },
    steps: { type: "string" },
    json: { type: "boolean" },
    checkpoint: { type: "string" },
    backend: { type: "string" },
    seed: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(trainUsage, 0);
  if (positionals.length !== 1)
    throw new Misuse(positionals.length === 0 ? "no file given" : "more than one file given");
  const [file] = positionals;
  const backend = backendOf(values.backend);
  const options = {
    ...defaults,
    steps: whole("steps", values.steps, defaults.steps),
    seed: whole("seed", values.seed, defaults.seed),
  };

  const architecture = await architectureOf(file);
  if (typeof architecture === "string") return failed(architecture);
  const name = values.target ?? architecture.target.function;
  if (name === null || !(isTargetName(name) || isTargetFile(name))) {
    const known = targetNames.map(({ name, numbered }) => (numbered ? `${name}-K` : name)).join(", ");
    return failed(
      `${name === null ? "the file names no target; choose one with --target" : `there is no target ${name}`}. There are ${known}, and the path of a module of your own`,
    );
  }
  // A model file is data: what it names is not run until the user names it too.
  if (isTargetFile(name) && values.target === undefined)
    return failed(
      `the file names a module of its own; to run its code, name it: --target ${path.join(path.dirname(file), name)}`,
    );
  const target = isTargetFile(name) ? await sourceOf(name) : name;
  if (target === null) return failed(`${name}: the target's module cannot be read`);
  const run = createHash("sha256")
    .update(JSON.stringify([architecture, target, options]))
    .digest("hex");
  const known = values.checkpoint === undefined ? undefined : await readCheckpoint(values.checkpoint);
  if (typeof known === "string") return failed(known);
  if (known !== undefined && known.run !== run)
    return failed(
      `${values.checkpoint}: the checkpoint of another run (another architecture, target, seed or number of steps)`,
    );
  const from = known?.checkpoint;

  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  const client = new RuntimeClient({ backend, onRestart: complain });
  const metrics: Metrics[] = [];
  let writing = Promise.resolve();
  let problem: string | undefined;
  const save = async (place: string, checkpoint: Checkpoint) => {
    const found = await writeCheckpoint(place, { architecture, run, checkpoint });
    // Said at once, and once: a full disk stays full, and the run goes on.
    if (found !== undefined && found !== problem) complain(found);
    problem = found;
  };
  try {
    showProgress("starting the runtime");
    const description = await client.describe();
    if (!values.json) await print(`${description.backend.name} (${description.backend.device}), target ${name}\n`, 0);
    showProgress("estimating the error floor");
    const outcome = await client.request(
      "train",
      { architecture, target, trusted: true, options, from }, // it was named in the command
      {
        signal: stop.signal,
        resume: resumeTraining,
        onProgress: (value: TrainProgress) => {
          if (value.kind === "floor") {
            if (!values.json) void print(`${floorText(value.floor)}\n${head}\n`, 0);
            showProgress("training");
          } else if (value.kind === "losses") {
            showProgress(`step ${value.first + value.losses.length} of ${options.steps}`);
          } else if (value.kind === "metrics") {
            metrics.push(value.metrics);
            if (!values.json) void print(`${row(value.metrics)}\n`, 0);
          }
        },
        onCheckpoint: (checkpoint) => {
          const { checkpoint: place } = values;
          if (place !== undefined) writing = writing.then(() => save(place, checkpoint));
        },
      },
    );
    showProgress("");
    if (values.json)
      return await print(
        `${JSON.stringify({ version: 1, file, name: architecture.name, target: name, ...description, options, ...outcome, metrics }, null, 2)}\n`,
        0,
      );
    return await print(`${conclusion(outcome)}\n`, 0);
  } catch (error) {
    const last = metrics.at(-1)?.step ?? 0;
    return failed(stop.signal.aborted ? `interrupted after step ${last}` : (error as Error).message);
  } finally {
    process.off("SIGINT", interrupt);
    await writing;
    await client.dispose();
  }
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Misuse(`--${name} takes a number from 1 to 999999999`);
  return Number(text);
}

function failed(message: string): number {
  complain(message);
  return 2;
}

/** The first architecture of a file; a string says why there is none. */
async function architectureOf(file: string): Promise<Architecture | string> {
  let bytes: Buffer;
  try {
    bytes = await read(file, mostBytes(file));
  } catch (error) {
    return `${file}: ${reasonOf(error)}`;
  }
  const decoded = decode(bytes, file);
  await prepareReading(file);
  const model = "text" in decoded ? readModelFile(file, decoded.text) : undefined;
  if (model === undefined) return `${file}: ${isCodeFile(file) ? "no model found" : "not a model file"}`;
  const [error] = model.errors;
  if (error) return `${file}:${error.range.start.line + 1}:${error.range.start.character + 1}: ${error.message}`;
  const asked = model.questions?.map(({ message }) => `: ${message}`)[0] ?? "";
  return model.architectures[0]?.architecture ?? `${file}: no architecture in it${asked}`;
}

/** The module of a user's own target; null where it cannot be read. */
async function sourceOf(file: string): Promise<TargetSource | null> {
  try {
    return { file, text: await readFile(file, "utf8") };
  } catch {
    return null;
  }
}

const shown = (value: number): string => value.toPrecision(4);
const interval = ({ value, low, high }: Estimate): string => `${shown(value)} [${shown(low)}, ${shown(high)}]`;

function floorText(floor: Floor | string): string {
  if (typeof floor === "string") return `No error floor is known: ${floor}`;
  const { both, symmetry, visibility, variance, incomplete } = floor;
  const parts = `symmetry ${shown(symmetry.value)}, visibility ${shown(visibility.value)}`;
  const bound = incomplete === null ? "" : `; a lower bound: ${incomplete}`;
  return `error floor ${interval(both)} (${parts}${bound}); the target's variance is ${shown(variance)}`;
}

const head = ["step", "training loss", "loss", "margin", "steps/s"].map((title) => title.padStart(14)).join("");
const row = ({ step, trainingLoss, loss, margin, stepsPerSecond }: Metrics): string =>
  [
    String(step),
    shown(trainingLoss),
    shown(loss.value),
    margin?.toPrecision(2) ?? "-",
    stepsPerSecond?.toFixed(1) ?? "-",
  ]
    .map((cell) => cell.padStart(14))
    .join("");

/** How the loss reached stands to the floor and to the variance. */
function conclusion({ loss, floor, variance, steps }: TrainOutcome): string {
  const share = `${((100 * loss.value) / variance).toPrecision(3)} % of the target's variance`;
  const start = `After ${steps} steps the loss is ${interval(loss)}, ${share}`;
  if (typeof floor === "string" || floor.both.low <= 1e-9 * floor.variance) return `${start}.`;
  return `${start}; the floor is ${interval(floor.both)}, and no run of this architecture goes below it.`;
}
