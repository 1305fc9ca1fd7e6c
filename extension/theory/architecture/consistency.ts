/** What relates several fields of a specification: checks that one field's schema cannot make. */
import { ExpressionError, parseExpression } from "../patterns/expression";
import type { SpecPath } from "../verdict/report";
import { count } from "../verdict/words";
import type { Problem } from "./explain";
import { limits } from "./limits";
import type { Architecture, ArchitectureInput, Attention, Bias, Pattern, Position } from "./schema";
import { nameOf } from "./words";

/**
 * The problems between the fields of an architecture, with paths in the input syntax.
 * @param input what was parsed: it says which fields are written where.
 */
export function checkConsistency(architecture: Architecture, input: ArchitectureInput): Problem[] {
  const problems: Problem[] = [];
  checkPosition(architecture, problems);
  checkLayers(architecture, input, problems);
  checkSymmetry(architecture, problems);
  return problems;
}

type Sizes = Pick<Architecture, "tokens" | "registers">;

/** "16 tokens", or "16 tokens and 4 registers". */
function sizesInWords({ tokens, registers }: Sizes): string {
  return count(tokens, "token") + (registers > 0 ? ` and ${count(registers, "register")}` : "");
}

function checkPosition(architecture: Architecture, problems: Problem[]): void {
  const { position, tokens, registers } = architecture;
  if (position.kind === "classes") {
    const { length } = position.classes;
    if (length !== tokens && length !== tokens + registers) {
      const message = `\`classes\` is ${length} long for ${sizesInWords(architecture)}`;
      problems.push({ path: ["position", "classes"], message });
    }
  } else {
    checkPairs(position, architecture, ["position"], problems);
  }
}

function checkPairs(code: Position | Bias, sizes: Sizes, path: SpecPath, problems: Problem[]): void {
  if (code.kind !== "pairs") return;
  const side = code.classes.length;
  if (side !== sizes.tokens && side !== sizes.tokens + sizes.registers) {
    const message = `\`pairs\` has ${count(side, "row")} for ${sizesInWords(sizes)}`;
    problems.push({ path: [...path, "pairs"], message });
    return;
  }
  const uneven = code.classes.findIndex((row) => row.length !== side);
  if (uneven >= 0) {
    const message = `\`pairs[${uneven}]\` is ${code.classes[uneven].length} long in a matrix of ${count(side, "row")}`;
    problems.push({ path: [...path, "pairs", uneven], message });
  }
}

function checkLayers(architecture: Architecture, input: ArchitectureInput, problems: Problem[]): void {
  let total = 0;
  architecture.layers.forEach(({ repeat, mixer }, i) => {
    total += repeat;
    if (total > limits.layers && total - repeat <= limits.layers) {
      const message = `the blocks repeat to more than ${limits.layers} layers (${total} up to this block)`;
      problems.push({ path: ["layers", i, "repeat"], message });
    }
    if (mixer.kind === "attention") {
      checkAttention(mixer, input.layers[i].attention!, architecture, ["layers", i, "attention"], problems);
    }
  });
}

type AttentionInput = NonNullable<ArchitectureInput["layers"][number]["attention"]>;

function checkAttention(
  { heads, projection }: Attention,
  input: AttentionInput,
  sizes: Sizes,
  path: SpecPath,
  problems: Problem[],
): void {
  const total = heads.reduce((sum, head) => sum + head.count, 0);
  if (total > limits.heads) {
    problems.push({
      path: [...path, "heads"],
      message: `${count(total, "head")} in one layer; at most ${limits.heads} are read`,
    });
  }
  if (projection.kind === "nystrom" && projection.landmarks > sizes.tokens) {
    const message = `${count(projection.landmarks, "landmark")} are more than the ${count(sizes.tokens, "token")}`;
    problems.push({ path: [...path, "projection", "nystrom", "landmarks"], message });
  }
  const groups = Array.isArray(input.heads) ? input.heads : [];
  const shared = { pattern: false, bias: false };
  heads.forEach((head, h) => {
    // A head group without a pattern or a bias of its own has the attention's, which is checked once.
    const own = (key: "pattern" | "bias") => groups[h]?.[key] !== undefined;
    const placeOf = (key: "pattern" | "bias") => (own(key) ? [...path, "heads", h] : path);
    if (own("pattern") || !shared.pattern) {
      shared.pattern ||= !own("pattern");
      checkPattern(head.pattern, sizes, [...placeOf("pattern"), "pattern"], 0, problems);
    }
    if (own("bias") || !shared.bias) {
      shared.bias ||= !own("bias");
      checkPairs(head.bias, sizes, [...placeOf("bias"), "bias"], problems);
    }
  });
}

function checkPattern(pattern: Pattern, sizes: Sizes, path: SpecPath, depth: number, problems: Problem[]): void {
  const { tokens, registers } = sizes;
  const complain = (below: SpecPath, message: string) => problems.push({ path: [...path, ...below], message });
  const indices = (list: readonly number[], below: SpecPath) => {
    const at = list.findIndex((token) => token >= tokens + registers);
    if (at < 0) return;
    complain([...below, at], `${nameOf([...below, at])} is ${list[at]}, past the last of ${sizesInWords(sizes)}`);
  };
  switch (pattern.kind) {
    case "full":
    case "causal":
    case "window":
    case "strided":
      return;
    case "block":
      if (pattern.shift >= pattern.size) {
        complain(["block", "shift"], `\`shift\` must be less than \`size\` (${pattern.size}), got ${pattern.shift}`);
      }
      return;
    case "fixed":
      if (pattern.summary > pattern.stride) {
        complain(
          ["fixed", "summary"],
          `\`summary\` must be at most \`stride\` (${pattern.stride}), got ${pattern.summary}`,
        );
      }
      return;
    case "star":
      if (pattern.centre >= tokens) {
        complain(["star", "centre"], `the centre ${pattern.centre} is past the last of ${count(tokens, "token")}`);
      }
      return;
    case "axial":
      if (pattern.rows * pattern.columns !== tokens) {
        const product = pattern.rows * pattern.columns;
        complain(
          ["axial"],
          `${count(pattern.rows, "row")} of ${count(pattern.columns, "column")} are ${count(product, "token")}, not ${tokens}`,
        );
      }
      return;
    case "global":
      return indices(pattern.tokens, ["global"]);
    case "random":
      if (pattern.degree > tokens) {
        complain(["random", "degree"], `\`degree\` must be at most the ${tokens} tokens, got ${pattern.degree}`);
      }
      return;
    case "bigbird": {
      const blocks = Math.ceil(tokens / pattern.block);
      if (pattern.window % 2 === 0) {
        complain(["bigbird", "window"], `\`window\` must be an odd number of blocks, got ${pattern.window}`);
      }
      const at = pattern.globals.findIndex((block) => block >= blocks || block < -blocks);
      if (at >= 0) {
        const last = blocks - 1;
        complain(
          ["bigbird", "globals", at],
          `\`globals[${at}]\` must be a block from ${-blocks} to ${last}, got ${pattern.globals[at]}`,
        );
      }
      return;
    }
    case "longformer":
      return indices(pattern.globals, ["longformer", "globals"]);
    case "edges": {
      const at = pattern.edges.findIndex((edge) => Math.max(...edge) >= tokens + registers);
      if (at >= 0) indices(pattern.edges[at], ["edges", at]);
      return;
    }
    case "expression":
      try {
        parseExpression(pattern.expression);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        const { message, from, to } = error;
        problems.push({
          path: [...path, "expression"],
          message: `the expression cannot be read: ${message}`,
          within: { from, to },
        });
      }
      return;
    case "any":
    case "all":
    case "not": {
      if (depth >= limits.patternDepth) {
        complain([], `patterns are nested more than ${limits.patternDepth} deep`);
        return;
      }
      if (pattern.kind === "not") return checkPattern(pattern.pattern, sizes, [...path, "not"], depth + 1, problems);
      const { kind, patterns } = pattern;
      patterns.forEach((part, i) => checkPattern(part, sizes, [...path, kind, i], depth + 1, problems));
      return;
    }
  }
}

function checkSymmetry({ target: { symmetry }, tokens }: Architecture, problems: Problem[]): void {
  if (symmetry === null) return;
  const path = ["target", "symmetry"];
  if (typeof symmetry === "string") {
    const degree = /\d+$/.exec(symmetry)?.[0];
    if (degree !== undefined && Number(degree) > tokens) {
      problems.push({ path, message: `${symmetry} moves ${count(Number(degree), "token")}; there are ${tokens}` });
    }
    return;
  }
  symmetry.generators.forEach((cycles, g) => {
    const seen = new Set<number>();
    for (const [c, cycle] of cycles.entries()) {
      for (const [i, token] of cycle.entries()) {
        const place = [...path, "generators", g, c, i];
        if (token >= tokens) {
          problems.push({
            path: place,
            message: `a generator moves token ${token}, past the last of ${count(tokens, "token")}`,
          });
          return;
        }
        if (seen.has(token)) {
          problems.push({
            path: place,
            message: `the cycles of \`generators[${g}]\` must be disjoint; token ${token} is in them twice`,
          });
          return;
        }
        seen.add(token);
      }
    }
  });
}
