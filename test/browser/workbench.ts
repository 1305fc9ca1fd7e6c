/** A workbench in Chromium with the packaged extension installed, and what a person does in it. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, FrameLocator, Locator, Page } from "playwright-core";
import { install } from "../rig/install";
import { PanelPage, persistently } from "./panelPage";
import { launchChromium, openWorkbench, startServer, type Server } from "../rig/server";

const root = path.join(__dirname, "..", "..");
const results = path.join(root, "test-results");

/** Milliseconds that anything may take to be on the screen. Tests wait for states: on a busy machine they take longer, and fail no more often. */
const patience = 60_000;

/** The four kinds of themes, and the class that each gives the workbench. */
export const themes = {
  light: { name: "Default Light Modern", workbench: "vs" },
  dark: { name: "Default Dark Modern", workbench: "vs-dark" },
  "high-contrast-dark": { name: "Default High Contrast", workbench: "hc-black" },
  "high-contrast-light": { name: "Default High Contrast Light", workbench: "hc-light" },
} as const;
export type Theme = keyof typeof themes;

/** The package that `npm run package` has just made. */
function packaged(): string {
  const { name, version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Record<string, string>;
  const file = path.join(root, `${name}-${version}.vsix`);
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run package\` first`);
  return file;
}

export interface WorkbenchOptions {
  /** False opens the folder in restricted mode. */
  trust?: boolean;
  /** Of the workspace. */
  settings?: Record<string, unknown>;
  /** Of the workspace beside the examples: their texts by name. */
  files?: Record<string, string>;
}

export class Workbench {
  private constructor(
    readonly page: Page,
    private readonly browser: Browser,
    private readonly server: Server,
    private readonly scratch: string,
    /** A copy of examples/, opened as the workspace. */
    readonly folder: string,
  ) {}

  /** @param name names the server's log */
  static async start(
    name: string,
    { trust = true, settings = {}, files = {} }: WorkbenchOptions = {},
  ): Promise<Workbench> {
    const { node, entry } = await install("newest");
    const scratch = mkdtempSync(path.join(tmpdir(), "uap-lens-"));
    const folder = path.join(scratch, "examples");
    cpSync(path.join(root, "examples"), folder, { recursive: true });
    mkdirSync(path.join(folder, ".vscode"));
    writeFileSync(path.join(folder, ".vscode", "settings.json"), JSON.stringify(settings));
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    const userDataDir = path.join(scratch, "user");
    const extensionsDir = path.join(scratch, "extensions");
    const folders = ["--user-data-dir", userDataDir, "--extensions-dir", extensionsDir];
    execFileSync(node, [entry, ...folders, "--install-extension", packaged()], {
      env: { ...process.env, HOME: scratch },
      stdio: "pipe",
    });
    const log = path.join(results, `server-${name}.log`);
    const server = await startServer({ edition: "newest", userDataDir, extensionsDir, trust, log });
    try {
      const browser = await launchChromium();
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      page.setDefaultTimeout(patience);
      await openWorkbench(page, server, folder);
      await page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
      return new Workbench(page, browser, server, scratch, folder);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The folder of the extension as it is installed. */
  get installed(): string {
    const folder = path.join(this.scratch, "extensions");
    return path.join(
      folder,
      readdirSync(folder).find((name) => name.startsWith("uap-lens."))!,
    );
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 5 });
  }

  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent("load");
    await this.command("Developer: Reload Window");
    await loaded;
  }

  /** Keeps what is on the screen under test-results/screenshots/. */
  async screenshot(name: string): Promise<void> {
    const folder = path.join(results, "screenshots");
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });
  }

  /** Runs a command by its title in the palette. */
  async command(title: string): Promise<void> {
    const row = this.page.locator(".quick-input-list .monaco-list-row.focused");
    await this.pick("F1", `>${title}`, row.filter({ has: this.page.getByText(title, { exact: true }) }));
    await this.quickInput.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** Opens a file of the workspace by its name. */
  async open(name: string): Promise<void> {
    const files = this.page.locator(".explorer-folders-view .monaco-list-row");
    await files.filter({ has: this.page.getByText(name, { exact: true }) }).dblclick();
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  }

  /** Puts the cursor at a line and column, counted from 1. */
  async goTo(line: number, column: number): Promise<void> {
    await this.pick("Control+G", `:${line}:${column}`, this.page.locator(".quick-input-list .monaco-list-row").first());
    await this.quickInput.press("Enter");
    await this.page.locator(".statusbar-item", { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  /** Opens the quick pick behind a key, types into it and waits for what that brings. */
  async pick(key: string, text: string, brings: Locator): Promise<void> {
    const input = this.quickInput;
    // While a panel takes or gives away the focus, a key is lost. A quick pick that is open still does not know of commands that came later.
    await persistently(async (timeout) => {
      if (await input.isVisible()) await input.press("Escape", { timeout });
      await this.page.keyboard.press(key);
      await input.fill(text, { timeout });
      await brings.waitFor({ timeout });
    });
  }

  /** Where one types in a quick pick. Keys go there whatever has the focus. */
  private get quickInput(): Locator {
    return this.page.locator('.quick-input-widget input[type="text"]');
  }

  get squiggles(): Locator {
    return this.page.locator(".squiggly-error");
  }

  get lens(): Locator {
    return this.page.locator(".codelens-decoration a");
  }

  get hover(): Locator {
    return this.page.locator(".monaco-hover:not(.hidden)");
  }

  get problems(): Locator {
    return this.page.locator(".markers-panel .monaco-list-row");
  }

  /** What is inside the webview on view. */
  get webview(): FrameLocator {
    return this.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  }

  /** The page of a panel that is on view, by how its title begins: "Training: ring.uap.yaml". */
  async panel(title: string): Promise<PanelPage> {
    const deadline = Date.now() + patience;
    for (;;) {
      for (const frame of this.page.frames()) {
        // A frame may go away while it is asked.
        const found = await frame.title().catch(() => "");
        const drawn =
          found.startsWith(title) &&
          (await frame
            .locator("#page > *")
            .count()
            .catch(() => 0)) > 0;
        if (drawn) return new PanelPage(this.page, frame);
      }
      if (Date.now() > deadline) throw new Error(`no panel ${title} is on view`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Changes the settings of the workspace beside those that it was started with. */
  async configure(settings: Record<string, unknown>): Promise<void> {
    const file = path.join(this.folder, ".vscode", "settings.json");
    const known = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...known, ...settings }));
    await this.page.waitForTimeout(100);
  }

  /** Switches the colour theme and waits until the workbench has it. */
  async theme(theme: Theme): Promise<void> {
    await this.configure({ "workbench.colorTheme": themes[theme].name });
    await this.page.locator(`.monaco-workbench.${themes[theme].workbench}`).waitFor();
  }

  /** Closes every editor, whatever was changed in it. */
  async closeAll(): Promise<void> {
    const tabs = this.page.locator(".tabs-container .tab");
    for (let open = await tabs.count(); open > 0; open = await tabs.count())
      // While a panel takes the focus, a command can be lost.
      await persistently(async (timeout) => {
        if ((await tabs.count()) === open) await this.command("View: Revert and Close Editor");
        await tabs.nth(open - 1).waitFor({ state: "detached", timeout });
      });
  }

  /** The quick fixes of the first problem of the active file, by the keyboard. */
  async quickFixes(): Promise<Locator> {
    const fixes = this.page.locator(".action-widget .monaco-list-row.action");
    const problem = this.page.locator(".zone-widget .marker-widget").first();
    await persistently(async (timeout) => {
      await this.command("Go to Next Problem in Files (Error, Warning, Info)");
      await problem.waitFor({ timeout });
      await this.page.keyboard.press("Escape");
      await problem.waitFor({ state: "detached", timeout });
      await this.page.keyboard.press("Control+.");
      await fixes.first().waitFor({ timeout });
    });
    return fixes;
  }

  /** Rests the mouse on the first squiggle until the hover is there. */
  async hoverSquiggle(): Promise<void> {
    await this.squiggles.first().waitFor();
    const box = await this.squiggles.first().boundingBox();
    if (!box) throw new Error("the squiggle is not on the screen");
    await this.page.mouse.move(box.x + Math.min(10, box.width / 2), box.y + box.height / 2);
    await this.hover.first().waitFor();
  }
}
