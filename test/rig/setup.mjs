/**
 * What has to be on the machine before anything of the project can run. Node's own modules only: on a clean clone this
 * runs before the first `npm install`.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Runs a command line in the repository root; its exit code. What it prints goes to the terminal, or in pieces to `output`. With a
 * positive `niceness` other programs compute first, where the system knows of that.
 */
export function run(command, { env = {}, output, niceness = 0 } = {}) {
  const bin = path.join(root, "node_modules", ".bin");
  const PATH = [bin, process.env.PATH].join(path.delimiter);
  const nice = niceness > 0 && process.platform !== "win32" ? ["nice", "-n", String(niceness), "sh", "-c"] : [];
  const [program, ...args] = [...nice, command];
  const child = spawn(program, args, {
    cwd: root,
    stdio: output ? ["ignore", "pipe", "pipe"] : "inherit",
    shell: nice.length === 0,
    env: { ...process.env, PATH, ...env },
  });
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of streams) stream.on("data", output);
  // A process that it leaves behind may hold its output open, which nobody waits for.
  child.once("exit", () => setTimeout(() => streams.forEach((stream) => stream.destroy()), 10_000).unref());
  return new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** The full path of the first of these commands that PATH has. */
export function onPath(...commands) {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  return commands
    .flatMap((command) => folders.flatMap((folder) => endings.map((ending) => path.join(folder, command + ending))))
    .find(existsSync);
}

/** Installs node_modules where it is missing or older than the lock file. Exits if it cannot. */
export async function installPackages() {
  const lock = createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
  const stamp = path.join(root, "node_modules", ".installed-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.log("Installing the npm packages (npm install) ...");
  if ((await run("npm install")) !== 0) process.exit(2);
  writeFileSync(stamp, lock);
}

/** A Chromium that Playwright can drive: PLAYWRIGHT_CHROMIUM, or the first found on PATH. */
export const findChromium = () =>
  process.env.PLAYWRIGHT_CHROMIUM ?? onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

const hasGmpy2 = (python) => spawnSync(python, ["-c", "import gmpy2"]).status === 0;

/**
 * What the tests need beside npm packages, and the Debian packages that have it. `nauty` computes automorphism groups
 * independently of us, and `gmpy2` (MPFR, for Debian's own Python) the values that enclosures must hold; the compiler builds
 * three native modules of the oldest VS Code.
 */
const programs = [
  { packages: ["chromium"], found: findChromium },
  { packages: ["nauty"], found: () => onPath("dreadnaut", "nauty-dreadnaut") },
  { packages: ["python3-gmpy2"], found: () => ["python3", "/usr/bin/python3"].some(hasGmpy2) },
  { packages: ["g++", "make", "python3"], found: () => onPath("g++") && onPath("make") && onPath("python3") },
];

/** Installs the missing programs where that can be done without asking; elsewhere says what is missing. */
export async function installPrograms() {
  const missing = programs.filter(({ found }) => !found()).flatMap(({ packages }) => packages);
  if (missing.length === 0) return;
  if (!onPath("apt-get") || process.getuid?.() !== 0) {
    console.log(`Not found: ${missing.join(", ")}. Tests that need them will fail or be skipped, and say so.`);
    return;
  }
  console.log(`Installing Debian packages: ${missing.join(" ")} ...`);
  const apt = "apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0";
  const install = `${apt} install --yes --no-install-recommends ${missing.join(" ")}`;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  if ((await run(`${apt} update && ${install}`, { env })) !== 0) process.exit(2);
}
