/**
 * Installs the rig's VS Code servers under .rig/, from npm packages alone. Each lives in a folder of its own with its
 * own lock file: beside the project's packages, the Node that it ships would shadow the one that runs `npm run`.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** newest: what users have today. oldest: the least that `engines.vscode` promises. */
export type Edition = "newest" | "oldest";

export interface Installed {
  /** The Node that the server and its extension hosts run on. */
  node: string;
  /** The server's entry script. */
  entry: string;
}

const rig = fileURLToPath(new URL(".", import.meta.url));
const root = path.join(rig, "..", "..");

/** The servers' own Node packages exist for Linux; elsewhere a desktop VS Code runs the tests. */
export const rigSupported = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");

/** Installs one edition, or finds it installed. Throws, naming the log, if a step fails. */
export async function install(edition: Edition): Promise<Installed> {
  const folder = path.join(root, ".rig", edition);
  const nodePackage = path.join(folder, "node_modules", `node-linux-${process.arch}`);
  const server = path.join(folder, "node_modules", "code-server");
  const installed = {
    node: path.join(nodePackage, "bin", "node"),
    entry: path.join(server, "out", "node", "entry.js"),
  };

  const lock = readFileSync(path.join(rig, edition, "package-lock.json"));
  const recipe = readFileSync(fileURLToPath(import.meta.url));
  const stamp = createHash("sha256").update(lock).update(recipe).digest("hex");
  const stampFile = path.join(folder, ".installed");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return installed;

  console.log(`Installing the ${edition} VS Code server into .rig/${edition} ...`);
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "package-lock.json"])
    copyFileSync(path.join(rig, edition, name), path.join(folder, name));
  const log = path.join(folder, "install.log");
  const output = openSync(log, "w");
  const npm = (args: string[], cwd: string, env: NodeJS.ProcessEnv = {}) =>
    new Promise<void>((resolve, reject) => {
      const child = spawn("npm", args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", output, output] });
      child.once("error", reject);
      child.once("exit", (code) => {
        if (code === 0) resolve();
        else reject(new Error(`npm ${args.join(" ")} in ${cwd} failed (${code ?? "killed"}); see ${log}`));
      });
    });

  await npm(["ci"], folder);
  const vscode = path.join(server, "lib", "vscode");
  // The server's own shrinkwrap is out of step with its package.json, which `npm ci` refuses.
  await npm(["install", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps"], vscode);
  if (edition === "oldest") {
    // Its own ripgrep would be downloaded by an install script.
    const ripgrep = path.join(folder, "node_modules", "@vscode", `ripgrep-linux-${process.arch}`);
    cpSync(path.join(ripgrep, "bin"), path.join(vscode, "node_modules", "@vscode", "ripgrep", "bin"), {
      recursive: true,
    });
    // No ready binaries of these exist for this version; the headers are in the Node package.
    const build = (module: string, flags = "") =>
      npm(["exec", "-c", `node-gyp rebuild ${flags}`], module, { npm_config_nodedir: nodePackage });
    await build(path.join(vscode, "node_modules", "@vscode", "spdlog"));
    await build(path.join(vscode, "node_modules", "native-watchdog"));
    await build(
      path.join(folder, "node_modules", "argon2"),
      `--module_name=argon2 --module_path="$PWD/lib/binding/napi-v3"`,
    );
  }
  writeFileSync(stampFile, stamp);
  return installed;
}
