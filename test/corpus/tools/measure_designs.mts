/**
 * Measures the symmetry of the designs of the corpus's groups on up to seven tokens, trying all n! permutations on models in float64 (test/reference/designs.ts says
 * how), and writes ../designs/measured.json; with --designs also what the designs of all groups are, ../designs/designs.json.
 *
 *     npx tsx test/corpus/tools/measure_designs.mts [--designs] [--resume]
 *
 * With --resume designs that are in measured.json by their titles are not measured again.
 */
import { writeFileSync } from "node:fs";
import type { Design } from "../../../extension/theory/design/design";
import { groupOf } from "../../../extension/theory/design/groups";
import {
  corpusGroups,
  designsOf,
  knownDesigns,
  knownMeasurements,
  measureDesign,
  summariesOf,
  type Measured,
  type Summary,
} from "../../reference/designs";

const folder = new URL("../designs/", import.meta.url);
const listed = <T>(entries: Record<string, T[]>): string =>
  `{\n${Object.entries(entries)
    .map(([id, list]) => `  ${JSON.stringify(id)}: [\n${list.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n")}\n  ]`)
    .join(",\n")}\n}\n`; // prettier-ignore

const before = process.argv.includes("--resume") ? knownMeasurements() : {};
const measured: Record<string, Measured[]> = { ...before };
const designs: Record<string, Summary[]> = process.argv.includes("--designs") ? {} : knownDesigns();
for (const entry of corpusGroups()) {
  const { degree } = groupOf(entry.request);
  const measuring = degree <= 7;
  if (!measuring && entry.id in designs) continue;
  const outcome = designsOf(entry);
  designs[entry.id] = summariesOf(outcome);
  if (measuring) {
    const known = ({ title }: Design) => before[entry.id]?.find((one) => one.title === title);
    measured[entry.id] = outcome.designs.map((one) => known(one) ?? measureDesign(one.architecture, one.title, 1));
    const wrong = measured[entry.id].filter(({ symmetries }) => String(symmetries) !== entry.order);
    for (const { title, symmetries } of wrong) console.error(`${entry.id}: ${title} has ${symmetries} symmetries, not ${entry.order}`); // prettier-ignore
    writeFileSync(new URL("measured.json", folder), listed(measured));
  }
  console.log(`${entry.id}: ${outcome.designs.length} designs`);
  if (process.argv.includes("--designs")) writeFileSync(new URL("designs.json", folder), listed(designs));
}
