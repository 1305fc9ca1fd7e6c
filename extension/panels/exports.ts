/** What a training run is exported as: a table of its curves, and a script that repeats it. */
import type { TrainingRun } from "./trainingRuns";

const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** One row for each step of each run, with what was evaluated there. Numbers as JavaScript writes them, so that they read back as they were. */
export function runsAsCsv(runs: readonly Pick<TrainingRun, "record" | "losses">[]): string {
  const head = ["run", "title", "step", "training loss", "loss", "loss low", "loss high", "margin", "floor", "floor low", "floor high"]; // prettier-ignore
  const rows = [head.join(",")];
  for (const { record, losses } of runs) {
    const { id, title, evaluations, floor } = record;
    const bound =
      floor === null || typeof floor === "string" ? [] : [floor.both.value, floor.both.low, floor.both.high];
    const at = new Map(evaluations.map((metrics) => [metrics.step, metrics]));
    losses.forEach((loss, i) => {
      const metrics = at.get(i + 1);
      const evaluated = metrics === undefined ? ["", "", "", ""] : [metrics.loss.value, metrics.loss.low, metrics.loss.high, metrics.margin ?? ""]; // prettier-ignore
      rows.push([id, cell(title), i + 1, loss, ...evaluated, ...(bound.length === 0 ? ["", "", ""] : bound)].join(","));
    });
  }
  return `${rows.join("\n")}\n`;
}

/** A script of the package's library that trains the same model in the same way: on the same backend, to the same losses. */
export function scriptOf({ record, options }: Pick<TrainingRun, "record" | "options">): string {
  const { architecture, target, title, backend } = record;
  const own = typeof target === "string" ? null : target;
  const code = (value: unknown) => JSON.stringify(value, null, 2);
  return `/**
 * Repeats the training run "${title.replaceAll("*/", "")}"${backend === null ? "" : `, which ran on ${backend.name} (${backend.device})`}.
 * Run it where the package uap-lens is installed: npx tsx FILE
 */
import { type Architecture, build, estimateFloor, ${own === null ? "libraryTarget" : "targetOf"}, start, train } from "uap-lens";
${own === null ? "" : `import map from ${JSON.stringify(`./${own.file}`)};\n`}
const architecture: Architecture = ${code(architecture)};
const options = ${code(options)};

await start(${JSON.stringify(backend?.name ?? "wasm")});
const target = ${own === null ? `libraryTarget(${JSON.stringify(target)}, architecture)` : `targetOf(${JSON.stringify(own.file)}, map, architecture)`};
const floor = estimateFloor(architecture, target);
console.log(typeof floor === "string" ? floor : \`no run ends below \${floor.both.value} (95 %: \${floor.both.low} to \${floor.both.high})\`);

const model = build(architecture, { seed: options.seed, regime: "standard" });
const { loss, steps } = await train(model, target, options, {
  progress: (event) => {
    if (event.kind === "metrics") console.log(event.metrics.step, event.metrics.trainingLoss, event.metrics.loss.value);
  },
});
console.log(\`after \${steps} steps the loss is \${loss.value} (95 %: \${loss.low} to \${loss.high})\`);
model.dispose();
`;
}
