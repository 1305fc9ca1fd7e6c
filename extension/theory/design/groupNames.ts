/**
 * The names of groups (docs/designer.md has the grammar): symmetric, alternating, cyclic and dihedral groups, products and wreath products of anything, grids,
 * tori, solids, trees, graphs and molecules.
 */
import { limits } from "../architecture/limits";
import { factorial } from "../symmetry/order";
import { fromCycles, identity } from "../symmetry/permutation";
import type { Permutation } from "../symmetry/structure";
import { GroupError } from "./groupError";
import {
  graphGroup,
  graphs,
  isMolecule,
  moleculeOf,
  nestedTree,
  ownEntry,
  solids,
  treeOf,
  type Graph,
} from "./namedGraphs";

/** A group that a name stands for; where the name leaves the number of tokens open, at any number. */
export interface NamedGroup {
  isOpen: boolean;
  /** S_n, C_n, D_n and the trivial group: known on any number of tokens. */
  anySize: boolean;
  /** Tokens, where the name does not leave them open. May be more than any that is taken, and infinite. */
  degree(tokens: number): number;
  /** The name with the number of tokens in it. */
  nameAt(tokens: number): string;
  /** @throws GroupError where no such group acts on so many tokens. */
  group(tokens: number): Generated;
}

interface Generated {
  generators: Permutation[];
  /** Null where it is not known beforehand. */
  order: bigint | null;
}

/** A part of a name. `n` is what the letter n stands for. */
interface Part {
  degree(n: number): number;
  generators(n: number): Permutation[];
  order?(n: number): bigint;
  anySize?: boolean;
}

const longestName = 2000;
const deepest = 64;

/**
 * Reads a name.
 * @throws GroupError with the place in the text.
 */
export function parseName(text: string): NamedGroup {
  if (text.length > longestName) throw new GroupError(`A name of more than ${longestName} characters is not read.`);
  const reader = new Reader(text);
  const part = reader.whole();
  if (!reader.isOpen)
    return {
      isOpen: false,
      anySize: part.anySize === true,
      degree: () => part.degree(0),
      nameAt: () => text.trim(),
      group: () => ({ generators: part.generators(0), order: part.order?.(0) ?? null }),
    };
  const fitting = (tokens: number): number => {
    // The degree grows with n.
    for (let n = 1; n <= tokens; n++) {
      const degree = part.degree(n);
      if (degree === tokens) return n;
      if (degree > tokens) break;
    }
    throw new GroupError(`No n makes ${text.trim()} act on ${tokens.toLocaleString("en")} tokens.`);
  };
  return {
    isOpen: true,
    anySize: part.anySize === true,
    degree: (tokens) => tokens,
    nameAt: (tokens) => reader.written(part.anySize === true ? tokens : fitting(tokens)),
    group: (tokens) => {
      const n = part.anySize === true ? tokens : fitting(tokens);
      return { generators: part.generators(n), order: part.order?.(n) ?? null };
    },
  };
}

const rotation = (n: number): Permutation => Int32Array.from({ length: n }, (_, t) => (t + 1) % n);
const reflection = (n: number): Permutation => Int32Array.from({ length: n }, (_, t) => n - 1 - t);
const swap = (n: number): Permutation => (n < 2 ? identity(n) : fromCycles(n, [[0, 1]]));

type Count = (n: number) => number;

const letters: Record<string, (count: Count) => Part> = {
  S: (count) => ({
    degree: count,
    generators: (n) => [swap(count(n)), rotation(count(n))],
    order: (n) => factorial(count(n)),
    anySize: true,
  }),
  A: (count) => ({
    degree: count,
    // The 3-cycles (0, 1, t) generate A_n for every n.
    generators: (n) => Array.from({ length: Math.max(0, count(n) - 2) }, (_, t) => fromCycles(count(n), [[0, 1, t + 2]])),
    order: (n) => (count(n) < 2 ? 1n : factorial(count(n)) / 2n),
  }),
  C: (count) => ({
    degree: count,
    generators: (n) => [rotation(count(n))],
    order: (n) => BigInt(count(n)),
    anySize: true,
  }),
  D: (count) => ({
    degree: count,
    generators: (n) => [rotation(count(n)), reflection(count(n))],
    order: (n) => BigInt(count(n) < 3 ? count(n) : 2 * count(n)),
    anySize: true,
  }),
}; // prettier-ignore

const trivial = (count: Count): Part => ({ degree: count, generators: () => [], order: () => 1n, anySize: true });

const fromGraph = (graph: (n: number) => Graph, degree: Count): Part => ({
  degree,
  generators: (n) => graphGroup(graph(n)),
});

// ---------------------------------------------------------------------------------------------------------- products

/** H x K side by side: the tokens of H, then those of K, moved independently. */
function sideBySide(h: Part, k: Part): Part {
  return {
    degree: (n) => h.degree(n) + k.degree(n),
    generators: (n) => {
      const [a, b] = [h.degree(n), k.degree(n)];
      return [
        ...h.generators(n).map((p) => Int32Array.from({ length: a + b }, (_, t) => (t < a ? p[t] : t))),
        ...k.generators(n).map((p) => Int32Array.from({ length: a + b }, (_, t) => (t < a ? t : a + p[t - a]))),
      ];
    },
  };
}

/** H by K: rows moved by H, columns by K; token (r, c) is number r * columns + c. */
function rowsByColumns(h: Part, k: Part): Part {
  return {
    degree: (n) => h.degree(n) * k.degree(n),
    generators: (n) => {
      const [rows, columns] = [h.degree(n), k.degree(n)];
      const at = (image: (r: number, c: number) => number) =>
        Int32Array.from({ length: rows * columns }, (_, t) => image(Math.floor(t / columns), t % columns));
      return [
        ...h.generators(n).map((p) => at((r, c) => p[r] * columns + c)),
        ...k.generators(n).map((p) => at((r, c) => r * columns + p[c])),
      ];
    },
  };
}

/** H wr K, imprimitive: as many blocks as K has tokens, each with the tokens of H; H acts in every block by itself and K moves the blocks. */
function wreath(h: Part, k: Part): Part {
  return {
    degree: (n) => h.degree(n) * k.degree(n),
    generators: (n) => {
      const [size, blocks] = [h.degree(n), k.degree(n)];
      const inner = h.generators(n);
      const inBlock = (block: number, p: Permutation) =>
        Int32Array.from({ length: size * blocks }, (_, t) =>
          Math.floor(t / size) === block ? block * size + p[t % size] : t,
        );
      const outer = k.generators(n);
      // One block of every orbit of K: K carries what happens there to the others.
      const moved = new Set<number>();
      const first = Array.from({ length: blocks }, (_, b) => b).filter((block) => {
        if (moved.has(block)) return false;
        const reached = [block];
        moved.add(block);
        for (const b of reached)
          for (const p of outer)
            if (!moved.has(p[b])) {
              moved.add(p[b]);
              reached.push(p[b]);
            }
        return true;
      });
      return [
        ...first.flatMap((block) => inner.map((p) => inBlock(block, p))),
        ...outer.map((p) =>
          Int32Array.from({ length: size * blocks }, (_, t) => p[Math.floor(t / size)] * size + (t % size)),
        ),
      ];
    },
  };
}

const power = (h: Part, count: number): Part => ({
  degree: (n) => count * h.degree(n),
  generators: (n) =>
    Array.from({ length: count }, () => h)
      .reduce(sideBySide)
      .generators(n),
});

// --------------------------------------------------------------------------------------------------------------- grids

/**
 * The symmetries of a box of tokens, numbered row by row (the last coordinate runs fastest).
 * @param turning for each side whether it is a ring, whose translations are symmetries
 * @param reflected whether sides are reflected and equal ones exchanged
 */
function box(sides: readonly Count[], turning: readonly boolean[], reflected: boolean): Part {
  const degree = (n: number) => sides.reduce((product, side) => product * side(n), 1);
  return {
    degree,
    generators: (n) => {
      const lengths = sides.map((side) => side(n));
      const at = (image: (place: number[]) => number[]): Permutation =>
        Int32Array.from({ length: degree(n) }, (_, t) => {
          const place = new Array<number>(lengths.length);
          let rest = t;
          for (let i = lengths.length - 1; i >= 0; i--) {
            place[i] = rest % lengths[i];
            rest = Math.floor(rest / lengths[i]);
          }
          return image(place).reduce((number, x, i) => number * lengths[i] + x, 0);
        });
      const generators: Permutation[] = [];
      lengths.forEach((length, i) => {
        if (turning[i]) generators.push(at((place) => place.with(i, (place[i] + 1) % length)));
        if (!reflected) return;
        generators.push(at((place) => place.with(i, length - 1 - place[i])));
        const other = lengths.findIndex((same, j) => j > i && same === length && turning[j] === turning[i]);
        if (other >= 0) generators.push(at((place) => place.with(i, place[other]).with(other, place[i])));
      });
      return generators;
    },
  };
}

// -------------------------------------------------------------------------------------------------------------- reader

class Reader {
  /** Whether the letter n, or a name without a number, leaves the tokens open. */
  isOpen = false;
  private at = 0;
  private depth = 0;
  /** Where n stands in the text, and what is written there beside it. */
  private readonly open: { at: number; length: number; before: string }[] = [];

  constructor(private readonly text: string) {}

  whole(): Part {
    const part = this.product();
    this.space();
    if (this.at < this.text.length) this.fail("this is not understood");
    return part;
  }

  /** The text with n written out. */
  written(n: number): string {
    let result = this.text;
    for (const { at, length, before } of [...this.open].reverse())
      result = `${result.slice(0, at)}${before}${n}${result.slice(at + length)}`;
    return result.trim().replaceAll(/\s+/g, " ");
  }

  private fail(what: string, at = this.at): never {
    const rest = this.text.slice(at, at + 24);
    throw new GroupError(`At character ${at + 1}${rest === "" ? ", the end" : `, "${rest}"`}: ${what}.`);
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  /** Takes what the pattern, which is sticky, matches after spaces. */
  private take(pattern: RegExp): RegExpExecArray | null {
    this.space();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  private product(): Part {
    let part = this.wreaths();
    while (this.take(/(?:x(?![a-z_])|×)/y)) part = sideBySide(part, this.wreaths());
    return part;
  }

  private wreaths(): Part {
    let part = this.power();
    for (let found = this.take(/(wr|by)\b/y); found !== null; found = this.take(/(wr|by)\b/y))
      part = (found[1] === "wr" ? wreath : rowsByColumns)(part, this.power());
    return part;
  }

  private power(): Part {
    const part = this.factor();
    if (this.take(/\^/y) === null) return part;
    const count = Number(this.take(/\d{1,9}/y)?.[0] ?? this.fail("an exponent is expected"));
    if (count < 1) this.fail("an exponent is at least 1");
    // What is too large is refused by its degree; nothing of that size is made.
    return power(part, count);
  }

  private factor(): Part {
    if (this.take(/\(/y)) {
      if (++this.depth > deepest) this.fail(`brackets are nested more than ${deepest} deep`);
      const part = this.product();
      if (this.take(/\)/y) === null) this.fail("a closing bracket is expected");
      this.depth--;
      return part;
    }
    const start = this.at;
    const letter = this.take(/([SACD])(?![A-Za-z])/y);
    if (letter !== null) {
      const underscore = this.take(/_/y) !== null;
      const count = this.number(false);
      if (count !== null) return letters[letter[1]](count);
      if (underscore) this.fail("a number of tokens is expected, or n");
      return letters[letter[1]](this.left("_"));
    }
    const word = this.take(/[a-z][a-z0-9-]*/iy)?.[0];
    if (word === undefined) this.fail("a group is expected, such as D_6, S_3 wr C_2 or grid 3x4");
    return this.named(word, start);
  }

  /** A number of tokens that the name leaves open. */
  private left(before: string): Count {
    this.isOpen = true;
    this.open.push({ at: this.at, length: 0, before });
    return (n) => n;
  }

  /** A positive number, or n. */
  private number(needed: false): Count | null;
  private number(needed: true): Count;
  private number(needed: boolean): Count | null {
    const found = this.take(/(n(?![a-wyz])|\d{1,15}(?!\d))/iy)?.[1];
    if (found === undefined) return needed ? this.fail("a number is expected, or n") : null;
    if (/n/i.test(found)) {
      this.isOpen = true;
      this.open.push({ at: this.at - 1, length: 1, before: "" });
      return (n) => n;
    }
    const number = Number(found);
    if (number < 1) this.fail("there must be at least one token", this.at - found.length);
    return () => number;
  }

  /** Sides such as 3x4x5. */
  private sides(most: number): Count[] {
    const sides = [this.number(true)];
    while (sides.length < most && this.take(/[x×]\s*(?=\d|n(?![a-wyz]))/y)) sides.push(this.number(true));
    return sides;
  }

  private named(word: string, start: number): Part {
    switch (word) {
      case "trivial":
        this.take(/_/y);
        return trivial(this.number(false) ?? this.left("_"));
      case "grid": {
        const sides = this.sides(8);
        return box(sides, sides.map(() => false), true); // prettier-ignore
      }
      case "torus": {
        const sides = this.sides(8);
        return box(sides, sides.map(() => true), this.take(/translations\b/y) === null); // prettier-ignore
      }
      case "cylinder": {
        const sides = this.sides(2);
        if (sides.length < 2) this.fail("a cylinder has two sides, such as cylinder 3x4 (3 rings of 4)");
        return box(sides, [false, true], true);
      }
      case "tree":
        return this.tree();
      case "molecule": {
        const formula = this.take(/\S+/y)?.[0] ?? this.fail("a molecule in SMILES is expected, such as CCO");
        return this.fixed(moleculeOf(formula));
      }
      default:
    }
    if (isMolecule(word)) return this.fixed(moleculeOf(word));
    const solid = ownEntry(solids, word);
    if (solid !== undefined) {
      const part = this.fixed(solid.graph());
      return this.take(/rotations\b/y) === null
        ? part
        : { degree: (n) => part.degree(n), generators: () => solid.rotations() };
    }
    const family = ownEntry(graphs, word);
    if (family === undefined)
      this.fail("there is no group, graph or molecule of this name (docs/designer.md lists them)", start);
    const sides = Array.from({ length: family.numbers }, (_, i) => {
      if (i > 0 && this.take(/[x×,]/y) === null) this.fail(`${word} takes ${family.numbers} numbers, such as 3x4`);
      return this.number(true);
    });
    const values = (n: number) => sides.map((side) => side(n));
    return fromGraph(
      (n) => family.graph(...values(n)),
      (n) => family.vertices(...values(n)),
    );
  }

  private fixed(graph: Graph): Part {
    return fromGraph(
      () => graph,
      () => graph.vertices,
    );
  }

  private tree(): Part {
    const start = this.at;
    if (this.take(/depth\b/y)) {
      const depth = this.number(true);
      const arity = this.take(/arity\b/y) ? this.number(true) : () => 2;
      const vertices = (n: number) => {
        const [levels, children] = [depth(n) + 1, arity(n)];
        return children === 1 ? levels : (children ** levels - 1) / (children - 1);
      };
      return fromGraph((n) => {
        const children = arity(n);
        return treeOf(Array.from({ length: vertices(n) - 1 }, (_, i) => Math.floor(i / children)));
      }, vertices);
    }
    const list = this.take(/\[([^\]]*)\]/y);
    if (list !== null) {
      const parents = list[1].trim() === "" ? [] : list[1].trim().split(/[\s,]+/).map(Number); // prettier-ignore
      if (parents.length >= limits.pairClasses) this.fail("this tree has too many tokens", start);
      parents.forEach((parent, i) => {
        if (!Number.isInteger(parent) || parent < 0 || parent > i)
          this.fail(`token ${i + 1} of a tree needs a parent among the tokens 0 to ${i}`, start);
      });
      return this.fixed(treeOf(parents));
    }
    const nested = this.take(/\([\s()]*\)/y);
    if (nested === null)
      this.fail(
        "a tree is written tree depth 3, tree [0 0 1 1] (the parents of the tokens 1, 2, ...) or tree (()(()))",
      );
    const tree = nestedTree(nested[0]);
    if (tree === null)
      this.fail("these brackets are no tree: one outer pair, and inside it a tree for every child", start);
    return this.fixed(tree);
  }
}
