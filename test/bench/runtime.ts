/**
 * `npm run bench -- runtime`: forward passes and training steps on every backend against PyTorch on the processor, sparse patterns against dense ones,
 * and memory. Writes docs/bench-runtime.md and docs/images/runtime.svg. The machine should have nothing else to do.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import esbuild from "esbuild";
import { format } from "prettier";
import { RuntimeClient, type RuntimeOptions } from "../../extension/runtime/process/client";
import type { ArchitectureInput } from "../../extension/theory/architecture/schema";
import { softwareVulkan, softwareVulkanSupported } from "../rig/vulkan";
import type { Measuring, Times } from "./runtimeChild";

const root = path.resolve(__dirname, "../..");
const torchVersion = "2.14.1";
const [batch, layers, heads] = [32, 2, 2];
const mebibyte = 2 ** 20;

interface Shape {
  tokens: number;
  width: number;
}

const shapes: Shape[] = [16, 64, 256, 1024].flatMap((tokens) => [32, 64, 128].map((width) => ({ tokens, width })));
/** Software graphics and plain JavaScript take so long that the smallest shapes tell enough. */
const slow = ({ tokens, width }: Shape) => tokens * width > 16 * 64;

interface Runner {
  name: string;
  threads: number;
  skips: (shape: Shape) => boolean;
  measure: (shape: Shape) => Promise<Omit<Times, "resident" | "held"> & Partial<Times>>;
  end: () => Promise<void>;
}

const architecture = ({ tokens, width }: Shape, pattern?: object): ArchitectureInput => ({
  tokens,
  width,
  position: "absolute",
  layers: [
    {
      repeat: layers,
      attention: { heads, ...pattern },
      feedForward: { hidden: 4 * width, activation: "gelu" },
    },
  ],
});

/** PyTorch in an environment of its own, from PyPI; installed at the first run (some 2.5 GB, for its wheel brings CUDA's libraries). */
function torchPython(): string | undefined {
  const folder = path.join(root, ".rig", "torch");
  const python = path.join(folder, "bin", "python");
  const works = () => existsSync(python) && spawnSync(python, ["-c", "import torch"]).status === 0;
  if (works()) return python;
  console.log(`Installing PyTorch ${torchVersion} into .rig/torch ...`);
  rmSync(folder, { recursive: true, force: true });
  spawnSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install", `torch==${torchVersion}`, "numpy"];
  spawnSync(python, pip, { stdio: "inherit" });
  return works() ? python : undefined;
}

function torch(python: string, threads: number): Runner {
  const child = spawn(python, [path.join(__dirname, "torchStep.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const line = await lines.next();
    if (line.done) throw new Error("PyTorch ended.");
    return JSON.parse(line.value) as unknown;
  };
  const version = answer() as Promise<{ version: string }>;
  return {
    name: "PyTorch",
    threads,
    skips: () => false,
    measure: async (shape) => {
      await version;
      child.stdin.write(`${JSON.stringify({ ...shape, layers, heads, batch, threads, seconds })}\n`);
      return (await answer()) as Times;
    },
    end: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.stdin.end();
      }),
  };
}

/** For each measurement, after warm-up. */
const seconds = 1;

function runtime(
  entry: string,
  name: NonNullable<RuntimeOptions["backend"]>,
  threads: number,
  skips: Runner["skips"] = () => false,
  env: NodeJS.ProcessEnv = {},
): Runner & { client: RuntimeClient<Measuring> } {
  const client = new RuntimeClient<Measuring>({
    backend: name,
    entry,
    env: {
      ...env,
      UAP_LENS_THREADS: String(threads),
      TF_NUM_INTRAOP_THREADS: String(threads),
      TF_NUM_INTEROP_THREADS: "1",
    },
    memoryLimit: 12 * 1024 * mebibyte,
  });
  return {
    client,
    name,
    threads,
    skips,
    measure: (shape) => client.request("measure", { architecture: architecture(shape), batch, seconds }),
    end: () => client.dispose(),
  };
}

interface Row {
  shape: Shape;
  /** By runner; absent where it was skipped or failed. */
  times: Map<Runner, Awaited<ReturnType<Runner["measure"]>>>;
}

const title = ({ name, threads }: Runner) => `${name}${threads > 1 ? `, ${threads} threads` : ""}`;

const ratio = (value: number) => (value < 100 ? value.toPrecision(2) : value.toFixed(0));
const time = (ms: number) => (ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`);

function table(rows: Row[], runners: Runner[], what: "forward" | "step"): string {
  const header = ["n", "d", ...runners.map(title)];
  const lines = rows.map(({ shape, times }) => {
    const cells = runners.map((runner) => {
      const ms = times.get(runner)?.[what];
      if (ms === undefined) return "–";
      const reference = runners.find(({ name, threads }) => name === "PyTorch" && threads === runner.threads);
      const against = reference && reference !== runner ? times.get(reference)?.[what] : undefined;
      return `${time(ms)}${against === undefined ? "" : ` (${ratio(ms / against)}×)`}`;
    });
    return `| ${[shape.tokens, shape.width, ...cells].join(" | ")} |`;
  });
  return [`| ${header.join(" | ")} |`, `|${header.map(() => "---|").join("")}`, ...lines].join("\n");
}

const colours = ["#333333", "#999999", "#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73", "#cc79a7"];

/** Milliseconds a training step against n at width 64, both logarithmic. */
function plot(rows: Row[], runners: Runner[]): string {
  const chosen = rows.filter(({ shape }) => shape.width === 64);
  const all = chosen.flatMap(({ times }) => [...times.values()].map(({ step }) => step));
  const [width, height, margin] = [640, 400, 56];
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.ceil(Math.log10(Math.max(...all)));
  const x = (n: number) => margin + ((Math.log2(n) - 4) / 6) * (width - 2 * margin);
  const y = (ms: number) => height - margin - ((Math.log10(ms) - low) / (high - low)) * (height - 2 * margin);
  const grid = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)).map(
    (ms) =>
      `<line x1="${margin}" x2="${width - margin}" y1="${y(ms)}" y2="${y(ms)}" stroke="#ddd"/><text x="${margin - 8}" y="${y(ms) + 4}" text-anchor="end">${ms} ms</text>`,
  );
  const ticks = chosen.map(
    ({ shape: { tokens } }) =>
      `<text x="${x(tokens)}" y="${height - margin + 20}" text-anchor="middle">${tokens}</text>`,
  );
  const lines = runners.map((runner, index) => {
    const points = chosen.flatMap(({ shape, times }) => {
      const ms = times.get(runner)?.step;
      return ms === undefined ? [] : [`${x(shape.tokens).toFixed(1)},${y(ms).toFixed(1)}`];
    });
    const label = `<text x="${margin + 12}" y="${margin + 18 * index}" fill="${colours[index]}">${title(runner)}</text>`;
    // A runner that skips most sizes has no line to show.
    const dots = points.map((point) => {
      const [cx, cy] = point.split(",");
      return `<circle r="3" fill="${colours[index]}" cx="${cx}" cy="${cy}"/>`;
    });
    return `<polyline fill="none" stroke="${colours[index]}" stroke-width="2" points="${points.join(" ")}"/>${dots.join("")}${label}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 0 ${width + 16} ${height}" font-family="sans-serif" font-size="12" fill="#333">
<rect x="-16" width="100%" height="100%" fill="white"/>
${[...grid, ...ticks, ...lines].join("\n")}
<text x="${width / 2}" y="${height - 10}" text-anchor="middle">tokens n (a training step at d = 64, batch ${batch}, ${layers} layers)</text>
</svg>
`;
}

/** A window of 16 a side against full attention, one sequence at a time; each in a process of its own, for WebAssembly's memory never shrinks. */
async function sparse(entry: string): Promise<string> {
  const lines = ["| n | window 16 a side | full |", "|---|---|---|"];
  const cell = async (tokens: number, pattern: object): Promise<string> => {
    const { client, end } = runtime(entry, "wasm", 1);
    try {
      const request = { architecture: architecture({ tokens, width: 64 }, pattern), batch: 1, seconds };
      const { forward, step, held } = await client.request("measure", request);
      const memory = held === null ? "" : `, ${Math.round(held / mebibyte)} MiB`;
      return `${time(forward)} forward, ${time(step)} a step${memory}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await end();
    }
  };
  for (const tokens of [128, 256, 512, 1024, 2048, 4096, 8192]) {
    const full = tokens > 4096 ? "–" : await cell(tokens, {});
    lines.push(`| ${tokens} | ${await cell(tokens, { pattern: { window: 16 } })} | ${full} |`);
    console.log(lines[lines.length - 1]);
  }
  return lines.join("\n");
}

async function main() {
  const cores = os.availableParallelism();
  const entry = path.join(root, "dist", "bench", "runtimeChild.js");
  await esbuild.build({
    entryPoints: [path.join(__dirname, "runtimeChild.ts")],
    outfile: entry,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    mainFields: ["module", "main"],
    external: ["webgpu"],
    logLevel: "warning",
  });
  const python = torchPython();
  if (python === undefined) console.log("PyTorch cannot be installed here: no ratios.");
  const runners: Runner[] = [
    ...(python === undefined ? [] : [torch(python, 1), torch(python, cores)]),
    runtime(entry, "wasm", 1),
    runtime(entry, "wasm", cores),
    runtime(entry, "tensorflow", 1),
    runtime(entry, "tensorflow", cores),
    ...(softwareVulkanSupported ? [runtime(entry, "webgpu", cores, slow, softwareVulkan())] : []),
    runtime(entry, "cpu", 1, slow),
  ];

  const failed = new Map<Runner, string>();
  const rows: Row[] = [];
  for (const shape of shapes) {
    const times: Row["times"] = new Map();
    for (const runner of runners) {
      if (failed.has(runner) || runner.skips(shape)) continue;
      try {
        times.set(runner, await runner.measure(shape));
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        console.log(`${title(runner)} at n = ${shape.tokens}, d = ${shape.width}: ${message}`);
        if (times.size === 0 || rows.length === 0) failed.set(runner, message);
      }
    }
    rows.push({ shape, times });
    console.log(
      `n = ${shape.tokens}, d = ${shape.width}: ${[...times].map(([runner, { step }]) => `${title(runner)} ${time(step)}`).join(", ")}`,
    );
  }
  const used = runners.filter((runner) => rows.some(({ times }) => times.has(runner)));
  const patterns = await sparse(entry);
  const memory = rows.map(({ shape, times }) => {
    const cells = used
      .filter(({ name }) => name !== "PyTorch")
      .map((runner) => {
        const resident = times.get(runner)?.resident;
        return resident === undefined ? "–" : `${Math.round(resident / mebibyte)} MiB`;
      });
    return `| ${[shape.tokens, shape.width, ...cells].join(" | ")} |`;
  });
  const memoryHeader = ["n", "d", ...used.filter(({ name }) => name !== "PyTorch").map(title)];
  await Promise.all(runners.map((runner) => runner.end()));

  mkdirSync(path.join(root, "docs/images"), { recursive: true });
  writeFileSync(path.join(root, "docs/images/runtime.svg"), plot(rows, used));
  const page = `# Speed of the runtime

Made by \`npm run bench\` on ${cores} cores (${os.cpus()[0].model.trim()}), Node ${process.versions.node}${python === undefined ? "" : `, PyTorch ${torchVersion}`}. The model: ${layers} layers of softmax
attention with ${heads} heads and a feed-forward network of hidden width 4d with GELU, learned positions, batch ${batch}, Adam. Medians after warm-up. In parentheses: times of PyTorch at
the same number of threads. WebGPU runs on a software driver here, which says nothing about a graphics card.

## A training step

${table(rows, used, "step")}

![milliseconds a training step against n](images/runtime.svg)

## A forward pass

${table(rows, used, "forward")}

## Memory

The process after the steps at that shape; WebAssembly's memory and TensorFlow's allocator keep what they once had.

| ${memoryHeader.join(" | ")} |
|${memoryHeader.map(() => "---|").join("")}
${memory.join("\n")}

## Sparse patterns against dense ones

On WASM on one thread at d = 64, batch 1. Memory is WebAssembly's, after the steps.

${patterns}
${[...failed].map(([runner, message]) => `\n${title(runner)} was not measured: ${message}\n`).join("")}`;
  writeFileSync(path.join(root, "docs/bench-runtime.md"), await format(page, { parser: "markdown", printWidth: 120 }));
}

void main();
