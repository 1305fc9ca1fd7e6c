/** The designer and the repair panel in the packaged extension: from a symmetry to a certified model file, and from a squiggle to none. */
import assert from "node:assert/strict";
import type { PanelPage } from "./panelPage";
import { type Theme, themes, Workbench } from "./workbench";

const designerTitle = "UAP Lens Designer";

describe("The designer and the repairs of the packaged extension", function () {
  this.timeout(120_000);
  let workbench: Workbench;

  before(async function () {
    this.timeout(300_000);
    workbench = await Workbench.start("designer");
    await workbench.theme("dark");
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
    await workbench.closeAll();
  });

  const designer = async (): Promise<PanelPage> => {
    await workbench.command("UAP Lens: Design an Architecture with This Symmetry");
    return workbench.panel(designerTitle);
  };
  const designs = (panel: PanelPage) => panel.locator(".choice tbody tr");

  it("D_6: a table of designs, and one of them as a model file that is certified", async () => {
    const panel = await designer();
    await panel.locator(".group-name", { hasText: "D_6" }).waitFor({ timeout: 60_000 });
    const rows = await designs(panel).allInnerTexts();
    assert.ok(rows.length >= 2 && rows.every((row) => row.includes("✓ certified")), rows.join("\n"));
    await panel.click("design-1");
    await panel.locator('.choice tr[aria-current="true"] [data-key="design-1"]').waitFor();
    await panel.locator(".text", { hasText: "symmetry: D_6" }).waitFor();
    await workbench.screenshot("designer");
    // The pairs of the design by keyboard, said in words.
    await panel.locator(".map canvas").focus();
    await panel.press("ArrowRight");
    await panel.says(/Token 0 (attends to token 1: class \d|does not attend to token 1)/);
    await workbench.screenshot("designer-pairs");
    // What a format has no words for is said; the specification has words for all.
    for (const format of ["TypeScript", "specification, JSON"]) {
      await panel.choose("format", format);
      await panel.locator(".text").waitFor();
    }
    await panel.click("open-model");
    await workbench.page.locator('.tab.active[data-resource-name$=".uap.yaml"]').waitFor();
    await workbench.lens
      .filter({ hasText: /^✓ certified for all D_6-equivariant maps$/ })
      .first()
      .waitFor();
    await workbench.screenshot("designer-model-file");
  });

  it("takes the symmetry of the model on view, and of others by example, by cycles, and as a graph", async () => {
    await workbench.open("ring.uap.yaml");
    await workbench.lens.filter({ hasText: "certified" }).first().waitFor();
    const panel = await designer();
    await panel.says(/with the symmetry of ring\.uap\.yaml/);
    await panel.locator(".group-name", { hasText: "D_16" }).waitFor({ timeout: 60_000 });
    await panel.fill("text", "A_4");
    await panel.locator(".group-name", { hasText: "A_4" }).waitFor({ timeout: 60_000 });
    await panel.says(/the 2-closure is S_4/);
    await panel.says(/with \d+ registers/);
    await workbench.screenshot("designer-registers");
    await panel.choose("by", "generators in cycles");
    await panel.fill("text", "(0 1 2");
    await panel.says(/At character 1: this bracket is not closed/);
    await panel.assertAccessible("The designer with a mistake");
    await panel.click("example-1");
    await panel.locator(".group-name", { hasText: "D_4" }).waitFor({ timeout: 60_000 });
    await panel.choose("by", "a graph");
    await panel.fillLines("text", "0 1\n1 2\n2 x");
    await panel.says(/needed is an edge in line 3, such as "0 1", and not "2 x"/);
    await panel.fillLines("text", "0 1\n1 2\n2 3");
    await panel.locator(".group-name", { hasText: "C_2" }).waitFor({ timeout: 60_000 });
    await panel.fill("width", "0");
    await panel.says(/Width: needed is a whole number from 1/);
    await panel.fill("width", "8");
    await panel.locator(".group-name", { hasText: "C_2" }).waitFor({ timeout: 60_000 });
    await panel.choose("by", "a target function");
    await panel.says(/The symmetry of copy-first on 6 tokens is S_5/, 60_000);
    await panel.choose("by", "a graph");
    await panel.locator(".group-name", { hasText: "C_2" }).waitFor({ timeout: 60_000 });
    await workbench.reload();
    const again = await workbench.panel(designerTitle);
    await again.locator(".group-name", { hasText: "C_2" }).waitFor({ timeout: 60_000 });
    assert.equal(await again.control("text").locator("textarea").inputValue(), "0 1\n1 2\n2 3");
    assert.equal(await again.control("width").locator("input").inputValue(), "8");
  });

  it("repairs a refuted file: the comparison, the difference, and the squiggle is gone", async () => {
    await workbench.open("longformer.uap.json");
    await workbench.squiggles.first().waitFor();
    await workbench.lens.filter({ hasText: /^repair$/ }).click();
    const panel = await workbench.panel("Repair: longformer.uap.json");
    await panel.says(/Repairs, the least attention first \(\d+\)/, 60_000);
    const [written, ...repairs] = await designs(panel).allInnerTexts();
    assert.match(written, /^As written.*✗ refuted/s);
    assert.ok(repairs.length > 0 && repairs.every((row) => row.includes("✓ certified")), repairs.join("\n"));
    await workbench.screenshot("repair");
    await panel.click("show-difference");
    await workbench.page
      .locator(".monaco-diff-editor .char-insert, .monaco-diff-editor .line-insert")
      .first()
      .waitFor();
    await workbench.screenshot("repair-difference");
    await panel.click("apply");
    await panel.says(/There is nothing to repair: it is certified/, 60_000);
    await workbench.page.locator('.tab[data-resource-name="longformer.uap.json"]').first().click();
    await workbench.squiggles.first().waitFor({ state: "detached" });
    await workbench.lens.filter({ hasText: "certified" }).first().waitFor();
  });

  it("every theme: both panels by axe, and by eye", async () => {
    await workbench.open("broken-ring.uap.yaml");
    await workbench.lens.filter({ hasText: /^repair$/ }).waitFor();
    await workbench.command("UAP Lens: Repair This Architecture");
    const repair = await workbench.panel("Repair: broken-ring.uap.yaml");
    await repair.says(/Repairs, the least attention first/, 60_000);
    await repair.click("repair-1");
    for (const theme of Object.keys(themes) as Theme[]) {
      await workbench.theme(theme);
      await repair.assertAccessible(`Repair, ${theme}`);
      await workbench.screenshot(`repair-${theme}`);
    }
    const panel = await designer();
    await panel.locator(".group-name").waitFor({ timeout: 60_000 });
    await panel.fill("text", "S_3 x S_2");
    await panel.locator(".group-name", { hasText: "S_3 x S_2" }).waitFor({ timeout: 60_000 });
    await panel.locator(".map canvas").waitFor();
    for (const summary of await panel.locator("summary").all()) await summary.click();
    for (const theme of Object.keys(themes) as Theme[]) {
      await workbench.theme(theme);
      await panel.assertAccessible(`The designer, ${theme}`);
      await panel.scrollTo(".map");
      await workbench.screenshot(`designer-${theme}`);
    }
  });
});
