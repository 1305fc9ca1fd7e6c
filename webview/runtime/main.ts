/** The runtime in a webview: computes on the WebGPU of the browser around it, and says so. */
import { startOnAdapter } from "../../extension/runtime/backends/adapter";
import { BackendUnavailable } from "../../extension/runtime/backends/backend";
import { tested } from "../../extension/runtime/backends/smoke";
import { handlers } from "../../extension/runtime/process/handlers";
import type { FromRuntime, ToRuntime } from "../../extension/runtime/process/protocol";
import { createService } from "../../extension/runtime/process/service";
import type { FromRuntimePage } from "../protocol";
import "../base.css";
import "./runtime.css";

const host = acquireVsCodeApi();
const send = (message: FromRuntimePage): void => host.postMessage(message);

const page = document.getElementById("page")!;
const paragraph = (className: string, text = "") => {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
};
const heading = document.createElement("h1");
heading.textContent = "UAP Lens Runtime";
const backend = paragraph("backend", "Starting WebGPU on the graphics card of the machine that shows this window.");
const work = paragraph("work", "Waiting for work.");
for (const element of [backend, work]) element.setAttribute("role", "status");
page.append(
  heading,
  backend,
  work,
  paragraph("quiet", "The models of this window are computed in this panel; it may stay in the background."),
  paragraph("quiet", "Closing it ends what is running. The next request opens it again."),
);

/** Requests under way: what each asks, by number. */
const requests = new Map<number, string>();

function show(message: FromRuntime | ToRuntime): void {
  switch (message.kind) {
    case "ready": {
      const { device, version, software } = message.description.backend;
      backend.textContent = `Computes on WebGPU: ${device}${software ? ", a software driver on the processor" : ""} (${version}).`;
      return;
    }
    case "unavailable":
      backend.textContent = `WebGPU cannot be had here: ${message.reason}.`;
      return;
    case "ending":
      backend.textContent = `The runtime has ended: ${message.message}.`;
      return;
    case "request":
      requests.set(message.id, message.name);
      break;
    case "result":
    case "failed":
      requests.delete(message.id);
      break;
    default:
      return;
  }
  work.textContent = requests.size === 0 ? "Waiting for work." : `Working: ${[...requests.values()].join(", ")}.`;
}

/** A message to ourselves lets messages in; a timer would be slowed down in a window that is hidden. */
const { port1, port2 } = new MessageChannel();
const breathing: (() => void)[] = [];
port1.onmessage = () => breathing.shift()?.();
const breathe = () =>
  new Promise<void>((resolve) => {
    breathing.push(resolve);
    port2.postMessage(null);
  });

const post = (message: FromRuntime): void => {
  show(message);
  send(message);
};
const service = createService(handlers, {
  post,
  leave: post, // the host closes the panel then
  breathe,
  bringUp: async (wanted) => {
    if (wanted !== "webgpu")
      throw new BackendUnavailable(wanted === "auto" ? "webgpu" : wanted, "a panel has WebGPU only");
    const started = tested("webgpu", () => {
      // Absent where the browser has WebGPU switched off, whatever its type says.
      const gpu = navigator.gpu as GPU | undefined;
      if (gpu === undefined) throw new Error("the browser that shows this window has no WebGPU");
      return startOnAdapter(gpu, "the browser's WebGPU");
    });
    return { backend: await started, refused: [] };
  },
});

window.addEventListener("message", ({ data }: MessageEvent<ToRuntime>) => {
  show(data);
  service.receive(data);
});
window.addEventListener("error", ({ message }) => service.end("crash", message));
window.addEventListener("unhandledrejection", ({ reason }) => service.end("crash", String(reason)));
send({ kind: "listening" });
