/** Certificates: issued for everything that is decided, accepted by the verifier, and true by the decision procedure. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { globSync } from "tinyglobby";
import { certificateText, issueFor, standing, verifyText } from "../../extension/certificates";
import { readModelFile } from "../../extension/models";
import { architectureInput } from "../../extension/theory/architecture/input";
import { architectureSchema, type Architecture } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { canonical, lowerBound, mostTokens, type Certificate } from "../../extension/theory/certificate/format";
import { issue, NotIssued } from "../../extension/theory/certificate/issue";
import { Numbering, read } from "../../extension/theory/certificate/reading";
import { latex, markdown } from "../../extension/theory/certificate/render";
import { declaredGenerators, identity, rearranged, verify } from "../../extension/theory/certificate/verify";
import { PermutationGroup } from "../../extension/theory/symmetry/group";
import { declaredGroup } from "../../extension/theory/symmetry/naming";
import { fromCycles } from "../../extension/theory/symmetry/permutation";
import { examine } from "../../extension/theory/verdict/analyse";
import { decide, type Decision } from "../../extension/theory/views/decide";
import { architectures, everyMechanism } from "../reference/architectures";
import { permutations } from "../reference/coincidences";
import { Random } from "../reference/random";
import { assertTrue } from "../reference/certificateTruth";
import { paperFixtures } from "../reference/paperFixtures";

const root = path.resolve(__dirname, "../..");
const seed = 20_261_125;
const source = { file: "model.uap.json", sha256: "0".repeat(64) };
const due = new Set(["certified", "refuted"]);

/** Through the text, as a file would go. */
function accepted(certificate: Certificate): Certificate {
  const verification = verifyText(certificateText(certificate));
  assert.ok(verification.accepted, JSON.stringify(verification));
  return verification.certificate;
}

/** Issues and verifies; milliseconds that the issuing took. */
function timed(architecture: Architecture): { certificate: Certificate; took: number } {
  const started = performance.now();
  const certificate = issue(architecture, source);
  const took = performance.now() - started;
  return { certificate: accepted(certificate), took };
}

describe("certificates", () => {
  describe("of the examples", () => {
    const files = globSync(["examples/**/*.uap.{json,yaml}", "examples/**/config.json"], { cwd: root }).sort();
    for (const file of files)
      it(file, function () {
        const text = readFileSync(path.join(root, file), "utf8");
        for (const [index, { architecture, skipped }] of readModelFile(file, text)!.architectures.entries()) {
          const { verdict } = examine(architecture, skipped).report;
          const small = architecture.tokens + architecture.registers <= 16;
          const started = performance.now();
          try {
            const certificate = accepted(issueFor(file, text, index));
            console.log(`      ${certificate.kind}, ${certificateText(certificate).length} bytes, issued and verified in ${(performance.now() - started).toFixed(0)} ms`); // prettier-ignore
            assertTrue(certificate, architecture);
            assert.equal(standing(certificate, file, text), "current");
          } catch (error) {
            if (!(error instanceof NotIssued)) throw error;
            console.log(`      none: ${error.message}`);
            assert.ok(!due.has(verdict) || !small, error.message);
          }
        }
      });
  });

  it("of the paper's fixtures up to 16 tokens", () => {
    let slowest = 0;
    let count = 0;
    for (const [name, architecture] of paperFixtures()) {
      const { verdict } = examine(architecture).report;
      if (!due.has(verdict)) continue;
      const { certificate, took } = timed(architecture);
      assertTrue(certificate, architecture);
      assert.equal(certificate.kind, verdict === "certified" ? "universal" : "refuted", name);
      slowest = Math.max(slowest, took);
      count++;
    }
    console.log(`      ${count} certificates, the slowest issued in ${(slowest / 1000).toFixed(1)} s`);
    assert.ok(count > 80);
  });

  it("of random architectures, whatever is decided of them", () => {
    const kinds = { universal: 0, refuted: 0, none: 0 };
    const check = (architecture: Architecture) => {
      const { verdict } = examine(architecture).report;
      if (!due.has(verdict)) return;
      try {
        const { certificate } = timed(architecture);
        assertTrue(certificate, architecture);
        kinds[certificate.kind]++;
      } catch (error) {
        // Nystrom's inverse is not evaluated, and the search may end without parameters.
        if (!(error instanceof NotIssued)) throw error;
        kinds.none++;
      }
    };
    fc.assert(fc.property(architectures(2, 5), check), { numRuns: 400, seed });
    console.log(`      ${kinds.universal} of universality, ${kinds.refuted} of a refutation, ${kinds.none} not issued`);
    assert.ok(kinds.universal > 100 && kinds.refuted > 50);
    assert.ok(kinds.none < 0.03 * (kinds.universal + kinds.refuted));
  });

  it("of 32 tokens, and a reason beyond", () => {
    const ring = (tokens: number, repeat: number) =>
      architectureSchema.parse({ tokens, width: 8, layers: [{ repeat, attention: { pattern: { window: { left: 8, right: 8, circular: true } } } }] }); // prettier-ignore
    const { certificate, took } = timed(ring(mostTokens, 3));
    console.log(`      32 tokens, 3 layers: ${(took / 1000).toFixed(1)} s`);
    assert.equal(certificate.kind, "universal");
    assert.throws(() => issue(ring(mostTokens + 1, 3), source), /certified up to 32 tokens/);
  });

  it("are the same every time", () => {
    const architecture = architectureSchema.parse({ tokens: 5, width: 8, layers: [{ attention: {} }] });
    assert.equal(canonical(issue(architecture, source)), canonical(issue(architecture, source)));
  });

  it("say why there is none", () => {
    const parse = (layer: object, rest: object = {}) => architectureSchema.parse({ tokens: 4, width: 8, layers: [{ attention: {}, ...layer }], ...rest }); // prettier-ignore
    assert.throws(() => issue(parse({ norm: "pre" }), source), /The verdict is supported/);
    assert.throws(() => issue(parse({ feedForward: { bias: false } }), source), /The verdict is unknown/);
    const huge = parse({}, { tokens: 65_536, target: { symmetry: "trivial" } });
    assert.throws(() => issue(huge, source), /too large/);
    assert.throws(() => issueFor("x.uap.json", "{", 0), /no such architecture/);
  });
});

describe("a refutation's target", () => {
  const psi = (a: number, x: number) => Math.SQRT2 * Math.cos(2 * Math.PI * (a + 1) * x);

  for (const [name, input] of Object.entries<object>({
    "that G leaves alone": { tokens: 6, layers: [{ repeat: 2, attention: { pattern: { any: [{ window: 0 }, { edges: [[0, 1], [1, 2], [1, 3], [1, 4], [1, 5], [2, 3], [3, 4]].flatMap(([a, b]) => [[a, b], [b, a]]) }] } } }] }, // prettier-ignore
    "of a declared group": { tokens: 4, layers: [{ attention: {} }], target: { symmetry: "A_4" } },
    "without symmetry": { tokens: 4, layers: [{ attention: {} }], target: { symmetry: "trivial" } },
    causal: { tokens: 5, layers: [{ attention: { pattern: "causal" } }], target: { visibility: "causal" } },
  }))
    it(`${name}: commutes with its group, and loses the share that is stated`, () => {
      const certificate = issue(architectureSchema.parse({ width: 4, ...input }), source);
      assert.ok(certificate.kind === "refuted" && certificate.witness.kind === "rearrangement");
      const n = (input as { tokens: number }).tokens;
      const [s, t] = certificate.witness.outputs;
      const generators = certificate.target.generators.map((cycles) => fromCycles(n, cycles));
      const group = [...PermutationGroup.generate(n, generators).elements()];
      const inputs = name === "causal" ? s + 1 : n;
      const F = (X: readonly number[]) =>
        identity(n).map((u) =>
          group
            .filter((h) => h[s] === u)
            .map((h) => identity(inputs).reduce((product, i) => product * psi(i, X[h[i]]), 1))
            .reduce((sum, product) => sum + product, 0),
        );
      const moved = (g: ArrayLike<number>, X: readonly number[]) => rearranged(Array.from(g)).map((from) => X[from]);
      const pi = fromCycles(n, certificate.witness.permutation);
      const random = new Random(seed);
      const sums = { distance: 0, variance: 0 };
      for (let sample = 0; sample < 60_000; sample++) {
        const X = identity(n).map(() => random.uniform());
        const [plain, other] = [F(X), F(moved(pi, X))];
        sums.distance += (plain[s] - other[t]) ** 2 / (s === t ? 4 : 2);
        sums.variance += plain[s] ** 2 + (s === t ? 0 : plain[t] ** 2);
        if (sample < 20)
          for (const g of group)
            F(moved(g, X)).forEach((value, u) => assert.ok(Math.abs(value - moved(g, plain)[u]) < 1e-9));
      }
      const [numerator, denominator] = certificate.target.floor;
      const share = sums.distance / sums.variance;
      console.log(`      group of ${group.length}: ${share.toFixed(3)} of the variance`);
      assert.ok(Math.abs(share - numerator / denominator) < 0.05);
    });
});

describe("the verifier's reading", () => {
  it("proves equal exactly what the decision procedure calls equal", () => {
    const tally = { equal: 0, different: 0, missed: 0 };
    const compare = (architecture: Architecture) => {
      let decision: Decision;
      try {
        decision = decide(architecture);
      } catch {
        return; // The specification leaves it undefined.
      }
      const numbering = new Numbering(read(architecture));
      const last = (letters: readonly number[]) => numbering.of(letters).at(-1)!;
      const plain = last(identity(architecture.tokens));
      for (const permutation of permutations(architecture.tokens)) {
        const other = last(rearranged(permutation));
        for (const s of identity(architecture.tokens))
          for (const t of identity(architecture.tokens)) {
            const equal = plain[s] === other[t];
            const decided = decision.coincides(s, t, permutation);
            assert.ok(!equal || decided, `outputs ${s} and ${t} under ${permutation.join(" ")}`);
            if (decided && !equal) tally.missed++;
            else tally[equal ? "equal" : "different"]++;
          }
      }
    };
    fc.assert(fc.property(architectures(2, 4), compare), { numRuns: 1500, seed });
    fc.assert(fc.property(everyMechanism(2, 4), compare), { numRuns: 1500, seed });
    console.log(`      ${tally.equal} equal, ${tally.different} different, ${tally.missed} equal but not proved so`);
    // The numbering claims one direction only, and is complete on these all the same.
    assert.equal(tally.missed, 0);
  });

  it("takes a declared group as the report does", () => {
    for (let n = 1; n <= 7; n++)
      for (const declared of ["trivial", "S_n", "A_n", "C_n", "D_n", { generators: [[[0, n - 1]]] }].slice(
        0,
        n < 2 ? 5 : 6,
      )) {
        // prettier-ignore
        const mine = declaredGenerators(declared, n)!.map((g) => Int32Array.from(g));
        const theirs = declaredGroup(declared, n).permutationGroup();
        assert.ok(PermutationGroup.generate(n, mine).equals(theirs), `${JSON.stringify(declared)} on ${n}`);
      }
    assert.equal(declaredGenerators(null, 4), null);
  });

  it("writes an architecture out so that it is read again as it was", () => {
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;
    for (const arbitrary of [architectures(1, 6), everyMechanism(1, 6)])
      fc.assert(
        fc.property(arbitrary, (architecture) => {
          const again = parseArchitecture(architectureInput(architecture));
          assert.ok("architecture" in again);
          assert.deepEqual(plain(again.architecture), plain(architecture));
        }),
        { numRuns: 500, seed },
      );
  });
});

describe("a certificate's text", () => {
  const ring = readFileSync(path.join(root, "examples/ring.uap.yaml"), "utf8");
  const trap = readFileSync(path.join(root, "examples/hop-count-trap.uap.json"), "utf8");

  it("renders with its statement, its proof and its sources", () => {
    for (const certificate of [issueFor("ring.uap.yaml", ring, 0), issueFor("hop-count-trap.uap.json", trap, 0)]) {
      const plain = markdown(certificate);
      assert.ok(plain.replaceAll("\\", "").includes(certificate.statement));
      for (const part of ["2506.23551", certificate.seal, certificate.architecture.sha256, "## Proof"])
        assert.ok(plain.includes(part), part);
      const tex = latex(certificate);
      assert.equal((tex.match(/\\begin\{/g) ?? []).length, (tex.match(/\\end\{/g) ?? []).length);
      // Nothing that TeX would read as markup is left.
      assert.doesNotMatch(tex.replaceAll(/\\text\w+\{\}|\\[a-z]+\*?(\{[a-z0-9]*\})?|\\[&%$#_{}]/g, "").replaceAll(/ & /g, " ").replaceAll(/\{lp\{3cm\}|\{(p\{3cm\})*l\}/g, ""), /[%$#_^~]/); // prettier-ignore
    }
  });

  it("knows a file that changed from one that was reworded", () => {
    const certificate = issueFor("ring.uap.yaml", ring, 0);
    assert.equal(standing(certificate, "ring.uap.yaml", `# A comment.\n${ring}`), "reworded");
    assert.equal(standing(certificate, "ring.uap.yaml", ring.replace("left: 2", "left: 3")), "stale");
    assert.equal(standing(certificate, "ring.uap.yaml", undefined), "no file");
  });

  it("rounds lower bounds down", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (x) => {
        const bound = Number(lowerBound(x));
        assert.ok(bound <= x && bound > x * 0.98);
        assert.match(lowerBound(x), /^[1-9]\.\d\de[+-]\d+$/);
      }),
      { numRuns: 5000, seed },
    );
    assert.equal(lowerBound(1), "1.00e+0");
    assert.equal(lowerBound(0.99999), "9.99e-1");
  });

  it("is refused where it is no certificate", () => {
    for (const [text, reason] of [
      ["", /not JSON/],
      ["{", /not JSON/],
      ["null", /the file/],
      ["[]", /the file/],
      ['{"version": 2}', /kind|version/],
      ['{"kind": "universal"}', /version/],
    ] as const) {
      const verification = verifyText(text);
      assert.ok(!verification.accepted);
      assert.equal(verification.step, "format");
      assert.match(verification.reason, reason);
    }
    // Neither a deep nor a huge one does harm.
    assert.ok(!verify(JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`)).accepted);
    const certificate = issueFor("hop-count-trap.uap.json", trap, 0);
    const specification = { ...(certificate.architecture.specification as object), tokens: 1_000_000 };
    assert.ok(!verify({ ...certificate, architecture: { ...certificate.architecture, specification } }).accepted);
  });
});
