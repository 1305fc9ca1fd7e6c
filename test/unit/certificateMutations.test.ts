/**
 * Mutations of valid certificates: none is accepted that was not sealed anew, and of those that were none that is not true. The truth is asked of the decision
 * procedure, with which the verifier shares nothing but the specification's parser.
 */
import assert from "node:assert/strict";
import { certificateText, verifyText } from "../../extension/certificates";
import { architectureInput } from "../../extension/theory/architecture/input";
import {
  architectureSchema,
  type Architecture,
  type ArchitectureInput,
} from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { hashOf, sealOf, type Certificate } from "../../extension/theory/certificate/format";
import { issue } from "../../extension/theory/certificate/issue";
import { refutedStatement, universalStatement } from "../../extension/theory/certificate/statement";
import { verify, type Verification } from "../../extension/theory/certificate/verify";
import { Random } from "../reference/random";
import { assertTrue } from "../reference/certificateTruth";

const window = (left: number, right: number, circular: boolean) => ({ pattern: { window: { left, right, circular } } });
const models: Omit<ArchitectureInput, "width">[] = [
  { tokens: 3, layers: [{ attention: {} }] },
  { tokens: 3, position: "absolute", layers: [{ attention: { kernel: "gaussian" } }] },
  { tokens: 4, layers: [{ repeat: 2, attention: { pattern: "causal" } }], target: { visibility: "causal" } },
  { tokens: 5, layers: [{ repeat: 3, attention: window(1, 1, true) }] },
  { tokens: 4, layers: [{ repeat: 4, convolution: { taps: 2 } }] },
  {
    tokens: 3,
    position: { relative: "signed" },
    layers: [{ repeat: 2, attention: { kernel: "linear-elu", heads: 2 } }],
  },
  // Refuted: by what is not seen, by a symmetry beyond the target's, by a rearrangement that is no symmetry.
  { tokens: 6, layers: [{ repeat: 2, attention: window(1, 1, false) }] },
  { tokens: 4, layers: [{ attention: {} }], target: { symmetry: "A_4" } },
  { tokens: 4, layers: [{ attention: { pattern: "causal" } }], target: { visibility: "causal" } },
  {
    tokens: 6,
    layers: [{ repeat: 2, attention: { pattern: { any: [{ window: 0 }, { edges: [[0, 1], [1, 2], [1, 3], [1, 4], [1, 5], [2, 3], [3, 4]].flatMap(([a, b]): [number, number][] => [[a, b], [b, a]]) }] } } }], // prettier-ignore
  },
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const copy = (certificate: Certificate) => JSON.parse(JSON.stringify(certificate)) as Certificate;

/** A place in a JSON value that holds something. */
interface Place {
  of: Json[] | Record<string, Json>;
  key: string | number;
  path: string;
}

function places(value: Json, path = ""): Place[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [
    { of: value, key, path: `${path}.${key}` },
    ...places(one, `${path}.${key}`),
  ]);
}

class Mutator {
  readonly random = new Random(20_261_125);

  below(bound: number): number {
    return Math.floor(this.random.uniform() * bound);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  digit(text: string): string {
    const digits = [...text.matchAll(/\d/g)].map(({ index }) => index);
    if (digits.length === 0) return `${text}0`;
    const at = this.pick(digits);
    const other = (Number(text[at]) + 1 + this.below(9)) % 10;
    return text.slice(0, at) + String(other) + text.slice(at + 1);
  }

  /** Changes one value, or the order or number of a list's entries. */
  change({ of, key }: Place): void {
    const target = of as Record<string | number, Json>;
    const value = target[key];
    if (value === undefined) return; // An earlier change has taken it away.
    if (typeof value === "number") target[key] = this.pick([value + 1, value - 1, -value - 1, value * 10, 0.5 - value]);
    else if (typeof value === "string") target[key] = this.digit(value);
    else if (typeof value === "boolean") target[key] = !value;
    else if (value === null) target[key] = this.pick<Json>([0, "", [], {}]);
    else if (Array.isArray(value) && value.length > 0) {
      const [i, j] = [this.below(value.length), this.below(value.length)];
      this.pick([
        () => value.splice(i, 1),
        () => value.splice(i, 0, value[j]),
        () => ([value[i], value[j]] = [value[j], value[i]]),
        () => value.reverse(),
      ])();
    } else if (!Array.isArray(value)) {
      const keys = Object.keys(value);
      if (keys.length > 0) delete value[this.pick(keys)];
      else value.more = 1;
    } else value.push(0);
  }
}

/** Seals a changed certificate anew, as somebody would who wants it accepted; `words` also rewrites hash and statement. */
function reseal(certificate: Certificate, words: boolean): Certificate {
  if (words) {
    const parsed = parseArchitecture(certificate.architecture.specification);
    certificate.architecture.sha256 = hashOf(certificate.architecture.specification);
    if ("architecture" in parsed)
      certificate.statement =
        certificate.kind === "universal"
          ? universalStatement(parsed.architecture, certificate)
          : refutedStatement(parsed.architecture, certificate);
  }
  certificate.seal = sealOf(certificate);
  return certificate;
}

describe("mutated certificates", function () {
  const certificates = models.map((model) => {
    const architecture = architectureSchema.parse({ name: "model", width: 4, ...model });
    return issue(architecture, { file: "model.uap.json", sha256: "ab".repeat(32) });
  });
  const mutator = new Mutator();
  const steps = new Map<string, number>();
  let rejected = 0;
  const count = (verification: Verification): boolean => {
    if (verification.accepted) return false;
    assert.ok(verification.reason.length > 0);
    steps.set(verification.step, (steps.get(verification.step) ?? 0) + 1);
    rejected++;
    return true;
  };

  it("a digit flipped anywhere in the text is rejected", () => {
    const texts = certificates.map(certificateText);
    for (let i = 0; i < 12_000; i++) {
      const text = mutator.digit(mutator.pick(texts));
      assert.ok(count(verifyText(text)), text);
    }
  });

  it("anything changed, dropped, doubled or reordered is rejected", () => {
    for (let i = 0; i < 3000; i++) {
      const mutated = copy(mutator.pick(certificates));
      const before = JSON.stringify(mutated);
      const place = mutator.pick(places(mutated as unknown as Json));
      mutator.change(place);
      if (JSON.stringify(mutated) === before) continue;
      assert.ok(count(verify(mutated)), place.path);
    }
  });

  it("changed and sealed anew, what is not a number to compute with is rejected, and nothing false is accepted", () => {
    const accepted = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const original = mutator.pick(certificates);
      const mutated = copy(original);
      const before = JSON.stringify(mutated);
      const place = mutator.pick(places(mutated as unknown as Json));
      mutator.change(place);
      if (JSON.stringify(mutated) === before) continue;
      const verification = verify(reseal(mutated, false));
      if (count(verification)) continue;
      assert.ok(verification.accepted);
      // Other numbers to compute with, other generators of all permutations, and the name and hash of the file are for the issuer to choose; the statement is not.
      assert.match(place.path, /^\.(seal|source|point|noSymmetry\.point|symmetry)/);
      assert.equal(verification.certificate.statement, original.statement);
      assertTrue(verification.certificate, verification.architecture);
      const what = place.path.split(".").slice(1, 3).join(".");
      accepted.set(what, (accepted.get(what) ?? 0) + 1);
    }
    console.log("      accepted, with the same statement:", Object.fromEntries(accepted));
  });

  it("with another architecture, claim or group, and all words and hashes rewritten, only what is true is accepted", () => {
    const accepted = new Map<string, number>();
    const claims = [
      "architecture",
      "symmetry",
      "sees",
      "witness",
      "target",
      "derivation",
      "rearrangements",
      "replacements",
    ];
    for (let i = 0; i < 6000; i++) {
      const mutated = copy(mutator.pick(certificates));
      const before = JSON.stringify(mutated);
      const open = places(mutated as unknown as Json).filter(({ path }) => claims.includes(path.split(".")[1]));
      // The architecture more often than its share of the text.
      const inside = open.filter(({ path }) => path.startsWith(".architecture.specification."));
      for (let changes = 1 + mutator.below(2); changes > 0; changes--) mutator.change(mutator.pick(mutator.below(2) === 0 ? inside : open)); // prettier-ignore
      if (JSON.stringify(mutated) === before) continue;
      let resealed: Certificate;
      try {
        resealed = reseal(mutated, true);
      } catch {
        resealed = mutated; // Too broken to be put into words.
      }
      const verification = verify(resealed);
      if (count(verification)) continue;
      assert.ok(verification.accepted);
      assertTrue(verification.certificate, verification.architecture);
      accepted.set(verification.certificate.kind, (accepted.get(verification.certificate.kind) ?? 0) + 1);
    }
    console.log("      accepted, and true:", Object.fromEntries(accepted));
  });

  it("a certificate moved to another architecture is rejected unless it proves the same of it", () => {
    const architectures = models.map((model): Architecture => architectureSchema.parse({ name: "model", width: 4, ...model })); // prettier-ignore
    for (const certificate of certificates)
      for (const architecture of architectures) {
        const specification = architectureInput(architecture);
        if (hashOf(specification) === certificate.architecture.sha256) continue;
        const mutated = copy(certificate);
        mutated.architecture.specification = specification;
        const verification = verify(reseal(mutated, true));
        if (!count(verification) && verification.accepted) assertTrue(verification.certificate, architecture);
      }
  });

  after(() => {
    console.log(`      ${rejected} rejected, by step:`, Object.fromEntries([...steps].sort((a, b) => b[1] - a[1])));
    assert.ok(rejected >= 20_000);
  });
});
