/** `uap-lens check`: the same answers as in the editor, without one. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { inspect, parseArgs } from "node:util";
import { glob, isDynamicPattern } from "tinyglobby";
import { version } from "../package.json";
import { checkBytes } from "./check";
import { sarifReport } from "./formats/sarif";
import { exitCodeOf, textReport } from "./formats/text";
import { mayBeModelFile, modelFileGlob } from "./models/fileNames";
import { limits } from "./theory/architecture/limits";
import type { FileReport, Report } from "./theory/verdict/report";

const usage = `Usage: uap-lens check FILE... [--json | --sarif]

Says of every model file what its architecture can and cannot express.

  FILE        *.uap.json, *.uap.yaml, a Hugging Face config.json, a directory of them, or a glob
  --json      the report as JSON (docs/report.md)
  --sarif     the findings as SARIF 2.1.0
  --version   the version of UAP Lens
  --help      this text

Exit code: 0 no error finding, 1 some, 2 a file could not be read or the command was misused.
`;

// A link may lead out of the folder, or back into it.
const searching = { ignore: ["**/node_modules/**", "**/.git/**"], followSymbolicLinks: false };

/** Misuse of the command: the message is all there is to say. */
class Misuse extends Error {}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) return print(usage, 0);
  if (values.version) return print(`${version}\n`, 0);
  const [command, ...targets] = positionals;
  if (command !== "check") throw new Misuse(command === undefined ? "no command given" : `unknown command ${command}`);
  if (targets.length === 0) throw new Misuse("no file given");
  if (values.json && values.sarif) throw new Misuse("--json and --sarif exclude each other");

  const failures: string[] = [];
  const fail = (message: string) => {
    failures.push(message);
    showProgress("");
    process.stderr.write(`uap-lens: ${message}\n`);
  };
  const results = await checkAll(await filesOf(targets, fail), fail);

  const output = values.json
    ? `${JSON.stringify({ version: 1, results } satisfies Report, null, 2)}\n`
    : values.sarif
      ? `${JSON.stringify(sarifReport(results, version, failures), null, 2)}\n`
      : textReport(results, process.stdout.isTTY && process.stdout.hasColors());
  return print(output, failures.length > 0 ? 2 : exitCodeOf(results.flatMap(({ findings }) => findings)));
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        sarif: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
  } catch (error) {
    throw new Misuse((error as Error).message);
  }
}

interface Target {
  file: string;
  /** Named by the user, so that not being a model file is an error rather than a reason to pass over it. */
  named: boolean;
}

/** The files that the arguments stand for, each once, in their order. */
async function filesOf(args: readonly string[], fail: (message: string) => void): Promise<Target[]> {
  const targets = new Map<string, Target>();
  const add = (file: string, named: boolean) => {
    const known = targets.get(path.resolve(file));
    targets.set(path.resolve(file), known ?? { file, named });
  };
  for (const argument of args) {
    const kind = await kindOf(argument);
    if (kind === "file") {
      add(argument, true);
      continue;
    }
    if (kind === "missing" && !isDynamicPattern(argument)) {
      fail(`${argument}: there is no such file`);
      continue;
    }
    const found =
      kind === "directory"
        ? (await glob(modelFileGlob, { ...searching, cwd: argument })).map((file) => path.join(argument, file))
        : await glob(argument.replaceAll("\\", "/"), { ...searching, expandDirectories: false });
    if (found.length === 0) fail(`${argument}: ${kind === "directory" ? "no model file in it" : "no file matches"}`);
    for (const file of found.sort()) add(file, false);
  }
  return [...targets.values()];
}

async function kindOf(file: string): Promise<"file" | "directory" | "missing"> {
  try {
    return (await stat(file)).isDirectory() ? "directory" : "file";
  } catch {
    return "missing";
  }
}

async function checkAll(targets: readonly Target[], fail: (message: string) => void): Promise<FileReport[]> {
  const results: FileReport[] = [];
  for (const [i, { file, named }] of targets.entries()) {
    showProgress(`${i + 1}/${targets.length} ${file}`);
    try {
      const report = mayBeModelFile(file) ? checkBytes(file, await read(file)) : undefined;
      if (report) results.push(report);
      else if (named) fail(`${file}: not a model file (*.uap.json, *.uap.yaml, or a config.json with a model_type)`);
    } catch (error) {
      fail(`${file}: ${reasonOf(error)}`);
    }
  }
  showProgress("");
  if (results.length === 0 && targets.length > 0 && !targets.some(({ named }) => named))
    fail("no model file among the files");
  return results;
}

/** The bytes of a file, and of one that is too large to be checked just enough to say so. */
async function read(file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: limits.fileBytes })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** One line on the terminal, which the next one replaces. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    EACCES: "permission denied",
    EISDIR: "this is a directory",
    ENOENT: "there is no such file",
    ENOSPC: "no space left on the device",
  };
  return known[code ?? ""] ?? message;
}

/** Prints, and gives the exit code once everything is written. */
function print(text: string, code: number): Promise<number> {
  return new Promise((resolve) => {
    // The error comes to the callback too; without a listener it would end the process first.
    process.stdout.on("error", () => {});
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      // Whoever read the output has seen enough, as in `uap-lens check ... | head`.
      if (!error || error.code === "EPIPE") return resolve(code);
      process.stderr.write(`uap-lens: cannot write the output: ${reasonOf(error)}\n`);
      resolve(2);
    });
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const said = error instanceof Misuse ? `${error.message}\n\n${usage}` : `a defect of UAP Lens: ${inspect(error)}\n`;
    process.stderr.write(`uap-lens: ${said}`);
    process.exitCode = 2;
  },
);
