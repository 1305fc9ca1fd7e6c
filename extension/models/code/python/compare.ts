/** Whether a text that was read again is of the architecture that an edit was to give, and of nothing else. */
import { architectureInput } from "../../../theory/architecture/input";
import { architectureSchema, type Architecture, type Block, type HeadGroup, type Pattern } from "../../../theory/architecture/schema"; // prettier-ignore
import { equalRows } from "../../../theory/patterns/algebra";
import { buildRows } from "../../../theory/patterns/build";
import type { Rows } from "../../../theory/patterns/rows";
import type { SpecChange } from "../../../theory/verdict/report";
import { changeValue } from "../../spec/edit";
import type { Lowered } from "../graph/lower";
import { isCausal, looksBack } from "../graph/patterns";

interface AttentionInput {
  heads: { pattern?: unknown }[] | number;
}

/** The architecture after the changes; undefined where they do not give one. */
export function changed(architecture: Architecture, changes: readonly SpecChange[]): Architecture | undefined {
  const input = architectureInput(architecture) as { layers: { attention?: AttentionInput }[] };
  // A pattern that is given for all heads is that of each.
  for (const { path } of changes) {
    const [part, block, field, inner] = path;
    if (part !== "layers" || typeof block !== "number" || field !== "attention" || inner !== "pattern") continue;
    const heads = input.layers[block]?.attention?.heads;
    if (Array.isArray(heads)) for (const head of heads) delete head.pattern;
  }
  return architectureSchema.safeParse(changeValue(input, changes)).data;
}

/** Compares patterns by the pairs that they allow; each is worked out once. */
export class Comparison {
  private readonly rows = new Map<string, Rows>();

  constructor(
    private readonly tokens: number,
    private readonly registers: number,
  ) {}

  rowsOf(pattern: Pattern): Rows {
    const key = JSON.stringify(pattern);
    let rows = this.rows.get(key);
    if (!rows) this.rows.set(key, (rows = buildRows(pattern, this.tokens, this.registers)));
    return rows;
  }

  private samePattern(a: Pattern, b: Pattern): boolean {
    return JSON.stringify(a) === JSON.stringify(b) || equalRows(this.rowsOf(a), this.rowsOf(b));
  }

  private masksOf({ layers }: Architecture): Rows[] {
    return layers.flatMap(({ mixer }) => (mixer.kind === "attention" ? mixer.heads.map(({ pattern }) => this.rowsOf(pattern)) : [])); // prettier-ignore
  }

  /** Whether every query of every head reads only keys up to its own index. */
  looksBack(architecture: Architecture): boolean {
    return this.masksOf(architecture).every(looksBack);
  }

  /** Whether a model with no declared visibility is taken to be one of what comes next. */
  isCausal(architecture: Architecture): boolean {
    return isCausal(this.masksOf(architecture));
  }

  /** Whether two architectures differ in no more than how patterns, blocks and groups of heads are written. */
  same(reached: Architecture, wanted: Architecture): boolean {
    const rest = (one: Architecture) => JSON.stringify({ ...one, layers: [] });
    if (rest(reached) !== rest(wanted)) return false;
    const [a, b] = [layersOf(reached), layersOf(wanted)];
    return a.length === b.length && a.every((layer, i) => (i > 0 && layer === a[i - 1] && b[i] === b[i - 1]) || this.sameLayer(layer, b[i])); // prettier-ignore
  }

  private sameLayer(a: Block, b: Block): boolean {
    if (a.mixer.kind !== "attention" || b.mixer.kind !== "attention") return JSON.stringify(a) === JSON.stringify(b);
    const rest = ({ mixer, feedForward, norm }: Block) => {
      // The hidden width is free where it is not asked for.
      const hidden = b.feedForward?.hidden === null ? null : feedForward?.hidden;
      return JSON.stringify([{ ...mixer, heads: [] }, feedForward && { ...feedForward, hidden }, norm]);
    };
    const [mine, theirs] = [headsOf(a.mixer.heads), headsOf(b.mixer.heads)];
    return (
      rest(a) === rest(b) &&
      mine.length === theirs.length &&
      mine.every(({ pattern, bias }, i) => JSON.stringify(bias) === JSON.stringify(theirs[i].bias) && this.samePattern(pattern, theirs[i].pattern)) // prettier-ignore
    );
  }
}

const layersOf = ({ layers }: Architecture): Block[] =>
  layers.flatMap((block) => Array.from({ length: block.repeat }, () => block));

const headsOf = (heads: readonly HeadGroup[]): HeadGroup[] =>
  heads.flatMap((head) => Array.from({ length: head.count }, () => head));

/** Whether nothing that matters is left out that was not left out before. */
export function nothingNewSkipped(before: Lowered, after: Lowered): boolean {
  const known = new Set(before.skipped.map(({ message }) => message));
  return after.skipped.every(({ message, affects }) => affects === "nothing" || known.has(message));
}
