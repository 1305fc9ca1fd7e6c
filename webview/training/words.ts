/** What the training page says of a run, in words. */
import type { Floor } from "../../extension/runtime/training/floor";
import type { RunView } from "../protocol";

const shown = (value: number): string => (Math.abs(value) < 1e-9 ? "0" : value.toPrecision(3));

export function floorWords(floor: Floor | string | null): string {
  if (floor === null) return "being estimated";
  if (typeof floor === "string") return `not known: ${floor}`;
  const { both, incomplete } = floor;
  if (both.high < 1e-9 * floor.variance)
    return incomplete === null ? "0: the target is within reach" : "0, perhaps more";
  return `${shown(both.value)} [${shown(both.low)}, ${shown(both.high)}]${incomplete === null ? "" : ", perhaps more"}`;
}

export const lossWords = ({ loss }: RunView): string =>
  loss === null ? "–" : `${shown(loss.value)} [${shown(loss.low)}, ${shown(loss.high)}]`;

export function shareWords({ loss, variance }: RunView): string {
  return loss === null || variance === null || variance === 0
    ? "–"
    : `${((100 * loss.value) / variance).toPrecision(3)} %`;
}

export function statusWords({ status, floor, loss, step, setup }: RunView): string {
  switch (status) {
    case "starting":
      return "starting";
    case "running":
      return `step ${step} of ${setup.steps}`;
    case "pausing":
      return "pausing after this step";
    case "paused":
      return step === 0 ? "ready" : `paused at step ${step}`;
    case "cancelled":
      return `cancelled at step ${step}`;
    case "failed":
      return "failed";
    case "ended": {
      if (floor === null || typeof floor === "string" || loss === null || floor.both.low <= 1e-9 * floor.variance) return "ended"; // prettier-ignore
      const ratio = loss.value / floor.both.value;
      if (loss.low <= floor.both.high) return "ended on the floor";
      return ratio < 2 ? `ended ${(100 * (ratio - 1)).toPrecision(2)} % above the floor` : `ended at ${ratio.toPrecision(2)} times the floor`; // prettier-ignore
    }
  }
}

export function timeLeft({ status, step, setup, stepsPerSecond }: RunView): string {
  if (status !== "running" || stepsPerSecond === null || stepsPerSecond <= 0) return "–";
  const seconds = Math.ceil((setup.steps - step) / stepsPerSecond);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

export function marginWords(margin: number | null): string {
  if (margin === null) return "–";
  return margin === 0 ? "0" : margin.toPrecision(2);
}
