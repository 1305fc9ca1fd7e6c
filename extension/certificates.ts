/** Certificates of model files: issued for a text, and verified with the file that they speak of. */
import { readModelFile } from "./models";
import { architectureInput } from "./theory/architecture/input";
import type { Architecture } from "./theory/architecture/schema";
import { hashOf, hashOfBytes, type Certificate } from "./theory/certificate/format";
import { issue, NotIssued } from "./theory/certificate/issue";
import { latex, markdown } from "./theory/certificate/render";
import { verify, type Step, type Verification } from "./theory/certificate/verify";

/** The hash by which a certificate names its architecture: it changes with anything that the specification says. */
export const architectureHash = (architecture: Architecture): string => hashOf(architectureInput(architecture));

/** What a certificate file holds. */
export const certificateText = (certificate: Certificate): string => `${JSON.stringify(certificate, null, 1)}\n`;

/**
 * Issues a certificate for an architecture of a model file.
 * @param fileName decides the reader; its last part is what the certificate calls the file.
 * @throws NotIssued with the reason in a sentence.
 */
export function issueFor(fileName: string, text: string, architecture: number): Certificate {
  const read = readModelFile(fileName, text)?.architectures[architecture];
  if (read === undefined) throw new NotIssued("The file has no such architecture.");
  const file = fileName.split(/[\\/]/).at(-1)!;
  return issue(read.architecture, { file, sha256: hashOfBytes(new TextEncoder().encode(text)) }, read.skipped);
}

/** How a certificate stands to the model file that it names. */
export type Standing =
  | "current"
  /** The file says the same architecture in other bytes. */
  | "reworded"
  /** The file says another architecture now. */
  | "stale"
  | "no file";

/** Verifies the text of a certificate. Never throws. */
export function verifyText(text: string): Verification {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { accepted: false, step: "format", reason: `this is not JSON: ${(error as Error).message}` };
  }
  return verify(value);
}

/** Compares a certificate with the text of its model file; undefined where there is no file. */
export function standing({ source, architecture }: Certificate, fileName: string, text: string | undefined): Standing {
  if (text === undefined) return "no file";
  if (source.sha256 === hashOfBytes(new TextEncoder().encode(text))) return "current";
  const read = readModelFile(fileName, text)?.architectures ?? [];
  return read.some((one) => architectureHash(one.architecture) === architecture.sha256) ? "reworded" : "stale";
}

/** How a certificate stands to its model file, in a sentence. */
export function standingSentence(standing: Standing, file: string): string {
  switch (standing) {
    case "current":
      return `${file} is as it was when the certificate was issued.`;
    case "reworded":
      return `${file} has changed, and describes the same architecture.`;
    case "stale":
      return `${file} describes another architecture now: the certificate is stale.`;
    case "no file":
      return `There is no ${file} beside it to compare it with.`;
  }
}

/** An accepted certificate as the editor shows it. */
export interface Shown {
  markdown: string;
  latex: string;
}

const shown = (certificate: Certificate, standing: Standing): Shown => ({
  markdown: `> **Accepted.** Every step was derived again. ${standingSentence(standing, certificate.source.file)}\n\n${markdown(certificate)}`,
  latex: latex(certificate),
});

/** Issues a certificate, as the text of its file and as the editor shows it, or says why there is none. */
export function issuedAndShown(
  fileName: string,
  text: string,
  architecture: number,
): { text: string; shown: Shown } | { unavailable: string } {
  try {
    const certificate = issueFor(fileName, text, architecture);
    return { text: certificateText(certificate), shown: shown(certificate, "current") };
  } catch (error) {
    if (error instanceof NotIssued) return { unavailable: error.message };
    throw error;
  }
}

/** Verifies a certificate, and says how it stands to the text of its model file where that is given. */
export function verifiedAndShown(
  text: string,
  model: { fileName: string; text: string } | undefined,
): { shown: Shown } | { step: Step; reason: string } {
  const verification = verifyText(text);
  if (!verification.accepted) return verification;
  const { certificate } = verification;
  return { shown: shown(certificate, standing(certificate, model?.fileName ?? "", model?.text)) };
}
