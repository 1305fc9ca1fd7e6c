/**
 * The readings and reports against real models, measured on transformers itself (test/corpus/tools/make_huggingface_measured.py): which
 * input token an output depends on, which permutations of the tokens the model commutes with, which swaps an output is blind to, and
 * how long an input it takes. Where they differ from the report, the table below says why.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { readHuggingFace } from "../../extension/models/huggingface";
import { modelTypes } from "../../extension/models/huggingface/modelTypes";
import type { Architecture, Block } from "../../extension/theory/architecture/schema";
import { analyse } from "../../extension/theory/verdict/analyse";
import { decide } from "../../extension/theory/views/decide";

interface Group {
  order: number;
  generators: number[][];
  within: number;
  beyond: number | null;
  blind: string[];
}

interface Measured {
  config: Record<string, unknown>;
  stack: "" | "encoder" | "decoder";
  /** The keys of the model of few tokens; `tokens` is how many. */
  small?: Record<string, unknown>;
  reach: string[];
  /** Where it differs from `reach`: the same by replacing tokens, and with attention computed by `sdpa`. */
  replaced?: string[];
  sdpa?: string[];
  symmetry: Group;
  unpositioned?: Group;
  longest?: number | null;
}

const file = new URL("../corpus/huggingface/measured.json", import.meta.url);
const { versions, cases } = JSON.parse(readFileSync(file, "utf8")) as {
  versions: Record<string, string>;
  cases: Measured[];
};

/** What is compared. `blind` and `unpositioned` are of the model of few tokens, as `symmetry` is. */
const aspects = ["reach", "replaced", "sdpa", "symmetry", "blind", "unpositioned", "unpositioned blind"] as const;
type Aspect = (typeof aspects)[number];

/** Differences between report and model, with the note of the reading that announces them. */
interface Difference {
  type: string;
  when: (config: Record<string, unknown>) => boolean;
  differs: Aspect[];
  note: RegExp;
  reason: string;
  /** Another reading, which the files cannot ask for, and what is left of the difference with it. */
  instead?: { read: Reading; differs: Aspect[] };
}

const differences: Difference[] = [
  {
    type: "deberta-v2",
    when: ({ conv_kernel_size }) => conv_kernel_size !== undefined,
    differs: ["symmetry", "blind"],
    note: /^everything: a convolution along the sequence/m,
    reason: "the convolution after the first layer is not read; without any position it alone breaks the symmetry",
  },
  {
    type: "gemma",
    when: ({ use_bidirectional_attention }) => use_bidirectional_attention === true,
    differs: ["sdpa"],
    note: /^everything: whether `use_bidirectional_attention` lifts the causal mask/m,
    reason: "computed by sdpa Gemma drops the causal mask, computed eagerly it keeps it",
  },
  {
    type: "big_bird",
    when: ({ block_size }) => block_size === 1,
    differs: ["reach", "replaced", "sdpa", "blind", "unpositioned", "unpositioned blind"],
    note: /^nothing: the random blocks are drawn here once/m,
    reason: "the random blocks of training are read, and the first block is in their place when the model is measured",
    instead: {
      read: (architecture) => ({ ...architecture, layers: architecture.layers.map(withoutRandomBlocks) }),
      // The first block is then a key two or three times over, which an exchange with the last would show.
      differs: ["unpositioned", "unpositioned blind"],
    },
  },
  {
    type: "nystromformer",
    when: ({ conv_kernel_size }) => conv_kernel_size !== null,
    differs: ["unpositioned", "unpositioned blind"],
    note: /^everything: a convolution along the sequence/m,
    reason: "the convolution beside the attention is not read",
  },
  {
    type: "yoso",
    when: ({ conv_window }) => conv_window !== undefined,
    differs: ["unpositioned", "unpositioned blind"],
    note: /^everything: a convolution along the sequence/m,
    reason: "the convolution beside the attention is not read",
  },
  {
    type: "reformer",
    when: ({ local_num_chunks_after }) => local_num_chunks_after === 2,
    differs: ["unpositioned", "unpositioned blind"],
    note: /^certificate: the layers are reversible/m,
    reason:
      "six tokens are three chunks and a query looks at four, so that one counts twice, which is not read: position codes tell its tokens apart anyway",
  },
  {
    type: "reformer",
    when: ({ attn_layers }) => isDeepStrictEqual(attn_layers, ["lsh"]),
    differs: ["reach", "replaced", "sdpa", "unpositioned", "unpositioned blind"],
    note: /^everything: the layers of type `lsh` attend to/m,
    reason: "what a query attends to depends on the input, where it is read as everything",
  },
  {
    type: "fnet",
    when: () => true,
    differs: ["unpositioned", "unpositioned blind"],
    note: /^everything: a Fourier transform/m,
    reason:
      "the transform is read as uniform attention; it commutes with reflecting the sequence about token 0, and with nothing else",
  },
  {
    type: "esm",
    when: ({ position_embedding_type }) => position_embedding_type === "relative_key",
    differs: ["symmetry", "blind"],
    note: /^everything: `position_embedding_type` is read as transformers 4 builds it/m,
    reason: "transformers 5 builds ESM without any position where version 4 has relative ones",
  },
];

function withoutRandomBlocks(block: Block): Block {
  const { mixer } = block;
  if (mixer.kind !== "attention") return block;
  const heads = mixer.heads.map((head) =>
    head.pattern.kind === "bigbird" ? { ...head, pattern: { ...head.pattern, random: 0 } } : head,
  );
  return { ...block, mixer: { ...mixer, heads } };
}

/** The types whose longest input no table of positions decides. */
const stretching = new Set(["longformer", "led", "big_bird", "reformer", "esm", "nystromformer"]);

function read({ config, stack }: Pick<Measured, "config" | "stack">, keys: Record<string, unknown> = {}) {
  const { architectures, errors } = readHuggingFace(JSON.stringify({ ...config, ...keys }), "config.json");
  assert.deepEqual(errors, []);
  return architectures[stack === "decoder" ? 1 : 0];
}

type Reading = (architecture: Architecture) => Architecture;
const asWritten: Reading = (architecture) => architecture;

/** Row t: the inputs that output t depends on, as the theory has it; the report's own statement agrees with it. */
function reachOf(measured: Measured, as: Reading): string[] {
  const n = measured.reach.length;
  const { architecture: written, skipped } = read(measured, { uap: { tokens: n } });
  const architecture = as(written);
  const decision = decide(architecture);
  const rows = measured.reach.map((_, t) => Array.from({ length: n }, (_, r) => decision.sees(t, r)));
  const { report } = analyse(architecture, skipped);
  const full = rows.flat().every((seen) => seen);
  const causal = rows.every((row, t) => row.every((seen, r) => seen === r <= t));
  assert.equal(report.class.visibility, full ? "full" : causal ? "causal" : "partial");
  assert.equal(report.visibility.unreachable.length > 0, !full && !causal);
  for (const { from, to } of report.visibility.unreachable) assert.ok(!rows[to][from], `${from} to ${to}`);
  return rows.map((row) => row.map((seen) => (seen ? "1" : "0")).join(""));
}

/** All products of permutations, written as text, sorted. */
function elements(generators: readonly number[][], n: number): string[] {
  const identity = Array.from({ length: n }, (_, t) => t);
  const reached = new Set([identity.join()]);
  for (let fresh = [identity]; fresh.length > 0;) {
    fresh = fresh
      .flatMap((element) => generators.map((generator) => element.map((t) => generator[t])))
      .filter((image) => reached.size < reached.add(image.join()).size);
  }
  return [...reached].sort();
}

function permutationOf(cycles: number[][], n: number): number[] {
  const images = Array.from({ length: n }, (_, t) => t);
  for (const cycle of cycles) cycle.forEach((t, i) => (images[t] = cycle[(i + 1) % cycle.length]));
  return images;
}

/** Whether the report's symmetry is the measured group, in order and in membership, and the outputs are blind to the same swaps. */
function compared(architecture: Architecture, skipped: Parameters<typeof analyse>[1], group: Group) {
  const n = architecture.tokens;
  const { symmetry } = analyse(architecture, skipped).report;
  assert.ok(symmetry?.generators, "the symmetry is decided");
  const ours = elements(
    symmetry.generators.map((cycles) => permutationOf(cycles, n)),
    n,
  );
  assert.equal(symmetry.order, String(ours.length));
  const theirs = elements(group.generators, n);
  assert.equal(group.order, theirs.length);
  const decision = decide(architecture);
  const blind = group.blind.map((_, s) => {
    const bits: string[] = [];
    for (let a = 0; a < n; a++)
      for (let b = a + 1; b < n; b++) bits.push(decision.coincides(s, s, permutationOf([[a, b]], n)) ? "1" : "0");
    return bits.join("");
  });
  return {
    symmetry: ours.join(";") === theirs.join(";"),
    blind: blind.join() === group.blind.join(),
    told: { ours: symmetry.order, theirs: group.order, blind, measured: group.blind },
  };
}

/** The aspects in which report and model differ, and what was found. */
function differing(measured: Measured, as: Reading): { differs: Aspect[]; found: Record<string, unknown> } {
  const found: Record<string, unknown> = {};
  const differs = new Set<Aspect>();
  const reach = reachOf(measured, as);
  const runs = { reach: measured.reach, replaced: measured.replaced, sdpa: measured.sdpa };
  for (const run of ["reach", "replaced", "sdpa"] as const) {
    if ((runs[run] ?? measured.reach).join() === reach.join()) continue;
    differs.add(run);
    found[run] = [reach, runs[run] ?? measured.reach];
  }
  const { tokens = 6, ...keys } = measured.small ?? {};
  const { architecture: written, skipped } = read(measured, { ...keys, uap: { tokens } });
  const architecture = as(written);
  const whole = compared(architecture, skipped, measured.symmetry);
  if (!whole.symmetry) differs.add("symmetry");
  if (!whole.blind) differs.add("blind");
  if (!whole.symmetry || !whole.blind) found.symmetry = whole.told;
  if (measured.unpositioned && architecture.position.kind === "absolute") {
    const bare = compared({ ...architecture, position: { kind: "none" } }, skipped, measured.unpositioned);
    if (!bare.symmetry) differs.add("unpositioned");
    if (!bare.blind) differs.add("unpositioned blind");
    if (!bare.symmetry || !bare.blind) found.unpositioned = bare.told;
  }
  return { differs: aspects.filter((aspect) => differs.has(aspect)), found };
}

describe("Hugging Face readings and reports against real models", () => {
  it("cover every type and stack, and enough that is not alike", () => {
    assert.match(versions.transformers, /^5\.\d+\.\d+$/);
    for (const [type, { stacks }] of modelTypes) {
      const own = cases.filter(({ config }) => config.model_type === type);
      for (const { name } of stacks)
        assert.ok(
          own.some(({ stack }) => stack === (name ?? "")),
          `${type} ${name}`,
        );
    }
    // Not everything reaches everything, and groups and blindness are of many kinds: the comparison can fail.
    const sparse = cases.filter(({ reach }) => reach.some((row) => row.includes("0")));
    assert.ok(sparse.length >= 50, `${sparse.length}`);
    const orders = new Set(cases.flatMap(({ symmetry, unpositioned }) => [symmetry.order, unpositioned?.order ?? 1]));
    assert.ok(orders.size >= 5, [...orders].join());
    assert.ok(new Set(cases.map(({ symmetry }) => symmetry.blind.join())).size >= 10);
  });

  it("are told from rounding by a wide gap", () => {
    for (const { config, symmetry, unpositioned } of cases)
      for (const { within, beyond } of unpositioned ? [symmetry, unpositioned] : [symmetry]) {
        // Some models compute softmax or positions in float32.
        assert.ok(within < 1e-6 && (beyond === null || beyond > 1e-3), JSON.stringify(config));
      }
  });

  it("have no explanation without a difference", () => {
    for (const { type, when, reason } of differences) {
      assert.ok(
        cases.some(({ config }) => config.model_type === type && when(config)),
        `${type}: ${reason}`,
      );
    }
  });

  for (const measured of cases) {
    const { config, stack, longest, reach } = measured;
    it(`${JSON.stringify(config)} ${stack}`, () => {
      const { differs, found } = differing(measured, asWritten);
      const explained = differences.filter(({ type, when }) => type === config.model_type && when(config));
      assert.ok(explained.length <= 1, "one explanation each");
      assert.deepEqual(differs, explained[0]?.differs ?? [], JSON.stringify(found, null, 1));
      if (explained.length > 0) {
        const [{ note, instead }] = explained;
        if (instead) assert.deepEqual(differing(measured, instead.read).differs, instead.differs);
        const { architecture, skipped } = read(measured, { uap: { tokens: reach.length } });
        assert.match(skipped.map(({ affects, message }) => `${affects}: ${message}`).join("\n"), note);
        if (skipped.some(({ affects }) => affects === "everything"))
          assert.equal(analyse(architecture, skipped).report.verdict, "unknown");
      }
    });
    if (longest === undefined || longest === null || stretching.has(String(config.model_type))) continue;
    it(`${JSON.stringify(config)} ${stack}: the longest input`, () => {
      assert.equal(read(measured).architecture.tokens, longest);
    });
  }
});
