import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { Checker, type CheckOutcome } from "../../extension/editor/checker";

/** A real thread that speaks the protocol; the text of a check tells it what to do. */
const thread = `
  const { parentPort, workerData } = require("node:worker_threads");
  const started = new Int32Array(workerData);
  const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  parentPort.on("message", ({ job, question: { fileName, text } }) => {
    Atomics.add(started, 0, 1);
    Atomics.notify(started, 0);
    if (text === "die") process.exit(7);
    if (text === "die once" && Atomics.add(started, 1, 1) === 0) throw new Error("out of memory");
    if (text === "forever") for (;;) sleep(1000);
    if (text.startsWith("sleep ")) sleep(Number(text.slice(6)));
    parentPort.postMessage({ job, answer: { file: fileName, format: "spec", architectures: [], findings: [] } });
  });
`;

class Bench {
  /** Checks started; threads that died on "die once". */
  readonly counters = new Int32Array(new SharedArrayBuffer(8));
  threads = 0;
  readonly log: string[] = [];
  readonly checker: Checker;

  constructor(patience: number) {
    const start = () => {
      this.threads++;
      return new Worker(thread, { eval: true, workerData: this.counters.buffer });
    };
    this.checker = new Checker(start, (line) => this.log.push(line), patience);
  }

  check(key: string, fileName: string, text: string, background?: boolean): Promise<CheckOutcome> {
    return this.checker.ask(key, { kind: "check", fileName, text }, background);
  }

  /** Resolves once the thread has begun its n-th check. */
  async begun(n: number): Promise<void> {
    while (Atomics.load(this.counters, 0) < n) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const fileOf = (outcome: CheckOutcome): string => {
  assert.equal(outcome.kind, "answer");
  return outcome.kind === "answer" ? (outcome.answer?.file ?? "") : "";
};

describe("the checker", () => {
  let bench: Bench;
  const impatient = 20;
  const patient = 60_000;
  beforeEach(() => (bench = new Bench(impatient)));
  afterEach(() => bench.checker.dispose());

  it("starts no thread before the first check and one for all of them", async () => {
    assert.equal(bench.threads, 0);
    const outcomes = await Promise.all(["a", "b", "c"].map((key) => bench.check(key, key, "quick")));
    assert.deepEqual(outcomes.map(fileOf), ["a", "b", "c"]);
    assert.equal(bench.threads, 1);
  });

  it("lets the newest text of a file win over a waiting one", async () => {
    const first = bench.check("other", "other", "sleep 50");
    const old = bench.check("a", "old", "quick");
    const young = bench.check("a", "young", "quick");
    assert.deepEqual(await old, { kind: "superseded" });
    assert.equal(fileOf(await young), "young");
    assert.equal(fileOf(await first), "other");
    assert.equal(Atomics.load(bench.counters, 0), 2);
  });

  it("stops a thread that is busy with an outdated text for too long", async () => {
    const old = bench.check("a", "old", "forever");
    await bench.begun(1);
    const young = bench.check("a", "young", "quick");
    assert.deepEqual(await old, { kind: "superseded" });
    assert.equal(fileOf(await young), "young");
    assert.equal(bench.threads, 2);
    assert.deepEqual(bench.log, []);
  });

  it("lets a thread finish that has not run for long, and discards its answer", async () => {
    bench = new Bench(patient);
    const old = bench.check("a", "old", "sleep 50");
    await bench.begun(1);
    const young = bench.check("a", "young", "quick");
    assert.deepEqual(await old, { kind: "superseded" });
    assert.equal(fileOf(await young), "young");
    assert.equal(bench.threads, 1);
  });

  it("goes on with other files after a cancelled check", async () => {
    const unwanted = bench.check("a", "a", "forever");
    const next = bench.check("b", "b", "quick");
    bench.checker.cancel("a");
    assert.deepEqual(await unwanted, { kind: "superseded" });
    assert.equal(fileOf(await next), "b");
  });

  it("runs background checks last", async () => {
    const order: string[] = [];
    const note = (key: string, background: boolean) =>
      bench.check(key, key, "quick", background).then(() => order.push(key));
    await Promise.all([note("first", false), note("closed", true), note("typed", false)]);
    assert.deepEqual(order, ["first", "typed", "closed"]);
  });

  it("replaces a dead thread and repeats its check once", async () => {
    assert.equal(fileOf(await bench.check("a", "a", "die once")), "a");
    assert.equal(bench.threads, 2);
    assert.equal(bench.log.length, 1);
    assert.match(bench.log[0], /stopped on a \(attempt 1\): out of memory/);
  });

  it("gives up on a text that kills its thread twice, and says so", async () => {
    const [bad, good] = await Promise.all([bench.check("a", "a", "die"), bench.check("b", "b", "quick")]);
    assert.equal(bad.kind, "failed");
    assert.match(bad.kind === "failed" ? bad.message : "", /stopped twice/);
    assert.equal(fileOf(good), "b");
    assert.equal(bench.log.length, 2);
  });

  it("answers everything when it is disposed of", async () => {
    const outcomes = [bench.check("a", "a", "forever"), bench.check("b", "b", "quick")];
    await bench.begun(1);
    bench.checker.dispose();
    assert.deepEqual(await Promise.all(outcomes), [{ kind: "superseded" }, { kind: "superseded" }]);
  });
});
