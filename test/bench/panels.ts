/**
 * `npm run bench -- panels`: what the editor feels of the extension. Activation as VS Code itself reports it, frames of the panels while a run streams in and while a
 * matrix of 1,024 x 1,024 cells is moved about, and the size of the package for every platform. Writes docs/bench-panels.md.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { format } from "prettier";
import type { PanelPage } from "../browser/panelPage";
import { Workbench } from "../browser/workbench";

const root = path.resolve(__dirname, "../..");
const starts = 5;
const steps = 10_000;
const tokens = 1024;

const files = {
  "stream.uap.json": JSON.stringify({ name: "stream", tokens: 4, width: 4, position: "absolute", layers: [{ attention: {}, feedForward: { hidden: 8 } }] }),
  "matrix.uap.json": JSON.stringify({ name: "matrix", tokens, width: 8, position: "absolute", layers: [{ repeat: 3, attention: { pattern: { window: 64 } }, feedForward: { hidden: 8 } }] }),
}; // prettier-ignore

interface Frames {
  count: number;
  median: number;
  p95: number;
  longest: number;
}

/** Milliseconds between the frames of a page while something goes on. */
async function framesDuring(panel: PanelPage, work: () => Promise<void>): Promise<Frames> {
  await panel.frame.evaluate(`
    window.frames_ = { times: [], on: true };
    let last = performance.now();
    const tick = (now) => {
      window.frames_.times.push(now - last);
      last = now;
      if (window.frames_.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);`);
  await work();
  const times = await panel.frame.evaluate<number[]>("window.frames_.on = false, window.frames_.times");
  const sorted = times.slice(1).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { count: sorted.length, median: at(0.5), p95: at(0.95), longest: at(1) };
}

interface Activation {
  /** Milliseconds of the host's thread for the extension's code and for `activate`. */
  code: number;
  activate: number;
  /** What "Developer: Show Running Extensions" says, which counts what the thread does for other extensions in the meantime. */
  shown: number;
}

/** In the place of the extension's entry: loads and activates it and writes how long both took. */
const timedEntry = `
const begun = performance.now();
const extension = require("./untimed.js");
const code = performance.now() - begun;
exports.activate = (context) => {
  const called = performance.now();
  extension.activate(context);
  const activate = performance.now() - called;
  require("node:fs").writeFileSync(__dirname + "/times.json", JSON.stringify({ code, activate }));
};`;

async function activation(): Promise<Activation> {
  const workbench = await Workbench.start("bench-activation");
  try {
    const dist = path.join(workbench.installed, "dist");
    renameSync(path.join(dist, "extension.js"), path.join(dist, "untimed.js"));
    writeFileSync(path.join(dist, "extension.js"), timedEntry);
    await workbench.open("longformer.uap.json");
    await workbench.lens.first().waitFor();
    await workbench.command("Developer: Show Running Extensions");
    const row = workbench.page.locator(".runtime-extensions-editor .monaco-list-row", { hasText: "UAP Lens" }).first();
    const said = await row.innerText();
    const [, milliseconds] = /Activation: (\d+)ms/.exec(said) ?? [];
    if (milliseconds === undefined) throw new Error(`no activation time in "${said}"`);
    const times = JSON.parse(readFileSync(path.join(dist, "times.json"), "utf8")) as Omit<Activation, "shown">;
    return { ...times, shown: Number(milliseconds) };
  } finally {
    await workbench.stop();
  }
}

async function streaming(): Promise<{ frames: Frames; seconds: number }> {
  const workbench = await Workbench.start("bench-streaming", { files });
  try {
    await workbench.open("stream.uap.json");
    await workbench.lens.first().waitFor();
    await workbench.command("UAP Lens: Train This Architecture");
    const panel = await workbench.panel("Training: stream.uap.json");
    await panel.fill("steps", String(steps));
    let seconds = 0;
    const frames = await framesDuring(panel, async () => {
      await panel.click("start");
      await panel.locator(".run-status.running").waitFor();
      const begun = Date.now();
      await panel.locator(".run-status.ended").waitFor({ timeout: 300_000 });
      seconds = (Date.now() - begun) / 1000;
    });
    return { frames, seconds };
  } finally {
    await workbench.stop();
  }
}

async function matrix(): Promise<{ moving: Frames; layers: Frames }> {
  const workbench = await Workbench.start("bench-matrix", { files });
  try {
    await workbench.page.setViewportSize({ width: 1700, height: 1200 });
    await workbench.open("matrix.uap.json");
    await workbench.lens.first().waitFor();
    await workbench.command("UAP Lens: Show Distinguishability");
    const panel = await workbench.panel("Distinguishability: matrix.uap.json");
    await panel.choose("variant", "As written (");
    await panel.says(/\d+ pairs are taken into account|Collapsed pairs \(\d{3}/, 120_000);
    await panel.control("cancel").waitFor({ state: "detached", timeout: 120_000 });
    const map = panel.locator(".main-map canvas");
    await map.scrollIntoViewIfNeeded();
    const box = (await map.boundingBox())!;
    const { mouse } = workbench.page;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await map.focus();
    const moving = await framesDuring(panel, async () => {
      for (let round = 0; round < 4; round++) {
        await mouse.move(x, y);
        for (let i = 0; i < 12; i++) await mouse.wheel(0, -120);
        await mouse.down();
        for (let i = 0; i < 40; i++) await mouse.move(x - 150 * Math.sin(i / 6), y - 150 * Math.cos(i / 6));
        await mouse.up();
        for (let i = 0; i < 12; i++) await mouse.wheel(0, 120);
      }
    });
    await panel.control("layer").focus();
    const layers = await framesDuring(panel, async () => {
      for (let round = 0; round < 6; round++)
        for (const key of ["Home", "ArrowRight", "ArrowRight", "End"]) {
          await panel.press(key);
          await workbench.page.waitForTimeout(100);
        }
    });
    return { moving, layers };
  } finally {
    await workbench.stop();
  }
}

/** Bytes of the package for every platform that it is made for. */
function packages(): [string, number][] {
  const folder = path.join(root, "test-results", "packages");
  rmSync(folder, { recursive: true, force: true });
  execFileSync("npm", ["run", "--silent", "package:all", "--", folder], { cwd: root, stdio: ["ignore", "ignore", "inherit"] }); // prettier-ignore
  return readdirSync(folder)
    .filter((name) => name.endsWith(".vsix"))
    .map((name) => [
      /uap-lens-(.+)-\d+\.\d+\.\d+\.vsix/.exec(name)?.[1] ?? name,
      statSync(path.join(folder, name)).size,
    ]);
}

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

async function main(): Promise<void> {
  const activations: Activation[] = [];
  for (let i = 0; i < starts; i++) activations.push(await activation());
  console.log("activation", activations);
  const spread = (value: (one: Activation) => number) => {
    const sorted = activations.map(value).sort((a, b) => a - b);
    return [sorted[starts >> 1], sorted[0], sorted[starts - 1]].map((ms) => `${ms.toFixed(0)} ms`);
  };
  const { frames, seconds } = await streaming();
  console.log("streaming", frames, seconds);
  const { moving, layers } = await matrix();
  console.log("matrix", moving, layers);
  const sizes = packages();
  const row = (what: string, { count, median, p95, longest }: Frames) => [what, String(count), ...[median, p95, longest].map((value) => `${value.toFixed(1)} ms`)]; // prettier-ignore
  const page = `# The cost of the panels

Made by \`npm run bench -- panels\` in a real VS Code, served to a headless Chromium without a graphics card, on a machine with ${os.availableParallelism()} processors (${os.cpus()[0].model.trim()}) that trains, serves and draws at once.

## Activation

Time of the extension host's thread, of ${starts} starts with a model file opened:

${table(
  ["what", "median", "least", "most"],
  [
    ["loading the code", ...spread(({ code }) => code)],
    ["activating", ...spread(({ activate }) => activate)],
    ["both", ...spread(({ code, activate }) => code + activate)],
    ["as VS Code shows it", ...spread(({ shown }) => shown)],
  ],
)}

_Developer: Show Running Extensions_ counts what the thread does for other extensions between asking for the code and having it: several start with the first JSON file. TensorFlow.js is not loaded; it is in no bundle but the runtime's, which
starts with the first measurement or training run.

## Frames

Milliseconds from one frame of the panel to the next.

${table(
  ["while", "frames", "median", "95 % below", "longest"],
  [
    row(`a run of ${steps.toLocaleString("en")} steps streams in (${seconds.toFixed(0)} s)`, frames),
    row(
      `a matrix of ${tokens.toLocaleString("en")} x ${tokens.toLocaleString("en")} cells is zoomed and moved`,
      moving,
    ),
    row("the same matrix is shown layer after layer", layers),
  ],
)}

## Package

The package for each platform holds that platform's WebGPU library (Dawn).

${table(
  ["platform", "size"],
  sizes.map(([platform, bytes]) => [platform, `${(bytes / 2 ** 20).toFixed(1)} MiB`]),
)}
`;
  writeFileSync(path.join(root, "docs/bench-panels.md"), await format(page, { parser: "markdown", printWidth: 120 }));
}

void main();
