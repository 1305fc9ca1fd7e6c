/**
 * `npm run bench`: what a verdict costs. Prints Markdown tables, and writes docs/bench.md with a plot of cost against n (docs/images/cost.svg).
 * Times are medians after warm-up on the machine at hand; compare the ratios, not the milliseconds.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { format } from "prettier";
import { architectureSchema, type ArchitectureInput } from "../../extension/theory/architecture/schema";
import { analyse } from "../../extension/theory/verdict/analyse";
import { checkText } from "../../extension/check";
import { bench as benchAutomorphisms } from "./automorphisms";

const root = path.resolve(__dirname, "../..");

function median(run: () => unknown, repeats: number): number {
  run();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = process.hrtime.bigint();
    run();
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}

const decideSpec = (input: ArchitectureInput) => () => analyse(architectureSchema.parse(input));

const config = (file: string) => {
  const text = readFileSync(path.join(root, file), "utf8");
  return () => checkText(path.basename(file), text);
};

const window = (tokens: number, width: number, layers: number): ArchitectureInput => ({
  tokens,
  width: 64,
  layers: [{ repeat: layers, attention: { pattern: { window: { left: width, right: 0 } } } }],
  position: "rotary",
  target: { visibility: "causal" },
});

const cases: [string, () => unknown][] = [
  ["BigBird configuration, 4,096 tokens", config("test/corpus/huggingface/big_bird.config.json")],
  ["Longformer configuration, 4,096 tokens", config("test/corpus/huggingface/longformer-base-4096.config.json")],
  [
    "Longformer with a global token, 4,096 tokens, no positions",
    decideSpec({
      tokens: 4096,
      width: 64,
      layers: [{ repeat: 12, attention: { pattern: { longformer: { window: 256, globals: [0] } } } }],
    }),
  ],
  ["sliding window 4,096 of 131,072 tokens, 33 layers, rotary", decideSpec(window(131072, 4095, 33))],
  [
    "window 64 a side of 131,072 tokens, no positions",
    decideSpec({ tokens: 131072, width: 64, layers: [{ repeat: 32, attention: { pattern: { window: 64 } } }] }),
  ],
];

/** Peak memory of one case in a process of its own. */
function peakMebibytes(index: number): number {
  const child = spawnSync(process.execPath, ["--import", "tsx", __filename, "--one", String(index)], {
    encoding: "utf8",
    cwd: root,
  });
  return Math.round(Number(child.stdout.trim().split("\n").pop()) / 1024);
}

function costTable(): { n: number; absolute: number; none: number }[] {
  const rows: { n: number; absolute: number; none: number }[] = [];
  for (let power = 8; power <= 20; power++) {
    const n = 2 ** power;
    const at = (position: "absolute" | "none") =>
      decideSpec({ tokens: n, width: 64, position, layers: [{ repeat: 24, attention: { pattern: { window: 64 } } }] });
    const repeats = power > 16 ? 3 : 7;
    rows.push({ n, absolute: median(at("absolute"), repeats), none: median(at("none"), repeats) });
    console.log(
      `n = 2^${power}: ${rows.at(-1)!.absolute.toFixed(1)} ms with absolute positions, ${rows.at(-1)!.none.toFixed(1)} ms without`,
    );
  }
  return rows;
}

/** A log-log plot as plain SVG, with n log n through the first point for comparison. */
function plot(rows: { n: number; absolute: number; none: number }[]): string {
  const [width, height, margin] = [672, 400, 72];
  const all = rows.flatMap((row) => [row.absolute, row.none]);
  const reference = rows.map(
    (row) => (rows[4].absolute * row.n * Math.log2(row.n)) / (rows[4].n * Math.log2(rows[4].n)),
  );
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.ceil(Math.log10(Math.max(...all, ...reference)));
  const x = (n: number) => margin + ((Math.log2(n) - 8) / 12) * (width - 2 * margin);
  const y = (ms: number) =>
    height - margin - ((Math.log10(Math.max(ms, 10 ** low)) - low) / (high - low)) * (height - 2 * margin);
  const line = (values: number[], style: string) =>
    `<polyline fill="none" ${style} points="${values.map((ms, i) => `${x(rows[i].n).toFixed(1)},${y(ms).toFixed(1)}`).join(" ")}"/>`;
  const grid = Array.from({ length: high - low + 1 }, (_, i) => low + i).map(
    (power) =>
      `<line x1="${margin}" x2="${width - margin}" y1="${y(10 ** power)}" y2="${y(10 ** power)}" stroke="#ddd"/><text x="${margin - 8}" y="${y(10 ** power) + 4}" text-anchor="end">${10 ** power} ms</text>`,
  );
  const ticks = rows
    .filter((_, i) => i % 2 === 0)
    .map(
      (row) => `<text x="${x(row.n)}" y="${height - margin + 20}" text-anchor="middle">2^${Math.log2(row.n)}</text>`,
    );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#333">
<rect width="100%" height="100%" fill="white"/>
${grid.join("\n")}
${ticks.join("\n")}
<text x="${width / 2}" y="${height - 10}" text-anchor="middle">tokens n (window of 64 a side, 24 layers)</text>
${line(reference, 'stroke="#999" stroke-dasharray="4 4"')}
${line(
  rows.map((row) => row.absolute),
  'stroke="#0072b2" stroke-width="2"',
)}
${line(
  rows.map((row) => row.none),
  'stroke="#d55e00" stroke-width="2"',
)}
<text x="${margin + 12}" y="${margin}" fill="#0072b2">absolute positions</text>
<text x="${margin + 12}" y="${margin + 18}" fill="#d55e00">no positions (symmetry computed)</text>
<text x="${margin + 12}" y="${margin + 36}" fill="#777">n log n</text>
</svg>
`;
}

async function main() {
  if (process.argv[2] === "--one") {
    cases[Number(process.argv[3])][1]();
    console.log(process.resourceUsage().maxRSS);
    return;
  }
  const lines = ["| model | time | peak memory |", "|---|---|---|"];
  for (const [index, [name, run]] of cases.entries()) {
    const ms = median(run, 7);
    lines.push(`| ${name} | ${ms.toFixed(0)} ms | ${peakMebibytes(index)} MiB |`);
    console.log(lines.at(-1));
  }
  const rows = costTable();
  const automorphisms = await benchAutomorphisms();
  console.log(automorphisms);
  mkdirSync(path.join(root, "docs/images"), { recursive: true });
  writeFileSync(path.join(root, "docs/images/cost.svg"), plot(rows));
  const cost = [
    "| n | absolute positions | no positions |",
    "|---|---|---|",
    ...rows.map(
      (row) => `| ${row.n.toLocaleString("en")} | ${row.absolute.toFixed(1)} ms | ${row.none.toFixed(1)} ms |`,
    ),
  ];
  const page = `# Benchmarks

Made by \`npm run bench\` on ${os.cpus().length} cores (${os.cpus()[0].model.trim()}), Node ${process.versions.node}. Times are medians after warm-up; the peak memory is that of a
process that does nothing else. Compare ratios rather than milliseconds.

## Verdicts

${lines.join("\n")}

## Cost against the number of tokens

![cost against n](images/cost.svg)

${cost.join("\n")}

## Automorphism search against nauty

${automorphisms}
`;
  writeFileSync(path.join(root, "docs/bench.md"), await format(page, { parser: "markdown", printWidth: 120 }));
}

void main();
