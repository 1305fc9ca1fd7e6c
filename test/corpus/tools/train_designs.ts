/**
 * Trains a design of every group of the corpus on a random target with that symmetry, until its loss on samples that it was not trained on is below 5 % of the
 * target's variance: the cheapest one, or another where that one does not get there; and some on a random target with less symmetry, whose loss must stop at the floor. Writes test/corpus/designs/trained.json and keeps what is
 * there and current.
 *
 *   npx tsx test/corpus/tools/train_designs.ts [--missing] [--part I/N] [ID ...]
 *
 * All groups if no ID is given. Parts may run at the same time. With --missing, what is there is not looked at. On the WASM backend; most groups take less than a
 * minute, deep rings and many registers several.
 */
import { start } from "../../../extension/runtime/backends/start";
import { design } from "../../../extension/theory/design/design";
import { groupOf, type TokenGroup } from "../../../extension/theory/design/groups";
import { corpusGroups } from "../../reference/designs";
import {
  attempts,
  floorCases,
  isOf,
  readTrained,
  record,
  subgroup,
  trainFloor,
  trainToShare,
} from "./trainedDesigns";

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const missing = words[0] === "--missing" && words.shift() !== undefined;
  const [part, parts] = words[0] === "--part" ? words.splice(0, 2)[1].split("/").map(Number) : [1, 1];
  const wanted = corpusGroups()
    .map(({ id, request }) => ({ id, group: groupOf(request) }))
    .filter(({ id, group }) => group.degree > 1 && (words.length === 0 || words.includes(id)))
    .sort((a, b) => a.group.degree - b.group.degree)
    .filter((_, i) => i % parts === part - 1);
  await start("wasm");
  let pending = wanted;
  // What one attempt does not bring down waits for the next one until all have had theirs.
  for (const attempt of attempts) {
    const failed: typeof wanted = [];
    for (const entry of pending) if (!(await isTrained(entry, missing, attempt))) failed.push(entry);
    pending = failed;
  }
  if (pending.length > 0) {
    console.log(`not reached: ${pending.map(({ id }) => id).join(", ")}`);
    process.exitCode = 1;
  }
}

async function isTrained(
  { id, group }: { id: string; group: TokenGroup },
  missing: boolean,
  attempt: (typeof attempts)[number],
): Promise<boolean> {
  const known = readTrained();
  const floored = floorCases.find((entry) => entry.id === id);
  if (missing && known.designs[id] && (floored === undefined || known.floors[id])) return true;
  const { designs } = design(group, { width: 8 });
  const began = performance.now();
  const say = (text: string) => console.log(`${id}: ${text}, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  if (!designs.some((one) => isOf(known.designs[id], one))) {
    const chosen = designs.at(attempt.design);
    if (chosen === undefined) return false;
    const result = await trainToShare(chosen.architecture, attempt);
    say(`${chosen.title}, ${result.more} more layers, ${result.hidden} hidden units, ${result.steps} steps, ${(100 * result.share).toFixed(2)} %`);
    if (result.share >= 0.05) return false;
    record("designs", id, { title: chosen.title, ...result });
  }
  const [cheapest] = designs;
  if (floored === undefined) return true;
  const target = subgroup(group, floored.generators);
  if (isOf(known.floors[id], cheapest, target)) return true;
  const { kept, ...result } = await trainFloor(cheapest.architecture, target, attempt);
  say(`${cheapest.title}, floor ${result.floor.value.toFixed(3)}, loss ${result.loss.value.toFixed(3)}${kept ? "" : " NOT KEPT"}`);
  if (kept) record("floors", id, { title: cheapest.title, target, ...result });
  return kept;
}

void main();
