/** A model file's text in, its report out: readers, analysis and places together. */
import { architectureHash } from "./certificates";
import { decode, readModelFile } from "./models";
import { isModelFile, mayBeModelFile } from "./models/fileNames";
import type { ModelFile, ReadArchitecture } from "./models/modelFile";
import { LineMap } from "./models/ranges";
import { targetFindings } from "./runtime/training/finding";
import { analyse } from "./theory/verdict/analyse";
import type { FileReport, Finding, Range, TheoryFinding } from "./theory/verdict/report";

/**
 * Checks the bytes of a file. Undefined where it is not a model file; never throws.
 * @param fileName decides the reader, and is the report's name of the file.
 */
export function checkBytes(fileName: string, bytes: Uint8Array): FileReport | undefined {
  const decoded = decode(bytes);
  if ("text" in decoded) {
    const { text } = decoded;
    return isModelFile(fileName, () => text) ? checkText(fileName, text) : undefined;
  }
  if (!mayBeModelFile(fileName)) return undefined;
  const { message, range } = decoded.error;
  return { file: fileName, format: "spec", architectures: [], findings: [unreadable(message, range)] };
}

/** Checks a text under the name of its file, which decides the reader. Never throws: what cannot be read is a finding. */
export function checkText(fileName: string, text: string): FileReport {
  const start = new LineMap(text).range(0, 1);
  let model: ModelFile | undefined;
  try {
    model = readModelFile(fileName, text);
  } catch (error) {
    return { file: fileName, format: "spec", architectures: [], findings: [defect("the file", error, start)] };
  }
  if (!model) {
    const message =
      "this is not a model file: neither *.uap.json, *.uap.yaml, *.uap.yml nor a config.json with a `model_type`";
    return { file: fileName, format: "spec", architectures: [], findings: [unreadable(message, start)] };
  }
  const report: FileReport = {
    file: fileName,
    format: model.format,
    architectures: [],
    findings: model.errors.map(({ message, range }) => unreadable(message, range)),
  };
  const found: { name: string; findings: Finding[] }[] = [];
  for (const read of model.architectures) {
    const { name } = read.architecture;
    try {
      const { report: theory, findings } = analyse(read.architecture, read.skipped);
      const skipped = read.skipped.map(({ message, range }): Finding => ({
        code: "UAP002",
        severity: "info",
        message,
        range,
        fixes: [],
      }));
      report.architectures.push({ ...theory, range: read.range, sha256: architectureHash(read.architecture) });
      const whole = read.skipped.every(({ affects }) => affects !== "everything");
      const onTarget = whole ? targetFindings(read.architecture) : [];
      const placed = [...findings, ...onTarget].map((finding) => place(finding, read));
      found.push({ name, findings: [...skipped, ...placed] });
    } catch (error) {
      found.push({ name, findings: [defect(`the architecture \`${name}\``, error, read.range)] });
    }
  }
  report.findings.push(...joined(found));
  return report;
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

function place({ code, severity, message, path, fixes }: TheoryFinding, read: ReadArchitecture): Finding {
  return {
    code,
    severity,
    message,
    range: read.locate(path),
    fixes: fixes.flatMap(({ title, changes }) => {
      const edits = read.edit(changes);
      return edits && edits.length > 0 ? [{ title, edits }] : [];
    }),
  };
}

function unreadable(message: string, range: Range): Finding {
  return { code: "UAP001", severity: "error", message, range, fixes: [] };
}

function defect(what: string, error: unknown, range: Range): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  return unreadable(`a defect of UAP Lens, not of the file: ${what} could not be analysed (${reason})`, range);
}
