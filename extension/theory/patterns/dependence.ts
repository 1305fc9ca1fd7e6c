/** Which nodes depend on which sources, bit by bit: for stacks in which what a node has can be lost again. */
import { BeyondReach, type Rows } from "./rows";

/** Most 32-bit words of one dependence (16 MiB). */
const mostWords = 1 << 22;

export class Dependence {
  private constructor(
    private readonly size: number,
    private readonly sources: number,
    /** For each node `words` words, bit s of them telling whether it depends on source s. */
    private readonly bits: Uint32Array,
    private readonly words: number,
    /** Words read to get here from the layer below. */
    readonly work: number,
  ) {}

  static fits(size: number, sources: number): boolean {
    return size * Math.ceil(sources / 32) <= mostWords;
  }

  /** Before the first layer: each of the first `sources` nodes depends on itself. @throws BeyondReach past 16 MiB. */
  static none(size: number, sources: number): Dependence {
    const words = Math.ceil(sources / 32);
    if (!Dependence.fits(size, sources))
      throw new BeyondReach(
        `which tokens depend on which is not worked out for ${sources.toLocaleString("en")} tokens where a layer drops a token's own value`,
      );
    const bits = new Uint32Array(size * words);
    for (let s = 0; s < sources; s++) bits[s * words + (s >> 5)] = 1 << (s & 31);
    return new Dependence(size, sources, bits, words, 0);
  }

  /** After one more layer. */
  through(rows: Rows): Dependence {
    const { size, words } = this;
    const bits = new Uint32Array(this.bits.length);
    const madeFor = new Int32Array(rows.first.length - 1).fill(-1);
    let work = 0;
    for (let q = 0; q < size; q++) {
      const row = rows.rowOf[q];
      if (madeFor[row] >= 0) bits.copyWithin(q * words, madeFor[row] * words, (madeFor[row] + 1) * words);
      else {
        madeFor[row] = q;
        for (let i = 2 * rows.first[row]; i < 2 * rows.first[row + 1]; i += 2) {
          for (let at = rows.bounds[i] * words; at < rows.bounds[i + 1] * words; at += words)
            for (let word = 0; word < words; word++) bits[q * words + word] |= this.bits[at + word];
          work += (rows.bounds[i + 1] - rows.bounds[i]) * words;
        }
      }
      work += words;
    }
    return new Dependence(size, this.sources, bits, words, work);
  }

  has(node: number, source: number): boolean {
    return (this.bits[node * this.words + (source >> 5)] & (1 << (source & 31))) !== 0;
  }

  /** The pair [source, node] of the goal that is not connected and farthest apart, or null. */
  lacking(goal: "full" | "causal"): [number, number] | null {
    let farthest: [number, number] | null = null;
    for (let node = 0; node < this.sources; node++) {
      const end = goal === "causal" ? node + 1 : this.sources;
      for (let from = 0; from < end; from += 32) {
        const wanted = end - from < 32 ? 2 ** (end - from) - 1 : 0xffffffff;
        if ((~this.bits[node * this.words + (from >> 5)] & wanted) === 0) continue;
        for (let source = from; source < Math.min(from + 32, end); source++) {
          const farther = farthest === null || Math.abs(source - node) > Math.abs(farthest[0] - farthest[1]);
          if (farther && !this.has(node, source)) farthest = [source, node];
        }
      }
    }
    return farthest;
  }

  /** Whether no node depends on a later one, nor on others of its own: node a stands for the tokens starts[a]..starts[a + 1] - 1. */
  looksBack(starts: Int32Array): boolean {
    for (let node = 0; node < this.sources; node++) {
      if (starts[node + 1] - starts[node] > 1 && this.has(node, node)) return false;
      for (let source = node + 1; source < this.sources; source++) if (this.has(node, source)) return false;
    }
    return true;
  }

  equals(other: Dependence): boolean {
    return this.bits.every((word, i) => word === other.bits[i]);
  }

  /** What either holds. */
  or(other: Dependence): Dependence {
    return new Dependence(
      this.size,
      this.sources,
      this.bits.map((word, i) => word | other.bits[i]),
      this.words,
      0,
    );
  }
}
