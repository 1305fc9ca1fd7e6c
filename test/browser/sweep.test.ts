/** The panel of a sweep in the packaged extension: a grid run and cancelled, its rows sorted, filtered, chosen, opened and saved; a result; a reload. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readRows } from "../../extension/sweep/row";
import type { PanelPage } from "./panelPage";
import { type Theme, themes, Workbench } from "./workbench";

const grid = `base:
  tokens: 6
  width: 4
  layers: [{ attention: { pattern: { window: 1 } }, feedForward: { hidden: 8 } }]
axes:
  window: [1, 2, 3]
  layers: [1, 2, 3, 5]
  globals: [0, 1]
  kernel: [softmax, hard]
`;
/** So many points that a person has the time to cancel. */
const long = grid.replace("kernel: [softmax, hard]", `name: [${Array.from({ length: 60 }, (_, i) => `n${i}`).join()}]`);

describe("The panel of a sweep", function () {
  this.timeout(240_000);
  let workbench: Workbench;

  before(async () => {
    const files = { "small.sweep.yaml": grid, "long.sweep.yaml": long, "wrong.sweep.yaml": grid.replace("softmax", "softmx") }; // prettier-ignore
    workbench = await Workbench.start("sweep", { files });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
    await workbench.closeAll();
    await workbench.command("View: Show Explorer");
  });

  const openPanel = async (file: string): Promise<PanelPage> => {
    await workbench.open(file);
    // Once the editor knows of the extension, there is a button for it too.
    await workbench.page.locator('.editor-actions a[aria-label^="Open Sweep"]').first().waitFor();
    await workbench.command("UAP Lens: Open Sweep");
    return workbench.panel(`Sweep: ${file}`);
  };
  const firstRow = (panel: PanelPage): Promise<string> => panel.locator("tbody tr").first().innerText();
  /** The point of the row at the top. */
  const top = (panel: PanelPage): Promise<string> => panel.locator("tbody th button").first().innerText();

  it("runs a grid to the rows of the command line, which survive a reload, and are sorted, filtered, opened and saved", async () => {
    const panel = await openPanel("small.sweep.yaml");
    await panel.says(/48 architectures: verdict, symmetry and cost, the margin at one initialisation, on wasm\./);
    await panel.click("run");
    await panel.says(/1 to 48 of 48 rows\./, 120_000);
    assert.match(await firstRow(panel), /✗ refuted/);
    await workbench.reload();
    const again = await workbench.panel("Sweep: small.sweep.yaml");
    await again.says(/1 to 48 of 48 rows\./);
    // Sorting, by mouse and by keyboard.
    await again.click("sort scores");
    assert.equal(await again.locator('th[aria-sort="ascending"]').innerText(), "Scores ↑");
    await again.control("sort scores").focus();
    await again.press("Enter");
    assert.equal(await again.locator('th[aria-sort="descending"]').innerText(), "Scores ↓");
    assert.equal(await again.focused(), "sort scores", "the focus stays where it was");
    // The front, and the picture by keyboard: what is chosen there is chosen in the table.
    await again.choose("filter", "the Pareto front");
    await again.says(/1 to \d+ of \d+ rows?\./);
    const canvas = again.locator(".scatter canvas");
    assert.match(
      (await canvas.getAttribute("aria-label"))!,
      /on the Pareto front\. Arrow keys move from point to point/,
    );
    await canvas.focus();
    await again.press("Home", "Enter");
    const chosen = await again.locator("tr.chosen th button").innerText();
    await again.says(/of full attention/);
    await again.choose("filter", "certified");
    assert.ok((await again.locator("tbody tr").count()) < 48);
    await again.click(`row ${await top(again)}`);
    assert.notEqual(await again.locator("tr.chosen th button").innerText(), chosen);
    for (const theme of Object.keys(themes) as Theme[]) {
      await workbench.theme(theme);
      await again.assertAccessible(`Sweep, ${theme}`);
      await workbench.screenshot(`sweep-${theme}`);
    }
    await workbench.theme("dark");
    // The architecture of a row, as a file that is checked.
    await again.click("open");
    await workbench.page.locator(".tab", { hasText: /point-\d+\.uap\.json/ }).waitFor();
    await workbench.lens.filter({ hasText: "certified" }).first().waitFor();
    // The table as a file.
    await workbench.page.locator(".tab", { hasText: "Sweep: small.sweep.yaml" }).click();
    const third = await workbench.panel("Sweep: small.sweep.yaml");
    await third.click("save");
    const dialog = workbench.page.locator(".quick-input-widget");
    await workbench.page.waitForFunction("document.querySelector('.quick-input-widget input[type=text]')?.value.includes('small.sweep.csv')"); // prettier-ignore
    await dialog.locator(".monaco-button", { hasText: "OK" }).first().click();
    await dialog.waitFor({ state: "hidden" });
    const file = path.join(workbench.folder, "small.sweep.csv");
    for (let tries = 0; !(existsSync(file) && readFileSync(file, "utf8").endsWith("\n")) && tries < 100; tries++) await workbench.page.waitForTimeout(50); // prettier-ignore
    const saved = readRows(file, readFileSync(file, "utf8"));
    assert.ok("rows" in saved);
    assert.deepEqual(
      saved.rows.map(({ point }) => point),
      [...Array(48).keys()],
    );
    assert.ok(saved.rows.every(({ status, margin }) => status === "ok" && margin !== null));
    // A result, without its grid.
    const result = await openPanel("small.sweep.csv");
    await result.says(/48 of 48 architectures, measured on wasm\./);
    await result.says(/1 to 48 of 48 rows\./);
  });

  it("is cancelled, goes on where it was, and starts anew", async () => {
    const panel = await openPanel("long.sweep.yaml");
    await panel.click("run");
    await panel.says(/Row [2-9]\d* of 1440/);
    await panel.click("cancel");
    await panel.says(/Cancelled\./);
    await panel.says(/\d+ of 1,440 rows are made\./);
    const made = Number(/(\d+) of 1,440 rows/.exec(await panel.text())![1]);
    await panel.click("run");
    await panel.control("cancel").waitFor();
    await panel.says(new RegExp(`Row (?!${made} )\\d+ of 1440`));
    await panel.click("cancel");
    await panel.says(/Cancelled\./);
    assert.ok(Number(/(\d+) of 1,440 rows/.exec(await panel.text())![1]) >= made);
    await panel.click("start-anew");
    await panel.control("run").filter({ hasText: "Run the sweep" }).waitFor();
  });

  it("says what is wrong with a grid, and follows it", async () => {
    const panel = await openPanel("wrong.sweep.yaml");
    await panel.says(/Line 9: `kernel\[0\]` must be softmax, .*did you mean `softmax`\?/);
    await panel.assertAccessible("a wrong grid");
    writeFileSync(path.join(workbench.folder, "wrong.sweep.yaml"), grid);
    await panel.says(/48 architectures/);
  });
});
