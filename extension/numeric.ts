/** What the runtime measures, added to a file's report. */
import type { CheckpointFile } from "./checkpointFile";
import { decode, readModelFile } from "./models";
import type { ReadArchitecture } from "./models/modelFile";
import type { BackendName } from "./runtime/backends/backend";
import { marginFinding } from "./runtime/measuring/finding";
import type { MeasureProgress } from "./runtime/measuring/measure";
import { RuntimeClient } from "./runtime/process/client";
import type { Architecture } from "./theory/architecture/schema";
import type { ArchitectureReport, FileReport, NotMeasured, NumericReport } from "./theory/verdict/report";

/** Decides the draws: equal files give equal reports. */
const seed = 1;

/** Measures the architectures of model files in the runtime process. `dispose` ends the process. */
export class Measurer {
  readonly #client: RuntimeClient;
  readonly #trained: CheckpointFile | undefined;
  /** Whether the trained parameters were those of an architecture that was measured. */
  trainedWasMet = false;

  /** @param trained measured beside the others where a file describes its architecture */
  constructor(backend: BackendName | "auto", trained?: CheckpointFile) {
    this.#client = new RuntimeClient({ backend });
    this.#trained = trained;
  }

  /**
   * Fills `numeric` of every architecture of the report, and adds UAP501 where it is due.
   * @returns the disagreements of measurement and theory, in sentences: defects of ours
   */
  async measure(
    report: FileReport,
    bytes: Uint8Array,
    onProgress: (text: string) => void = () => undefined,
  ): Promise<string[]> {
    const decoded = decode(bytes, report.file);
    const model = "text" in decoded ? readModelFile(report.file, decoded.text) : undefined;
    const several = report.architectures.length > 1;
    const defects: string[] = [];
    for (const architecture of report.architectures) {
      const read = model?.architectures.find((one) => isSame(one, architecture));
      if (read === undefined) continue;
      const numeric = await this.#ask(read, onProgress);
      architecture.numeric = numeric;
      if ("unavailable" in numeric) continue;
      const name = several ? `${architecture.name}: ` : "";
      defects.push(...numeric.disagreements.map(({ statement }) => `${name}${statement}`));
      const found = marginFinding(numeric);
      if (found === null) continue;
      const { code, severity, message, path } = found;
      report.findings.push({ code, severity, message: `${name}${message}`, range: read.locate(path), fixes: [] });
    }
    return defects;
  }

  dispose(): Promise<void> {
    return this.#client.dispose();
  }

  async #ask(
    { architecture, skipped }: ReadArchitecture,
    onProgress: (text: string) => void,
  ): Promise<NumericReport | NotMeasured> {
    if (skipped.some(({ affects }) => affects === "everything"))
      return { unavailable: "Nothing is measured: a part of the model that may move information between tokens was not read." }; // prettier-ignore
    const isTrained = this.#trained !== undefined && modelOf(this.#trained.architecture) === modelOf(architecture);
    if (isTrained) this.trainedWasMet = true;
    const trained = isTrained ? this.#trained?.checkpoint.adam.parameters : undefined;
    try {
      const numeric = await this.#client.request(
        "measure",
        { architecture, seed, trained },
        { onProgress: ({ phase }: MeasureProgress) => onProgress(phases[phase]) },
      );
      return "unavailable" in numeric ? numeric : { ...numeric, refused: (await this.#client.describe()).refused };
    } catch (error) {
      return { unavailable: `Nothing is measured: ${(error as Error).message}` };
    }
  }
}

const phases: Record<MeasureProgress["phase"], string> = {
  coincidences: "comparing coincidences",
  margins: "measuring margins",
  maximising: "maximising the margin",
  equivariance: "measuring equivariance errors",
};

/** What parameters depend on. */
const modelOf = (architecture: Architecture): string =>
  JSON.stringify({ ...architecture, name: undefined, target: undefined });

const isSame = (read: ReadArchitecture, report: ArchitectureReport): boolean =>
  read.architecture.name === report.name && JSON.stringify(read.range) === JSON.stringify(report.range);
