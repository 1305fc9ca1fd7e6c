/** WebAssembly with SIMD and threads: the backend that needs nothing but this package. */
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { type BackendWasm, setWasmPaths, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { type Backend, OutOfMemory } from "./backend";
import { defaultThreads, startKernels, memoryCanBeShared, withSharedMemory } from "./kernels";
import { registerKernels, type WasmModule } from "./wasmKernels";

const binary = "tfjs-backend-wasm-simd.wasm";
/** How the section with the memory begins in that binary: its number and length, and that it has one memory. */
const memorySection = Buffer.from([5, 7, 1]);

/** In the package the binaries lie beside the bundle, in a checkout in the library's own folder. */
function binaries(): string {
  if (existsSync(path.join(__dirname, binary))) return __dirname;
  return path.dirname(require.resolve(`@tensorflow/tfjs-backend-wasm/dist/${binary}`));
}

let wasm: Backend | undefined;

export async function startWasm(): Promise<Backend> {
  wasm ??= await bringUp();
  await tf.setBackend("wasm");
  return wasm;
}

async function bringUp(): Promise<Backend> {
  const wanted = Number(process.env.UAP_LENS_THREADS ?? defaultThreads());
  findBinary(wanted > 1 && memoryCanBeShared());
  // The compiled module makes the process rethrow what nobody caught; whether it should is not the module's to say.
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event as "uncaughtException"));
  const up = await tf.setBackend("wasm");
  events.forEach((event, index) => {
    for (const listener of process.listeners(event as "uncaughtException"))
      if (!before[index].includes(listener)) process.removeListener(event, listener);
  });
  if (!up) throw new Error(`${binary} did not start`);

  const backend = tf.backend() as BackendWasm;
  const module = backend.wasm as unknown as WasmModule;
  refuseToOverflow(module);
  const { kernels, threads } = await startKernels(module.asm.memory, wanted, (bytes) => module._malloc(bytes));
  registerKernels(backend, kernels);
  return {
    name: "wasm",
    device: `${os.cpus()[0]?.model.trim() ?? "processor"}, ${threads} thread${threads > 1 ? "s" : ""}`,
    version: `TensorFlow.js ${version_wasm}`,
    software: false,
    memory: () => module.HEAPU8.length,
  };
}

/**
 * Tells TensorFlow.js where its binary is; with a shared memory, where its copy is. The library has a binary with threads too, but it needs workers of
 * its own, and its kernels gain little by them.
 */
function findBinary(shared: boolean): void {
  const folder = binaries();
  const module = shared ? withSharedMemory(readFileSync(path.join(folder, binary)), memorySection) : undefined;
  if (module === undefined) return setWasmPaths(folder + path.sep);
  const url = `data:application/wasm;base64,${module.toString("base64")}`;
  const unused = ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-threaded-simd.wasm"]; // the library insists on them
  setWasmPaths(Object.fromEntries([binary, ...unused].map((name) => [name, url])), true);
}

/** Without this an allocation that fails would be address 0, and every tensor after it would overwrite the module's own data. */
function refuseToOverflow(module: WasmModule): void {
  module._free(module._malloc(1)); // the module replaces its own export at the first call
  const allocate = module._malloc;
  module._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0)
      throw new OutOfMemory(`WebAssembly is out of memory: ${bytes} bytes on top of ${module.HEAPU8.length}.`);
    return address;
  };
}
