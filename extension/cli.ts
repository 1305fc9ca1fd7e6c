/** The command line: the same answers as in the editor, without one. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { inspect } from "node:util";
import { glob, isDynamicPattern } from "tinyglobby";
import { version } from "../package.json";
import { CertificateFolder } from "./certificateFolder";
import { checkBytes } from "./check";
import { readCheckpoint } from "./checkpointFile";
import { designCommand, designUsage } from "./designCommand";
import { evaluateFile } from "./evaluated";
import { exportCommand, exportUsage } from "./exportCommand";
import { sarifReport } from "./formats/sarif";
import { exitCodeOf, textReport } from "./formats/text";
import { prepareReading } from "./models/code";
import { isCodeFile, mayBeModelFile, mostBytes, searches } from "./models/fileNames";
import { Measurer } from "./numeric";
import { backendNames } from "./runtime/backends/backend";
import { backendOf, complain, Misuse, parse, print, read, reasonOf, showProgress } from "./terminal";
import { repairCommand, repairUsage } from "./repairCommand";
import { sweepCommand, sweepUsage } from "./sweep/command";
import type { FileReport, Report } from "./theory/verdict/report";
import { train, trainUsage } from "./train";
import { verify, verifyUsage } from "./verify";

const checkUsage = `Usage: uap-lens check FILE... [--json | --sarif] [--evaluate] [--certificate DIR] [--numeric] [--trained FILE] [--backend NAME]

Says of every model file what its architecture can and cannot express.

  FILE               *.uap.json, *.uap.yaml, a Hugging Face config.json, model code (*.py, *.ipynb, *.ts, *.js), a directory of
                     them, or a glob
  --json             the report as JSON (docs/report.md)
  --sarif            the findings as SARIF 2.1.0
  --evaluate         runs JavaScript and TypeScript files that are named here, where reading them does not tell what they give to transformer()
  --certificate DIR  writes a certificate of every architecture that is certified or refuted there (docs/certificates.md)
  --numeric          also builds every model and measures what the theory says of it (docs/measuring.md)
  --trained FILE     for --numeric: measures at the parameters of a checkpoint of \`train\` too
  --backend NAME     for --numeric: ${backendNames.join(", ")}; the fastest that works if left out
  --help             this text

Exit code: 0 no error finding, 1 some, 2 a file could not be read or the command was misused.
`;

const commands = new Map<string | undefined, { usage: string; run: (args: string[]) => Promise<number> }>([
  ["check", { usage: checkUsage, run: check }],
  ["verify", { usage: verifyUsage, run: verify }],
  ["train", { usage: trainUsage, run: train }],
  ["sweep", { usage: sweepUsage, run: sweepCommand }],
  ["repair", { usage: repairUsage, run: repairCommand }],
  ["design", { usage: designUsage, run: designCommand }],
  ["export", { usage: exportUsage, run: exportCommand }],
]);

/** How a command is used, or, where there is none of that name, what the commands are. */
function usageOf(command: string | undefined): string {
  const known = commands.get(command);
  if (known) return known.usage;
  const all = [...commands.values()].map(({ usage }) => usage.slice(0, usage.indexOf("\n\n")));
  return `${all.join("\n")}\n\nuap-lens COMMAND --help says more of one, uap-lens --help of all; uap-lens --version has the version.\n`;
}

const leaving = (folders: readonly string[]) => ({
  ignore: folders.map((folder) => `**/${folder}/**`),
  // A link may lead out of the folder, or back into it.
  followSymbolicLinks: false,
});

async function main([command, ...args]: string[]): Promise<number> {
  const known = commands.get(command);
  if (known) return known.run(args);
  switch (command) {
    case "--help":
    case "-h":
      return print([...commands.values()].map(({ usage }) => usage).join("\n"), 0);
    case "--version":
    case "-v":
      return print(`${version}\n`, 0);
    default:
      throw new Misuse(command === undefined ? "no command given" : `unknown command ${command}`);
  }
}

async function check(args: string[]): Promise<number> {
  const { values, positionals: targets } = parse(args, {
    json: { type: "boolean" },
    sarif: { type: "boolean" },
    evaluate: { type: "boolean" },
    certificate: { type: "string" },
    numeric: { type: "boolean" },
    trained: { type: "string" },
    backend: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(checkUsage, 0);
  if (targets.length === 0) throw new Misuse("no file given");
  if (values.json && values.sarif) throw new Misuse("--json and --sarif exclude each other");
  for (const option of ["trained", "backend"] as const)
    if (values[option] !== undefined && !values.numeric) throw new Misuse(`--${option} goes with --numeric`);
  const backend = backendOf(values.backend);

  const failures: string[] = [];
  const fail = (message: string) => {
    failures.push(message);
    complain(message);
  };
  const trained = values.trained === undefined ? undefined : ((await readCheckpoint(values.trained)) ?? `${values.trained}: there is no such file`); // prettier-ignore
  if (typeof trained === "string") {
    complain(trained);
    return 2;
  }
  const measurer = values.numeric ? new Measurer(backend, trained) : null;
  const files = await filesOf(targets, fail);
  const certificates = values.certificate === undefined ? null : new CertificateFolder(values.certificate, fail);
  const results = await checkAll(files, values.evaluate ?? false, certificates, measurer, fail);
  await measurer?.dispose();
  if (trained !== undefined && !measurer?.trainedWasMet)
    fail(`${values.trained}: the checkpoint of another architecture than those checked`);

  const output = values.json
    ? `${JSON.stringify({ version: 1, results } satisfies Report, null, 2)}\n`
    : values.sarif
      ? `${JSON.stringify(sarifReport(results, version, failures), null, 2)}\n`
      : textReport(results, process.stdout.isTTY && process.stdout.hasColors());
  return print(output, failures.length > 0 ? 2 : exitCodeOf(results.flatMap(({ findings }) => findings)));
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
        ? await search(argument)
        : await glob(argument.replaceAll("\\", "/"), { ...leaving(searches[0].outside), expandDirectories: false });
    if (found.length === 0) fail(`${argument}: ${kind === "directory" ? "no model file in it" : "no file matches"}`);
    for (const file of found.sort()) add(file, false);
  }
  return [...targets.values()];
}

/** The files in a directory that may be model files. */
async function search(directory: string): Promise<string[]> {
  const found = searches.map(({ glob: names, outside }) => glob(names, { ...leaving(outside), cwd: directory }));
  return (await Promise.all(found)).flat().map((file) => path.join(directory, file));
}

async function kindOf(file: string): Promise<"file" | "directory" | "missing"> {
  try {
    return (await stat(file)).isDirectory() ? "directory" : "file";
  } catch {
    return "missing";
  }
}

async function checkAll(
  targets: readonly Target[],
  evaluate: boolean,
  certificates: CertificateFolder | null,
  measurer: Measurer | null,
  fail: (message: string) => void,
): Promise<FileReport[]> {
  const results: FileReport[] = [];
  for (const [i, { file, named }] of targets.entries()) {
    const place = `${i + 1}/${targets.length} ${file}`;
    showProgress(place);
    try {
      const bytes = mayBeModelFile(file) ? await read(file, mostBytes(file)) : undefined;
      await prepareReading(file);
      // Code runs where it is asked to: not what a search has found.
      if (evaluate && named && bytes) await evaluateFile(file, bytes);
      const report = bytes && checkBytes(file, bytes);
      if (report) {
        results.push(report);
        const onProgress = (step: string) => showProgress(`${place}: ${step}`);
        await certificates?.issue(report, bytes, onProgress);
        const defects = await measurer?.measure(report, bytes, onProgress);
        for (const defect of defects ?? []) fail(`${file}: a defect of UAP Lens: ${defect}`);
      } else if (named && isCodeFile(file)) {
        // Nothing is wrong with code that is no model: a commit may change both.
        const tooLarge = bytes!.length > mostBytes(file) ? `: a file of more than ${mostBytes(file)} bytes is not read` : ""; // prettier-ignore
        complain(`${file}: no model found${tooLarge}`);
      } else if (named)
        fail(`${file}: not a model file (*.uap.json, *.uap.yaml, a config.json with a model_type, or model code)`);
    } catch (error) {
      fail(`${file}: ${reasonOf(error)}`);
    }
  }
  showProgress("");
  if (results.length === 0 && targets.length > 0 && !targets.some(({ named }) => named))
    fail("no model file among the files");
  return results;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const said =
      error instanceof Misuse
        ? `${error.message}\n\n${usageOf(process.argv[2])}`
        : `a defect of UAP Lens: ${inspect(error)}\n`;
    process.stderr.write(`uap-lens: ${said}`);
    process.exitCode = 2;
  },
);
