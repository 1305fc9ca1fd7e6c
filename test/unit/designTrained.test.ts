/** What training designs has shown (test/corpus/designs/trained.json), whether it is of the designs of today, and one of them trained anew. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "mocha";
import { start } from "../../extension/runtime/backends/start";
import { design } from "../../extension/theory/design/design";
import { groupOf } from "../../extension/theory/design/groups";
import {
  attempts,
  corpusGroups,
  fingerprint,
  floorCases,
  readTrained,
  subgroup,
  trainedArchitecture,
  trainFloor,
  trainToShare,
} from "../corpus/tools/trainedDesigns";

const groups = corpusGroups().map(({ id, request }) => ({ id, group: groupOf(request) }));
const groupNamed = (id: string) => groups.find((entry) => entry.id === id)!.group;
const cheapest = (id: string) => design(groupNamed(id), { width: 8 }).designs[0];

describe("designs are trained", () => {
  const { designs, floors, open } = readTrained();

  it("to below 5 % of the variance of a random target with the symmetry", () => {
    const known = [...Object.keys(designs), ...open];
    assert.deepEqual(known.sort(), groups.filter(({ group }) => group.degree > 1).map(({ id }) => id).sort()); // prettier-ignore
    for (const [id, { share, loss, variance }] of Object.entries(designs)) {
      assert.ok(share < 0.05 && Math.abs(share - loss.value / variance) < 1e-12, id);
      assert.ok(variance > 0.7 && variance < 1.3, `${id}: ${variance}`);
    }
    if (open.length > 0) console.log(`      open: ${open.length} of ${known.length} groups`);
  });

  it("on targets with less symmetry to their floors, and not below", () => {
    assert.ok(Object.keys(floors).length >= 10);
    for (const [id, { floor, loss, variance, clearance }] of Object.entries(floors)) {
      assert.ok(floor.low > 0.01 * variance && loss.value - floor.value < 0.05 * variance, id);
      assert.ok(clearance >= 0 && loss.high >= floor.low, id);
    }
  });

  it("as they are designed today", () => {
    const corpus = JSON.parse(readFileSync(path.join(__dirname, "../corpus/designs/designs.json"), "utf8")) as Record<
      string,
      { title: string }[] | undefined
    >;
    for (const [id, { title }] of Object.entries(designs)) assert.equal(title, corpus[id]?.[0].title ?? title, id);
    for (const id of ["2T1", "3T1", "4T1", "4T5", "5T5", "6T16", "S_2 x S_2", "S_7"]) {
      const { architecture, title } = cheapest(id);
      const trained = trainedArchitecture(architecture);
      assert.deepEqual([designs[id].title, designs[id].hash], [title, fingerprint(trained)], id);
      const less = floorCases.find((entry) => entry.id === id);
      if (less === undefined || !(id in floors)) continue;
      assert.equal(floors[id].hash, fingerprint(trained, subgroup(groupNamed(id), less.generators)), id);
    }
  });

  it("anew: S_4 by a hub register, and to the floor of a target with the symmetry of one of its generators", async () => {
    await start("wasm");
    const architecture = trainedArchitecture(cheapest("4T5").architecture);
    const { share } = await trainToShare(architecture, { ...attempts[0], steps: 600 });
    assert.ok(share < 0.05, String(share));
    const less = subgroup(groupNamed("4T5"), 1);
    const { kept, clearance } = await trainFloor(architecture, less, { ...attempts[0], steps: 1000 });
    assert.ok(kept && clearance >= 0);
  });
});
