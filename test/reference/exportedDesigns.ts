/** The architectures whose exports are measured with the frameworks themselves (test/corpus/designs/exports.json). */
import { ExportError, exportArchitecture } from "../../extension/exports";
import type { Architecture, ArchitectureInput } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { design } from "../../extension/theory/design/design";
import { groupOf } from "../../extension/theory/design/groups";
import { decide } from "../../extension/theory/views/decide";
import { corpusGroups, type CorpusGroup } from "./designs";

export const pythonFormats = ["pytorch", "flex-attention", "jax"] as const;

export interface MeasuredExport {
  id: string;
  architecture: Architecture;
  /** Of its symmetry; null where it is not decided. */
  order: string | null;
  /** Whether output t depends on token r. */
  sees: boolean[][];
  /** By format; left out where it cannot be said. */
  texts: Partial<Record<(typeof pythonFormats)[number], string>>;
}

/** The transitive groups of degree 3 to 5 and twelve of degree 6, of test/corpus/designs/groups.json. */
const groups = (): CorpusGroup[] =>
  corpusGroups().filter(({ id }) => /^[345]T\d+$/.test(id) || /^6T([1-9]|1[0-2])$/.test(id));

/** Mechanisms that designs do not have, each with others beside it. */
const mechanisms: Record<string, Omit<ArchitectureInput, "name" | "tokens" | "width">> = {
  "ALiBi, causal": { position: "alibi", layers: [{ repeat: 2, attention: { heads: 2, pattern: "causal" } }] },
  "rotary, pre-norm": { position: "rotary", layers: [{ attention: { heads: 2 }, norm: "pre" }] },
  "T5 buckets, post-norm": {
    position: { "t5-buckets": { buckets: 6, maxDistance: 4 } },
    layers: [
      { attention: { heads: 2 }, norm: { placement: "post", kind: "rms" }, feedForward: { activation: "relu" } },
    ],
  },
  "logarithmic buckets": {
    position: { "log-buckets": { buckets: 4, maxDistance: 4 } },
    layers: [{ attention: {}, feedForward: { activation: "swiglu" } }],
  },
  "sinusoidal, several heads": {
    position: "sinusoidal",
    layers: [{ attention: { heads: [{ pattern: { window: 1 } }, { count: 2, bias: "alibi" }] } }],
  },
  "learned, gaussian": {
    position: "learned",
    layers: [{ attention: { kernel: "gaussian", pattern: { strided: 2 } } }],
  },
  "classes, exponential-additive": {
    position: { classes: [0, 0, 1, 1, 2] },
    layers: [{ attention: { kernel: "exponential-additive", pattern: { star: 0 } } }],
  },
  "registers, relative, unnormalised": {
    registers: 2,
    position: { relative: "signed" },
    layers: [{ repeat: 2, attention: { normalized: false, pattern: { expression: "abs(q - k) <= 1 || k == 5" } } }],
  },
  "cosine, longformer": { layers: [{ repeat: 3, attention: { kernel: "cosine", pattern: { longformer: { window: 1, globals: [2] } } } }] }, // prettier-ignore
  "linear-elu, unsigned": { position: { relative: "unsigned" }, layers: [{ attention: { kernel: "linear-elu" } }] },
  "linear-relu, edges": { layers: [{ attention: { kernel: "linear-relu", pattern: { edges: [[0, 0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 0]] } } }] }, // prettier-ignore
  "performer, pairs": {
    layers: [{ attention: { kernel: "performer", heads: 2, bias: { pairs: [[0, 1, 1, 1, 2], [1, 0, 1, 2, 1], [1, 1, 0, 1, 1], [1, 2, 1, 0, 1], [2, 1, 1, 1, 0]] } } }], // prettier-ignore
  },
  "polynomial, block": { layers: [{ repeat: 2, attention: { kernel: "polynomial", pattern: { block: { size: 2, shift: 1 } } } }] }, // prettier-ignore
  "sigmoid, relative": {
    position: { relative: { offsets: "signed", clip: 2 } },
    layers: [{ attention: { kernel: "sigmoid", normalized: false, pattern: "causal" } }],
  },
  "uniform, random": { layers: [{ repeat: 2, attention: { kernel: "uniform", pattern: { random: { degree: 2, seed: 5 } } } }] }, // prettier-ignore
  linformer: { layers: [{ attention: { heads: 2, projection: { linformer: { rank: 2 } } } }] },
  nystrom: { layers: [{ attention: { projection: { nystrom: { landmarks: 2 } } } }] },
  "two numbers of heads": {
    position: "rotary",
    layers: [
      { attention: { heads: 2 } },
      {
        attention: {
          heads: [
            { pattern: { window: 1 }, bias: { pairs: [[0, 1, 1, 1, 2], [1, 0, 1, 2, 1], [1, 1, 0, 1, 1], [1, 2, 1, 0, 1], [2, 1, 1, 1, 0]] } }, // prettier-ignore
            { count: 3, pattern: { global: [0] }, bias: "alibi" },
          ],
        },
      },
    ],
  },
  "two numbers of landmarks": {
    layers: [
      { attention: { heads: 2, projection: { nystrom: { landmarks: 2 } } } },
      { attention: { projection: { nystrom: { landmarks: 3 } } } },
    ],
  },
  convolution: { layers: [{ repeat: 3, convolution: { taps: [0, 1, -2] } }, { attention: { pattern: { not: { window: 1 } } } }] }, // prettier-ignore
};

/** The text of an export; undefined where the format cannot say the architecture. */
export function exported(architecture: Architecture, format: (typeof pythonFormats)[number]): string | undefined {
  try {
    return exportArchitecture(architecture, format).text;
  } catch (error) {
    if (error instanceof ExportError) return undefined;
    throw error;
  }
}

/** In the same order every time. */
export function measuredExports(): MeasuredExport[] {
  const designs = groups().map(({ id, request }) => {
    const { designs: found, group } = design(groupOf(request), { width: 8 });
    return { id: `${id} ${group.name}`, architecture: found[0].architecture };
  });
  const others = Object.entries(mechanisms).map(([name, rest]) => {
    const parsed = parseArchitecture({ name, tokens: 5, width: 8, ...rest });
    if ("problems" in parsed) throw new Error(`${name}: ${JSON.stringify(parsed.problems)}`);
    return { id: name, architecture: parsed.architecture };
  });
  return [...designs, ...others].map(({ id, architecture }) => {
    const texts: MeasuredExport["texts"] = {};
    for (const format of pythonFormats) {
      const text = exported(architecture, format);
      if (text !== undefined) texts[format] = text;
    }
    const decision = decide(architecture);
    const { symmetry } = decision;
    const tokens = Array.from({ length: architecture.tokens }, (_, t) => t);
    return {
      id,
      architecture,
      order: "group" in symmetry ? String(symmetry.group.automorphisms.order) : null,
      sees: tokens.map((t) => tokens.map((r) => decision.sees(t, r))),
      texts,
    };
  });
}
