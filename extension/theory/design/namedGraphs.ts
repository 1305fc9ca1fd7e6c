/** Graphs, solids, trees and molecules that a symmetry is named after. */
import { automorphisms } from "../symmetry/automorphisms";
import { PermutationGroup } from "../symmetry/group";
import type { Permutation, Structure } from "../symmetry/structure";
import { GroupError } from "./groupError";
import { molecules, parseSmiles } from "./smiles";

/** An undirected graph with coloured vertices and edges. */
export interface Graph {
  vertices: number;
  edges: (readonly [number, number, number?])[];
  /** Null where all vertices are alike. */
  colours: number[] | null;
}

/** The entry of that name; what every object inherits is none. */
export const ownEntry = <T>(entries: Partial<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(entries, name) ? entries[name] : undefined;

/** Most vertices that a named graph is made with: past them the group is refused by its degree. */
const largest = 64;

/** Generators of the automorphism group. */
export function graphGroup({ vertices, edges, colours }: Graph): Permutation[] {
  const rows = Array.from({ length: vertices }, (): [number, number][] => []);
  for (const [a, b, colour] of edges) {
    rows[a].push([b, colour ?? 0]);
    rows[b].push([a, colour ?? 0]);
  }
  const first = new Int32Array(vertices + 1);
  const bounds: number[] = [];
  const classes: number[] = [];
  rows.forEach((row, v) => {
    for (const [other, colour] of row.sort((x, y) => x[0] - y[0])) {
      bounds.push(other, other + 1);
      classes.push(colour);
    }
    first[v + 1] = classes.length;
  });
  const structure: Structure = {
    size: vertices,
    colours: Int32Array.from({ length: vertices }, (_, v) => colours?.[v] ?? 0),
    relations: [
      {
        rowOf: Int32Array.from({ length: vertices }, (_, v) => v),
        first,
        bounds: Int32Array.from(bounds),
        classes: Int32Array.from(classes),
      },
    ],
  };
  return automorphisms(structure).generators;
}

const graph = (vertices: number, adjacent: (a: number, b: number) => boolean): Graph => {
  const edges: [number, number][] = [];
  for (let b = 0; b < vertices; b++) for (let a = 0; a < b; a++) if (adjacent(a, b)) edges.push([a, b]);
  return { vertices, edges, colours: null };
};

interface Family {
  /** Numbers that the name takes. */
  numbers: number;
  vertices(...values: number[]): number;
  graph(...values: number[]): Graph;
}

/** A cubic Hamiltonian graph by its LCF code: the ring 0, 1, ..., and from v a chord to v + jumps[v mod length]. */
function lcf(vertices: number, jumps: readonly number[]): Family {
  const end = (v: number) => (((v + jumps[v % jumps.length]) % vertices) + vertices) % vertices;
  return {
    numbers: 0,
    vertices: () => vertices,
    graph: () => graph(vertices, (a, b) => b - a === 1 || (a === 0 && b === vertices - 1) || end(a) === b),
  };
}

const bits = (x: number): number => x.toString(2).replaceAll("0", "").length;

/** Graphs by name; the vertices of all are numbered in the order that docs/designer.md says. */
export const graphs: Partial<Record<string, Family>> = {
  path: { numbers: 1, vertices: (n) => n, graph: (n) => graph(n, (a, b) => b - a === 1) },
  ring: {
    numbers: 1,
    vertices: (n) => n,
    graph: (n) => graph(n, (a, b) => b - a === 1 || (a === 0 && b === n - 1)),
  },
  star: { numbers: 1, vertices: (n) => n, graph: (n) => graph(n, (a) => a === 0) },
  wheel: {
    numbers: 1,
    vertices: (n) => n,
    graph: (n) => graph(n, (a, b) => a === 0 || b - a === 1 || (a === 1 && b === n - 1)),
  },
  complete: { numbers: 1, vertices: (n) => n, graph: (n) => graph(n, () => true) },
  bipartite: {
    numbers: 2,
    vertices: (a, b) => a + b,
    graph: (m, n) => graph(m + n, (a, b) => a < m && b >= m),
  },
  prism: {
    numbers: 1,
    vertices: (n) => 2 * n,
    graph: (n) =>
      graph(2 * n, (a, b) => b - a === n || (a < n === b < n && (b - a === 1 || (a % n === 0 && b - a === n - 1)))),
  },
  hypercube: {
    numbers: 1,
    vertices: (k) => 2 ** k,
    graph: (k) => graph(2 ** k, (a, b) => bits(a ^ b) === 1),
  },
  petersen: {
    numbers: 0,
    vertices: () => 10,
    graph: () =>
      graph(10, (a, b) =>
        b < 5
          ? b - a === 1 || b - a === 4
          : a < 5
            ? b - a === 5
            : b - a === 2 || b - a === 3,
      ), // prettier-ignore
  },
  heawood: lcf(14, [5, -5]),
  frucht: lcf(12, [-5, -2, -4, 2, 5, -2, 2, 5, -2, -5, 4, 2]),
  pappus: lcf(18, [5, 7, -7, 7, -7, -5]),
};

// -------------------------------------------------------------------------------------------------------------- solids

interface Solid {
  graph(): Graph;
  /** Generators of the rotations. */
  rotations(): Permutation[];
}

type Point = readonly [number, number, number];

/** All sign changes of the coordinates that are not zero, in the order of the binary digits of a number. */
function signed(points: readonly Point[]): Point[] {
  const found = new Map<string, Point>();
  for (const [x, y, z] of points)
    for (let sign = 0; sign < 8; sign++) {
      const p: Point = [sign & 4 ? -x : x, sign & 2 ? -y : y, sign & 1 ? -z : z];
      found.set(p.map((c) => (c + 0).toFixed(6)).join(), p);
    }
  return [...found.values()];
}
const cyclic = ([x, y, z]: Point): Point[] => [[x, y, z], [z, x, y], [y, z, x]]; // prettier-ignore
const golden = (1 + Math.sqrt(5)) / 2;

/** The edges are the shortest distances, and the rotations those symmetries whose matrix has determinant 1. */
function solid(points: readonly Point[]): Solid {
  const distance = (a: number, b: number) => points[a].reduce((sum, x, i) => sum + (x - points[b][i]) ** 2, 0);
  const shortest = Math.min(...points.slice(1).map((_, i) => distance(0, i + 1)));
  const edges = graph(points.length, (a, b) => distance(a, b) < shortest * 1.001);
  const determinant = ([a, b, c]: readonly Point[]): number =>
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
  /** Three corners that are no plane with the centre. */
  const frame = [0, 1, 2];
  while (Math.abs(determinant(frame.map((v) => points[v]))) < 1e-6)
    if (++frame[2] === points.length) frame[2] = ++frame[1] + 1;
  return {
    graph: () => edges,
    rotations: () => {
      const group = PermutationGroup.generate(points.length, graphGroup(edges));
      const before = determinant(frame.map((v) => points[v]));
      const rotations = [...group.elements()].filter((p) => determinant(frame.map((v) => points[p[v]])) * before > 0);
      let known = PermutationGroup.generate(points.length, []);
      for (const rotation of rotations)
        if (!known.contains(rotation))
          known = PermutationGroup.generate(points.length, [...known.generators, rotation]);
      return [...known.generators];
    },
  };
}

/** The corners of the Platonic solids (and of the soccer ball). */
export const solids: Partial<Record<string, Solid>> = {
  tetrahedron: solid([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]), // prettier-ignore
  cube: solid(signed([[1, 1, 1]])),
  octahedron: solid(signed(cyclic([1, 0, 0]))),
  icosahedron: solid(signed(cyclic([0, 1, golden]))),
  dodecahedron: solid(signed([[1, 1, 1], ...cyclic([0, 1 / golden, golden])])),
  cuboctahedron: solid(signed(cyclic([1, 1, 0]))),
};

/** Buckminsterfullerene: even permutations of (0, 1, 3g), (1, 2 + g, 2g), (g, 2, 2g + 1) with all signs (the truncated icosahedron). */
const fullerene = (): Graph =>
  solid(
    signed([
      ...cyclic([0, 1, 3 * golden]),
      ...cyclic([1, 2 + golden, 2 * golden]),
      ...cyclic([golden, 2, 2 * golden + 1]),
    ]),
  ).graph();

// --------------------------------------------------------------------------------------------------------------- trees

/** A rooted tree: parents[i] is the parent of token i + 1, and token 0 is the root, which stays in its place. */
export function treeOf(parents: readonly number[]): Graph {
  const vertices = parents.length + 1;
  return {
    vertices,
    edges: parents.map((parent, i) => [parent, i + 1] as const),
    colours: Array.from({ length: vertices }, (_, v) => (v === 0 ? 1 : 0)),
  };
}

/** The tree of nested brackets, every pair a token, numbered as they open; null where they are not one tree. */
export function nestedTree(brackets: string): Graph | null {
  const parents: number[] = [];
  const open: number[] = [];
  let count = 0;
  for (const bracket of brackets.replaceAll(/\s/g, "")) {
    if (bracket === "(") {
      if (count > 0) {
        if (open.length === 0) return null;
        parents.push(open[open.length - 1]);
      }
      open.push(count++);
    } else if (open.pop() === undefined) return null;
  }
  return open.length === 0 ? treeOf(parents) : null;
}

// ------------------------------------------------------------------------------------------------------------ molecules

export const isMolecule = (name: string): boolean =>
  name === "buckminsterfullerene" || ownEntry(molecules, name) !== undefined;

/**
 * A molecule by name or in SMILES as a graph whose vertices have the colour of their element and whose edges that of their bond: first the atoms that are
 * written, in their order, then their hydrogens.
 * @throws GroupError
 */
export function moleculeOf(name: string): Graph {
  if (name === "buckminsterfullerene") return fullerene();
  const molecule = parseSmiles(ownEntry(molecules, name) ?? name);
  if (molecule.vertices > largest)
    throw new GroupError(
      `The molecule ${name.slice(0, 40)} has ${molecule.vertices} atoms; at most ${largest} are taken.`,
    );
  return molecule;
}
