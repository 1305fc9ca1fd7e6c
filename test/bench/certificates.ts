/**
 * `npm run bench -- certificates`: what certificates cost, and how large the gaps are that they rest on. Writes docs/bench-certificates.md. Times are of one run on
 * the machine at hand; compare the ratios, not the milliseconds.
 */
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { format } from "prettier";
import { globSync } from "tinyglobby";
import { certificateText, issueFor, verifyText } from "../../extension/certificates";
import { readModelFile } from "../../extension/models";
import type { Architecture } from "../../extension/theory/architecture/schema";
import type { Certificate } from "../../extension/theory/certificate/format";
import { issue, NotIssued } from "../../extension/theory/certificate/issue";
import { examine } from "../../extension/theory/verdict/analyse";
import { paperFixtures } from "../reference/paperFixtures";

const root = path.resolve(__dirname, "../..");

interface Row {
  name: string;
  tokens: number;
  layers: number;
  kind: string;
  comparisons: number;
  gap: string;
  bytes: number;
  verdict: number;
  issued: number;
  verified: number;
}

function timed<T>(run: () => T): [T, number] {
  const started = performance.now();
  return [run(), performance.now() - started];
}

/** Undefined where no certificate is due, or none is issued. */
function measure(name: string, architecture: Architecture, make: () => Certificate): Row | undefined {
  const [{ report }, verdict] = timed(() => examine(architecture));
  if (report.verdict !== "certified" && report.verdict !== "refuted") return undefined;
  let issuing: [Certificate, number];
  try {
    issuing = timed(make);
  } catch (error) {
    if (!(error instanceof NotIssued)) throw error;
    console.log(`${name}: ${error.message}`);
    return undefined;
  }
  const [certificate, issued] = issuing;
  const text = certificateText(certificate);
  const [verification, verified] = timed(() => verifyText(text));
  if (!verification.accepted) throw new Error(`${name}: ${verification.reason}`);
  const gaps =
    certificate.kind === "universal"
      ? [...certificate.replacements, ...certificate.rearrangements.flatMap(({ nodes }) => nodes)].flatMap(({ gap }) => gap ?? []) // prettier-ignore
      : [];
  const least = gaps.reduce((least, gap) => (Number(gap) < Number(least) ? gap : least), gaps[0] ?? "");
  console.log(`${name}: issued in ${issued.toFixed(0)} ms, verified in ${verified.toFixed(0)} ms`);
  return { name, tokens: architecture.tokens, layers: report.attentionLayers, kind: certificate.kind, comparisons: gaps.length, gap: least, bytes: text.length, verdict, issued, verified }; // prettier-ignore
}

const table = (rows: readonly Row[]): string =>
  [
    "| architecture | tokens | layers | certificate | comparisons | least gap | KiB | issue | verify |",
    "| --- | --: | --: | --- | --: | --: | --: | --: | --: |",
    ...rows.map(({ name, tokens, layers, kind, comparisons, gap, bytes, issued, verified }) => `| ${[name, tokens, layers, kind, comparisons || "", gap, (bytes / 1024).toFixed(1), `${issued.toFixed(0)} ms`, `${verified.toFixed(0)} ms`].join(" | ")} |`), // prettier-ignore
  ].join("\n");

async function main(): Promise<void> {
  const examples: Row[] = [];
  for (const file of globSync(["examples/**/*.uap.{json,yaml}"], { cwd: root }).sort()) {
    const text = readFileSync(path.join(root, file), "utf8");
    for (const [index, { architecture }] of readModelFile(file, text)!.architectures.entries()) {
      const row = measure(path.basename(file), architecture, () => issueFor(file, text, index));
      if (row) examples.push(row);
    }
  }
  const fixtures: Row[] = [];
  const lengths = Array.from({ length: 12 }, (_, i) => 5 + i);
  for (const [name, architecture] of paperFixtures(lengths)) {
    const row = measure(name, architecture, () => issue(architecture, { file: "model.uap.json", sha256: "0".repeat(64) })); // prettier-ignore
    if (row) fixtures.push(row);
  }
  const slowest = [...fixtures].sort((a, b) => b.issued - a.issued);
  const universal = fixtures.filter(({ kind }) => kind === "universal");
  const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1];
  const page = `# What certificates cost

Made by \`npm run bench -- certificates\` on ${os.cpus()[0].model.trim()}, ${os.availableParallelism()} threads, Node ${process.versions.node}. Issuing includes the search and one verification.

## The examples

${table(examples)}

## The paper's fixtures, up to 16 tokens

${fixtures.length} certificates (\`test/reference/paperFixtures.ts\`, circular windows and convolutions of every length from 5 to 16): median ${median(fixtures.map(({ issued }) => issued)).toFixed(0)} ms to issue, the slowest ${slowest[0].issued.toFixed(0)} ms; verifying takes ${(100 * median(universal.map(({ issued, verified }) => verified / issued))).toFixed(0)} % of the time of issuing (median). The slowest, and those with the least gaps:

${table(slowest.slice(0, 12))}

${table([...universal].sort((a, b) => Number(a.gap) - Number(b.gap)).slice(0, 6))}
`;
  writeFileSync(
    path.join(root, "docs/bench-certificates.md"),
    await format(page, { parser: "markdown", printWidth: 120 }),
  );
}

void main();
