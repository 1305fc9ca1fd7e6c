/** Brings the kernels of kernels.assembly.ts up in the memory of a WebAssembly module, on several threads where there can be. */
import os from "node:os";
import { Worker } from "node:worker_threads";
import { kernelsBinary } from "./kernelsBinary";

export interface WasmMemory {
  buffer: ArrayBufferLike;
}

/** The part of WebAssembly's own interface that is used; Node's declarations lack it. */
interface Interface {
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
}
const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: Interface }).WebAssembly;

/** What the main thread calls of kernels.assembly.ts. */
export interface Kernels {
  bytesFor(this: void, threads: number): number;
  lead(this: void, address: number, threads: number): void;
  computedBy(this: void, thread: number): number;
  multiply(
    this: void,
    a: number,
    b: number,
    c: number,
    m: number,
    k: number,
    n: number,
    transposeA: boolean,
    transposeB: boolean,
    slices: number,
    nextA: number,
    nextB: number,
  ): void;
  combine(
    this: void,
    operation: number,
    a: number,
    nextA: number,
    stepA: number,
    b: number,
    nextB: number,
    stepB: number,
    out: number,
    rows: number,
    columns: number,
  ): void;
  sumRows(this: void, x: number, rows: number, columns: number, out: number): void;
}

/** The most that a module may have, 4 GiB in pages of 64 KiB. */
const maximum = 65536;

/** Whether a memory can be shared here, and the main thread may wait for the others. */
export function memoryCanBeShared(): boolean {
  try {
    const { buffer } = new Memory({ initial: 1, maximum, shared: true });
    return Atomics.wait(new Int32Array(buffer), 0, 0, 0) === "timed-out";
  } catch {
    return false;
  }
}

/**
 * The module with a shared memory in place of its own, which differ in one bit: the byte after `before` says that the memory has a maximum, and whether
 * it is shared. Undefined if it says anything else. The instructions are those for any memory.
 */
export function withSharedMemory(module: Buffer, before: Buffer): Buffer | undefined {
  const [unshared, shared] = [1, 3];
  const copy = Buffer.from(module);
  const at = copy.indexOf(before) + before.length;
  if (at < before.length || copy[at] !== unshared) return undefined;
  copy[at] = shared;
  return copy;
}

/**
 * As many threads as the runtime takes by default. Both of two processors: measured at n = 64, d = 64, a training step then takes three fifths of the
 * time on one thread, and a seventh more than that on one where another program keeps a processor busy. Of more than two, half, for mostly they are
 * two to a core, where a thread that waits slows its neighbour down, and the editor is to have some. What is left to one thread, a tenth of a step,
 * bounds the gain: more than 8 are not worth their memory.
 */
export function defaultThreads(): number {
  const processors = os.availableParallelism();
  return processors <= 2 ? processors : Math.min(Math.ceil(processors / 2), 8);
}

/** What a thread runs. Once it is ready it is never heard of again: it serves until the process ends. */
const source = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { module, memory, address, thread } = workerData;
  const words = new Int32Array(memory.buffer);
  const waiting = {
    sleep: (address, value) => void Atomics.wait(words, address >>> 2, value),
    wake: (address, count) => void Atomics.notify(words, address >>> 2, count),
  };
  const { serve } = new WebAssembly.Instance(module, { env: { memory }, "kernels.assembly": waiting }).exports;
  parentPort.postMessage("ready");
  serve(address, thread);`;

/**
 * The kernels in a memory, and how many threads they run on: `wanted`, or fewer if the system gives no more, and one if the memory is not shared.
 * @param allocate gives the address of so many bytes, at the start of the memory.
 */
export async function startKernels(
  memory: WasmMemory,
  wanted: number,
  allocate: (bytes: number) => number,
): Promise<{ kernels: Kernels; threads: number }> {
  const shared = memory.buffer instanceof SharedArrayBuffer;
  const binary = Buffer.from(kernelsBinary, "base64");
  const module = new Module((shared && withSharedMemory(binary, Buffer.from("\x06memory\x02"))) || binary);
  const waiting = {
    sleep: (address: number, value: number) => void Atomics.wait(words, address >>> 2, value),
    wake: (address: number, count: number) => void Atomics.notify(words, address >>> 2, count),
  };
  const kernels = new Instance(module, { env: { memory }, "kernels.assembly": waiting }).exports as Kernels;
  const most = shared ? wanted : 1;
  const size = kernels.bytesFor(most);
  const address = allocate(size);
  const words = new Int32Array(memory.buffer);
  words.fill(0, address >>> 2, (address + size) >>> 2);
  const others = Array.from({ length: most - 1 }, (_, index) =>
    startThread({ module, memory, address, thread: index + 1 }),
  );
  const threads = 1 + (await Promise.all(others)).filter((up) => up).length;
  kernels.lead(address, threads);
  return { kernels, threads };
}

/** Whether the thread is up. It does not keep the process from ending. */
function startThread(workerData: object): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      // Flags of this process, such as a loader of modules, are of no use there.
      const worker = new Worker(source, { eval: true, workerData, execArgv: [] });
      worker.once("error", () => resolve(false));
      worker.once("message", () => {
        worker.unref();
        worker.removeAllListeners("error");
        resolve(true);
      });
    } catch {
      resolve(false);
    }
  });
}
