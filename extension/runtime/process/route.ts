/** Which ways there are to a runtime, here and with these settings. */
import type { BackendName } from "../backends/backend";

/** Where WebGPU computes, as `uapLens.webgpu` says. */
export type WebGpuPlace = "auto" | "process" | "panel";

/** `process`: forked, with any backend. `panel`: a webview, with the WebGPU of the browser or Electron that shows the window. */
export type Route = "process" | "panel";

export interface Circumstances {
  /** The extension host is Electron, not Node. */
  electron: boolean;
  /** There is a Node of the system that can be forked from Electron. */
  systemNode: boolean;
  backend: BackendName | "auto";
  webgpu: WebGpuPlace;
}

/**
 * The routes in the order in which they are tried. Electron refuses the buffers that Dawn's module for Node shares with it: without a Node of the
 * system a forked process has no WebGPU there, and a panel has. So the panel is the way to `webgpu` where that is so or where the settings ask for
 * it. `auto` then tries it as well, after the process, unless the process has found a graphics card.
 */
export function routesTo({ electron, systemNode, backend, webgpu }: Circumstances): readonly Route[] {
  const inPanel = webgpu === "panel" || (webgpu === "auto" && electron && !systemNode);
  if (!inPanel) return ["process"];
  if (backend === "webgpu") return ["panel"];
  return backend === "auto" ? ["process", "panel"] : ["process"];
}
