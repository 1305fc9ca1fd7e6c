/**
 * Bounds on the time that something takes, which fail where it hangs and not where the machine is busy: time of the processor, without what other
 * processes take of it, and more of it while the machine is slow.
 */
import assert from "node:assert/strict";

/** Milliseconds of the processor that a run takes. */
export function processorTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Milliseconds of the processor that `yardstick` takes on an idle machine. */
const yardstickMilliseconds = 50;

/** Work that takes as long as the machine is slow or busy. */
function yardstick(): void {
  const made: object[] = [];
  for (let i = 0, hash = 0; i < 3e6; i++) {
    hash = (hash * 31 + i) | 0;
    if (i % 4 === 0) made.push({ hash, i });
  }
  assert.equal(made.length, 750_000);
}

/** @param most milliseconds on an idle machine
 *  @throws AssertionError if as many, times the slowness of this machine now, were not enough */
export function assertBounded(spent: number, most: number, what: string): void {
  if (spent <= most) return;
  const mostNow = most * Math.max(1, processorTime(yardstick) / yardstickMilliseconds);
  assert.ok(spent <= mostNow, `${what} took ${spent.toFixed(0)} ms of the processor, of ${mostNow.toFixed(0)}`);
}

/** Asks up to ten times for the milliseconds that something takes: another process that has the machine for a while does not count.
 *  @throws AssertionError if none of them is less than `most`
 *  @returns the least */
export async function assertWithin(most: number, what: string, time: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let tries = 10; tries > 0 && least >= most; tries--) least = Math.min(least, await time());
  assert.ok(least < most, `${what} takes ${least.toFixed(0)} ms, of ${most}`);
  return least;
}
