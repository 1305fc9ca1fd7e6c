/** The WebGPU backend on whatever implements WebGPU: Dawn's module for Node, or the browser around a webview. */
import * as tf from "@tensorflow/tfjs-core";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Backend } from "./backend";

/**
 * Makes WebGPU the active backend of TensorFlow.js.
 * @param implementation its name, for people.
 * @throws Error where there is no adapter.
 */
export async function startOnAdapter(gpu: GPU, implementation: string): Promise<Backend> {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null)
    throw new Error(`${implementation} finds no graphics adapter (no driver for Vulkan, Metal or Direct3D 12)`);
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
  const backend = new WebGPUBackend(device, adapter.info);
  // In a browser the package has registered itself already, for a device of its own that nobody could see the loss of.
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend);
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js refused the device");

  const { vendor, architecture, description } = adapter.info;
  const software =
    adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(`${architecture} ${description}`);
  return {
    name: "webgpu",
    device: description || [vendor, architecture].filter(Boolean).join(" ") || "graphics adapter",
    version: `${implementation}, TensorFlow.js ${tf.version_core}`,
    software,
    memory: () => backend.memory().numBytesAllocatedInGPU,
    lost: device.lost.then(({ message, reason }) => message || reason || "no reason given"),
  };
}
