/** Starts a VS Code server of the rig and opens its workbench in Chromium. */
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { install, type Edition } from "./install";

export interface ServerOptions {
  edition: Edition;
  userDataDir: string;
  extensionsDir: string;
  /** False leaves Workspace Trust on: a folder then opens in restricted mode, without a question. */
  trust: boolean;
  /** User settings beside the rig's own. */
  settings?: Record<string, unknown>;
  /** Variables that reach the extension host. */
  env?: Record<string, string>;
  /** A file under test-results/ for the server's output. */
  log: string;
}

export interface Server {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /** Resolves when the server has ended, by `stop` or by itself. */
  ended: Promise<void>;
  /** Ends the server and everything that it started. */
  stop(): Promise<void>;
}

const quietSettings = {
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  // A panel that takes the focus while it opens closes no palette.
  "workbench.quickOpen.closeOnFocusLost": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
};

/**
 * Runs a command in a process group that lives as long as our end of its standard input: however this process ends,
 * even killed, the pipe closes and the whole group goes. The group also goes when the command itself ends.
 */
const tied = `(cat >/dev/null; kill -KILL 0) <&3 & "$@" 3<&- </dev/null; kill -KILL 0`;

/** The environment without what would make the server take itself for a child of an editor or of npm. */
function ownEnvironment(home: string, extra: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|npm_|XDG_|NODE_OPTIONS$)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...extra,
  };
}

/** Installs the edition if need be and starts it on a free loopback port. Throws with the log's path if it does not come up. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { node, entry } = await install(options.edition);
  const home = mkdtempSync(path.join(tmpdir(), "uap-lens-home-"));
  const userSettings = path.join(options.userDataDir, "User");
  mkdirSync(userSettings, { recursive: true });
  mkdirSync(options.extensionsDir, { recursive: true });
  mkdirSync(path.dirname(options.log), { recursive: true });
  rmSync(options.log, { force: true });
  writeFileSync(path.join(userSettings, "settings.json"), JSON.stringify({ ...quietSettings, ...options.settings }));

  const args = [
    ["--config", path.join(home, "config.yaml")],
    ["--user-data-dir", options.userDataDir],
    ["--extensions-dir", options.extensionsDir],
    ["--auth", "none"],
    ["--bind-addr", "127.0.0.1:0"],
    "--disable-telemetry",
    "--disable-update-check",
    "--disable-getting-started-override",
    "--disable-proxy",
    "--ignore-last-opened",
    options.trust ? "--disable-workspace-trust" : [],
  ].flat();
  const child = spawn("sh", ["-c", `exec 3<&0; ${tied}`, "sh", node, entry, ...args], {
    detached: true, // a group of its own
    env: ownEnvironment(home, options.env ?? {}),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const log = createWriteStream(options.log, { flags: "a" });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      log.end();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
      resolve();
    });
  });
  const stop = () => {
    child.stdin.end();
    return ended;
  };
  const origin = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => {
      void stop();
      reject(new Error(`the ${options.edition} VS Code server ${why}; see ${options.log}`));
    };
    const timer = setTimeout(() => fail("did not start within three minutes"), 180_000);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      log.write(chunk);
      output += chunk.toString();
      const address = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output);
      if (!address) return;
      clearTimeout(timer);
      resolve(address[1]);
    });
    child.once("error", (error) => fail(error.message));
    void ended.then(() => {
      clearTimeout(timer);
      fail("ended at once");
    });
  });
  return { origin, ended, stop };
}

/** Chromium without a window and without its own network traffic: the one that PLAYWRIGHT_CHROMIUM names. Throws without. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env.PLAYWRIGHT_CHROMIUM;
  if (!executablePath) throw new Error("No Chromium: install one, or set PLAYWRIGHT_CHROMIUM to its path.");
  return chromium.launch({
    executablePath,
    chromiumSandbox: false,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // WebGPU on the processor: it is off in a Chromium on Linux without a graphics card.
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
    ],
  });
}

/** Opens the folder in the server's workbench and waits until the workbench is there. */
export async function openWorkbench(page: Page, server: Server, folder: string): Promise<void> {
  await page.goto(`${server.origin}/?folder=${encodeURIComponent(folder)}`);
  await page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout: 180_000 });
}
