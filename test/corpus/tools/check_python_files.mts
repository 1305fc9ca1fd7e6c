/**
 * Checks every Python file of some folders as the editor would, and says what came of it:
 *
 *     npx tsx test/corpus/tools/check_python_files.mts [--verbose] FOLDER...
 *
 * prints how many files there are and how many of them crash the reader, the slowest in milliseconds of the processor, the errors and
 * warnings, and how many models were read, not understood or asked about. Exits with 1 after a crash, an error, or a file that takes longer than a second.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { checkBytes } from "../../../extension/check";
import { prepareReading } from "../../../extension/models/code";

const verbose = process.argv.includes("--verbose");
const folders = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

function* pythonFiles(at: string): Iterable<string> {
  if (statSync(at).isFile()) {
    if (at.endsWith(".py")) yield at;
    return;
  }
  for (const entry of readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)))
    if (!entry.isSymbolicLink()) yield* pythonFiles(path.join(at, entry.name));
}

await prepareReading("a.py");
const crashes: string[] = [];
const times: { file: string; time: number; characters: number }[] = [];
const found: { severity: string; line: string }[] = [];
const counts = { files: 0, "files with something to say": 0, models: 0, "not understood": 0, questions: 0 };
for (const folder of folders)
  for (const file of pythonFiles(folder)) {
    counts.files++;
    const bytes = readFileSync(file);
    const before = process.cpuUsage();
    try {
      const report = checkBytes(file, bytes);
      if (report) {
        counts["files with something to say"]++;
        counts.models += report.architectures.length;
        counts.questions += report.questions?.length ?? 0;
        for (const { name, verdict, range } of report.architectures)
          found.push({ severity: "model", line: `${file}:${range.start.line + 1} ${name}: ${verdict}` });
        for (const { missing, range, message } of report.questions ?? [])
          found.push({ severity: "question", line: `${file}:${range.start.line + 1} ${missing.join(" ")}: ${message}` });
        for (const { code, severity, message, range } of report.findings) {
          if (code === "UAP002") counts["not understood"]++;
          found.push({ severity, line: `${file}:${range.start.line + 1} ${code} ${message}` });
        }
      }
    } catch (error) {
      crashes.push(`${file}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    const { user, system } = process.cpuUsage(before);
    times.push({ file, time: (user + system) / 1000, characters: bytes.length });
  }
times.sort((a, b) => b.time - a.time);
console.log(Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(", ") + `, ${crashes.length} crashes`); // prettier-ignore
for (const crash of crashes) console.log(`crash: ${crash}`);
console.log("slowest:");
for (const { file, time, characters } of times.slice(0, 10)) console.log(`${time.toFixed(0)} ms, ${characters} bytes: ${file}`);
for (const { severity, line } of found)
  if (verbose || severity === "error" || severity === "warning") console.log(`${severity}: ${line}`);
if (crashes.length > 0 || times[0]?.time > 1000 || found.some(({ severity }) => severity === "error")) process.exitCode = 1;
