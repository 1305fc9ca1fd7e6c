/** The folder that `check --certificate` writes into. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { certificateText, issueFor } from "./certificates";
import { decode } from "./models";
import { certificateName, pathAsName } from "./models/fileNames";
import { reasonOf, replaceFile } from "./terminal";
import type { Certificate } from "./theory/certificate/format";
import { NotIssued } from "./theory/certificate/issue";
import type { CertificateReport, FileReport } from "./theory/verdict/report";

export class CertificateFolder {
  /** Why nothing can be written, in a sentence; it is found out once. */
  #failure: string | undefined;
  readonly #folder: string;
  readonly #fail: (message: string) => void;

  /** @param fail is told once if nothing can be written */
  constructor(folder: string, fail: (message: string) => void) {
    this.#folder = folder;
    this.#fail = fail;
  }

  /** Issues a certificate of every architecture of the report, and fills its `certificate`. */
  async issue(report: FileReport, bytes: Uint8Array, onProgress: (text: string) => void): Promise<void> {
    const decoded = decode(bytes, report.file);
    if (!("text" in decoded)) return; // a report without architectures
    for (const [i, architecture] of report.architectures.entries()) {
      onProgress("issuing a certificate");
      architecture.certificate =
        this.#failure === undefined ? await this.#write(report, decoded.text, i) : { unavailable: this.#failure };
    }
  }

  async #write({ file, architectures }: FileReport, text: string, i: number): Promise<CertificateReport> {
    if (!["certified", "refuted"].includes(architectures[i].verdict))
      return { unavailable: "One is issued where the verdict is certified or refuted." };
    let certificate: Certificate;
    try {
      certificate = issueFor(file, text, i);
    } catch (error) {
      if (error instanceof NotIssued) return { unavailable: error.message };
      throw error;
    }
    // Next to its model file a certificate has the file's name, and where files of several folders come together its path.
    const isNextTo = path.resolve(this.#folder) === path.dirname(path.resolve(file));
    const modelName = isNextTo ? path.basename(file) : pathAsName(path.relative("", file));
    const written = path.join(this.#folder, certificateName(modelName, i, architectures.length));
    try {
      await mkdir(this.#folder, { recursive: true });
      await replaceFile(written, certificateText(certificate));
      return { file: written, kind: certificate.kind, seal: certificate.seal };
    } catch (error) {
      this.#fail(`${this.#folder}: the certificates cannot be written: ${reasonOf(error)}`);
      this.#failure = `It cannot be written to ${this.#folder}: ${reasonOf(error)}.`;
      return { unavailable: this.#failure };
    }
  }
}
