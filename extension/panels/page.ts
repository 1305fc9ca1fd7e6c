/** Webview pages: their HTML shell, in which nothing but the page's own script and style sheet may load, and the page of a panel as its host talks to it. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** The folder of bundled pages, the only one a webview may read. */
export function pagesFolder(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, "dist", "webview");
}

/** The bundled pages by the names of their files. */
export type PageName =
  "report" | "runtime" | "training" | "distinguishability" | "symmetry" | "repair" | "design" | "sweep" | "live";

/** The icon of a panel's tab. */
export function panelIcon(extensionUri: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  const icon = (theme: string) => vscode.Uri.joinPath(extensionUri, "media", `report-${theme}.svg`);
  return { light: icon("light"), dark: icon("dark") };
}

export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, page: PageName, title: string): string {
  const folder = pagesFolder(extensionUri);
  const script = webview.asWebviewUri(vscode.Uri.joinPath(folder, `${page}.js`)).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(folder, `${page}.css`)).toString();
  const nonce = randomBytes(16).toString("base64url");
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${webview.cspSource} 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <!-- The UI toolkit takes the nonce for its own style element from here. -->
    <meta property="csp-nonce" content="${nonce}" />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <link rel="stylesheet" href="${style}" />
    <title>${escaped(title)}</title>
  </head>
  <body>
    <main id="page"></main>
    <script nonce="${nonce}" src="${script}"></script>
  </body>
</html>`;
}

/** What a panel's page asks of its host. */
export interface PageHost<FromPage extends { kind: string }> {
  /** The page listens, for the first time or anew: all that it shows is to be sent. */
  listening(): void;
  receive(message: Exclude<FromPage, { kind: "ready" }>): void | Promise<void>;
  /** Sends what has changed; only asked while the page listens. */
  post(): void;
}

/** The page of a panel. It is destroyed while the panel is hidden, and says that it is ready when it listens again; what is sent in between is lost. */
export class PanelPage<ToPage, FromPage extends { kind: string }> implements vscode.Disposable {
  private ready = false;
  private posting: NodeJS.Timeout | undefined;
  private readonly subscriptions: vscode.Disposable[];

  /** @param patience milliseconds after which changes are posted; several within that time at once. */
  constructor(
    private readonly panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    name: PageName,
    private readonly host: PageHost<FromPage>,
    private readonly patience = 10,
  ) {
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [pagesFolder(extensionUri)] };
    panel.iconPath = panelIcon(extensionUri);
    this.subscriptions = [
      webview.onDidReceiveMessage((message: FromPage) => this.receive(message)),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.ready = false;
      }),
    ];
    webview.html = pageHtml(webview, extensionUri, name, panel.title);
  }

  send(message: ToPage): void {
    if (this.ready) void this.panel.webview.postMessage(message);
  }

  /** Has what has changed posted soon. */
  update(): void {
    this.posting ??= setTimeout(() => {
      this.posting = undefined;
      if (this.ready) this.host.post();
    }, this.patience);
  }

  dispose(): void {
    clearTimeout(this.posting);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private receive(message: FromPage): void | Promise<void> {
    if (message.kind !== "ready") return this.host.receive(message as Exclude<FromPage, { kind: "ready" }>);
    this.ready = true;
    this.host.listening();
  }
}

/** Text as HTML; files may be called anything. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
