/** `uap-lens repair`: the smallest changes that certify what a model file describes, compared, and made in the file. */
import { printable } from "./formats/text";
import { decode, readModelFile } from "./models";
import { prepareReading } from "./models/code";
import { mostBytes } from "./models/fileNames";
import { applied } from "./models/ranges";
import { type Repairs, repairsOf } from "./repairs";
import { complain, Misuse, parse, print, read, reasonOf, replaceFile, showProgress } from "./terminal";
import { architectureInput } from "./theory/architecture/input";
import { timesFull, type Repair } from "./theory/design/repair";
import { examine } from "./theory/verdict/analyse";
import type { TextEdit } from "./theory/verdict/report";

export const repairUsage = `Usage: uap-lens repair FILE [--json] [--apply N]

Compares the smallest changes that certify what the file describes, the cheapest attention first (docs/designer.md).

  FILE       a model file, as for \`check\`
  --json     the comparison as JSON, with the edits of the file and the repaired specifications
  --apply N  makes repair N in the file, if the result is what was said

Exit code: 0 all that is wrong can be repaired, 1 something cannot, 2 the file could not be read or written or the command was misused.
`;

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

interface Repaired extends Repairs {
  name: string;
}

/** A repair of the file, numbered from 1 over all its architectures. */
interface Numbered {
  number: number;
  architecture: number;
  repair: Repair;
  edits: TextEdit[] | null;
}

export async function repairCommand(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    json: { type: "boolean" },
    apply: { type: "string" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(repairUsage, 0);
  if (positionals.length !== 1)
    throw new Misuse(positionals.length === 0 ? "no file given" : "more than one file given");
  const [file] = positionals;
  if (values.json && values.apply !== undefined) throw new Misuse("--json and --apply exclude each other");
  const apply = values.apply === undefined ? undefined : Number(values.apply);
  if (apply !== undefined && !(Number.isInteger(apply) && apply > 0))
    throw new Misuse("--apply takes the number of a repair");

  let bytes: Buffer;
  let text: string;
  try {
    bytes = await read(file, mostBytes(file));
    const decoded = decode(bytes, file);
    if ("error" in decoded) throw new Error(decoded.error.message);
    text = decoded.text;
  } catch (error) {
    complain(`${file}: ${reasonOf(error)}`);
    return 2;
  }
  await prepareReading(file);
  const model = readModelFile(file, text);
  if (model === undefined || model.architectures.length === 0) {
    complain(`${file}: ${model?.errors[0]?.message ?? "no model was found in it"}`);
    return 2;
  }
  showProgress("searching for repairs");
  const repaired = model.architectures.map(({ architecture: { name } }, i): Repaired => ({
    name,
    ...repairsOf(file, text, i)!,
  }));
  showProgress("");
  const numbered = repaired
    .flatMap(({ outcome, edits }, architecture) =>
      outcome.repairs.map((repair, i) => ({ architecture, repair, edits: edits[i] })),
    )
    .map((one, i): Numbered => ({ number: i + 1, ...one }));
  if (apply !== undefined) return applyTo(file, bytes, text, numbered, apply);
  const code = repaired.some(({ outcome }) => outcome.none !== null) ? 1 : 0;
  if (values.json) return print(`${JSON.stringify(asJson(file, repaired, numbered), null, 2)}\n`, code);
  return print(repaired.map((one, i) => table(one, numbered.filter(({ architecture }) => architecture === i))).join("\n"), code); // prettier-ignore
}

async function applyTo(
  file: string,
  bytes: Buffer,
  text: string,
  numbered: readonly Numbered[],
  number: number,
): Promise<number> {
  const one = numbered.find((each) => each.number === number);
  const fail = (message: string) => {
    complain(`${file}: ${message}`);
    return 2;
  };
  if (one === undefined)
    return fail(`there is no repair ${number}${numbered.length === 0 ? "" : `; they are 1 to ${numbered.length}`}`);
  const { repair, edits, architecture } = one;
  if (edits === null)
    return fail(`repair ${number} (${repair.title}) cannot be made in the text of this file; --json has its changes`);
  // What reading leaves out is not to be lost.
  const mark = bytes.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark : Buffer.alloc(0);
  if (!Buffer.concat([mark, Buffer.from(text)]).equals(bytes))
    return fail("not all of it is UTF-8, so it is not changed");
  const changed = applied(text, edits);
  const again = readModelFile(file, changed)?.architectures[architecture];
  const report = again && examine(again.architecture, again.skipped).report;
  if (report?.verdict !== repair.report.verdict)
    return fail(`a defect of UAP Lens: with repair ${number} the file would not be ${repair.report.verdict}`);
  try {
    await replaceFile(file, Buffer.concat([mark, Buffer.from(changed)]));
  } catch (error) {
    return fail(`cannot be written: ${reasonOf(error)}`);
  }
  return print(`${printable(`${file}: ${repair.title}. ${report.statement}`)}\n`, 0);
}

// ------------------------------------------------------------------------------------------------------------- output

const head = ["N", "REPAIR", "EDITS", "VERDICT", "LAYERS", "PAIRS", "OF FULL"];

function table({ name, outcome: { before, repairs, none } }: Repaired, numbered: readonly Numbered[]): string {
  const lines = [printable(`${name}: ${before.report.statement}`)];
  if (none !== null) lines.push(`  No repair. ${printable(none)}`);
  else if (repairs.length === 0) lines.push("  Nothing is refuted, so there is nothing to repair.");
  if (numbered.length > 0) {
    const rows = numbered.map(({ number, repair, edits }) => [
      String(number),
      repair.title + (edits === null ? " *" : ""),
      String(repair.edits),
      repair.report.verdict,
      String(repair.cost.layers),
      repair.cost.pairsPerLayer.toLocaleString("en"),
      timesFull(repair.ofFull),
    ]);
    const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
    for (const [i, row] of [head, ...rows].entries()) {
      lines.push(`  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()}`); // prettier-ignore
      const warning = i > 0 ? numbered[i - 1].repair.warning : null;
      if (warning !== null) lines.push(`     Warning: ${warning}`);
    }
    lines.push("  PAIRS: query and key, of the layer with most. OF FULL: attention scores, against full attention in the layers and heads there are."); // prettier-ignore
    if (numbered.some(({ edits }) => edits === null))
      lines.push("  * cannot be made in the text of this file; --json has the changes.");
  }
  return `${lines.join("\n")}\n`;
}

function asJson(file: string, repaired: readonly Repaired[], numbered: readonly Numbered[]): unknown {
  return {
    version: 1,
    file,
    architectures: repaired.map(({ name, outcome: { before, none } }, i) => ({
      name,
      verdict: before.report.verdict,
      statement: before.report.statement,
      cost: before.cost,
      none,
      repairs: numbered
        .filter(({ architecture }) => architecture === i)
        .map(({ number, repair: { title, changes, architecture, report, cost, ofFull, warning, ...rest }, edits }) => ({
          number,
          title,
          edits: rest.edits,
          verdict: report.verdict,
          statement: report.statement,
          cost,
          ofFull,
          warning,
          changes,
          textEdits: edits,
          specification: architectureInput(architecture),
        })),
    })),
  };
}
