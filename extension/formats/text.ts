/** Reports for people at a terminal. */
import { styleText } from "node:util";
import type {
  ArchitectureReport,
  CertificateReport,
  FileReport,
  Finding,
  Range,
  Severity,
  Verdict,
} from "../theory/verdict/report";
import { count } from "../theory/verdict/words";

type Style = Parameters<typeof styleText>[0];

const verdictStyles: Record<Verdict, Style> = {
  certified: "green",
  refuted: "red",
  supported: "cyan",
  unknown: "magenta",
};
const severities: Record<Severity, { style: Style; noun: string }> = {
  error: { style: "red", noun: "error" },
  warning: { style: "yellow", noun: "warning" },
  info: { style: "blue", noun: "note" },
};
const head = ["VERDICT", "CLASS", "SYMMETRY", "LAYERS", "MODEL"];

/**
 * The table of verdicts, with the statement and the findings below each line, and a closing line with the totals.
 * @param results reports in the order to print.
 * @param colours whether the terminal shows colours.
 */
export function textReport(results: readonly FileReport[], colours: boolean): string {
  if (results.length === 0) return "";
  const style = (format: Style, text: string) => (colours ? styleText(format, text, { validateStream: false }) : text);
  const rows = results.flatMap((file) => file.architectures.map((architecture) => cells(file, architecture)));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (row: readonly string[], paint: (text: string, column: number) => string) =>
    row.map((cell, column) => paint(column < row.length - 1 ? cell.padEnd(widths[column]) : cell, column)).join("  ");

  const parts: string[] = [];
  for (const file of results) {
    const part: string[] = [];
    for (const architecture of file.architectures) {
      const paint = (text: string, column: number) =>
        column === 0 ? style(verdictStyles[architecture.verdict], text) : text;
      part.push(line(cells(file, architecture), paint), `  ${printable(architecture.statement)}`);
      if (architecture.certificate) part.push(`  ${printable(certificateLine(architecture.certificate))}`);
      if (architecture.numeric) part.push(...numericLines(architecture.numeric).map((text) => `  ${printable(text)}`));
    }
    const placeOf = ({ start: { line: row, character } }: Range) =>
      `${printable(file.file)}:${row + 1}:${character + 1}:`;
    for (const finding of file.findings) {
      const place = placeOf(finding.range);
      const severity = style(severities[finding.severity].style, finding.severity);
      part.push(`  ${place} ${severity} ${finding.code} ${printable(finding.message)}`);
      for (const { message, range } of finding.related ?? [])
        part.push(style("dim", `    ${placeOf(range)} ${printable(message)}`));
      for (const { title } of finding.fixes) part.push(style("dim", `    fix: ${printable(title)}`));
    }
    for (const { message, range } of file.questions ?? [])
      part.push(`  ${placeOf(range)} ${style("blue", "question")} ${printable(message)}`);
    parts.push(part.join("\n"));
  }
  parts.push(totals(results));
  const title = rows.length > 0 ? `${line(head, (text) => style("bold", text))}\n` : "";
  return `${title}${parts.join("\n\n")}\n`;
}

function cells({ file, architectures }: FileReport, architecture: ArchitectureReport): string[] {
  const { verdict, symmetry, attentionLayers, family } = architecture;
  const needed = family.attentionLayersNeeded;
  const layers =
    needed !== null ? `${needed} needed` : family.verdict === "refuted" ? "no depth suffices" : "needed: unknown";
  return [
    verdict,
    architecture.class.visibility,
    symmetry?.name ?? "unknown",
    `${attentionLayers} (${layers})`,
    printable(architectures.length > 1 ? `${file} (${architecture.name})` : file),
  ];
}

function certificateLine(certificate: CertificateReport): string {
  if ("unavailable" in certificate) return `No certificate: ${certificate.unavailable}`;
  return `Certificate of ${certificate.kind === "universal" ? "universality" : "a refutation"}: ${certificate.file}`;
}

/** What was measured, in a few lines. */
function numericLines(numeric: NonNullable<ArchitectureReport["numeric"]>): string[] {
  if ("unavailable" in numeric) return [numeric.unavailable];
  const { backend, layers, coincidences, group, equivariance, disagreements, notes } = numeric;
  const outputs = layers.at(-1);
  const margins = (["initialisation", "trained", "maximised"] as const).flatMap((kind) => {
    const gap = outputs?.[kind]?.margin?.gap;
    return gap === undefined ? [] : [`${gap.toPrecision(2)} (${kind})`];
  });
  const errors = equivariance.filter(({ symmetry }) => symmetry === true).map(({ max }) => max);
  const parts = [
    ...(margins.length > 0 ? [`margin ${margins.join(", ")}`] : []),
    ...(errors.length > 0 ? [`equivariance error at most ${Math.max(...errors).toPrecision(2)}`] : []),
    ...(coincidences ? [`${count(coincidences.equal + coincidences.different, "pair")} of tokens compared`] : []),
    ...(group ? [`${group.measured} of ${count(group.tested, "permutation")} measured as symmetries`] : []),
  ];
  const said =
    disagreements.length > 0 ? disagreements.map(({ statement }) => `A defect of UAP Lens: ${statement}`) : [];
  return [`Measured in float32 on ${backend}: ${parts.join("; ") || "nothing"}.`, ...notes, ...said];
}

function totals(results: readonly FileReport[]): string {
  const findings = results.flatMap((file) => file.findings);
  const verdicts = results.flatMap((file) => file.architectures.map(({ verdict }) => verdict));
  const byVerdict = (Object.keys(verdictStyles) as Verdict[])
    .map((verdict) => [verdicts.filter((other) => other === verdict).length, verdict] as const)
    .filter(([number]) => number > 0)
    .map(([number, verdict]) => `${number} ${verdict}`);
  const bySeverity = (Object.keys(severities) as Severity[])
    .map((severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const)
    .filter(([number]) => number > 0)
    .map(([number, severity]) => count(number, severities[severity].noun));
  return [
    `${count(results.length, "file")}`,
    byVerdict.length > 0 ? byVerdict.join(", ") : "no verdict",
    bySeverity.length > 0 ? bySeverity.join(", ") : "no findings",
  ].join("; ");
}

/** What a file says, for a terminal: its words must not move the cursor or end the line. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Whether a finding makes the check fail, and with which exit code: 2 where a file could not be read, 1 where a model is at fault. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ code }) => code === "UAP001")) return 2;
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}
