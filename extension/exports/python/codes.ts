/** What attention knows of a pair besides its tokens, as Python functions of (q, k), or of (h, q, k) where heads differ. */
import type { Architecture, Bias, HeadGroup, PairCode, Pattern, Position } from "../../theory/architecture/schema";
import { ExportError } from "../exportError";
import type { Dialect } from "./dialect";
import type { Patterns } from "./patterns";
import { matrix, type Program } from "./program";

/** A function of the file that gives a mask or classes: of (q, k), or of (h, q, k). */
export interface PairFunction {
  name: string;
  ofHeads: boolean;
}

/** Classes of pairs with something learned for each. */
export interface LearnedCode {
  role: "bias" | "position";
  kind: "bias" | "vectors";
  classes: PairFunction;
  /** How many classes there are, as Python writes it. */
  count: string;
  /** Whether some pairs have none; their class is `count`. */
  partial: boolean;
}

const isLearned = (code: Bias | Position): code is Exclude<PairCode, { kind: "alibi" }> =>
  code.kind === "relative" || code.kind === "t5-buckets" || code.kind === "log-buckets" || code.kind === "pairs";

/** A condition on the head h: those of a group that has all from `first` to before `end`. */
function ofGroup(first: number, end: number, heads: number): string | null {
  if (first === 0) return end === heads ? null : `h < ${end}`;
  return end === heads ? `h >= ${first}` : `(h >= ${first}) & (h < ${end})`;
}
const inBrackets = (condition: string): string => (condition.startsWith("(") ? condition : `(${condition})`);

/** The heads of each group: from, and to before. */
function places(groups: readonly HeadGroup[]): [number, number][] {
  let end = 0;
  return groups.map(({ count }) => [end, (end += count)]);
}

/** The mask of a layer; null where every head attends to everything. @throws ExportError */
export function maskOf(groups: readonly HeadGroup[], patterns: Patterns, program: Program): PairFunction | null {
  const names = groups.map(({ pattern }: { pattern: Pattern }) => patterns.functionOf(pattern));
  if (names.every((name) => name === names[0])) return names[0] === null ? null : { name: names[0], ofHeads: false };
  const heads = groups.reduce((sum, { count }) => sum + count, 0);
  const conditions = places(groups).map(([first, end], g) => {
    const own = ofGroup(first, end, heads)!;
    return names[g] === null
      ? inBrackets(own)
      : `(${inBrackets(own)} & ${names[g]}(q, k))`.replace(/^\(\((.*)\)$/, "(($1)");
  });
  const name = program.define("functions", "mask", (own) => functionText(own, "h, q, k", conditions.join(" | "), conditions)); // prettier-ignore
  return { name, ofHeads: true };
}

function functionText(name: string, parameters: string, whole: string, parts: readonly string[]): string {
  const start = `def ${name}(${parameters}):\n`;
  if (whole.length <= 76) return `${start}    return ${whole}`;
  return `${start}    return (\n${parts.map((part, i) => `        ${i === 0 ? "" : "| "}${part}`).join("\n")}\n    )`;
}

export class Codes {
  constructor(
    private readonly architecture: Pick<Architecture, "tokens" | "registers">,
    private readonly program: Program,
    private readonly dialect: Dialect,
  ) {}

  /** The learned codes of a role, heads' or the position's: biases, and vectors that queries and keys are multiplied with. */
  learned(role: "bias" | "position", groups: readonly HeadGroup[], codes: readonly (Bias | Position)[]): LearnedCode[] {
    return (["bias", "vectors"] as const).flatMap((kind): LearnedCode[] => {
      const own = codes.map((code) =>
        isLearned(code) && (code.kind === "log-buckets") === (kind === "vectors") ? code : null,
      );
      if (own.every((code) => code === null)) return [];
      const counts = own.map((code) => (code === null ? 0 : this.count(code)));
      const most = Math.max(...counts);
      const heads = groups.reduce((sum, { count }) => sum + count, 0);
      const alike = own.every((code) => JSON.stringify(code) === JSON.stringify(own[0]));
      const partial = own.some((code) => code === null || this.isPartial(code));
      if (alike)
        return [
          { role, kind, classes: { name: this.classes(own[0]!, most), ofHeads: false }, count: String(most), partial },
        ];
      const names = own.map((code) => (code === null ? null : this.classes(code, most)));
      const where = `${this.dialect.arrays}.where`;
      const lines = places(groups).map(([first, end], g) => {
        const value = names[g] === null ? String(most) : `${names[g]}(q, k)`;
        return { condition: ofGroup(first, end, heads)!, value };
      });
      const name = this.program.define("functions", role === "bias" ? "head_class" : "position_class", (fn) =>
        [
          `def ${fn}(h, q, k):`,
          `    classes = ${lines[0].value}`,
          ...lines.slice(1).map(({ condition, value }) => `    classes = ${where}(${condition}, ${value}, classes)`),
          "    return classes",
        ].join("\n"),
      );
      return [{ role, kind, classes: { name, ofHeads: true }, count: String(most), partial }];
    });
  }

  private isPartial(code: PairCode): boolean {
    const { registers, tokens } = this.architecture;
    return registers > 0 && !(code.kind === "pairs" && code.classes.length === tokens + registers);
  }

  private count(code: Exclude<PairCode, { kind: "alibi" }>): number {
    const { tokens } = this.architecture;
    switch (code.kind) {
      case "relative": {
        const reach = Math.min(code.clip ?? tokens - 1, Math.max(1, tokens - 1));
        return code.offsets === "signed" ? 2 * reach + 1 : reach + 1;
      }
      case "t5-buckets":
        return code.buckets;
      case "log-buckets":
        return 2 * code.buckets + 1;
      case "pairs":
        return new Set(code.classes.flat()).size;
    }
  }

  /** The name of a function of (q, k). @param none the class of pairs without one */
  private classes(code: Exclude<PairCode, { kind: "alibi" }>, none: number): string {
    const { tokens, registers } = this.architecture;
    const { program, dialect } = this;
    const define = (base: string, value: string, isWhole = false): string => {
      const guarded =
        registers === 0 || isWhole
          ? [`    return ${value}`]
          : [
              "    in_sequence = (q < TOKENS) & (k < TOKENS)",
              `    return ${dialect.arrays}.where(in_sequence, ${value}, ${none})`,
            ];
      return program.define("functions", base, (name) => [`def ${name}(q, k):`, ...guarded].join("\n"));
    };
    switch (code.kind) {
      case "relative": {
        const reach = Math.min(code.clip ?? tokens - 1, Math.max(1, tokens - 1));
        const clips = reach < tokens - 1;
        if (code.offsets === "signed")
          return define("offset", clips ? `${dialect.clip("(k - q)", -reach, reach)} + ${reach}` : `k - q + ${reach}`);
        return define("distance", clips ? dialect.clip("abs(k - q)", null, reach) : "abs(k - q)");
      }
      case "t5-buckets":
      case "log-buckets": {
        const bucket = program.define("functions", code.kind === "t5-buckets" ? "t5_bucket" : "log_bucket", (name) => code.kind === "t5-buckets" ? t5Bucket(name, code) : logBucket(name, code)); // prettier-ignore
        // By a function, so that the table comes after the functions that fill it.
        const table = program.define("functions", "BUCKETS", (name) => `${name} = ${dialect.table(`[${bucket}(offset) for offset in range(1 - SIZE, SIZE)]`)}`); // prettier-ignore
        return define("bucket", `${table}[k - q + SIZE - 1]`);
      }
      case "pairs": {
        const labels = [...new Set(code.classes.flat())].sort((a, b) => a - b);
        const rank = new Map(labels.map((label, i) => [label, i]));
        const side = code.classes.length;
        if (side > 256)
          throw new ExportError(`A matrix of ${side} by ${side} pair classes is too large to be written into a file; at most 256 by 256 are.`); // prettier-ignore
        const size = tokens + registers;
        const rows = Array.from({ length: size }, (_, q) =>
          Array.from({ length: size }, (_, k) => (q < side && k < side ? rank.get(code.classes[q][k])! : none)),
        );
        const literal = program.constant("PAIRS", matrix(rows));
        const table = program.define("constants", "PAIR_CLASSES", (name) => `${name} = ${dialect.table(literal)}`);
        return define("pair_class", `${table}[q, k]`, true);
      }
    }
  }
}

/** T5's bucket of an offset k - q (1910.10683, the released code), in whole numbers until the logarithm. */
function t5Bucket(
  name: string,
  { buckets, maxDistance, bidirectional }: Extract<PairCode, { kind: "t5-buckets" }>,
): string {
  // prettier-ignore
  const half = bidirectional ? Math.floor(buckets / 2) : buckets;
  const exact = Math.floor(half / 2);
  const side = bidirectional ? `    side = ${half} if offset > 0 else 0\n` : "";
  const from = bidirectional ? "side + " : "";
  const distance = bidirectional ? "abs(offset)" : "max(-offset, 0)";
  const head = `def ${name}(offset):\n    """The bucket of k - q: exact when near, logarithmic up to ${maxDistance} (arXiv 1910.10683)."""\n${side}    distance = ${distance}\n    if distance < ${exact}:\n        return ${from}distance\n`; // prettier-ignore
  if (exact === 0 || maxDistance <= exact) return `${head}    return ${from}${half - 1}`;
  // The small number keeps exact powers on their side of the boundary.
  return `${head}    position = math.log(distance / ${exact}) / math.log(${maxDistance} / ${exact})\n    return ${from}min(${half - 1}, ${exact} + math.floor(position * ${half - exact} + 1e-9))`;
}

/** DeBERTa-v2's signed logarithmic bucket of an offset (2006.03654, the released code), from 0. */
function logBucket(name: string, { buckets, maxDistance }: Extract<PairCode, { kind: "log-buckets" }>): string {
  const middle = Math.floor(buckets / 2);
  const head = `def ${name}(offset):\n    """The bucket of k - q: exact when near, logarithmic up to ${maxDistance} (arXiv 2006.03654)."""\n`;
  const clipped = (value: string) => `max(-${buckets}, min(${buckets}, ${value})) + ${buckets}`;
  if (middle < 1 || maxDistance - 1 <= middle) return `${head}    return ${clipped("offset")}`;
  return `${head}    distance = abs(offset)
    if distance <= ${middle}:
        return ${clipped("offset")}
    position = math.log(distance / ${middle}) / math.log(${maxDistance - 1} / ${middle})
    bucket = ${middle} + math.ceil(position * ${middle - 1} - 1e-9)
    return ${clipped("bucket if offset > 0 else -bucket")}`;
}
