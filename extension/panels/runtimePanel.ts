/** The host of a runtime in a webview, which reaches the graphics card where the extension host's own process cannot. */
import * as vscode from "vscode";
import type { Death, RuntimeHost } from "../runtime/process/host";
import type { FromRuntime } from "../runtime/process/protocol";
import type { FromRuntimePage } from "../../webview/protocol";
import { pageHtml, pagesFolder, panelIcon } from "./page";

const viewType = "uapLens.runtime";
const title = "UAP Lens Runtime";

const closedByPerson: Death = {
  kind: "closed",
  message: "The runtime's panel was closed, which ends what it was computing.",
};

/** Opens a panel for each runtime, beside the editor and without taking the focus. The runtime ends with its panel. */
export function runtimePanelHost(extensionUri: vscode.Uri): RuntimeHost {
  return () => {
    const panel = vscode.window.createWebviewPanel(
      viewType,
      title,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, retainContextWhenHidden: true, localResourceRoots: [pagesFolder(extensionUri)] },
    );
    panel.iconPath = panelIcon(extensionUri);
    const { webview } = panel;
    const listeners: ((message: FromRuntime) => void)[] = [];
    let death = closedByPerson;
    let open = true;
    const closed = new Promise<Death>((resolve) => {
      panel.onDidDispose(() => {
        open = false;
        resolve(death);
      });
    });
    const endedBy = (cause: Death) => {
      death = cause;
      panel.dispose();
    };
    const listening = new Promise<void>((resolve) => {
      let heard = false;
      webview.onDidReceiveMessage((message: FromRuntimePage) => {
        if (message.kind === "listening") {
          // A page that is moved to another window, say, is loaded anew and knows nothing.
          if (heard) endedBy({ kind: "crash", message: "The runtime's panel was loaded anew." });
          heard = true;
          resolve();
          return;
        }
        for (const listener of listeners) listener(message);
        if (message.kind === "ending") endedBy({ kind: message.failure, message: `${message.message}.` });
      });
    });
    webview.html = pageHtml(webview, extensionUri, "runtime", title);
    return Promise.resolve({
      post: (message) =>
        void listening.then(() => {
          if (open) void webview.postMessage(message);
        }),
      onMessage: (listener) => void listeners.push(listener),
      closed,
      end: () => void panel.dispose(),
    });
  };
}
