/** Errors of random models against the float64 reference: by the tests in their own process, and as a program on a backend that wants a process of its own. */
import fc from "fast-check";
import { build } from "../../extension/runtime/builders/build";
import type { Paths } from "../../extension/runtime/builders/plan";
import type { BackendName } from "../../extension/runtime/backends/backend";
import { start } from "../../extension/runtime/backends/start";
import type { Architecture } from "../../extension/theory/architecture/schema";
import { everyMechanism } from "../reference/architectures";
import { modelErrors, type Errors } from "../reference/modelErrors";

export interface Measured extends Errors {
  architecture: Architecture;
  device: string;
}

/** Small weights, as in every identity test: with zero biases and standard ones, tokens that vanish would make gradients as ill-conditioned as they please. */
export async function randomModels(
  backend: BackendName,
  count: number,
  paths: Paths,
  seed: number,
): Promise<Measured[]> {
  const { device } = await start(backend);
  const measured: Measured[] = [];
  const architectures = fc.sample(everyMechanism(2, 5), { numRuns: count, seed });
  for (const [i, architecture] of architectures.entries()) {
    const errors = await modelErrors((spec, initialisation) => build(spec, initialisation, { paths }), architecture, {
      seed: i,
      regime: "small",
    });
    if (errors !== null) measured.push({ ...errors, architecture, device });
  }
  if (measured.length < 0.95 * count) throw new Error(`only ${measured.length} of ${count} architectures have a value`);
  return measured;
}

if (process.argv[1]?.endsWith("buildersErrors.ts")) {
  const [backend, count, seed] = process.argv.slice(2);
  void randomModels(backend as BackendName, Number(count), "auto", Number(seed)).then((measured) => {
    process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));
  });
}
