/**
 * `npm start`: installs and builds what it needs, prints the verdicts of the examples, then opens an editor on them: a
 * desktop VS Code if there is one, else a VS Code server on a loopback address, until Ctrl-C. `--check-only` stops after
 * the verdicts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { installPackages, onPath, root, run } from "./setup.mjs";

const examples = path.join(root, "examples");

/** A desktop VS Code's command, where there is a screen for it and this is not a terminal of a remote one. */
function findDesktop() {
  const { platform, env } = process;
  if (env.VSCODE_IPC_HOOK_CLI || (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY)) return undefined;
  const inMacApp = "Visual Studio Code.app/Contents/Resources/app/bin/code";
  const places = {
    darwin: [path.join("/Applications", inMacApp), path.join(homedir(), "Applications", inMacApp)],
    win32: [path.join(env.LOCALAPPDATA ?? "", "Programs", "Microsoft VS Code", "bin", "code.cmd")],
  };
  return onPath("code") ?? places[platform]?.find(existsSync);
}

async function serve() {
  const { tsImport } = await import("tsx/esm/api");
  const { startServer } = await tsImport("./server.ts", import.meta.url);
  const home = path.join(root, ".rig", "start");
  const extensionsDir = path.join(home, "extensions");
  rmSync(extensionsDir, { recursive: true, force: true });
  mkdirSync(extensionsDir, { recursive: true });
  symlinkSync(root, path.join(extensionsDir, "uap-lens.uap-lens-0.0.0"), "dir");
  const server = await startServer({
    edition: "newest",
    userDataDir: path.join(home, "user"),
    extensionsDir,
    trust: true,
    log: path.join(root, "test-results", "start.log"),
  });
  console.log(`\nVS Code with the examples: ${server.origin}/?folder=${encodeURIComponent(examples)}`);
  console.log("Open this address in a browser on this machine. Ctrl-C ends it.");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => void server.stop());
  await server.ended;
}

await installPackages();
if ((await run("node esbuild.mjs")) !== 0) process.exit(2);
// Exit code 1, findings of error severity, is what half of the examples are there to show.
if ((await run("node dist/cli.js check examples")) > 1) process.exit(2);
if (!process.argv.includes("--check-only")) {
  const desktop = findDesktop();
  if (desktop) {
    console.log(`\nOpening ${desktop} on examples/ ...`);
    const args = ["--new-window", `--extensionDevelopmentPath=${root}`, examples];
    const shell = process.platform === "win32";
    const { status } = spawnSync(desktop, args, { stdio: "inherit", shell });
    process.exitCode = status ?? 1;
  } else
    await serve().catch((error) => {
      console.error(String(error));
      process.exitCode = 1;
    });
}
