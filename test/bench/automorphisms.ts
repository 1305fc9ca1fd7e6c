/** The automorphism search against nauty and Traces (Debian's dreadnaut) on the same graphs, in one run. Run alone: `npx tsx test/bench/automorphisms.ts`. */
import { spawnSync } from "node:child_process";
import { automorphisms } from "../../extension/theory/symmetry/automorphisms";
import { Random } from "../reference/random";
import { specialGraphs } from "../unit/symmetryGraphs";
import { below, digraph, nautyVersion, structureOf, type Digraph } from "../unit/symmetryStructures";

const repeats = 11;

/** Longest wait for one run of dreadnaut, in ms. */
const patience = 10_000;

/**
 * Searches of dreadnaut on one graph, timed from outside: the time of many searches less the time of one, per search, in ms. Where one takes long, that one alone.
 * Null where it takes longer than is waited for.
 */
function dreadnaut(graph: Digraph, algorithm: "As" | "At"): number | null {
  const arcs = graph.arcs.map((keys, q) => `${q}:${keys.filter((k) => k > q).join(" ")}`).join(";\n");
  const time = (runs: number) => {
    const input = `${algorithm} -a -m -d n=${graph.size} $=0 g\n${arcs}.\n${"x\n".repeat(runs)}q\n`;
    const start = process.hrtime.bigint();
    const { status, error } = spawnSync("dreadnaut", { input, maxBuffer: 1 << 28, timeout: patience });
    if (error !== undefined) return null;
    if (status !== 0) throw new Error(`dreadnaut failed on ${graph.name}`);
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  const once = time(1);
  if (once === null || once > patience / (4 * repeats)) return once;
  // As many as take far longer than starting the program does.
  let searches = repeats;
  for (;;) {
    const many = time(searches);
    if (many === null || many > 20 * once) break;
    searches *= 4;
  }
  return median([0, 0, 0].map(() => ((time(1 + searches) ?? patience) - (time(1) ?? patience)) / searches));
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1];

function ours(graph: Digraph): { milliseconds: number; order: string } {
  const structure = structureOf(graph);
  let order = automorphisms(structure).order.toString();
  const times = Array.from({ length: repeats }, () => {
    const start = process.hrtime.bigint();
    automorphisms(structure);
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  if (order.length > 12) order = order.includes("!") ? order : `about 10^${order.length - 1}`;
  return { milliseconds: median(times), order };
}

function graphs(): Digraph[] {
  const n = 2048;
  const random = new Random(7);
  const chords = new Set(Array.from({ length: 3 * n }, () => below(random, n * n)));
  const parent = Array.from({ length: n }, (_, v) => (v === 0 ? -1 : below(random, v)));
  const distance = (a: number, b: number) => Math.min(Math.abs(a - b), n - Math.abs(a - b));
  const special = new Map(specialGraphs().map((graph) => [graph.name, graph]));
  return [
    digraph("line window, 16 a side", n, (a, b) => a !== b && Math.abs(a - b) <= 16),
    digraph("circular window, 16 a side", n, (a, b) => a !== b && distance(a, b) <= 16),
    digraph("window and 4 global tokens", n, (a, b) => a !== b && (a < 4 || b < 4 || Math.abs(a - b) <= 16)),
    digraph("window, dilation 2", n, (a, b) => a !== b && (a - b) % 2 === 0 && Math.abs(a - b) <= 32),
    digraph("blocks of 32", n, (a, b) => a !== b && a >> 5 === b >> 5),
    digraph("axial, 32 x 64", n, (a, b) => a !== b && (a >> 6 === b >> 6 || a % 64 === b % 64)),
    digraph("random, 6 a vertex", n, (a, b) => a !== b && (chords.has(a * n + b) || chords.has(b * n + a))),
    digraph("random tree", n, (a, b) => parent[a] === b || parent[b] === a),
    ...["hypercube 6", "Paley 101", "Shrikhande", "CFI 6 false"].map((name) => special.get(name)!),
  ];
}

/** A Markdown table of times and of their ratios to nauty's (below 1: faster than nauty). */
export function bench(): Promise<string> {
  const version = nautyVersion();
  const rows = graphs().map((graph) => {
    const { milliseconds, order } = ours(graph);
    const cells = [graph.name, String(graph.size), order, milliseconds.toFixed(2)];
    if (version === null) return [...cells, "-", "-", "-"];
    const [nauty, traces] = (["As", "At"] as const).map((algorithm) => dreadnaut(graph, algorithm));
    const shown = (time: number | null) => (time === null ? `over ${patience}` : time.toFixed(2));
    const ratio = milliseconds / (nauty ?? patience);
    return [...cells, shown(nauty), shown(traces), `${nauty === null ? "under " : ""}${Number(ratio.toPrecision(2))}`];
  });
  const head = ["graph", "vertices", "group order", "this search, ms", "nauty, ms", "Traces, ms", "ratio to nauty"];
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const note =
    version === null ? "dreadnaut (Debian package nauty) is not installed: nothing to compare with" : version;
  return Promise.resolve(`${table}\n\n${note}`);
}

if (require.main === module) void bench().then(console.log);
