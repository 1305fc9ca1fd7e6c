/** The packaged extension, used as a person uses it: keyboard, mouse and what is on the screen. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Locator } from "playwright-core";
import { Workbench } from "./workbench";

const gone = (locator: Locator) => locator.waitFor({ state: "detached" });
const shown = (locator: Locator) => locator.first().waitFor();

describe("The packaged extension in VS Code", () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.start("browser");
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
    await workbench.closeAll();
  });

  it("puts a squiggle under the window and the verdict above the model", async () => {
    await workbench.open("longformer.uap.json");
    await shown(workbench.squiggles);
    await shown(workbench.lens.filter({ hasText: "refuted" }));
    await workbench.screenshot("squiggle-and-verdict");
  });

  it("explains the finding on hover, with the theorem and a link to its page", async () => {
    await workbench.open("longformer.uap.json");
    await workbench.hoverSquiggle();
    await shown(workbench.hover.filter({ hasText: "UAP101" }));
    await shown(workbench.hover.filter({ hasText: "Theory:" }));
    await shown(workbench.hover.filter({ hasText: "Quick Fix..." }));
    await workbench.screenshot("hover");
    await workbench.hover.getByText("UAP101", { exact: true }).first().click();
    await workbench.page.locator(".tab", { hasText: "UAP101" }).first().waitFor();
    await shown(workbench.webview.locator("h1", { hasText: "UAP101" }));
    await workbench.screenshot("finding-page");
  });

  it("mends the model with a quick fix", async () => {
    await workbench.open("longformer.uap.json");
    await shown(workbench.squiggles);
    const fixes = await workbench.quickFixes();
    await workbench.screenshot("quick-fixes");
    await fixes.first().click();
    await gone(workbench.squiggles);
    await shown(workbench.lens.filter({ hasText: "certified" }));
    await workbench.screenshot("mended");
  });

  it("lists the findings of the whole workspace in the Problems panel", async () => {
    await workbench.command("UAP Lens: Check the Workspace");
    await shown(workbench.problems.filter({ hasText: "alternating-group.uap.yaml" }));
    await workbench.screenshot("problems");
    // The list draws only the rows on view.
    await workbench.page.locator('.pane-composite-part.panel input[type="text"]').fill("UAP102");
    await gone(workbench.problems.filter({ hasText: "alternating-group.uap.yaml" }));
    await shown(workbench.problems.filter({ hasText: "dilated-window.uap.json" }));
    await shown(workbench.problems.filter({ hasText: "disjoint-blocks.uap.yaml" }));
    const row = workbench.problems.filter({ hasText: "UAP102" }).first();
    assert.match((await row.getAttribute("aria-label")) ?? "", /UAP Lens/);
    await workbench.command("View: Hide Panel");
  });

  it("offers its commands in the palette", async () => {
    await workbench.open("ring.uap.yaml");
    await shown(workbench.lens);
    const row = (title: string) =>
      workbench.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first();
    await workbench.pick("F1", ">UAP Lens", row("Check This File"));
    for (const title of ["Check the Workspace", "Explain the Verdict", "Open the Report as JSON"])
      await shown(row(title));
    await workbench.screenshot("palette");
    await workbench.page.keyboard.press("Escape");
  });

  it("says the verdict in the language status, and that nothing has started the runtime", async () => {
    await workbench.open("ring.uap.yaml");
    await shown(workbench.lens.filter({ hasText: "certified" }));
    await workbench.page.locator('.statusbar-item[id="status.languageStatus"]').hover();
    const status = workbench.page.locator(".hover-language-status", { hasText: "UAP: certified" });
    await shown(status);
    await shown(workbench.page.locator(".hover-language-status", { hasText: "UAP runtime: not started" }));
    await workbench.screenshot("language-status");
    await workbench.page.keyboard.press("Escape");
  });

  it("shows the whole report beside the model, and mends the model from there", async () => {
    await workbench.open("longformer.uap.json");
    await workbench.lens.filter({ hasText: "refuted" }).first().click();
    const { webview: report } = workbench;
    await shown(report.locator("h2", { hasText: "refuted" }));
    await shown(report.locator("section", { hasText: "Conditions" }));
    await workbench.screenshot("report");
    await report.locator('[data-key="fix-0-0"]').click();
    await shown(report.locator("h2", { hasText: "certified" }));
    await gone(workbench.squiggles);
    await shown(workbench.lens.filter({ hasText: "certified" }));
    await workbench.screenshot("report-mended");
  });

  it("restores the report after a reload of the window", async () => {
    await workbench.open("ring.uap.yaml");
    await workbench.lens.filter({ hasText: "certified" }).first().click();
    await shown(workbench.webview.locator("section", { hasText: "D_16" }));
    await workbench.screenshot("report-symmetry");
    await workbench.reload();
    await shown(workbench.webview.locator("section", { hasText: "D_16" }));
  });

  it("completes the fields of a specification", async () => {
    await workbench.open("full-softmax.uap.json");
    await shown(workbench.lens);
    const lines = readFileSync(path.join(workbench.folder, "full-softmax.uap.json"), "utf8").split("\n");
    const line = lines.findIndex((text) => text.includes('"heads": 4'));
    await workbench.goTo(line + 1, lines[line].indexOf('"heads": 4') + '"heads": 4'.length + 1);
    await workbench.page.keyboard.type(', "');
    await workbench.page.keyboard.press("Control+Space");
    await shown(workbench.page.locator(".suggest-widget.visible .monaco-list-row", { hasText: "pattern" }));
    await workbench.screenshot("completion");
    await workbench.page.keyboard.press("Escape");
  });
});

describe("The packaged extension in a folder that is not trusted", () => {
  let workbench: Workbench;

  before(async () => {
    const own = { tokens: 4, width: 4, layers: [{ attention: {}, feedForward: {} }], target: { function: "./own.ts" } };
    const files = { "own.uap.json": JSON.stringify(own), "own.ts": "export default (X: number[][]) => X;" };
    workbench = await Workbench.start("untrusted", { trust: false, files });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
  });

  it("still says what it finds", async () => {
    await shown(workbench.page.locator(".statusbar-item", { hasText: "Restricted Mode" }));
    await workbench.open("longformer.uap.json");
    await shown(workbench.squiggles);
    await shown(workbench.lens.filter({ hasText: "refuted" }));
    await workbench.screenshot("restricted-mode");
  });

  it("trains on the library's targets, and not on a module of the folder", async () => {
    await workbench.open("own.uap.json");
    await shown(workbench.lens.filter({ hasText: "certified" }));
    await workbench.command("UAP Lens: Train This Architecture");
    const panel = await workbench.panel("Training: own.uap.json");
    await panel.says(/a target of your own is code, which runs in trusted workspaces only/);
    assert.equal(await panel.control("start").getAttribute("disabled"), "");
    await panel.choose("target", "identity");
    await panel.fill("steps", "50");
    await panel.click("start");
    await shown(panel.locator(".run-status.ended"));
  });
});
