/** A model file's text in, its report out: readers, analysis and places together. */
import { architectureHash } from "./certificates";
import { decode, readModelFile } from "./models";
import { isCodeFile, mayBeModelFile } from "./models/fileNames";
import type { ModelFile, ReadArchitecture } from "./models/modelFile";
import { LineMap } from "./models/ranges";
import { targetFindings } from "./runtime/training/finding";
import type { Architecture } from "./theory/architecture/schema";
import { analyse } from "./theory/verdict/analyse";
import type { FileReport, Finding, Range, TheoryFinding, TheoryReport } from "./theory/verdict/report";

/**
 * Checks the bytes of a file. Undefined where it is not a model file, or code without a model; never throws.
 * @param fileName decides the reader, and is the report's name of the file.
 */
export function checkBytes(fileName: string, bytes: Uint8Array): FileReport | undefined {
  const decoded = decode(bytes, fileName);
  if ("text" in decoded) return checkModel(fileName, decoded.text);
  if (!mayBeModelFile(fileName) || isCodeFile(fileName)) return undefined;
  const { message, range } = decoded.error;
  return { file: fileName, format: "spec", architectures: [], findings: [unreadable(message, range)] };
}

/** As `checkModel`, and what is not a model file is a finding too. */
export function checkText(fileName: string, text: string): FileReport {
  const checked = checkModel(fileName, text);
  if (checked) return checked;
  const message = isCodeFile(fileName)
    ? "no model was found in this code"
    : "this is not a model file: neither *.uap.json, *.uap.yaml, *.uap.yml nor a config.json with a `model_type`";
  const range = new LineMap(text).range(0, 1);
  return { file: fileName, format: "spec", architectures: [], findings: [unreadable(message, range)] };
}

/**
 * Checks a text under the name of its file, which decides the reader: model code needs `prepareReading` first. Undefined where it is not a model file, or code
 * without a model. Never throws: what cannot be read is a finding.
 */
export function checkModel(fileName: string, text: string): FileReport | undefined {
  let model: ModelFile | undefined;
  try {
    model = readModelFile(fileName, text);
  } catch (error) {
    const range = new LineMap(text).range(0, 1);
    return { file: fileName, format: "spec", architectures: [], findings: [defect("the file", error, range)] };
  }
  if (!model) return undefined;
  const report: FileReport = {
    file: fileName,
    format: model.format,
    architectures: [],
    findings: [
      ...model.errors.map(({ message, range }) => unreadable(message, range)),
      ...(model.notes ?? []).map(({ message, range }) => notRead(message, range)),
    ],
  };
  const found: { name: string; findings: Finding[] }[] = [];
  for (const read of model.architectures) {
    const { name } = read.architecture;
    try {
      const { theory, sha256, findings } = analysed(read);
      const skipped = read.skipped.map(({ message, range }) => notRead(message, range));
      report.architectures.push({ ...theory, range: read.range, sha256 });
      const placed = findings.map((finding) => place(finding, read));
      found.push({ name, findings: [...skipped, ...placed] });
    } catch (error) {
      found.push({ name, findings: [defect(`the architecture \`${name}\``, error, read.range)] });
    }
  }
  report.findings.push(...joined(found));
  if (model.questions && model.questions.length > 0)
    report.questions = model.questions.map(({ edit, ...question }) => ({ ...question, edits: [edit] }));
  return report;
}

interface Analysed {
  skipped: string;
  theory: TheoryReport;
  sha256: string;
  findings: TheoryFinding[];
}
/** Readers give the same object for an architecture that has not changed since the text was read before. */
const analyses = new WeakMap<Architecture, Analysed>();

function analysed({ architecture, skipped }: ReadArchitecture): Analysed {
  const left = JSON.stringify(skipped.map(({ message, affects }) => [message, affects]));
  const before = analyses.get(architecture);
  if (before?.skipped === left) return before;
  const { report, findings } = analyse(architecture, skipped);
  const whole = skipped.every(({ affects }) => affects !== "everything");
  const made = {
    skipped: left,
    theory: report,
    sha256: architectureHash(architecture),
    findings: [...findings, ...(whole ? targetFindings(architecture) : [])],
  };
  analyses.set(architecture, made);
  return made;
}

/** The findings of a file's architectures: what several of them share is said once, what only one has is said with its name. */
function joined(found: readonly { name: string; findings: readonly Finding[] }[]): Finding[] {
  const key = ({ code, message, range }: Finding) => JSON.stringify([code, message, range]);
  const sharers = new Map<string, number>();
  for (const { findings } of found)
    for (const one of new Set(findings.map(key))) sharers.set(one, (sharers.get(one) ?? 0) + 1);
  const said = new Set<string>();
  return found.flatMap(({ name, findings }) =>
    findings.flatMap((finding) => {
      const one = key(finding);
      if (said.has(one)) return [];
      said.add(one);
      return sharers.get(one) === found.length ? [finding] : [{ ...finding, message: `${name}: ${finding.message}` }];
    }),
  );
}

function place(finding: TheoryFinding, read: ReadArchitecture): Finding {
  const { code, severity, message, path, fixes } = finding;
  const related = read.related?.(finding) ?? [];
  return {
    code,
    severity,
    message,
    range: read.locate(path),
    fixes: fixes.flatMap(({ title, changes }) => {
      const edits = read.edit(changes);
      return edits && edits.length > 0 ? [{ title, edits }] : [];
    }),
    ...(related.length > 0 ? { related } : {}),
  };
}

function unreadable(message: string, range: Range): Finding {
  return { code: "UAP001", severity: "error", message, range, fixes: [] };
}

function notRead(message: string, range: Range): Finding {
  return { code: "UAP002", severity: "info", message, range, fixes: [] };
}

function defect(what: string, error: unknown, range: Range): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  return unreadable(`a defect of UAP Lens, not of the file: ${what} could not be analysed (${reason})`, range);
}
