/** Graphs whose automorphism groups are compared with nauty's: random ones and the structured families that are hard or degenerate. */
import type { Random } from "../reference/random";
import { below, digraph, type Digraph } from "./symmetryStructures";

const modulo = (a: number, n: number) => ((a % n) + n) % n;
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)];

function paley(p: number): Digraph {
  const squares = new Set(Array.from({ length: p - 1 }, (_, i) => ((i + 1) * (i + 1)) % p));
  return digraph(`Paley ${p}`, p, (a, b) => squares.has(modulo(a - b, p)));
}

/** Subsets of a given size, joined where they meet in `common` points: Johnson and Kneser graphs. */
function subsets(points: number, chosen: number, common: number): Digraph {
  const sets: number[] = [];
  const bits = (x: number) => x.toString(2).replaceAll("0", "").length;
  for (let set = 0; set < 1 << points; set++) if (bits(set) === chosen) sets.push(set);
  return digraph(
    `subsets ${points} ${chosen} ${common}`,
    sets.length,
    (a, b) => a !== b && bits(sets[a] & sets[b]) === common,
  );
}

/** Rook's graph on k x k, and Latin square graphs of the cyclic square: strongly regular. */
const rook = (rows: number, columns: number): Digraph =>
  digraph(
    `rook ${rows} ${columns}`,
    rows * columns,
    (a, b) => a !== b && (Math.floor(a / columns) === Math.floor(b / columns) || a % columns === b % columns),
  );

function latin(k: number, square: (row: number, column: number) => number, name: string): Digraph {
  const at = (v: number) => [Math.floor(v / k), v % k, square(Math.floor(v / k), v % k)];
  return digraph(`Latin ${name} ${k}`, k * k, (a, b) => a !== b && at(a).some((x, i) => x === at(b)[i]));
}

/** Strongly regular with the parameters of the 4 x 4 rook's graph, but not it. */
const shrikhande = digraph("Shrikhande", 16, (a, b) => {
  const row = modulo(Math.floor(a / 4) - Math.floor(b / 4), 4);
  const column = modulo((a % 4) - (b % 4), 4);
  return [1, 3, 4, 12, 5, 15].includes(4 * row + column);
});

/** Cai-Fürer-Immerman pairs are what refinement alone cannot tell apart; here over a cycle with chords, twisted or not. */
function furer(base: readonly (readonly [number, number])[], vertices: number, twisted: boolean): Digraph {
  const names: string[] = [];
  const index = new Map<string, number>();
  const add = (name: string) => {
    index.set(name, names.length);
    names.push(name);
  };
  const edgesAt = Array.from({ length: vertices }, (_, v) => base.flatMap((edge, e) => (edge.includes(v) ? [e] : [])));
  base.forEach((_, e) => [0, 1].forEach((side) => add(`e${e},${side}`)));
  const arcs = new Set<string>();
  edgesAt.forEach((edges, v) => {
    for (let subset = 0; subset < 1 << edges.length; subset++) {
      const parity = edges.reduce((sum, _, i) => sum + ((subset >> i) & 1), 0) % 2;
      if (parity !== (twisted && v === 0 ? 1 : 0)) continue;
      add(`v${v},${subset}`);
      edges.forEach((e, i) => {
        const from = index.get(`v${v},${subset}`)!;
        const to = index.get(`e${e},${(subset >> i) & 1}`)!;
        arcs.add(`${from} ${to}`).add(`${to} ${from}`);
      });
    }
  });
  return digraph(`CFI ${vertices} ${twisted}`, names.length, (a, b) => arcs.has(`${a} ${b}`));
}

const union = (parts: readonly Digraph[]): Digraph => {
  const offsets = parts.map((_, i) => parts.slice(0, i).reduce((sum, part) => sum + part.size, 0));
  return {
    name: `union of ${parts.map((part) => part.name).join(", ")}`,
    size: parts.reduce((sum, part) => sum + part.size, 0),
    arcs: parts.flatMap((part, i) => part.arcs.map((keys) => keys.map((k) => k + offsets[i]))),
    colours: parts.flatMap((part) => part.colours),
  };
};

const complement = (graph: Digraph): Digraph => {
  const rows = graph.arcs.map((keys) => new Set(keys));
  return {
    ...digraph(`complement of ${graph.name}`, graph.size, (a, b) => a !== b && !rows[a].has(b)),
    colours: graph.colours,
  };
};

function tree(random: Random, size: number): Digraph {
  const parent = Array.from({ length: size }, (_, v) => (v === 0 ? -1 : below(random, v)));
  return digraph(`tree ${size}`, size, (a, b) => parent[a] === b || parent[b] === a);
}

/** A d-regular multigraph's simple part: d matchings of a random order. */
function regular(random: Random, size: number, degree: number): Digraph {
  const joined = new Set<number>();
  for (let i = 0; i < degree; i++) {
    const order = Array.from({ length: size }, (_, v) => v).sort(() => random.uniform() - 0.5);
    for (let j = 0; j + 1 < size; j += 2)
      joined.add(order[j] * size + order[j + 1]).add(order[j + 1] * size + order[j]);
  }
  return digraph(`regular ${size} ${degree}`, size, (a, b) => joined.has(a * size + b));
}

/** Cayley digraph of the symmetric group on k points with random generators. */
function cayley(random: Random, k: number, generators: number): Digraph {
  const elements: number[][] = [];
  const extend = (list: number[]) => {
    if (list.length === k) elements.push(list);
    else for (let i = 0; i < k; i++) if (!list.includes(i)) extend([...list, i]);
  };
  extend([]);
  const index = new Map(elements.map((element, i) => [element.join(), i]));
  const steps = Array.from({ length: generators }, () => pick(random, elements));
  const arcs = elements.map((element) => new Set(steps.map((step) => index.get(element.map((i) => step[i]).join())!)));
  return digraph(`Cayley S_${k} ${generators}`, elements.length, (a, b) => arcs[a].has(b));
}

function circulant(random: Random, size: number, oriented: boolean): Digraph {
  const offsets = new Set(Array.from({ length: 1 + below(random, 4) }, () => below(random, size)));
  return digraph(
    `circulant ${size} ${[...offsets].join()} ${oriented}`,
    size,
    (a, b) => offsets.has(modulo(b - a, size)) || (!oriented && offsets.has(modulo(a - b, size))),
  );
}

const grid = (rows: number, columns: number, torus: boolean): Digraph =>
  digraph(`grid ${rows} ${columns} ${torus}`, rows * columns, (a, b) => {
    const dr = Math.abs(Math.floor(a / columns) - Math.floor(b / columns));
    const dc = Math.abs((a % columns) - (b % columns));
    const row = torus ? Math.min(dr, rows - dr) : dr;
    const column = torus ? Math.min(dc, columns - dc) : dc;
    return row + column === 1;
  });

function windowed(random: Random, size: number): Digraph {
  const left = below(random, size);
  const right = random.uniform() < 0.6 ? left : below(random, size);
  const circular = random.uniform() < 0.5;
  const dilation = 1 + below(random, 3);
  const globals = new Set(Array.from({ length: below(random, 3) }, () => below(random, size)));
  return digraph(`window ${size} ${left} ${right} ${circular} ${dilation} ${[...globals].join()}`, size, (q, k) => {
    if (globals.has(q) || globals.has(k)) return true;
    const distances = circular ? [k - q, k - q + size, k - q - size] : [k - q];
    return distances.some(
      (distance) => distance % dilation === 0 && distance >= -left * dilation && distance <= right * dilation,
    );
  });
}

const coloured = (random: Random, graph: Digraph): Digraph => ({
  ...graph,
  name: `coloured ${graph.name}`,
  colours: graph.colours.map(() => below(random, 1 + below(random, 3))),
});

const randomDigraph = (random: Random, size: number): Digraph => {
  const density = pick(random, [0.02, 0.1, 0.3, 0.5, 0.9]);
  const undirected = random.uniform() < 0.5;
  const joined = Array.from({ length: size }, () => Array.from({ length: size }, () => random.uniform() < density));
  return digraph(`random ${size} ${density} ${undirected}`, size, (a, b) =>
    undirected ? joined[Math.min(a, b)][Math.max(a, b)] : joined[a][b],
  );
};

const ring: [number, number][] = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 0], [0, 3], [1, 4], [2, 5]]; // prettier-ignore

/** Graphs of strongly regular and other special families. */
export const specialGraphs = (): Digraph[] => [
  ...[5, 13, 17, 29, 37, 61, 101].map(paley),
  ...[7, 11, 19, 23].map((p) => ({ ...paley(p), name: `Paley tournament ${p}` })),
  subsets(5, 2, 0),
  subsets(7, 3, 1),
  subsets(7, 2, 1),
  subsets(10, 3, 0),
  ...[3, 4, 5, 6].flatMap((k) => [rook(k, k), rook(k, k + 2)]),
  ...[5, 7].map((k) => latin(k, (r, c) => (r + c) % k, "cyclic")),
  latin(8, (r, c) => r ^ c, "Klein"),
  latin(4, (r, c) => r ^ c, "Klein"),
  shrikhande,
  union([shrikhande, rook(4, 4)]),
  union([rook(4, 4), shrikhande, rook(4, 4)]),
  furer(ring, 6, false),
  furer(ring, 6, true),
  union([furer(ring, 6, false), furer(ring, 6, true)]),
  ...[2, 3, 4, 5, 6].map((d) =>
    digraph(`hypercube ${d}`, 1 << d, (a, b) => ((a ^ b) & ((a ^ b) - 1)) === 0 && a !== b),
  ),
  digraph("no arcs 150", 150, () => false),
  digraph("complete 150", 150, (a, b) => a !== b),
  digraph("all pairs 150", 150, () => true),
  digraph("loops on some", 40, (a, b) => a === b && a % 3 === 0),
  digraph("empty", 1, () => false),
];

/** A graph of one of the random families, of up to 200 vertices. */
export function randomGraph(random: Random): Digraph {
  const size = 1 + below(random, random.uniform() < 0.7 ? 24 : 120);
  const graph = pick<() => Digraph>(random, [
    () => randomDigraph(random, size),
    () => randomDigraph(random, size),
    () => tree(random, size),
    () => regular(random, size, 3),
    () => regular(random, size, 2),
    () => circulant(random, size, random.uniform() < 0.5),
    () => grid(1 + below(random, 10), 1 + below(random, 10), random.uniform() < 0.5),
    () => windowed(random, size),
    () => windowed(random, size),
    () => cayley(random, 4, 1 + below(random, 3)),
    () => cayley(random, 5, 1 + below(random, 2)),
    () => digraph(`blocks ${size}`, size, (a, b) => Math.floor(a / 4) === Math.floor(b / 4)),
    () => {
      const part = randomGraph(random);
      return part.size > 60
        ? part
        : union([
            part,
            ...Array.from({ length: 1 + below(random, 2) }, () => (random.uniform() < 0.5 ? part : tree(random, 8))),
          ]);
    },
    () => complement(tree(random, size)),
  ])();
  if (graph.size > 200) return randomGraph(random);
  return random.uniform() < 0.2 ? coloured(random, graph) : graph;
}
