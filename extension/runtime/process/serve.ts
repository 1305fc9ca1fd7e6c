/** The service in a process of its own, for the client that has forked it. */
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { start, startFastest } from "../backends/start";
import type { FromRuntime, HandlerTable, ToRuntime } from "./protocol";
import { createService } from "./service";
import { watch } from "./watch";

/** Serves requests until the client goes away. */
export function serve(handlers: HandlerTable, memoryLimit: number): void {
  const post = (message: FromRuntime, sent?: () => void) => void process.send?.(message, undefined, undefined, sent);
  const service = createService(handlers, {
    post: (message) => post(message),
    leave: (message) => post(message, () => process.exit(1)),
    breathe: () => setImmediate(),
    bringUp: async (wanted, refused) =>
      wanted === "auto"
        ? startFastest(refused, (backend) => post({ kind: "trying", backend }))
        : { backend: await start(wanted), refused: [] },
  });
  watch(memoryLimit);
  process.on("disconnect", () => process.exit());
  process.on("message", (message: ToRuntime) => service.receive(message));
  process.on("uncaughtException", (error) => {
    writeSync(2, `${error.stack ?? error.message}\n`);
    service.end("crash", error.message);
  });
}
