/**
 * Takes the arguments with which desktop VS Code runs extension tests and does the same in the rig: the extension under
 * development is loaded by the server's extension host and the tests run inside it. UAP_LENS_EDITION names the server,
 * UAP_LENS_LOG the file for its output. Exits as the tests say.
 */
import { createWriteStream } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Edition } from "./install";
import { testOutput } from "../integration/output";
import { launchChromium, openWorkbench, startServer, type Server } from "./server";

/** Longest that a whole run may take; a run that hangs ends as a failed one. */
const patience = 20 * 60_000;

const { values, positionals } = parseArgs({
  strict: false, // VS Code has hundreds of options; those that only concern the desktop are ignored
  options: {
    extensionDevelopmentPath: { type: "string" },
    extensionTestsPath: { type: "string" },
    "user-data-dir": { type: "string" },
    "extensions-dir": { type: "string" },
  },
});

function required(name: string): string {
  const value = values[name];
  if (typeof value !== "string") throw new Error(`the rig's launcher needs --${name}`);
  return path.resolve(value);
}

/**
 * Script for the workbench's page. The workbench reads its configuration from an attribute of that page; the server
 * offers no other way to add to it.
 */
const configure = (added: object) => `
  new MutationObserver((_, observer) => {
    const element = document.getElementById("vscode-workbench-web-configuration");
    const settings = element?.getAttribute("data-settings");
    if (!settings) return;
    observer.disconnect();
    element.setAttribute("data-settings", JSON.stringify({ ...JSON.parse(settings), ...${JSON.stringify(added)} }));
  }).observe(document, { childList: true, subtree: true });`;

function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the rig's launcher needs the variable ${name}`);
  return value;
}

async function run(server: Server): Promise<number> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const remote = (file: string) => ({ scheme: "vscode-remote", authority: new URL(server.origin).host, path: file });
    const developmentOptions = {
      extensions: [remote(required("extensionDevelopmentPath"))],
      extensionTestsPath: remote(required("extensionTestsPath")),
    };
    // The two functions of the page by which VS Code's tests in a browser print and end.
    const exit = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the tests did not end in time")), patience);
      const finish = (code: number) => {
        clearTimeout(timer);
        resolve(code);
      };
      void page.exposeFunction("codeAutomationExit", finish);
      page.once("crash", () => reject(new Error("the workbench's page crashed")));
      void server.ended.then(() => reject(new Error("the server ended before the tests did")));
    });
    const log = createWriteStream(environment("UAP_LENS_LOG"), { flags: "a" });
    await page.exposeFunction("codeAutomationLog", (type: string, args: unknown[]) => {
      const line = args.map(String).join(" ");
      if (line.startsWith(testOutput)) console.log(line.slice(testOutput.length));
      else log.write(`[workbench] ${type}: ${line}\n`);
    });
    await page.addInitScript({ content: configure({ developmentOptions }) });
    await openWorkbench(page, server, path.resolve(positionals[0] ?? "."));
    return await exit;
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const server = await startServer({
    edition: environment("UAP_LENS_EDITION") as Edition,
    userDataDir: required("user-data-dir"),
    extensionsDir: required("extensions-dir"),
    trust: true,
    log: environment("UAP_LENS_LOG"),
  });
  try {
    process.exitCode = await run(server);
  } finally {
    await server.stop();
  }
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exit(1);
});
