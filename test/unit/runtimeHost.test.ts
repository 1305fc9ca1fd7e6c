/** The client with a runtime that is no process: the real service, in this thread, that ends the moment it is told to. */
import assert from "node:assert/strict";
import { setImmediate, setTimeout } from "node:timers/promises";
import { start } from "../../extension/runtime/backends/start";
import { RuntimeClient } from "../../extension/runtime/process/client";
import type { Death, RuntimeHost } from "../../extension/runtime/process/host";
import type { FromRuntime, Handler } from "../../extension/runtime/process/protocol";
import { createService } from "../../extension/runtime/process/service";

/** Counts to three, a checkpoint at each step. */
const count: Handler<{ from: number }, number, never, number> = async ({ from }, { checkpoint, pause }) => {
  for (let at = from; at < 3; at++) {
    await pause();
    checkpoint(at + 1);
  }
  return 3;
};
/** Does not listen. */
const deaf: Handler<null, number> = async () => await setTimeout(1000, 0, { ref: false });
const handlers = { count, deaf };

describe("a runtime in another place than a process", () => {
  /** Ends the runtime of the moment. */
  let die: (death: Death) => void;
  let started = 0;
  const host: RuntimeHost = () => {
    started++;
    const listeners: ((message: FromRuntime) => void)[] = [];
    let alive = true;
    const post = (message: FromRuntime) => {
      if (alive) for (const listener of listeners) listener(message);
    };
    const closed = new Promise<Death>((resolve) => {
      die = (death) => {
        alive = false;
        resolve(death);
      };
    });
    const service = createService(handlers, {
      post,
      leave: post,
      breathe: () => setImmediate(),
      bringUp: async () => ({ backend: await start("cpu"), refused: [] }),
    });
    return Promise.resolve({
      post: (message) => alive && service.receive(message),
      onMessage: (listener) => void listeners.push(listener),
      closed,
      end: () => die({ kind: "closed", message: "Ended by the client." }),
    });
  };
  const restarts: string[] = [];
  let client: RuntimeClient<typeof handlers>;
  beforeEach(() => {
    started = 0;
    restarts.length = 0;
    client = new RuntimeClient({ host, onRestart: (message) => restarts.push(message) });
  });
  afterEach(() => client.dispose());

  it("starts another for a request that is made in the moment of its end", async () => {
    // Some of these fall between the end and what the client makes of it.
    for (let ticks = 0; ticks < 12; ticks++) {
      await client.describe();
      const before = started;
      const controller = new AbortController();
      const request = client.request("deaf", null, { signal: controller.signal });
      const next = request.catch(async (error: Error) => {
        assert.equal(error.name, "AbortError");
        for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
        return client.request("count", { from: 0 });
      });
      await setImmediate();
      controller.abort();
      assert.equal(await next, 3);
      assert.equal(started, before + 1);
    }
  });

  for (const kind of ["crash", "closed"] as const)
    it(`${kind === "crash" ? "goes on from the checkpoint when it dies" : "does not go on when a person closed it"}`, async () => {
      let once = false;
      const request = client.request(
        "count",
        { from: 0 },
        {
          onCheckpoint: () => {
            if (once) return;
            once = true;
            die({ kind, message: "It is gone." });
          },
          resume: (_, from) => ({ from }),
        },
      );
      if (kind === "crash") {
        assert.equal(await request, 3);
        assert.deepEqual(restarts, ["It is gone. The run goes on from its last checkpoint."]);
        assert.equal(started, 2);
      } else {
        await assert.rejects(request, { message: "It is gone.", kind });
        assert.deepEqual(restarts, []);
        assert.equal(started, 1);
        assert.equal(await client.request("count", { from: 0 }), 3);
        assert.equal(started, 2);
      }
    });
});
