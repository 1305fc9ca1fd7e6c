/**
 * Native TensorFlow, on the processor or through CUDA. Its packages are optional: their installation downloads or builds the native library
 * (`npm run setup:tensorflow`).
 */
import { createRequire } from "node:module";
import os from "node:os";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import type { Backend } from "./backend";
import { quietly } from "./quietly";

const packages = { tensorflow: "@tensorflow/tfjs-node", cuda: "@tensorflow/tfjs-node-gpu" } as const;

/** The part of tfjs-node's backend that its declarations leave out. */
interface NativeBackend {
  isUsingGpuDevice: boolean;
  binding: { TF_Version: string };
}

const started = new Map<keyof typeof packages, Backend>();

export async function startTensorFlow(name: keyof typeof packages): Promise<Backend> {
  const backend = started.get(name) ?? bringUp(name);
  if (!(await tf.setBackend("tensorflow"))) throw new Error("TensorFlow.js refused the native library");
  started.set(name, backend);
  return backend;
}

function bringUp(name: keyof typeof packages): Backend {
  // Both packages register a backend of the same name; the first that a process has loaded is the one it keeps.
  for (const other of started.keys())
    if (other !== name) throw new Error(`this process has already loaded ${packages[other]}`);
  load(packages[name]);
  const native = tf.findBackend("tensorflow") as unknown as NativeBackend;
  if (name === "cuda" && !native.isUsingGpuDevice) throw new Error("TensorFlow sees no CUDA device");
  return {
    name,
    device: name === "cuda" ? "CUDA device" : (os.cpus()[0]?.model.trim() ?? "processor"),
    version: `TensorFlow ${native.binding.TF_Version}`,
    software: false,
  };
}

function load(name: string): void {
  const require = createRequire(__filename);
  // Node 23 removed two functions that the package calls.
  const removed = util as unknown as Record<string, unknown>;
  removed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  removed.isArray ??= Array.isArray;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2"; // no greeting on the standard error stream
  try {
    quietly(() => void require(name)); // it registers once more what this process has, and each time says so
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" && message.includes(`'${name}'`))
      throw new Error(`the package ${name} is not installed`, { cause });
    if (message.includes("can not be found at path"))
      throw new Error(`the native library of ${name} is not built (npm run setup:tensorflow)`, { cause });
    throw new Error(`${name} does not load: ${message.split("\n")[0]}`, { cause });
  }
}
