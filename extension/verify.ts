/** `uap-lens verify`: certificates derived again, step by step, and compared with the model files that they speak of. */
import path from "node:path";
import { standing, standingSentence, verifyText, type Standing } from "./certificates";
import { printable } from "./formats/text";
import { decode } from "./models";
import { prepareReading } from "./models/code";
import { isModelFile, mostBytes, mostCertificateBytes } from "./models/fileNames";
import { complain, Misuse, parse, print, read, reasonOf, showProgress } from "./terminal";
import type { Certificate } from "./theory/certificate/format";
import { latex, markdown } from "./theory/certificate/render";
import type { Step } from "./theory/certificate/verify";

export const verifyUsage = `Usage: uap-lens verify CERTIFICATE... [--source FILE] [--json | --markdown | --latex]

Derives everything that a certificate says again, and says whether it holds or which step fails first (docs/certificates.md).

  --source FILE  the model file to compare with; if left out, the one that the certificate names, where it is in the same folder
  --json         the outcome as JSON
  --markdown     what is accepted, as Markdown
  --latex        what is accepted, as LaTeX

Exit code: 0 all are accepted, 1 one is rejected, 2 one could not be read or the command was misused.
`;

type Verified = { file: string } &
  /** With the model file that it was compared with. */
  ({ certificate: Certificate; source: string; standing: Standing } | { step: Step; reason: string });

interface Model {
  file: string;
  /** Undefined where the file cannot be read. */
  text: string | undefined;
}

export async function verify(args: string[]): Promise<number> {
  const { values, positionals: files } = parse(args, {
    source: { type: "string" },
    json: { type: "boolean" },
    markdown: { type: "boolean" },
    latex: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help) return print(verifyUsage, 0);
  if (files.length === 0) throw new Misuse("no certificate given");
  if ([values.json, values.markdown, values.latex].filter(Boolean).length > 1)
    throw new Misuse("--json, --markdown and --latex exclude each other");

  let model: Model | undefined;
  if (values.source !== undefined)
    try {
      model = { file: values.source, text: await modelText(values.source) };
    } catch (error) {
      complain(`${values.source}: ${reasonOf(error)}`);
      return 2;
    }

  const verified: Verified[] = [];
  for (const [i, file] of files.entries()) {
    showProgress(`${i + 1}/${files.length} ${file}`);
    try {
      verified.push(await verifyFile(file, model));
    } catch (error) {
      complain(`${file}: ${reasonOf(error)}`);
    }
  }
  showProgress("");

  const rejected = verified.filter((one) => "step" in one);
  const code = verified.length < files.length ? 2 : rejected.length > 0 ? 1 : 0;
  if (values.json) return print(`${JSON.stringify({ version: 1, results: verified.map(asJson) }, null, 2)}\n`, code);
  const rendering = values.markdown ? markdown : values.latex ? latex : undefined;
  if (rendering === undefined) return print(verified.map(asText).join("\n"), code);
  for (const one of rejected) complain(inWords(one));
  const accepted = verified.flatMap((one) => ("certificate" in one ? rendering(one.certificate) : []));
  return print(accepted.join("\n").split("\n").map(printable).join("\n"), code);
}

/** @throws Error that says why the file cannot be read */
async function verifyFile(file: string, given: Model | undefined): Promise<Verified> {
  const bytes = await read(file, mostCertificateBytes);
  if (bytes.length > mostCertificateBytes) throw new Error(`more than ${mostCertificateBytes} bytes are not read`);
  const verification = verifyText(new TextDecoder().decode(bytes));
  if (!verification.accepted) return { file, step: verification.step, reason: verification.reason };
  const { certificate } = verification;
  const model = given ?? (await modelBeside(file, certificate.source.file));
  return { file, certificate, source: model.file, standing: standing(certificate, model.file, model.text) };
}

/** @throws Error that says why the file cannot be read */
async function modelText(file: string): Promise<string> {
  const decoded = decode(await read(file, mostBytes(file)), file);
  if ("error" in decoded) throw new Error(decoded.error.message);
  if (!isModelFile(file, () => decoded.text)) throw new Error("not a model file");
  await prepareReading(file);
  return decoded.text;
}

async function modelBeside(certificate: string, name: string): Promise<Model> {
  // A certificate is data: it does not lead out of its folder.
  const file = path.join(path.dirname(certificate), path.basename(name));
  return { file: name, text: await modelText(file).catch(() => undefined) };
}

/** An entry of the outcome as JSON. */
function asJson(one: Verified): unknown {
  if ("step" in one) return { file: one.file, accepted: false, step: one.step, reason: one.reason };
  const { kind, statement, architecture, seal } = one.certificate;
  const source = { file: one.source, standing: one.standing };
  return { file: one.file, accepted: true, kind, statement, architecture: architecture.sha256, seal, source };
}

function asText(one: Verified): string {
  const lines = "step" in one ? [] : [one.certificate.statement, standingSentence(one.standing, one.source)];
  return [inWords(one), ...lines.map((line) => `  ${printable(line)}`), ""].join("\n");
}

const inWords = (one: Verified): string =>
  printable(`${one.file}: ${"step" in one ? `rejected at step ${one.step}: ${one.reason}` : "accepted"}`);
