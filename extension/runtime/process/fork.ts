/** The runtime in a process of its own: a forked child, which speaks through Node's channel between processes. */
import { type ChildProcess, execFile, fork } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { type Connection, type Death, deathByMemory } from "./host";

export interface ForkOptions {
  /** The most memory that the process may use, in bytes; 4 GiB unless told. */
  memoryLimit?: number;
  /** The script that the process runs, and the flags of Node before it. */
  entry?: string;
  execArgv?: readonly string[];
  /** Added to the environment of the process. */
  env?: NodeJS.ProcessEnv;
}

const lastWordsLength = 4000;
const gibibyte = 2 ** 30;

export async function forkRuntime({
  memoryLimit = 4 * gibibyte,
  entry = path.join(__dirname, "runtime.js"),
  execArgv = [],
  env,
}: ForkOptions): Promise<Connection> {
  const child = await forkNode({ memoryLimit, entry, execArgv, env });
  let lastWords = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-lastWordsLength);
  });
  return {
    post: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    onMessage: (listener) => void child.on("message", listener),
    closed: new Promise((resolve) => {
      child.once("close", () => resolve(causeOfDeath(child, lastWords)));
      child.once("error", (error) => {
        lastWords += error.message;
        if (child.pid === undefined) resolve(causeOfDeath(child, lastWords));
      });
    }),
    end: () => void child.kill("SIGKILL"),
  };
}

/** A process of Node that runs a script, whose one argument is the memory bound. */
export async function forkNode({
  memoryLimit,
  entry,
  execArgv,
  env,
  cwd,
}: Required<Omit<ForkOptions, "env">> & { env?: NodeJS.ProcessEnv; cwd?: string }): Promise<ChildProcess> {
  const node = await systemNode();
  return fork(entry, [String(memoryLimit)], {
    execPath: node ?? process.execPath,
    execArgv: [...execArgv, `--max-old-space-size=${Math.round(memoryLimit / 2 ** 20)}`],
    env: { ...process.env, ...env, ...(process.versions.electron && !node ? { ELECTRON_RUN_AS_NODE: "1" } : {}) },
    cwd,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

function causeOfDeath(child: ChildProcess, lastWords: string): Death {
  if (/memory bound reached|heap out of memory/.test(lastWords)) return deathByMemory;
  const how = child.signalCode
    ? `was ended by ${child.signalCode}`
    : `ended with exit code ${child.exitCode ?? "unknown"}`;
  const said = lastWords
    .trim()
    .split("\n")
    .findLast((line) => /error/i.test(line));
  return { kind: "crash", message: `The runtime process ${how}${said ? ` (${said.trim()})` : ""}.` };
}

/**
 * A Node of the system, where this process is Electron: Electron refuses the buffers that Dawn's module for Node shares with it, so WebGPU needs a
 * plain Node. Undefined where there is none that would do, or none is needed.
 */
export async function systemNode(): Promise<string | undefined> {
  if (!process.versions.electron) return undefined;
  try {
    const { stdout } = await promisify(execFile)("node", [
      "-p",
      "process.versions.node.split('.')[0] + process.execPath",
    ]);
    const [, major, file] = /^(\d+)(.*)/.exec(stdout.trim()) ?? [];
    return Number(major) >= 20 ? file : undefined;
  } catch {
    return undefined;
  }
}
