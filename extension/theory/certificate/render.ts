/** A certificate for people: Markdown, and LaTeX for an appendix. */
import type { Certificate, Refuted, Universal } from "./format";
import { inCycles } from "./statement";

/** A piece of text that each rendering writes in its own way. */
type Piece =
  | { kind: "heading"; text: string }
  | { kind: "text"; text: string }
  | { kind: "list"; items: string[] }
  | { kind: "table"; columns: string[]; rows: string[][] };

/** Rows of a table that are shown; a certificate file has all. */
const shownRows = 40;

const references = [
  "J. Cheng, T. Lin, Z. Shen, Q. Li, A unified framework for establishing the universal approximation of transformer-type architectures, NeurIPS 2025, arXiv:2506.23551, Theorems 1 and 2.",
  "UAP Lens, docs/theory.md, sections 4 (reduction to distinct letters), 6 (error floor) and 7 (certificates), and docs/certificates.md.",
];

function pieces(certificate: Certificate): Piece[] {
  return [
    { kind: "heading", text: certificate.kind === "universal" ? "Certificate of universality" : "Certificate of a refutation" }, // prettier-ignore
    { kind: "text", text: certificate.statement },
    ...(certificate.kind === "universal" ? proofOfUniversality(certificate) : proofOfRefutation(certificate)),
    { kind: "heading", text: "Identification" },
    {
      kind: "list",
      items: [
        `Model file: ${certificate.source.file}, SHA-256 ${certificate.source.sha256}`,
        `Architecture: SHA-256 ${certificate.architecture.sha256} (canonical specification)`,
        `Seal: ${certificate.seal}`,
      ],
    },
    { kind: "heading", text: "References" },
    { kind: "list", items: references.map((one, i) => `[${i + 1}] ${one}`) },
  ];
}

function proofOfUniversality({ replacements, rearrangements, point, symmetry }: Universal): Piece[] {
  const nodes = rearrangements.flatMap(({ output, base, nodes: list }) => list.map((node) => ({ output, base, ...node }))); // prettier-ignore
  const gaps = [...replacements.map(({ gap }) => gap), ...nodes.flatMap(({ gap }) => gap ?? [])];
  const least = gaps.reduce((least, gap) => (Number(gap) < Number(least) ? gap : least), gaps[0]);
  return [
    { kind: "heading", text: "Proof" },
    {
      kind: "text",
      text: "By Theorems 1 and 2 of [1] and the reduction of [2], section 4, it is enough that for some parameters and letters, with tokenwise maps between the mixing layers, outputs on sequences of distinct letters agree only where the symmetry and what an output sees force them to. Whether two outputs agree is an identity between analytic functions, so each of the comparisons below, made once with enclosures of all rounding errors, settles it for almost every parameter.",
    },
    {
      kind: "list",
      items: [
        symmetry.generators.length === 0
          ? "The symmetry is trivial: there is nothing to show."
          : `The ${symmetry.generators.length} generators ${symmetry.generators.map(inCycles).join(", ")} are symmetries: they carry every layer's keys, with what is known of them, to each other.`, // prettier-ignore
        `Replacements: ${replacements.length} pairs of an output (one of each orbit) and an input that it sees; replacing the input's letter moves the output.`, // prettier-ignore
        `Rearrangements: ${nodes.length} partial rearrangements, which together cover all permutations of the tokens; each excludes the outputs not listed as open, and no permutation but the symmetries is left.`, // prettier-ignore
        `The least gap is ${least}, in the maximum norm, at parameters that are whole multiples of 1/${point.denominator}.`,
      ],
    },
    {
      kind: "table",
      columns: ["output", "input replaced", "gap at least"],
      rows: replacements.map(({ output, input, gap }) => [String(output), String(input), gap]),
    },
    {
      kind: "table",
      columns: ["output", "tokens", "taken to", "open", "gap at least"],
      rows: nodes.map(({ output, base, images, open, gap }) => [
        String(output),
        base.slice(0, images.length).join(", "),
        images.join(", "),
        open.length === 0 ? "none" : open.join(", "),
        gap ?? "none excluded",
      ]),
    },
  ];
}

function proofOfRefutation({ witness, derivation, noSymmetry, target }: Refuted): Piece[] {
  const other =
    witness.kind === "replacement"
      ? `X' is X with the letter of token ${witness.input} replaced`
      : `X' is X rearranged by ${inCycles(witness.permutation)}`;
  const [numerator, denominator] = target.floor;
  return [
    { kind: "heading", text: "Proof" },
    {
      kind: "text",
      text: `${other}. After each layer the tokens below are equal for all parameters: by induction, because they were equal before it and every head mixes equal keys with equal weights.`, // prettier-ignore
    },
    {
      kind: "table",
      columns: ["layers", "token of X = token of X'"],
      rows: derivation.map((pairs, l) => [String(l), pairs.map(([u, v]) => `${u} = ${v}`).join(", ")]),
    },
    ...(noSymmetry === null
      ? []
      : [
          {
            kind: "text" as const,
            text: `The rearrangement is none of the model's symmetries: at the parameters in the certificate, output ${noSymmetry.output} does not follow it, by at least ${noSymmetry.gap}.`,
          },
        ]),
    {
      kind: "text",
      text:
        witness.kind === "replacement"
          ? `Given all that output ${witness.output} can depend on, the target still varies: ${numerator} of the ${denominator} terms of its variance, which are equal and orthogonal, belong to tokens that the output does not see.`
          : "The products in the target are orthonormal for different rearrangements. With u the model's common value and a, b those of the target on the two samples, |u - a|^2 + |u - b|^2 is at least |a - b|^2 / 2, which is half of what they vary.", // prettier-ignore
    },
  ];
}

/** The certificate in Markdown. */
export function markdown(certificate: Certificate): string {
  const plain = (text: string) => text.replaceAll(/[\\`*_[\]<>#|~]/g, "\\$&").replaceAll(/\s+/g, " ");
  const row = (cells: string[]) => `| ${cells.map(plain).join(" | ")} |`;
  const parts = pieces(certificate).map((piece, i) => {
    switch (piece.kind) {
      case "heading":
        return `${i === 0 ? "#" : "##"} ${piece.text}`;
      case "text":
        return plain(piece.text);
      case "list":
        return piece.items.map((item) => `- ${plain(item)}`).join("\n");
      case "table":
        return [row(piece.columns), row(piece.columns.map(() => "---")), ...piece.rows.slice(0, shownRows).map(row), ...more(piece.rows)].join("\n"); // prettier-ignore
    }
  });
  return `${parts.join("\n\n")}\n`;
}

const more = (rows: readonly unknown[]): string[] =>
  rows.length > shownRows ? ["", `And ${rows.length - shownRows} more in the certificate.`] : [];

/** The certificate in LaTeX, for the body of a document; it needs no packages beyond the standard ones. */
export function latex(certificate: Certificate): string {
  const parts = pieces(certificate).map((piece) => {
    switch (piece.kind) {
      case "heading":
        return `\\subsection*{${escaped(piece.text)}}`;
      case "text":
        return escaped(piece.text);
      case "list":
        return ["\\begin{itemize}", ...piece.items.map((item) => `  \\item ${escaped(item)}`), "\\end{itemize}"].join("\n"); // prettier-ignore
      case "table": {
        const line = (cells: string[]) => `  ${cells.map(escaped).join(" & ")} \\\\`;
        const columns = piece.columns.map((_, i) => (i === piece.columns.length - 1 ? "l" : "p{3cm}")).join("");
        return [
          `\\begin{tabular}{${columns}}`,
          line(piece.columns),
          "  \\hline",
          ...piece.rows.slice(0, shownRows).map(line),
          "\\end{tabular}",
          ...more(piece.rows),
        ].join("\n");
      }
    }
  });
  return `${parts.join("\n\n")}\n`;
}

const special: Record<string, string> = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}" }; // prettier-ignore
const escaped = (text: string): string => text.replaceAll(/[\\~^<>|&%$#_{}]/g, (c) => special[c] ?? `\\${c}`);
