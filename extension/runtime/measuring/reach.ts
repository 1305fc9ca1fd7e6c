/** What an architecture costs to evaluate, so that sizes beyond reach are refused instead of taking the process down. */
import type { Architecture, Block } from "../../theory/architecture/schema";
import { countKeys } from "../../theory/patterns/algebra";
import type { Stack } from "../../theory/views/stack";
import { hiddenWidth } from "../../theory/architecture/sizes";

/** Most parameters of a model that is measured: half a gigabyte with what gradient ascent keeps. */
const mostParameters = 2 ** 25;
/** Most multiplications for one sample, and in all: a second and a minute or so on WASM, ten times that in plain JavaScript. */
const mostForOne = 5e9;
const mostForAll = 2e11;
/** About how often every sample is evaluated, apart from gradient ascent. */
const evaluations = 25;

export interface Reach {
  /** Samples that may be compared. */
  samples: number;
  /** Evaluations of single samples that gradient ascent may take. */
  ascent: number;
}

/** How many samples may be compared, or in a sentence why the architecture is beyond reach. */
export function reach(architecture: Architecture, stack: Stack | null): Reach | { beyond: string } {
  const { tokens, registers, width, layers } = architecture;
  const size = tokens + registers;
  const parameters = layers.reduce((sum, block) => sum + block.repeat * weights(block, width), 0);
  if (parameters > mostParameters)
    return { beyond: `With ${millions(parameters)} parameters the model is beyond what is measured (${millions(mostParameters)}).` }; // prettier-ignore
  const pairs =
    stack === null
      ? layers.reduce((sum, { repeat }) => sum + repeat, 0) * size ** 2
      : stack.layers.reduce((sum, { heads }) => sum + heads.reduce((all, { rows }) => all + countKeys(rows), 0), 0);
  const products = size * parameters + 2 * pairs * width;
  if (products > mostForOne)
    return { beyond: `One sample takes ${millions(products)} multiplications, beyond what is measured (${millions(mostForOne)}).` }; // prettier-ignore
  const each = mostForAll / 2 / products;
  return { samples: Math.floor(each / evaluations), ascent: Math.floor(each) };
}

/** Entries of the matrices that every token is multiplied by. */
function weights({ mixer, feedForward }: Block, width: number): number {
  const mixing = mixer.kind === "attention" ? 4 * width ** 2 : 0;
  if (feedForward === null) return mixing;
  const matrices = feedForward.activation === "swiglu" || feedForward.activation === "geglu" ? 3 : 2;
  return mixing + matrices * width * hiddenWidth(feedForward, width);
}

const millions = (n: number): string => `${Math.round(n / 1e6).toLocaleString("en")} million`;
