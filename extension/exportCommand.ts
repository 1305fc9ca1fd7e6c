/** `uap-lens export`: an architecture of a model file written out for other tools. */
import path from "node:path";
import { exportArchitecture, ExportError, type ExportFormat, exportFormats } from "./exports";
import { decode, readModelFile } from "./models";
import { prepareReading } from "./models/code";
import { isCodeFile, mayBeModelFile, mostBytes } from "./models/fileNames";
import { complain, Misuse, parse, print, read, reasonOf, replaceFile } from "./terminal";
import type { Architecture } from "./theory/architecture/schema";

export const exportUsage = `Usage: uap-lens export FILE [--format NAME] [--architecture NAME] [--output FILE]

Writes an architecture out for other tools (docs/export.md).

  --format NAME        ${exportFormats.join(", ")}; what the name of the output ends in, or else json, if left out
  --architecture NAME  which one, of a file with several
  --output FILE        where to; on the standard output if left out or -

Exit code: 0 written, 2 it could not be.
`;

/** The format of a file that ends so; of Python it is plain PyTorch. */
const endings: Record<string, ExportFormat> = {
  ".json": "json",
  ".yaml": "yaml",
  ".yml": "yaml",
  ".ts": "typescript",
  ".mts": "typescript",
  ".py": "pytorch",
};

export async function exportCommand(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    format: { type: "string" },
    architecture: { type: "string" },
    output: { type: "string", short: "o" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(exportUsage, 0);
  if (positionals.length !== 1)
    throw new Misuse(positionals.length === 0 ? "no file given" : "more than one file given");
  const output = values.output ?? "-";
  const asked = values.format ?? endings[path.extname(output).toLowerCase()] ?? "json";
  const format = exportFormats.find((name) => name === asked);
  if (format === undefined) throw new Misuse(`there is no format ${asked}; there are ${exportFormats.join(", ")}`);

  const architecture = await architectureOf(positionals[0], values.architecture);
  if (typeof architecture === "string") return failed(architecture);
  let text: string;
  try {
    text = exportArchitecture(architecture, format).text;
  } catch (error) {
    if (error instanceof ExportError) return failed(error.message);
    throw error;
  }
  if (output === "-") return print(text, 0);
  try {
    await replaceFile(output, text);
  } catch (error) {
    return failed(`${output}: ${reasonOf(error)}`);
  }
  return 0;
}

function failed(message: string): number {
  complain(message);
  return 2;
}

/** An architecture of a file by its name, the only one if none is given, or why there is none. */
async function architectureOf(file: string, name: string | undefined): Promise<Architecture | string> {
  let bytes: Buffer;
  try {
    if (!mayBeModelFile(file)) return `${file}: not a model file`;
    bytes = await read(file, mostBytes(file));
    await prepareReading(file);
  } catch (error) {
    return `${file}: ${reasonOf(error)}`;
  }
  const decoded = decode(bytes, file);
  const model = "text" in decoded ? readModelFile(file, decoded.text) : { errors: [decoded.error], architectures: [] };
  if (model === undefined) return `${file}: ${isCodeFile(file) ? "no model found" : "not a model file"}`;
  const [error] = model.errors;
  if (error) return `${file}:${error.range.start.line + 1}:${error.range.start.character + 1}: ${error.message}`;
  const all = model.architectures.map(({ architecture, skipped }) => ({ architecture, skipped }));
  const found = name === undefined ? all : all.filter(({ architecture }) => architecture.name === name);
  const names = all.map(({ architecture }) => architecture.name).join(", ");
  if (found.length === 0)
    return `${file}: ${all.length === 0 ? "no architecture in it" : `no architecture is called ${name}; there are ${names}`}`;
  if (found.length > 1) return `${file}: several architectures; choose one with --architecture: ${names}`;
  const [{ architecture, skipped }] = found;
  const unread = skipped.find(({ affects }) => affects === "everything");
  return unread === undefined ? architecture : `${file}: the architecture was not read as a whole: ${unread.message}`;
}
