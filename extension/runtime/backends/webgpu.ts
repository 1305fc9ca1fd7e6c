/** WebGPU through Dawn, the implementation in Chromium, which the package `webgpu` makes a Node module. */
import * as tf from "@tensorflow/tfjs-core";
import { startOnAdapter } from "./adapter";
import type { Backend } from "./backend";

let webgpu: Backend | undefined;

export async function startWebGpu(): Promise<Backend> {
  webgpu ??= await bringUp();
  await tf.setBackend("webgpu");
  return webgpu;
}

async function bringUp(): Promise<Backend> {
  let dawn: typeof import("webgpu");
  try {
    dawn = await import("webgpu");
  } catch (cause) {
    throw new Error(`Dawn has no binary for ${process.platform}-${process.arch} here`, { cause });
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  // TensorFlow.js looks for `navigator.gpu`, which in Node 21 and newer is a getter without `gpu`.
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true, writable: true });
  return startOnAdapter(gpu, "Dawn");
}
