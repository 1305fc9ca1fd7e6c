/** The HTML shell of a webview page: nothing but its own script and style sheet may load. */
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

/** Text as HTML; files may be called anything. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
