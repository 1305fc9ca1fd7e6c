/** "The symmetry of this target function" as a request for designs, for the command line. */
import { readFile } from "node:fs/promises";
import { RuntimeClient } from "./runtime/process/client";
import { isTargetFile, type TargetSource } from "./runtime/training/targets";
import type { SymmetryRequest } from "./theory/design/groups";

/**
 * The symmetry of a target on so many tokens, and how it is known, in a sentence; a string says why there is none.
 * @param target the name of a target of the library, or the path of a module of the user's own, whose code then runs in the runtime process: only where the user
 * named it.
 */
export async function targetRequest(
  target: string,
  tokens: number,
  width: number,
): Promise<{ request: SymmetryRequest; how: string } | string> {
  let wanted: string | TargetSource = target;
  if (isTargetFile(target)) {
    try {
      wanted = { file: target, text: await readFile(target, "utf8") };
    } catch {
      return `${target}: the target's module cannot be read`;
    }
  }
  const client = new RuntimeClient({ backend: "cpu" });
  try {
    const { group, how } = await client.request("targetSymmetry", {
      target: wanted,
      shape: { tokens, width },
      trusted: true,
    });
    if (group === null) return `${target}: ${how}`;
    const cycles = group.generators.map((list) => list.map((cycle) => `(${cycle.join(" ")})`).join("")).join(", ");
    return { request: { kind: "generators", cycles: cycles === "" ? "()" : cycles, tokens }, how };
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.dispose();
  }
}
