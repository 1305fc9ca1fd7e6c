/**
 * The probed structures of theory, section 4, as coloured structures for the symmetry engine. Two forms:
 * - plain: every token carries its own letter through every layer, so views never merge and a layer is a relation on the tokens themselves;
 * - unfolded: otherwise, the reduced graph of views, one vertex per distinct view at each depth.
 * In both, an isomorphism from the structure rooted at s to the one rooted at t is, on the visible tokens, exactly a permutation pi with
 * F_s(X) = F_t(pi X) for all X and all parameters.
 */
import { countKeys, image } from "../patterns/algebra";
import { probed, seen } from "../patterns/reach";
import { BeyondReach } from "../patterns/rows";
import type { Relation, Structure } from "../symmetry/structure";
import type { Head, MixLayer, Stack } from "./stack";
import { modShift, type Label } from "./labels";
import { ViewTable } from "./table";

/** Most runs of one relation, vertices and entries of an unfolding: past them an exact answer takes too long. */
const relationRuns = 1 << 20;
const unfoldedVertices = 40_000;
const unfoldedEntries = 4_000_000;

/** A structure and where its tokens are: `vertexOf[token]`, -1 for a token that the root does not see. */
export interface Rooted {
  structure: Structure;
  vertexOf: Int32Array;
}

export interface Structures {
  /** The structure whose automorphisms are G, the symmetries of the whole map. */
  whole: Rooted;
  /** The structure that output s probes. */
  rooted(s: number): Rooted;
  /** Whether the vertices are the tokens themselves. */
  plain: boolean;
}

const tooManyRuns = () =>
  new BeyondReach(
    `the pair labels split the attention pattern into more than ${relationRuns.toLocaleString("en")} runs`,
  );

/** The relation of a head: rows split into runs of one reduced label. */
export function headRelation(head: Head): Relation {
  const { rows, labels } = head;
  if (labels.shape === "constant") {
    return {
      rowOf: rows.rowOf,
      first: rows.first,
      bounds: rows.bounds,
      classes: new Int32Array(rows.bounds.length / 2),
    };
  }
  // Labels that differ from key to key make every pair a run of its own.
  if (labels.shape !== "buckets" && labels.shape !== "other" && countKeys(rows) > relationRuns) throw tooManyRuns();
  const size = rows.size;
  const first = new Int32Array(size + 1);
  const bounds: number[] = [];
  const classes: number[] = [];
  const ids = new Map<number, number>();
  const idOf = (learned: number, fixed: number) => {
    // Distances are below 2^21 and classes below 2^31 in size, so the sum is exact.
    const key = learned * 2 ** 21 + fixed;
    let id = ids.get(key);
    if (id === undefined) ids.set(key, (id = ids.size + 1));
    return id;
  };
  for (let query = 0; query < size; query++) {
    const runs: { from: number; to: number; learned: number; fixed: number }[] = [];
    const row = rows.rowOf[query];
    for (let run = rows.first[row]; run < rows.first[row + 1]; run++) {
      const end = rows.bounds[2 * run + 1];
      for (let from = rows.bounds[2 * run]; from < end;) {
        const to = labels.runEnd(query, from, end);
        runs.push({ from, to, learned: labels.learned(query, from), fixed: labels.fixed(query, from) });
        from = to;
      }
    }
    const keys = runs.reduce((sum, run) => sum + run.to - run.from, 0);
    // What a row-normalised head cannot know: the only key's label, a bias shared by the whole row (softmax's shift).
    const counts = head.semantics === "counting";
    const labelOf = counts ? (label: Label) => label : modShift(labels, head.inside, runs);
    for (const run of runs) {
      bounds.push(run.from, run.to);
      const { learned, fixed } = labelOf(run);
      classes.push(!counts && keys === 1 ? 0 : idOf(learned, fixed));
    }
    first[query + 1] = classes.length;
    if (classes.length > relationRuns) throw tooManyRuns();
  }
  return {
    rowOf: Int32Array.from({ length: size }, (_, i) => i),
    first,
    bounds: Int32Array.from(bounds),
    classes: Int32Array.from(classes),
  };
}

/** Nystrom: a landmark is the mean of its segment, so what the landmarks know is which tokens share a segment. Every output probes all of them. */
function segmentRelation(boundaries: Int32Array): Relation {
  const segments = boundaries.length - 1;
  const rowOf = new Int32Array(boundaries[segments]);
  for (let i = 0; i < segments; i++) rowOf.fill(i, boundaries[i], boundaries[i + 1]);
  return {
    rowOf,
    first: Int32Array.from({ length: segments + 1 }, (_, i) => i),
    bounds: Int32Array.from({ length: 2 * segments }, (_, i) => boundaries[(i + 1) >> 1]),
    classes: new Int32Array(segments),
  };
}

const mask = (relation: Relation, runs: ArrayLike<number>): Relation => {
  const rowOf = new Int32Array(relation.rowOf.length).fill(-1);
  for (let i = 0; i < runs.length; i += 2) for (let v = runs[i]; v < runs[i + 1]; v++) rowOf[v] = relation.rowOf[v];
  return { ...relation, rowOf };
};

/** Whether letters and registers never merge: every output carries its own token, and registers start apart. */
export function isPlain({ layers, colours, tokens }: Stack): boolean {
  const registers = colours.subarray(tokens);
  return layers.every((layer) => layer.carriesOwn) && new Set(registers).size === registers.length;
}

/** The structures of a stack `depth` layers deep; `plain` says that letters and registers never merge. */
export const structuresAt = (stack: Stack, depth: number, plain: boolean): Structures =>
  plain ? plainStructures(stack, depth) : unfoldedStructures(stack, depth);

/** For each layer the rows that some sequence output probes. */
function probedByAny(stack: Stack, layers: readonly MixLayer[]): ArrayLike<number>[] {
  const sets = new Array<ArrayLike<number>>(layers.length);
  let set = Int32Array.of(0, stack.tokens);
  for (let r = layers.length - 1; r >= 0; r--) {
    sets[r] = set;
    set = Int32Array.from(image(layers[r].dependence, set));
  }
  return sets;
}

function plainStructures(stack: Stack, depth: number): Structures {
  const { size } = stack;
  const layers = Array.from({ length: depth }, (_, r) => stack.layers[r % stack.layers.length]);
  const distinct = [...new Set(stack.layers)];
  const relations = new Map(distinct.map((layer) => [layer, layer.heads.map(headRelation)]));
  const segments = distinct.flatMap((layer) =>
    layer.landmarks && layers.includes(layer) ? [segmentRelation(layer.landmarks)] : [],
  );
  const dependence = stack.layers.map((layer) => layer.dependence);
  // Registers are no tokens, whatever position class they share with one. (-4 is for what is not seen.)
  const colour = (v: number, isRoot: boolean) =>
    v < stack.tokens ? 2 * (stack.colours[v] + 1) + (isRoot ? 1 : 0) : -6 - stack.colours[v];
  // Of layers that are the same object, the lowest probes the most rows, and the others' rows follow from it.
  const lowest = new Map(layers.map((layer, r) => [layer, r] as const).reverse());
  const masked = (rows: readonly ArrayLike<number>[]): Relation[] =>
    distinct.flatMap((layer) => {
      const r = lowest.get(layer);
      return relations.get(layer)!.map((relation) => mask(relation, r === undefined ? [] : rows[r]));
    });
  const whole: Rooted = {
    structure: {
      size,
      colours: Int32Array.from({ length: size }, (_, v) => colour(v, false)),
      // Every token's row is probed, a register's only where some output reads it.
      relations: [
        ...(size === stack.tokens ? [...relations.values()].flat() : masked(probedByAny(stack, layers))),
        ...segments,
      ],
    },
    vertexOf: Int32Array.from({ length: stack.tokens }, (_, t) => t),
  };
  const rooted = (s: number): Rooted => {
    const rows = probed(dependence, depth, s);
    const visible = new Uint8Array(size);
    const inputs = seen(dependence, depth, s);
    for (let i = 0; i < inputs.length; i += 2) visible.fill(1, inputs[i], inputs[i + 1]);
    visible.fill(1, stack.tokens);
    return {
      structure: {
        size,
        colours: Int32Array.from({ length: size }, (_, v) => (visible[v] ? colour(v, v === s) : -4)),
        relations: [...masked(rows), ...segments],
      },
      vertexOf: Int32Array.from({ length: stack.tokens }, (_, t) => (visible[t] ? t : -1)),
    };
  };
  return { whole, rooted, plain: size === stack.tokens };
}

function unfoldedStructures(stack: Stack, depth: number): Structures {
  const { tokens, size } = stack;
  const keys = stack.layers.reduce(
    (most, layer) =>
      Math.max(
        most,
        layer.heads.reduce((sum, head) => sum + countKeys(head.rows), 0),
      ),
    0,
  );
  if (size * (depth + 1) > unfoldedVertices || keys * depth > unfoldedEntries)
    throw new BeyondReach(
      `without a residual path, or with registers, views may merge; their graph over ${size} tokens and ${depth} layers is larger than ${unfoldedVertices} vertices or ${unfoldedEntries} edges`,
    );
  const table = new ViewTable(stack);
  const views = table.view(
    Array.from({ length: tokens }, (_, t) => t),
    depth,
  );
  if (table.mayOverSplit)
    throw new BeyondReach("fixed distance biases (ALiBi), or two codes that add, on views that merge are not decided");
  const { nodes } = table;
  const headCount = nodes.reduce((most, node) => Math.max(most, node.heads.length), 0);
  const coefficientIds = new Map<string, number>();
  const kinds = new Map<string, number>();
  const idIn = (map: Map<string, number>, key: string) => {
    let id = map.get(key);
    if (id === undefined) map.set(key, (id = map.size));
    return id;
  };
  // Level-0 letters are what isomorphisms may permute, so their colour is their position class alone.
  const nodeColour = nodes.map((node) => idIn(kinds, `${node.level} ${node.kind.replace(/^letter \d+/, "letter")}`));
  const outputColour = idIn(kinds, "output");
  const rootColour = idIn(kinds, "root");
  const unseenColour = idIn(kinds, "unseen");

  const build = (chosen: number[], roots: number[]): Rooted => {
    const index = new Map(chosen.map((node, i) => [node, i]));
    const vertices = chosen.length + roots.length;
    const relations: Relation[] = [];
    // Relation 0: own view (nodes) or the view that an output reads and the token it stands at (outputs); then one per head.
    for (let h = -1; h < headCount; h++) {
      const first = new Int32Array(vertices + 1);
      const bounds: number[] = [];
      const classes: number[] = [];
      for (let v = 0; v < vertices; v++) {
        let entries: [number, number][] = [];
        if (v >= chosen.length) {
          if (h < 0) {
            const root = roots[v - chosen.length];
            entries.push([index.get(views[depth][root])!, idIn(coefficientIds, "output")]);
            const letter = index.get(views[0][root]);
            if (roots.length > 1 && letter !== undefined) entries.push([letter, idIn(coefficientIds, "place")]);
          }
        } else if (h < 0) {
          const { own } = nodes[chosen[v]];
          if (own >= 0) entries.push([index.get(own)!, idIn(coefficientIds, "own")]);
        } else {
          const head = nodes[chosen[v]].heads[h] ?? [];
          entries = head.map((entry) => [index.get(entry.child)!, idIn(coefficientIds, entry.coefficient)]);
        }
        entries.sort((a, b) => a[0] - b[0]);
        for (const [vertex, label] of entries) {
          bounds.push(vertex, vertex + 1);
          classes.push(label);
        }
        first[v + 1] = classes.length;
      }
      relations.push({
        rowOf: Int32Array.from({ length: vertices }, (_, v) => v),
        first,
        bounds: Int32Array.from(bounds),
        classes: Int32Array.from(classes),
      });
    }
    return {
      structure: {
        size: vertices,
        colours: Int32Array.from({ length: vertices }, (_, v) =>
          v < chosen.length ? nodeColour[chosen[v]] : roots.length === 1 ? rootColour : outputColour,
        ),
        relations,
      },
      vertexOf: Int32Array.from({ length: tokens }, (_, t) => index.get(views[0][t]) ?? -1),
    };
  };

  const below = (roots: readonly number[]): Set<number> => {
    const found = new Set(roots.map((root) => views[depth][root]));
    for (const node of found) {
      if (nodes[node].own >= 0) found.add(nodes[node].own);
      for (const head of nodes[node].heads) for (const entry of head) found.add(entry.child);
    }
    return found;
  };
  const ascending = (found: Iterable<number>) => [...found].sort((a, b) => a - b);

  const outputs = Array.from({ length: tokens }, (_, t) => t);
  const reached = below(outputs);
  // The position class of a token that no output sees is no one's business.
  for (const letter of views[0].subarray(0, tokens)) if (!reached.has(letter)) nodeColour[letter] = unseenColour;
  return {
    whole: build(ascending(new Set([...reached, ...views[0].subarray(0, tokens)])), outputs),
    rooted: (s) => build(ascending(below([s])), [s]),
    plain: false,
  };
}
