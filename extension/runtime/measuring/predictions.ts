/** What the theory says of each comparison, layer by layer: which tokens are equal for all parameters (docs/theory.md, section 4). */
import { countKeys, holds, image, type Runs, transpose } from "../../theory/patterns/algebra";
import type { Rows } from "../../theory/patterns/rows";
import { identity } from "../../theory/symmetry/permutation";
import type { Stack } from "../../theory/views/stack";
import { ViewTable } from "../../theory/views/table";
import { type Comparison, lettersOf } from "./comparisons";

/** Most keys that the views of all samples may take together: some seconds. */
const viewedKeys = 2_000_000;
/** Up to this many tokens, each token of X is compared with every token of X'. */
const allPartnersUpTo = 64;

/** What the theory says of two tokens: `open` where it says nothing. */
export const expected = { different: 0, equal: 1, open: 2 } as const;
type Expected = (typeof expected)[keyof typeof expected];

/** A comparison and the pairs of tokens looked at: token s of X with the tokens partners[s * count .. (s + 1) * count) of X'. */
export interface Prediction {
  comparison: Comparison;
  /** The letters of X'. */
  letters: Int32Array;
  partners: Int32Array;
  /** Partners of each token. */
  count: number;
  /** layers[l][i]: one of `expected` for the pair i after l layers; l = 0 are the tokens with their position codes. */
  layers: Uint8Array[];
}

/**
 * Predictions by the labelled views where they are within reach. Where not, by what each token sees: then only replacements are compared, and
 * of those only tokens at equal positions; that needs every layer to pass a token's own view on, so that views never merge. Where one
 * does not, nothing is predicted.
 * @param every whether each token of X is compared with every token of X' at any size
 * @throws BeyondReach where the transposed pattern takes too many runs.
 */
export function predict(stack: Stack, comparisons: readonly Comparison[], every = false): Prediction[] {
  const depth = stack.layers.length;
  const keys = stack.layers.reduce((sum, { heads }) => sum + heads.reduce((h, { rows }) => h + countKeys(rows), 0), 0);
  if (keys * (comparisons.length + 1) <= viewedKeys) {
    const table = new ViewTable(stack);
    const base = table.view(identity(stack.tokens), depth);
    const views = comparisons.map((comparison) => table.view(lettersOf(comparison, stack.tokens), depth));
    // Of fixed distances on merged views, equal views are equal and different ones may be (views/table.ts).
    const otherwise = table.mayOverSplit ? expected.open : expected.different;
    return comparisons.map((comparison, c) =>
      prediction(stack, comparison, every, (layer, s, t) =>
        base[layer][s] === views[c][layer][t] ? expected.equal : otherwise,
      ),
    );
  }
  if (!stack.layers.every(({ carriesOwn }) => carriesOwn)) return [];
  const transposed = new Map([...new Set(stack.layers)].map((layer) => [layer, transpose(layer.dependence)]));
  const readers = stack.layers.map((layer) => transposed.get(layer)!);
  return comparisons.flatMap((comparison) => {
    if (comparison.kind !== "replacement") return [];
    const reached = influence(readers, comparison.position);
    return prediction(stack, comparison, every, (layer, s, t) =>
      s !== t ? expected.open : holds(reached[layer], s) ? expected.different : expected.equal,
    );
  });
}

function prediction(
  stack: Stack,
  comparison: Comparison,
  every: boolean,
  expect: (layer: number, s: number, t: number) => Expected,
): Prediction {
  const { tokens, layers } = stack;
  const partnersOf = (s: number): number[] => {
    if (every || tokens <= allPartnersUpTo) return Array.from(identity(tokens));
    return comparison.kind === "replacement" ? [s] : [s, comparison.permutation[s]];
  };
  const partners = Int32Array.from(Array.from(identity(tokens), partnersOf).flat());
  const count = partners.length / tokens;
  return {
    comparison,
    letters: lettersOf(comparison, tokens),
    partners,
    count,
    layers: Array.from({ length: layers.length + 1 }, (_, layer) =>
      Uint8Array.from(partners, (t, i) => expect(layer, Math.floor(i / count), t)),
    ),
  };
}

/** The tokens that depend on the input token at `position`, before the first layer and after every layer. */
function influence(readers: readonly Rows[], position: number): Runs[] {
  const reached: Runs[] = [Int32Array.of(position, position + 1)];
  for (const rows of readers) reached.push(image(rows, reached[reached.length - 1]));
  return reached;
}
