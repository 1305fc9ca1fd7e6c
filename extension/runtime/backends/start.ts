/** Brings backends up in this process and chooses among them. */
import { type Backend, type BackendName, backendNames, BackendUnavailable, type Choice, type Refusal } from "./backend";
import { startCpu } from "./cpu";
import { tested } from "./smoke";
import { stepsPerSecond } from "./speed";
import { startTensorFlow } from "./tensorflow";
import { startWasm } from "./wasm";
import { startWebGpu } from "./webgpu";

const starters: Record<BackendName, () => Promise<Backend>> = {
  cuda: () => startTensorFlow("cuda"),
  webgpu: startWebGpu,
  tensorflow: () => startTensorFlow("tensorflow"),
  wasm: startWasm,
  cpu: startCpu,
};

/**
 * Makes a backend the active one of TensorFlow.js in this process, once it has passed the smoke test. A software WebGPU adapter will do.
 * @throws BackendUnavailable
 */
export function start(name: BackendName): Promise<Backend> {
  return tested(name, starters[name]);
}

/**
 * The first backend that comes up, passes the smoke test and is not slower than the next one that does.
 * @param refused those not to try, and why.
 * @param trying is told of each backend before it is touched: should the process die of one, this says of which.
 * @throws BackendUnavailable if there is none at all.
 */
export async function startFastest(
  refused: readonly Refusal[] = [],
  trying: (name: BackendName) => void = () => undefined,
): Promise<Choice> {
  const refusals = [...refused];
  const refuse = (backend: BackendName, reason: string) => refusals.push({ backend, reason });
  let best: { backend: Backend; rate: number } | undefined;
  let beaten: BackendName | undefined;
  for (const name of backendNames) {
    if (refused.some(({ backend }) => backend === name)) continue;
    if (best !== undefined && beaten !== undefined) {
      refuse(name, `not tried, for ${best.backend.name} is faster than ${beaten}`);
      continue;
    }
    trying(name);
    try {
      const backend = await start(name);
      if (backend.software) {
        refuse(name, `${backend.device} computes on the processor; set the backend to ${name} to use it all the same`);
        continue;
      }
      const rate = await stepsPerSecond();
      if (best === undefined) {
        best = { backend, rate };
        continue;
      }
      const [faster, slower] = best.rate >= rate ? [best, { backend, rate }] : [{ backend, rate }, best];
      const rates = `${slower.rate.toPrecision(3)} steps a second against ${faster.rate.toPrecision(3)} on ${faster.backend.name}`;
      refuse(slower.backend.name, rates);
      if (faster === best) beaten = name;
      best = faster;
    } catch (error) {
      refuse(name, error instanceof BackendUnavailable ? error.reason : String(error));
    }
  }
  if (best === undefined) {
    const reasons = refusals.map(({ backend, reason }) => `${backend}: ${reason}`).join("; ");
    throw new BackendUnavailable("cpu", `no backend works here (${reasons})`);
  }
  await starters[best.backend.name]();
  return { backend: best.backend, refused: refusals };
}
