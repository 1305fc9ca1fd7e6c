/**
 * `npm run setup:tensorflow`: native TensorFlow for the optional package @tensorflow/tfjs-node, whose own install script downloads a library
 * from a place that a machine with package registries alone does not reach. PyPI's wheel of TensorFlow holds the same C library with its headers:
 * pip fetches it, and node-gyp builds the package's binding against it. All of it is kept under .rig/tensorflow and linked into the package, so
 * after an `npm ci` a second run takes no time. Needs python3 with pip, a C++ compiler and make.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The smallest wheel whose C library stands without Python; the binding uses nothing of the interface that has changed since 2.9. */
const version = "2.14.1";
const wheel = ["--python-version", "3.11", "--platform", "manylinux_2_17_x86_64", "--implementation", "cp"];

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = path.join(root, ".rig", "tensorflow");
const tfjs = path.join(root, "node_modules", "@tensorflow", "tfjs-node");

function fail(message) {
  console.error(`Native TensorFlow is not set up: ${message}`);
  process.exit(1);
}

/** Runs a program; its standard output. Ends with what it said if it fails. */
function run(what, program, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", ...options });
  if (error) fail(`${what}: ${program} does not start (${error.message}).`);
  if (status !== 0) fail(`${what} failed:\n${(stdout + stderr).trim().split("\n").slice(-20).join("\n")}`);
  return stdout;
}

if (process.platform !== "linux" || process.arch !== "x64")
  fail(`this script knows Linux on x64. Elsewhere \`npm rebuild @tensorflow/tfjs-node\` downloads the library itself.`);
if (!existsSync(tfjs)) fail("the optional package @tensorflow/tfjs-node is not installed (npm ci).");

const { binary, version: packageVersion } = JSON.parse(readFileSync(path.join(tfjs, "package.json"), "utf8"));
const napi = Math.max(...binary.napi_versions.filter((supported) => supported <= Number(process.versions.napi)));
const stamp = createHash("sha256")
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(`${packageVersion} ${napi}`)
  .digest("hex");
const stampFile = path.join(cache, ".installed");

if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });

  console.log(`Fetching TensorFlow ${version} with pip ...`);
  const download = path.join(cache, "download");
  try {
    const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps", "--only-binary=:all:"];
    run("pip", "python3", [...pip, ...wheel, "--dest", download, `tensorflow-cpu==${version}`]);
    const [file] = readdirSync(download);
    const extract = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(("tensorflow/libtensorflow", "tensorflow/include/"))])
`;
    run("Unpacking", "python3", ["-c", extract, path.join(download, file), download]);
    const unpacked = path.join(download, "tensorflow");
    const lib = path.join(cache, "deps", "lib");
    mkdirSync(lib, { recursive: true });
    renameSync(path.join(unpacked, "include"), path.join(cache, "deps", "include"));
    for (const [name, linked] of [
      ["libtensorflow_cc.so.2", "libtensorflow.so"],
      ["libtensorflow_framework.so.2", "libtensorflow_framework.so"],
    ]) {
      renameSync(path.join(unpacked, name), path.join(lib, name));
      symlinkSync(name, path.join(lib, linked));
    }
  } finally {
    rmSync(download, { recursive: true, force: true });
  }

  console.log("Building the binding with node-gyp ...");
  cpSync(path.join(tfjs, "binding"), path.join(cache, "binding"), { recursive: true });
  cpSync(path.join(tfjs, "binding.gyp"), path.join(cache, "binding.gyp"));
  // Node's own headers, where they are installed beside it; node-gyp would download them.
  const beside = path.join(path.dirname(process.execPath), "..");
  const nodedir = existsSync(path.join(beside, "include", "node", "node_api.h")) ? [`--nodedir=${beside}`] : [];
  const target = `--module_name=${binary.module_name} --module_path=${path.join(cache, "lib", `napi-v${napi}`)}`;
  const build = ["node-gyp rebuild", target, `--napi_version=${process.versions.napi}`, `--napi_build_version=${napi}`];
  run("node-gyp", "npm", ["exec", "-c", [...build, ...nodedir].join(" ")], { cwd: cache });
  for (const name of ["build", "binding", "binding.gyp", "deps/include"])
    rmSync(path.join(cache, name), { recursive: true, force: true });
  writeFileSync(stampFile, stamp);
}

for (const name of ["deps", "lib"]) {
  const link = path.join(tfjs, name);
  // A folder of that name is another installation's, which works on its own.
  if (existsSync(link) && !lstatSync(link).isSymbolicLink()) continue;
  rmSync(link, { force: true });
  symlinkSync(path.join(cache, name), link);
}

const check = `
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node");
const gradient = tf.grad((x) => tf.sum(tf.square(tf.matMul(x, x))))(tf.tensor2d([1, 2, 3, 4], [2, 2]));
console.log(tf.backend().binding.TF_Version, Array.from(gradient.dataSync()).join());
`;
const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" };
const [runs, gradient] = run("The first gradient", process.execPath, ["-e", check], { cwd: root, env })
  .trim()
  .split(" ");
// With y = x x: the gradient of |y|^2 is 2 (y x' + x' y).
if (gradient !== "158,274,266,482") fail(`it computes a gradient wrongly: ${gradient}.`);
console.log(`Native TensorFlow ${runs} is set up.`);
