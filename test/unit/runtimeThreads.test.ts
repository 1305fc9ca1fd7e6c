/** The kernels of the WASM backend on several threads, in a memory of their own: the same to the last bit as on one, and the definition's within rounding. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import path from "node:path";
import workerThreads from "node:worker_threads";
import fc from "fast-check";
import { type Kernels, startKernels, type WasmMemory } from "../../extension/runtime/backends/kernels";

const seed = 20_261_125;
const page = 65536;

interface GrowingMemory extends WasmMemory {
  grow(pages: number): void;
}
const { Memory } = (
  globalThis as unknown as {
    WebAssembly: { Memory: new (limits: { initial: number; maximum: number; shared?: boolean }) => GrowingMemory };
  }
).WebAssembly;

/** Kernels with a memory that grows as it is needed and of which nothing is freed until `clear`. */
class Bench {
  private constructor(
    readonly memory: GrowingMemory,
    private readonly start: number,
    readonly kernels: Kernels,
    readonly threads: number,
    private top = start,
  ) {}

  static async on(wanted: number, shared = true): Promise<Bench> {
    const memory = new Memory({ initial: 64, maximum: 65536, shared });
    let end = 0;
    const allocate = (bytes: number) => {
      end = page + bytes;
      if (end > 64 * page) memory.grow(Math.ceil(end / page) - 64);
      return page;
    };
    const { kernels, threads } = await startKernels(memory, wanted, allocate);
    return new Bench(memory, Math.ceil(end / 64) * 64, kernels, threads);
  }

  clear(): void {
    this.top = this.start;
  }

  /** The address of so many numbers: the given ones, or those that no kernel has written. */
  place(values: Float32Array | number): number {
    const length = typeof values === "number" ? values : values.length;
    const at = this.top;
    this.top += Math.ceil(length / 16) * 64;
    const lacking = this.top - this.memory.buffer.byteLength;
    if (lacking > 0) this.memory.grow(Math.ceil(lacking / page));
    const place = new Float32Array(this.memory.buffer, at, length);
    if (typeof values === "number") place.fill(NaN);
    else place.set(values);
    return at;
  }

  take(at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length).slice();
  }

  /** The pieces that each thread has computed. */
  pieces(): number[] {
    return Array.from({ length: this.threads }, (_, thread) => this.kernels.computedBy(thread));
  }
}

/** Numbers between -1 and 1 that look like any others. */
const numbers = (length: number, phase: number) =>
  Float32Array.from({ length }, (_, index) => Math.sin(12.9898 * index + phase) * Math.cos(0.731 * index));

interface Product {
  m: number;
  k: number;
  n: number;
  slices: number;
  transposeA: boolean;
  transposeB: boolean;
  /** Whether all slices have the same left or right operand. */
  sameA: boolean;
  sameB: boolean;
}

const productOf = (size: fc.Arbitrary<number>, slices: fc.Arbitrary<number>): fc.Arbitrary<Product> =>
  fc.record({
    m: size,
    k: size,
    n: size,
    slices,
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    sameA: fc.boolean(),
    sameB: fc.boolean(),
  });

/** From a number alone to several of each block of rows, columns and terms, tiles full and not. */
const product = fc.oneof(
  productOf(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 40 })),
  productOf(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 3 })),
  productOf(fc.constantFrom(1, 4, 8, 63, 96, 97, 256, 257, 520), fc.constant(1)),
);

const operands = ({ m, k, n, slices, sameA, sameB }: Product) =>
  [numbers(m * k * (sameA ? 1 : slices), 1), numbers(k * n * (sameB ? 1 : slices), 2)] as const;

function multiply(bench: Bench, of: Product): Float32Array {
  const { m, k, n, slices, transposeA, transposeB, sameA, sameB } = of;
  bench.clear();
  const [a, b] = operands(of).map((values) => bench.place(values));
  const c = bench.place(slices * m * n);
  const [nextA, nextB] = [sameA ? 0 : m * k, sameB ? 0 : k * n];
  bench.kernels.multiply(a, b, c, m, k, n, transposeA, transposeB, slices, nextA, nextB);
  return bench.take(c, slices * m * n);
}

/** By definition, in double precision. */
function* defined(of: Product): Generator<number> {
  const { m, k, n, slices, transposeA, transposeB, sameA, sameB } = of;
  const [a, b] = operands(of);
  for (let slice = 0; slice < slices; slice++) {
    const [fromA, fromB] = [sameA ? 0 : slice * m * k, sameB ? 0 : slice * k * n];
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++) {
        let sum = 0;
        for (let term = 0; term < k; term++)
          sum +=
            a[fromA + (transposeA ? term * m + row : row * k + term)] *
            b[fromB + (transposeB ? column * k + term : term * n + column)];
        yield sum;
      }
  }
}

interface Combination {
  operation: 1 | 2 | 3;
  rows: number;
  columns: number;
  shapes: readonly [Shape, Shape];
}
type Shape = "whole" | "row" | "column" | "value";

const combination: fc.Arbitrary<Combination> = fc.record({
  operation: fc.constantFrom(1, 2, 3),
  rows: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 900 })),
  columns: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 900 })),
  shapes: fc.tuple(
    fc.constantFrom<Shape>("whole", "row", "column", "value"),
    fc.constantFrom<Shape>("whole", "row", "column", "value"),
  ),
});

function combine(bench: Bench, { operation, rows, columns, shapes }: Combination) {
  bench.clear();
  const laid = shapes.map((shape, index) => {
    const [next, step] = { whole: [columns, 1], row: [0, 1], column: [1, 0], value: [0, 0] }[shape];
    const values = numbers((rows - 1) * next + (columns - 1) * step + 1, index);
    return { values, next, step, at: bench.place(values) };
  });
  const [a, b] = laid;
  const out = bench.place(rows * columns);
  bench.kernels.combine(operation, a.at, a.next, a.step, b.at, b.next, b.step, out, rows, columns);
  const expected = Float32Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const [x, y] = laid.map(({ values, next, step }) => values[row * next + column * step]);
    return operation === 1 ? x + y : operation === 2 ? x - y : x * y;
  });
  return { result: bench.take(out, rows * columns), expected };
}

/** Compares bits: NaN is what nobody has written. */
function assertSame(result: Float32Array, expected: Float32Array, what: string): void {
  assert.ok(Buffer.from(result.buffer).equals(Buffer.from(expected.buffer)), what);
}

describe("kernels of the WASM backend", () => {
  let one: Bench;
  before(async () => {
    one = await Bench.on(1);
  });

  it("multiply by the definition", () => {
    let worst = 0;
    fc.assert(
      fc.property(product, (of) => {
        fc.pre(of.slices * of.m * of.k * of.n < 3e6);
        const result = multiply(one, of);
        let at = 0;
        for (const expected of defined(of)) {
          const error = Math.abs(result[at++] - expected) / Math.sqrt(of.k);
          worst = Math.max(worst, error);
          assert.ok(error < 1e-5, `${error}`); // a comparison that NaN fails
        }
      }),
      { seed, numRuns: 150 },
    );
    console.log(`      greatest error ${worst.toExponential(1)} for a root of the number of terms`);
  });

  for (const wanted of [2, 3, os.availableParallelism() + 3])
    describe(`on ${wanted} threads`, () => {
      let bench: Bench;
      before(async () => {
        bench = await Bench.on(wanted);
        assert.equal(bench.threads, wanted);
      });

      it("multiply as on one", () =>
        fc.assert(
          fc.property(product, (of) => assertSame(multiply(bench, of), multiply(one, of), JSON.stringify(of))),
          { seed, numRuns: 400 },
        ));

      it("add, subtract and multiply element by element, by the definition", () =>
        fc.assert(
          fc.property(combination, (of) => {
            const { result, expected } = combine(bench, of);
            assertSame(result, expected, JSON.stringify(of));
          }),
          { seed, numRuns: 400 },
        ));

      it("share the work, also after they have slept", async () => {
        const of = {
          m: 256,
          k: 64,
          n: 256,
          slices: 4,
          transposeA: false,
          transposeB: true,
          sameA: false,
          sameB: false,
        };
        const expected = multiply(one, of);
        for (let round = 0; round < 3; round++) {
          const before = bench.pieces();
          const helped = () => bench.pieces().filter((count, thread) => thread > 0 && count > before[thread]).length;
          // Whoever comes first takes a piece: where there are more threads than processors, some come late.
          const all = wanted <= os.availableParallelism() ? wanted - 1 : 1;
          for (let tries = 0; helped() < all && tries < 2000; tries++) multiply(bench, of);
          assert.ok(helped() >= all, `pieces ${bench.pieces().join()} after ${before.join()}`);
          assertSame(multiply(bench, of), expected, "a product");
          await new Promise((resolve) => setTimeout(resolve, 20)); // they sleep long before
        }
        console.log(`      pieces by thread: ${bench.pieces().join(", ")}`);
      });

      it("keep a little product on the main one", () => {
        const before = bench.pieces();
        const of = { m: 16, k: 16, n: 16, slices: 1, transposeA: false, transposeB: false, sameA: false, sameB: false };
        multiply(bench, of);
        assert.deepEqual(
          bench.pieces(),
          before.map((count, thread) => (thread === 0 ? count + 1 : count)),
        );
      });

      it("follow a memory that grows", () => {
        const of = {
          m: 700,
          k: 96,
          n: 300,
          slices: 1,
          transposeA: true,
          transposeB: false,
          sameA: false,
          sameB: false,
        };
        const expected = multiply(one, of);
        bench.clear();
        for (let grown = 0; grown < 5; grown++) {
          bench.place(page * 40); // 10 MiB that are in use
          const [a, b] = operands(of).map((values) => bench.place(values));
          const c = bench.place(of.m * of.n);
          bench.kernels.multiply(a, b, c, of.m, of.k, of.n, true, false, 1, 0, 0);
          assertSame(bench.take(c, of.m * of.n), expected, `at ${c}`);
        }
      });
    });

  it("sum rows", () => {
    one.clear();
    const [rows, columns] = [37, 23];
    const x = numbers(rows * columns, 3);
    const [from, to] = [one.place(x), one.place(columns)];
    one.kernels.sumRows(from, rows, columns, to);
    one.take(to, columns).forEach((sum, column) => {
      let expected = 0;
      for (let row = 0; row < rows; row++) expected += x[row * columns + column];
      assert.ok(Math.abs(sum - expected) < 1e-5);
    });
  });

  it("run on one thread in a memory that is not shared", async () => {
    const bench = await Bench.on(4, false);
    assert.equal(bench.threads, 1);
    const of = { m: 96, k: 64, n: 96, slices: 2, transposeA: false, transposeB: true, sameA: false, sameB: false };
    assertSame(multiply(bench, of), multiply(one, of), "a product");
  });

  it("run on the threads that there are where the system gives no more", async () => {
    const { Worker } = workerThreads;
    let left = 1;
    workerThreads.Worker = class extends Worker {
      constructor(...parameters: ConstructorParameters<typeof Worker>) {
        if (left-- <= 0) throw new Error("no more");
        super(...parameters);
      }
    };
    syncBuiltinESMExports();
    try {
      const bench = await Bench.on(4);
      assert.equal(bench.threads, 2);
      const of = { m: 96, k: 64, n: 96, slices: 2, transposeA: false, transposeB: true, sameA: false, sameB: false };
      assertSame(multiply(bench, of), multiply(one, of), "a product");
    } finally {
      workerThreads.Worker = Worker;
      syncBuiltinESMExports();
    }
  });

  describe("in a script of the library", () => {
    const root = path.join(__dirname, "..", "..");
    const run = (environment: NodeJS.ProcessEnv, before = "") => {
      const script = `
        ${before}
        const tf = require("@tensorflow/tfjs-core");
        require("./extension/runtime/backends/start").start("wasm").then(({ device }) => {
          const x = tf.ones([512, 512]);
          console.log(device + "; " + tf.sum(tf.matMul(x, x)).dataSync()[0] + "; " + process.listenerCount("uncaughtException"));
        });`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ["--import=tsx", "-e", script], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, ...environment },
      });
      assert.equal(status, 0, stderr);
      const [device, sum, listeners] = stdout.trim().split("; ");
      assert.equal(Number(sum), 512 ** 3);
      assert.equal(Number(listeners), 0, "nothing is left that rethrows what nobody caught");
      return device;
    };

    it("say how many there are, and let the process end by itself", () => {
      assert.match(run({ UAP_LENS_THREADS: "1" }), /, 1 thread$/);
      assert.match(run({ UAP_LENS_THREADS: "2" }), /, 2 threads$/);
      assert.match(run({ UAP_LENS_THREADS: "5" }), /, 5 threads$/);
    });

    it("run on one thread where the main one may not wait", () => {
      const forbid = `Atomics.wait = () => { throw new TypeError("Atomics.wait cannot be called in this context"); };`;
      assert.match(run({ UAP_LENS_THREADS: "2" }, forbid), /, 1 thread$/);
    });
  });
});
