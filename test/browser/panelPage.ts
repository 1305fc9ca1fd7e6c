/** A page inside a webview panel, and what a person does in it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Frame, Locator, Page } from "playwright-core";

const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

interface AxeResults {
  violations: { id: string; impact: string | null; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** Does it up to three times, with more patience (in milliseconds) each time, until it works. */
export async function persistently(attempt: (patience: number) => Promise<void>): Promise<void> {
  for (const patience of [3000, 10_000, 30_000]) {
    try {
      return await attempt(patience);
    } catch (error) {
      if (patience === 30_000) throw error;
    }
  }
}

export class PanelPage {
  constructor(
    private readonly page: Page,
    readonly frame: Frame,
  ) {}

  locator(selector: string, options?: Parameters<Frame["locator"]>[1]): Locator {
    return this.frame.locator(selector, options);
  }

  /** A control by its key. */
  control(key: string): Locator {
    return this.frame.locator(`[data-key="${key}"]`);
  }

  click(key: string): Promise<void> {
    return this.control(key).click();
  }

  /** Chooses an option of a dropdown by how its label begins, with the mouse. */
  async choose(key: string, label: string): Promise<void> {
    const control = this.control(key);
    // A click that comes while its section is drawn anew is lost.
    await persistently(async (timeout) => {
      await control.click();
      await this.frame.locator(`[data-key="${key}"][open]`).waitFor({ timeout });
    });
    await control.locator("vscode-option", { hasText: label }).first().click();
    await this.frame.locator(`[data-key="${key}"]:not([open])`).waitFor();
  }

  /** Types into a field and leaves it. */
  async fill(key: string, text: string): Promise<void> {
    const input = this.control(key).locator("input");
    await input.fill(text);
    await input.press("Enter");
    await input.blur();
  }

  /** Types into a field of several lines and leaves it. */
  async fillLines(key: string, text: string): Promise<void> {
    const area = this.control(key).locator("textarea");
    await area.fill(text);
    await area.press("Control+Enter");
  }

  text(): Promise<string> {
    return this.frame.locator("#page").innerText();
  }

  /** Waits until the page says it. */
  async says(pattern: RegExp, timeout?: number): Promise<void> {
    await this.frame.locator("#page", { hasText: pattern }).waitFor({ timeout });
  }

  /** Nothing that an accessibility checker calls serious or critical. */
  async assertAccessible(what: string): Promise<void> {
    await this.frame.evaluate(axeSource);
    const { violations } = await this.frame.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })");
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const told = serious.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)}\n    ${failureSummary ?? ""}`).join("\n  ")}`); // prettier-ignore
    assert.equal(serious.length, 0, `${what}\n${told.join("\n")}`);
  }

  /** Presses keys in the page. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** The key of the control that has the focus. */
  focused(): Promise<string | null> {
    return this.frame.evaluate("document.activeElement?.getAttribute('data-key') ?? document.activeElement?.tagName.toLowerCase() ?? null"); // prettier-ignore
  }

  /** Scrolls a part of the page into view, to the top. */
  async scrollTo(selector: string): Promise<void> {
    await this.frame.locator(selector).first().evaluate("element => element.scrollIntoView({ block: 'start' })");
  }
}
