/** Installs a software Vulkan driver under .rig/, from an npm package alone, so that WebGPU runs in Node on a machine without a graphics card. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

const rig = fileURLToPath(new URL(".", import.meta.url));
const folder = path.join(rig, "..", "..", ".rig", "vulkan");

/** The package ships the driver for Linux on x64. */
export const softwareVulkanSupported = process.platform === "linux" && process.arch === "x64";

/**
 * The environment in which a process finds the driver; installs it at the first call. The Vulkan loader comes with it. Throws, with what npm or tar
 * said, if the installation fails.
 */
export function softwareVulkan(): NodeJS.ProcessEnv {
  const lock = readFileSync(path.join(rig, "vulkan", "package-lock.json"));
  const stamp = createHash("sha256").update(lock).digest("hex");
  const stampFile = path.join(folder, ".installed");
  if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
    console.log("Installing a software Vulkan driver into .rig/vulkan ...");
    // Test files run side by side: each that comes first installs into a folder of its own, and one of them stays.
    const making = `${folder}.${process.pid}`;
    mkdirSync(making, { recursive: true });
    for (const name of ["package.json", "package-lock.json"])
      copyFileSync(path.join(rig, "vulkan", name), path.join(making, name));
    run(making, "npm", ["ci", "--ignore-scripts"]);
    const packed = path.join(making, "node_modules", "@sparticuz", "chromium", "bin", "swiftshader.tar.br");
    run(making, "tar", ["-x"], brotliDecompressSync(readFileSync(packed)));
    rmSync(path.join(making, "node_modules"), { recursive: true }); // the rest is a whole browser
    writeFileSync(path.join(making, ".installed"), stamp);
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  }
  return { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: path.join(folder, "vk_swiftshader_icd.json") };
}

function run(cwd: string, program: string, args: string[], input?: Uint8Array): void {
  const { status, error, stderr } = spawnSync(program, args, { cwd, input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${error?.message ?? stderr}`);
}
