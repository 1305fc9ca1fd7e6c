/** Structures for the tests of the symmetry engine, and a second opinion on them: Debian's nauty, or trying all permutations. */
import { spawnSync } from "node:child_process";
import type { Permutation, Relation, Structure } from "../../extension/theory/symmetry/structure";
import { Random } from "../reference/random";

/** pairs[q][k]: the class of the pair, null where q does not attend to k; a row is null where it is not probed. */
export type Table = readonly ((number | null)[] | null)[];

export function relationFrom(table: Table): Relation {
  const first = [0];
  const bounds: number[] = [];
  const classes: number[] = [];
  const rowOf: number[] = [];
  for (const row of table) {
    rowOf.push(row === null ? -1 : first.length - 1);
    if (row === null) continue;
    row.forEach((label, key) => {
      if (label === null) return;
      const last = bounds.length - 1;
      if (last > 2 * first[first.length - 1] - 1 && bounds[last] === key && classes[classes.length - 1] === label)
        bounds[last]++;
      else {
        bounds.push(key, key + 1);
        classes.push(label);
      }
    });
    first.push(classes.length);
  }
  return {
    rowOf: Int32Array.from(rowOf),
    first: Int32Array.from(first),
    bounds: Int32Array.from(bounds),
    classes: Int32Array.from(classes),
  };
}

export const structureFrom = (tables: readonly Table[], colours: readonly number[]): Structure => ({
  size: colours.length,
  colours: Int32Array.from(colours),
  relations: tables.map(relationFrom),
});

/** One relation of one class: the arcs q -> k. */
export interface Digraph {
  name: string;
  size: number;
  arcs: number[][];
  colours: number[];
}

export const digraph = (
  name: string,
  size: number,
  adjacent: (q: number, k: number) => boolean,
  colours?: number[],
): Digraph => ({
  name,
  size,
  arcs: Array.from({ length: size }, (_, q) => Array.from({ length: size }, (_, k) => k).filter((k) => adjacent(q, k))),
  colours: colours ?? new Array<number>(size).fill(0),
});

export function structureOf({ size, arcs, colours }: Digraph): Structure {
  const table = Array.from({ length: size }, () => new Array<number | null>(size).fill(null));
  arcs.forEach((keys, q) => keys.forEach((k) => (table[q][k] = 0)));
  return structureFrom([table], colours);
}

/** The structure with vertex v renamed to p[v]. */
export function renamed(structure: Structure, p: Permutation): Structure {
  const { size } = structure;
  const inverse = new Int32Array(size);
  p.forEach((image, v) => (inverse[image] = v));
  const tables = structure.relations.map((relation) => {
    const table = tableOf(relation, size);
    return Array.from({ length: size }, (_, q) => {
      const row = table[inverse[q]];
      return row && Array.from({ length: size }, (_, k) => row[inverse[k]]);
    });
  });
  return structureFrom(
    tables,
    Array.from({ length: size }, (_, v) => structure.colours[inverse[v]]),
  );
}

export function tableOf(relation: Relation, size: number): ((number | null)[] | null)[] {
  return Array.from({ length: size }, (_, q) => {
    const row = relation.rowOf[q];
    if (row < 0) return null;
    const labels = new Array<number | null>(size).fill(null);
    for (let run = relation.first[row]; run < relation.first[row + 1]; run++)
      labels.fill(relation.classes[run], relation.bounds[2 * run], relation.bounds[2 * run + 1]);
    return labels;
  });
}

/** Line and circular windows with `left` keys before and `right` keys after each query, as runs. */
export function windows(size: number, left: number, right: number, circular: boolean): Structure {
  const first = [0];
  const bounds: number[] = [];
  for (let q = 0; q < size; q++) {
    const from = q - left;
    const to = q + right + 1;
    if (circular && to - from >= size) bounds.push(0, size);
    else if (circular && from < 0) bounds.push(0, to, from + size, size);
    else if (circular && to > size) bounds.push(0, to - size, from, size);
    else bounds.push(Math.max(0, from), Math.min(size, to));
    first.push(bounds.length / 2);
  }
  const rowOf = Int32Array.from({ length: size }, (_, q) => q);
  const relation = {
    rowOf,
    first: Int32Array.from(first),
    bounds: Int32Array.from(bounds),
    classes: new Int32Array(bounds.length / 2),
  };
  return { size, colours: new Int32Array(size), relations: [relation] };
}

/** Uniform in 0..count-1. */
export const below = (random: Random, count: number): number => Math.floor(random.uniform() * count);

export function randomPermutation(random: Random, size: number): Permutation {
  const p = Int32Array.from({ length: size }, (_, v) => v);
  for (let i = size - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [p[i], p[j]] = [p[j], p[i]];
  }
  return p;
}

/** All permutations of 0..n-1. */
export function* allPermutations(n: number): Generator<Permutation> {
  const p = Int32Array.from({ length: n }, (_, v) => v);
  function* from(place: number): Generator<Permutation> {
    if (place === n) yield p.slice();
    for (let i = place; i < n; i++) {
      [p[place], p[i]] = [p[i], p[place]];
      yield* from(place + 1);
      [p[place], p[i]] = [p[i], p[place]];
    }
  }
  yield* from(0);
}

/** What the definition in structure.ts says, pair by pair. */
export function isIsomorphismByDefinition(a: Structure, b: Structure, p: Permutation): boolean {
  if (
    a.size !== b.size ||
    a.relations.length !== b.relations.length ||
    !a.colours.every((colour, v) => colour === b.colours[p[v]])
  )
    return false;
  return a.relations.every((relation, r) => {
    const before = tableOf(relation, a.size);
    const after = tableOf(b.relations[r], b.size);
    return before.every((row, q) => {
      const image = after[p[q]];
      return row === null || image === null ? row === image : row.every((label, k) => label === image[p[k]]);
    });
  });
}

export interface NautyAnswer {
  order: bigint;
  /** The smallest vertex of every vertex's orbit. */
  orbitOf: number[];
  seconds: number;
}

export const nautyVersion = (): string | null => {
  const { status, stdout } = spawnSync("dreadnaut", ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
};

/**
 * Groups of many digraphs by one process of dreadnaut. Orders are products of the indices of its stabiliser chain, hence exact. As nauty is slow on some
 * digraphs, it gets undirected ones: v is joined with n + v and 2n + v, the three of different colours, and an arc q -> k joins n + q with 2n + k.
 */
export function askNauty(graphs: readonly Digraph[]): NautyAnswer[] {
  const script = ["l=0 -a -d As"];
  for (const { size, arcs, colours } of graphs) {
    const joined = [
      ...arcs.map((_, v) => `${v}:${size + v} ${2 * size + v}`),
      ...arcs.map((keys, q) => `${size + q}:${keys.map((k) => 2 * size + k).join(" ")}`),
    ];
    script.push(`n=${3 * size} $=0 g`, `${joined.join(";\n")}.`);
    const cells = new Map<number, number[]>();
    colours.forEach((colour, v) => cells.set(colour, [...(cells.get(colour) ?? []), v]));
    const parts = [...cells].sort((a, b) => a[0] - b[0]).map(([, vertices]) => vertices.join(" "));
    script.push(`f=[${parts.join("|")}|${size}:${2 * size - 1}|${2 * size}:${3 * size - 1}]`, "x o", '"=====\\n"');
  }
  const { stdout, status, stderr } = spawnSync("dreadnaut", {
    input: `${script.join("\n")}\nq\n`,
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`dreadnaut failed: ${stderr}`);
  const answers = stdout.split("=====\n").slice(0, -1);
  if (answers.length !== graphs.length)
    throw new Error(`dreadnaut answered ${answers.length} of ${graphs.length} questions`);
  return answers.map((answer, i) => {
    let order = 1n;
    for (const [, index] of answer.matchAll(/^level \d+:.* index (\d+)/gm)) order *= BigInt(index);
    const size = Number(/grpsize=([\d.e+]+)/.exec(answer)?.[1]);
    if (Number.isFinite(size) && !(Math.abs(Number(order) / size - 1) < 1e-9))
      throw new Error(`order ${order} is not the group size of\n${answer}`);
    const seconds = Number(/cpu time = ([\d.]+)/.exec(answer)?.[1]);
    const orbitOf = new Array<number>(3 * graphs[i].size).fill(-1);
    const listed = answer.slice(answer.indexOf("cpu time")).split("\n").slice(1).join(" ");
    for (const orbit of listed.split(";")) {
      const points: number[] = [];
      for (const [, from, to] of orbit.replace(/\(.*\)/, "").matchAll(/(\d+)(?::(\d+))?/g))
        for (let v = Number(from); v <= Number(to ?? from); v++) points.push(v);
      for (const v of points) orbitOf[v] = points[0];
    }
    return { order, orbitOf: orbitOf.slice(0, graphs[i].size), seconds };
  });
}
