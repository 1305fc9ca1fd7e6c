import assert from "node:assert/strict";
import { noTarget, type Architecture } from "../../extension/theory/architecture/schema";
import type { Certificate } from "../../extension/theory/certificate/format";
import { identity } from "../../extension/theory/certificate/verify";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { GroupOrder } from "../../extension/theory/symmetry/order";
import { fromCycles } from "../../extension/theory/symmetry/permutation";
import { examine } from "../../extension/theory/verdict/analyse";
import { decide } from "../../extension/theory/views/decide";

/** That the statement of a certificate holds of an architecture, by the decision procedure. */
export function assertTrue(certificate: Certificate, architecture: Architecture): void {
  const { tokens } = architecture;
  const decision = decide(architecture);
  assert.ok("group" in decision.symmetry);
  const { group } = decision.symmetry;
  const generators = certificate.symmetry.generators.map((cycles) => fromCycles(tokens, cycles));
  for (const generator of generators) assert.ok(group.contains(generator), "a generator is no symmetry");
  if (certificate.kind === "universal") {
    // The statement speaks of the class, whatever target is declared.
    assert.equal(examine({ ...architecture, target: noTarget }).report.class.verdict, "certified");
    const { order } = PermutationGroup.generate(tokens, generators);
    assert.ok(group.automorphisms.order.equals(new GroupOrder(order)), "the group is smaller than the symmetry");
    certificate.sees.forEach((ranges, t) => {
      const inputs = ranges.flatMap(([from, to]) => identity(to).slice(from));
      assert.deepEqual(inputs, identity(tokens).filter((r) => decision.sees(t, r))); // prettier-ignore
    });
    return;
  }
  assert.equal(examine(architecture).report.verdict, "refuted");
  const { witness } = certificate;
  if (witness.kind === "replacement") assert.equal(decision.sees(witness.output, witness.input), false);
  else assert.ok(decision.coincides(...witness.outputs, fromCycles(tokens, witness.permutation)));
}
