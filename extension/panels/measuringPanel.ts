/** What the panels have in common that measure a variant at chosen parameters. */
import type { ParametersChoice } from "../../webview/protocol";
import type { RuntimeClient } from "../runtime/process/client";
import type { Architecture } from "../theory/architecture/schema";
import { ModelPanel } from "./modelPanel";
import { Task } from "./task";
import type { TrainingRun } from "./trainingRuns";

export abstract class MeasuringPanel<ToPage, FromPage extends { kind: string }> extends ModelPanel<ToPage, FromPage> {
  protected readonly task = new Task(() => this.update());
  /** Parameters of the largest margin, which take long to find, by architecture and seed. */
  private readonly maximised = new Map<string, Float32Array>();

  override dispose(): void {
    this.task.end();
    super.dispose();
  }

  protected override cancel(): void {
    this.task.cancel();
  }

  /** The parameters that a variant can be measured at: those of its training runs among them. */
  protected parametersOf(architecture: Architecture): { value: ParametersChoice; label: string }[] {
    return [
      { value: "initialisation", label: "as drawn at initialisation" },
      { value: "maximised", label: "of the largest margin found" },
      ...this.runsOf(architecture).map(({ record: { id, title, checkpoint } }) => ({
        value: `run-${id}` as const,
        label: `after ${checkpoint?.adam.steps ?? 0} steps of "${title}"`,
      })),
    ];
  }

  /** Values of the model's variables; undefined stands for those at initialisation. @throws Error, with a sentence, where there are none */
  protected async parameters(
    client: RuntimeClient,
    architecture: Architecture,
    seed: number,
    choice: ParametersChoice,
    signal: AbortSignal,
    say: (what: string) => void,
  ): Promise<Float32Array | undefined> {
    if (choice === "initialisation") return undefined;
    if (choice === "maximised") {
      const key = JSON.stringify([architecture, seed]);
      const known = this.maximised.get(key);
      if (known !== undefined) return known;
      say("Searching for the parameters of the largest margin");
      const found = await client.request("maximise", { architecture, seed }, { signal });
      if ("unavailable" in found) throw new Error(found.unavailable);
      this.maximised.set(key, found.parameters);
      return found.parameters;
    }
    const run = this.runsOf(architecture).find(({ record }) => choice === `run-${record.id}`);
    const checkpoint = run?.record.checkpoint;
    if (checkpoint === undefined || checkpoint === null) throw new Error("That training run is not there any more.");
    return checkpoint.adam.parameters;
  }

  /** Runs of exactly this architecture that have parameters to show. */
  private runsOf(architecture: Architecture): TrainingRun[] {
    const wanted = JSON.stringify(architecture);
    return this.services.runs
      .of(this.uri)
      .filter(({ record }) => record.checkpoint !== null && JSON.stringify(record.architecture) === wanted);
  }
}
