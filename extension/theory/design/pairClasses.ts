/** The classes of pairs that the heads of an architecture tell apart, cell by cell: for showing. */
import type { Architecture } from "../architecture/schema";
import { picturedTokens } from "../patterns/pictures";
import { compileStack, type Head } from "../views/stack";

/** What heads know of a pair beside its two tokens. */
export interface PairClasses {
  /** The heads that know this: their layers and, where a layer has several, the group of heads; from 0 on. */
  heads: { layer: number; group: number | null }[];
  /** n + registers, the side of `cells`. */
  size: number;
  /** How many classes there are. */
  count: number;
  /** cells[q * size + k] is the class of query q and key k, from 1 on in the order of their first pairs, row by row; 0 where q does not attend to k. */
  cells: Uint32Array;
}

/** Cells of all pictures together, up to which they are made: some tens of milliseconds. */
const mostCells = 4e6;

/**
 * The different matrices of pair classes of an architecture, from the first layer on; null where they are too large to be looked at.
 * @throws BeyondReach, Undecided as compileStack does
 */
export function pairClasses(architecture: Architecture): PairClasses[] | null {
  const size = architecture.tokens + architecture.registers;
  if (size > picturedTokens) return null;
  const { layers } = compileStack(architecture);
  const heads = new Set(layers.flatMap((layer) => layer.heads));
  if (heads.size * size ** 2 > mostCells) return null;
  const classesOf = new Map([...heads].map((head) => [head, classify(head, size)]));
  const found: PairClasses[] = [];
  layers.forEach((layer, index) =>
    layer.heads.forEach((head, group) => {
      const { cells, count } = classesOf.get(head)!;
      const place = { layer: index, group: layer.heads.length > 1 ? group : null };
      const known = found.find((one) => one.count === count && one.cells.every((cell, i) => cell === cells[i]));
      if (known === undefined) found.push({ heads: [place], size, count, cells });
      else known.heads.push(place);
    }),
  );
  return found;
}

function classify({ rows, labels }: Head, size: number): Pick<PairClasses, "cells" | "count"> {
  const { rowOf, first, bounds } = rows;
  const cells = new Uint32Array(size * size);
  const classes = new Map<string, number>();
  for (let query = 0; query < size; query++)
    for (let run = first[rowOf[query]]; run < first[rowOf[query] + 1]; run++)
      for (let key = bounds[2 * run]; key < bounds[2 * run + 1]; key++) {
        const label = `${labels.learned(query, key)} ${labels.fixed(query, key)}`;
        const known = classes.get(label) ?? classes.size + 1;
        classes.set(label, known);
        cells[query * size + key] = known;
      }
  return { cells, count: classes.size };
}
