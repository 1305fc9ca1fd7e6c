/**
 * Runs the tests inside VS Code, oldest supported and newest: in a desktop VS Code where there is a display and one can
 * be had, otherwise in the rig. Arguments: the editions, both by default.
 */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { downloadAndUnzipVSCode, runTests } from "@vscode/test-electron";
import { rigSupported, type Edition } from "./install";

const root = fileURLToPath(new URL("../..", import.meta.url));
const results = path.join(root, "test-results");
const desktopVersions: Record<Edition, string> = { newest: "stable", oldest: "1.90.2" };

/** The program that takes VS Code's arguments: a desktop VS Code, or the rig's launcher. */
async function executable(edition: Edition): Promise<string> {
  const { platform, env } = process;
  if (platform !== "linux" || env.DISPLAY || env.WAYLAND_DISPLAY)
    try {
      return await downloadAndUnzipVSCode({
        version: desktopVersions[edition],
        cachePath: path.join(root, ".rig", "desktop"),
      });
    } catch (error) {
      if (!rigSupported) throw error;
      console.log(`No desktop VS Code (${String(error)}); running in the rig.`);
    }
  return fileURLToPath(new URL("launcher.sh", import.meta.url));
}

async function test(edition: Edition): Promise<boolean> {
  const scratch = mkdtempSync(path.join(tmpdir(), "uap-lens-"));
  const workspace = path.join(scratch, "examples");
  cpSync(path.join(root, "examples"), workspace, { recursive: true });
  console.log(`\nInside VS Code, ${edition}:`);
  try {
    const code = await runTests({
      vscodeExecutablePath: await executable(edition),
      extensionDevelopmentPath: root,
      extensionTestsPath: path.join(root, "dist", "test", "integration", "index.js"),
      launchArgs: [
        workspace,
        "--user-data-dir=" + path.join(scratch, "user"),
        "--extensions-dir=" + path.join(scratch, "extensions"),
        // A desktop has WebGPU on a software adapter then, as the rig's browser has.
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
      ],
      extensionTestsEnv: {
        UAP_LENS_EDITION: edition,
        UAP_LENS_LOG: path.join(results, `server-${edition}.log`),
      },
    });
    return code === 0;
  } catch (error) {
    console.error(String(error));
    return false;
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function main(): Promise<void> {
  const named = process.argv.slice(2) as Edition[];
  for (const edition of named.length > 0 ? named : (["oldest", "newest"] as const))
    if (!(await test(edition))) process.exitCode = 1;
}

void main();
