/** WebGPU through Dawn, the implementation in Chromium, which the package `webgpu` makes a Node module. */
import * as tf from "@tensorflow/tfjs-core";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Backend } from "./backend";

let webgpu: Backend | undefined;

export async function startWebGpu(): Promise<Backend> {
  webgpu ??= await bringUp();
  await tf.setBackend("webgpu");
  return webgpu;
}

async function bringUp(): Promise<Backend> {
  let dawn: typeof import("webgpu");
  try {
    dawn = await import("webgpu");
  } catch (cause) {
    throw new Error(`Dawn has no binary for ${process.platform}-${process.arch} here`, { cause });
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("Dawn finds no graphics adapter (no driver for Vulkan, Metal or Direct3D 12)");
  const { limits } = adapter;
  // The backend of TensorFlow.js asks for these at their greatest.
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  // It looks for `navigator.gpu`, which in Node 21 and newer is a getter without `gpu`.
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true, writable: true });
  const backend = new WebGPUBackend(device, adapter.info);
  tf.registerBackend("webgpu", () => backend);
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js refused the device");

  const { vendor, architecture, description } = adapter.info;
  const software =
    adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(`${architecture} ${description}`);
  return {
    name: "webgpu",
    device: description || [vendor, architecture].filter(Boolean).join(" ") || "graphics adapter",
    version: `Dawn, TensorFlow.js ${tf.version_core}`,
    software,
    memory: () => backend.memory().numBytesAllocatedInGPU,
    lost: device.lost.then(({ message, reason }) => message || reason || "no reason given"),
  };
}
