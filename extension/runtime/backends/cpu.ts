/** Plain JavaScript: always there, and the slowest. */
import os from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { version_cpu } from "@tensorflow/tfjs-backend-cpu";
import type { Backend } from "./backend";
import { quietly } from "./quietly";

export async function startCpu(): Promise<Backend> {
  if (!(await tf.setBackend("cpu"))) throw new Error("it did not start");
  quietly(() => tf.scalar(0).dispose()); // the first tensor advises to install another backend
  return {
    name: "cpu",
    device: os.cpus()[0]?.model.trim() ?? "processor",
    version: `TensorFlow.js ${version_cpu}`,
    software: false,
  };
}
