/** What the Python files have in common: their beginning, and the facts that their checks measure. */
import type { Architecture } from "../../theory/architecture/schema";
import { expected, type Expected } from "../expected";
import { list } from "../layout";
import { identifierOf, plainText, slugOf } from "../names";
import { docstring, numbers, python, reserved, tuple } from "./program";

export interface Facts extends Expected {
  /** The class of the model. */
  className: string;
  fileName: string;
}

export function factsOf(architecture: Architecture): Facts {
  const taken = new Set([...reserved, "Attention", "Block", "Convolution", "FeedForward"]);
  return {
    ...expected(architecture),
    className: identifierOf(architecture.name, "capital", taken),
    fileName: `${slugOf(architecture.name).replaceAll("-", "_")}.py`,
  };
}

/** The docstring of a file. @param writtenIn such as "PyTorch" @param notes further paragraphs */
export function fileDocstring(
  architecture: Architecture,
  facts: Facts,
  writtenIn: string,
  notes: readonly string[],
): string {
  // prettier-ignore
  const { tokens, width } = architecture;
  const name = plainText(architecture.name);
  const of = `transformer on ${tokens} token${tokens === 1 ? "" : "s"} of width ${width}, in ${writtenIn}.`;
  const { symmetry, visibility, verdict, statement } = facts;
  const measured = [
    ...(symmetry === null ? [] : ["equivariance"]),
    ...(visibility === null ? [] : ["which inputs the outputs depend on"]),
  ];
  const paragraphs = [
    name === "" ? `A ${of}` : `${name}: a ${of}`,
    // What is said of a refuted one begins with that word.
    `${verdict === "refuted" ? "" : `${verdict[0].toUpperCase()}${verdict.slice(1)}: `}${plainText(statement)}`,
    symmetry === null ? "Its symmetry is not decided." : `Symmetry: ${symmetry.name}, of order ${symmetry.order}.`,
    ...notes,
    ...(measured.length === 0 ? [] : [`Run as a program, this file measures ${measured.join(" and ")} in float64.`]),
    "Written by UAP Lens.",
  ];
  const [first, ...rest] = paragraphs.map((text) => docstring(text).join("\n"));
  return `"""${[first, ...rest].join("\n\n")}\n"""\n`;
}

/** TOKENS, WIDTH and the like. */
export function sizes({ tokens, width, registers }: Architecture): string {
  const joined = registers === 0 ? ["SIZE = TOKENS"] : [`REGISTERS = ${registers}`, "SIZE = TOKENS + REGISTERS"];
  return [`TOKENS = ${tokens}`, ...joined, `WIDTH = ${width}`].map((line) => `${line}\n`).join("");
}

/** What the theory says, as constants of the checks. */
export function expectations({ symmetry, visibility, stride }: Facts): string {
  const lines: string[] = [];
  const cycles = (generator: number[][]) => list(generator.map(tuple));
  const assign = (name: string, value: string, comment = "") => lines.push(`${name} = ${value}${comment}`);
  if (symmetry !== null) {
    lines.push("# Generators of the symmetry, as cycles.");
    assign("SYMMETRIES", python(list(symmetry.generators.map(cycles)), "SYMMETRIES = ".length));
    if (symmetry.outside !== null) {
      lines.push("# A permutation that is no symmetry.");
      assign("OUTSIDE", python(list([tuple(symmetry.outside)]), "OUTSIDE = ".length));
    }
  }
  if (visibility !== null) {
    if (stride > 1) lines.push("# The outputs whose dependence is measured.");
    assign("OUTPUTS", `range(0, TOKENS${stride > 1 ? `, ${stride}` : ""})`);
    lines.push("# For each of them, the tokens that it depends on.");
    if (visibility === "full") assign("VISIBLE", "[list(range(TOKENS)) for _ in OUTPUTS]");
    else if (visibility === "causal") assign("VISIBLE", "[list(range(t + 1)) for t in OUTPUTS]");
    else assign("VISIBLE", python(list(visibility.map((runs) => keys(runs))), "VISIBLE = ".length));
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A list of tokens, of runs. */
function keys(runs: readonly number[]) {
  const tokens: number[] = [];
  for (let i = 0; i < runs.length; i += 2) for (let t = runs[i]; t < runs[i + 1]; t++) tokens.push(t);
  return numbers(tokens);
}

const permutation = `def permutation(cycles):
    """The place of every token after a permutation that is given as cycles."""
    image = list(range(TOKENS))
    for cycle in cycles:
        for here, there in zip(cycle, cycle[1:] + cycle[:1]):
            image[here] = there
    return image`;

/**
 * The check of a file: a function that prints what it measures and says whether all is as it should be.
 * @param setUp lines that make \`x\`, a sample [.., TOKENS, WIDTH], and its outputs \`y\`, and the function \`run\`
 * @param dependence lines that make \`depends\`, for each of OUTPUTS a list that says of every token whether the output depends on it
 */
export function check(facts: Facts, setUp: readonly string[], dependence: readonly string[]): string {
  const { symmetry, visibility } = facts;
  const lines = [
    '"""Prints what is measured in float64; whether all of it is as the theory says."""',
    ...setUp,
    "passed = True",
    "",
    "def report(what, holds):",
    "    nonlocal passed",
    "    passed = passed and holds",
    `    print("ok    " if holds else "FAILED", what)`,
  ];
  if (symmetry !== null) {
    lines.push(
      "",
      "def error(cycles):",
      "    image = permutation(cycles)",
      "    difference = abs(run(x[:, image]) - y[:, image]).max()",
      "    return float(difference / abs(y).max())",
      "",
      "for cycles in SYMMETRIES:",
      "    e = error(cycles)",
      '    report(f"symmetry {cycles}: equivariance error {e:.1e}", e < 1e-12)',
    );
    if (symmetry.outside !== null)
      lines.push("e = error(OUTSIDE)", 'report(f"no symmetry {OUTSIDE}: equivariance error {e:.1e}", e > 1e-10)');
  }
  if (visibility !== null)
    lines.push(
      ...dependence,
      "seen = [[r for r in range(TOKENS) if row[r]] for row in depends]",
      "right = sum(a == b for a, b in zip(seen, VISIBLE))",
      'report(f"visibility: {right} of {len(OUTPUTS)} outputs", seen == VISIBLE)',
    );
  lines.push("return passed");
  const body = ["def check():", ...lines.map((line) => (line === "" ? "" : `    ${line}`))].join("\n");
  return symmetry === null ? `\n\n${body}\n` : `\n\n${permutation}\n\n\n${body}\n`;
}

/** The grids of indices that masks and classes are evaluated on, as far as the file uses them. */
export function grids(arrays: "torch" | "jnp", constants: string, uses: (word: string) => boolean): string {
  const pairs = `QUERY = ${arrays}.arange(SIZE)[:, None]\nKEY = ${arrays}.arange(SIZE)[None, :]\n`;
  const counts = [...constants.matchAll(/^(HEADS\w*) = /gm)].map(([, name]) => name);
  const heads = counts
    .map((count) => [headsOf(count), count])
    .filter(([name]) => uses(name))
    .map(([name, count]) => `${name} = ${arrays}.arange(${count})[:, None, None]\n`);
  return `${uses("QUERY") ? `\n${pairs}` : ""}${heads.join("")}`;
}

/** The name of the grid of so many heads, by that of their number: layers may have different numbers of them. */
export const headsOf = (count: string): string => count.replace(/^HEADS/, "HEAD");
