/** A runtime process with requests that misbehave, beside the real ones. */
import { setTimeout } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { handlers } from "../../extension/runtime/process/handlers";
import type { Handler } from "../../extension/runtime/process/protocol";
import { serve } from "../../extension/runtime/process/serve";

/** Counts to `to`, a checkpoint at each step; dies by its own hand at each number in `deadly`, once it has handed over the one before. */
const count: Handler<
  { from: number; to: number; deadly: number[] },
  { process: number; weights: Float32Array },
  number,
  { at: number; weights: Float32Array }
> = async ({ from, to, deadly }, { progress, checkpoint, pause }) => {
  for (let at = from; at < to; at++) {
    await pause();
    if (deadly.includes(at)) {
      await setTimeout(50); // what was sent arrives
      process.kill(process.pid, "SIGKILL");
    }
    progress(at);
    checkpoint({ at: at + 1, weights: Float32Array.of(at + 1) });
  }
  return { process: process.pid, weights: Float32Array.of(to) };
};

/** Steps of 10 ms until it is cancelled. */
const patient: Handler<null, never, number> = async (_, { progress, pause }) => {
  for (let step = 0; ; step++) {
    await setTimeout(10);
    await pause();
    progress(step);
  }
};

/** Steps of 300 ms in which it lets no message in; the step that it is in is handed over when it is asked to end. */
const deliberate: Handler<null, never, number, number> = async (_, { progress, pause, checkpoint }) => {
  for (let step = 1; ; step++) {
    progress(step);
    try {
      await pause();
    } catch (ended) {
      checkpoint(step);
      throw ended;
    }
    const until = performance.now() + 300;
    while (performance.now() < until) Math.random();
  }
};

/** Computes without end and lets no message in. */
const deaf: Handler<null, never, "started"> = async (_, { progress, pause }) => {
  progress("started");
  await pause();
  for (;;) Math.random();
};

/** Takes memory of its own (`buffers`), of JavaScript's heap or of the backend until there is none. */
const hoard: Handler<{ what: "buffers" | "heap" | "tensors" }, never> = async ({ what }, { pause }) => {
  const kept: unknown[] = [];
  for (;;) {
    if (what === "buffers") kept.push(Buffer.alloc(2 ** 24, 1));
    else if (what === "heap") kept.push(Array.from({ length: 2 ** 18 }, (_, index) => ({ index })));
    else kept.push(tf.ones([2 ** 22]));
    await pause();
  }
};

/** Loses the graphics device, as when it is unplugged, and goes on. */
const loseDevice: Handler<null, number[]> = async () => {
  (tf.backend() as unknown as WebGPUBackend).device.destroy();
  const result = tf.square(tf.ones([2 ** 16])); // little ones are computed on the processor
  return Array.from(await result.data());
};

const fail: Handler<{ message: string }, never> = ({ message }) => Promise.reject(new Error(message));

const misbehaving = { ...handlers, count, patient, deliberate, deaf, hoard, loseDevice, fail };
export type Misbehaving = typeof misbehaving;

serve(misbehaving, Number(process.argv[2]));
