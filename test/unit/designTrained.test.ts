/** What training designs has shown (test/corpus/designs/trained.json), whether it is of the designs of today, and one of them trained anew. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { start } from "../../extension/runtime/backends/start";
import { design } from "../../extension/theory/design/design";
import { groupOf } from "../../extension/theory/design/groups";
import { examine } from "../../extension/theory/verdict/analyse";
import { corpusGroups, knownDesigns } from "../reference/designs";
import {
  attempts,
  floorCases,
  isOf,
  readTrained,
  subgroup,
  trainedArchitecture,
  trainFloor,
  trainToShare,
} from "../corpus/tools/trainedDesigns";

const groups = corpusGroups().map(({ id, request }) => ({ id, group: groupOf(request) }));
const groupNamed = (id: string) => groups.find((entry) => entry.id === id)!.group;

describe("designs are trained", () => {
  const { designs, floors } = readTrained();

  it("to below 5 % of the variance of a random target with the symmetry", () => {
    assert.deepEqual(Object.keys(designs).sort(), groups.filter(({ group }) => group.degree > 1).map(({ id }) => id).sort()); // prettier-ignore
    for (const [id, { share, loss, variance }] of Object.entries(designs)) {
      assert.ok(share < 0.05 && Math.abs(share - loss.value / variance) < 1e-12, id);
      // Half of it or more: not every token has a tuple part.
      assert.ok(variance > 0.45 && variance < 1.3, `${id}: ${variance}`);
    }
  });

  it("on targets with less symmetry to their floors, and not below", () => {
    assert.deepEqual(Object.keys(floors).sort(), floorCases.map(({ id }) => id).sort());
    for (const [id, { floor, loss, variance, clearance }] of Object.entries(floors)) {
      assert.ok(floor.low > 0.01 * variance && loss.value - floor.value < 0.05 * variance, id);
      assert.ok(clearance >= 0 && loss.high >= floor.low, id);
    }
  });

  it("as they are designed today", () => {
    const corpus = knownDesigns();
    for (const [id, { title }] of Object.entries(designs))
      assert.ok(
        corpus[id].some((one) => one.title === title),
        id,
      );
    for (const id of ["2T1", "3T1", "4T1", "4T4", "4T5", "5T5", "6T15", "6T16", "S_2 x S_2", "S_7"]) {
      const today = design(groupNamed(id), { width: 8 }).designs;
      assert.ok(today.some((one) => isOf(designs[id], one)), id); // prettier-ignore
      const less = floorCases.find((entry) => entry.id === id);
      if (less === undefined) continue;
      assert.ok(isOf(floors[id], today[0], subgroup(groupNamed(id), less.generators)), id);
    }
  });

  it("with more layers than they need only where these change neither symmetry nor verdict", () => {
    const deeper = Object.entries(designs).filter(([, { more }]) => more > 0);
    for (const [id, entry] of deeper) {
      const one = design(groupNamed(id), { width: 8 }).designs.find(({ title }) => title === entry.title)!;
      const { report } = examine(trainedArchitecture(one.architecture, entry));
      assert.deepEqual([report.verdict, report.symmetry?.order], ["certified", groupNamed(id).group.order.toString()], id); // prettier-ignore
    }
  });

  it("anew: S_4 by a hub register, and to the floor of a target with the symmetry of one of its generators", async () => {
    await start("wasm");
    const [{ architecture }] = design(groupNamed("4T5"), { width: 8 }).designs;
    const { share } = await trainToShare(architecture, { ...attempts[0], steps: 600 });
    assert.ok(share < 0.05, String(share));
    const less = subgroup(groupNamed("4T5"), 1);
    const { kept, clearance } = await trainFloor(architecture, less, { ...attempts[0], steps: 1000 });
    assert.ok(kept && clearance >= 0);
  });
});
