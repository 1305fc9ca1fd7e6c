/** The panels in the packaged extension: every control, in every theme, by mouse and by keyboard, across hiding, reloading and closing. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { PanelPage } from "./panelPage";
import { type Theme, themes, Workbench } from "./workbench";

/** A model that trains some thousand steps in seconds. */
const tiny = (name: string, tokens: number) =>
  `${JSON.stringify({ name, tokens, width: 4, position: "absolute", layers: [{ attention: {}, feedForward: { hidden: 8 } }], target: { function: "copy-first" } }, null, 2)}\n`; // prettier-ignore

describe("The panels of the packaged extension", () => {
  let workbench: Workbench;

  before(async () => {
    const files = { "one.uap.json": tiny("One", 4), "two.uap.json": tiny("Two", 5) };
    workbench = await Workbench.start("panels", { files });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
    await workbench.closeAll();
    await workbench.command("View: Show Explorer");
  });

  const openPanel = async (file: string, command: string, title: string): Promise<PanelPage> => {
    await workbench.open(file);
    await workbench.lens.first().waitFor();
    await workbench.command(`UAP Lens: ${command}`);
    return workbench.panel(`${title}: ${file}`);
  };

  for (const theme of Object.keys(themes) as Theme[])
    describe(`in the theme ${theme}`, () => {
      before(() => workbench.theme(theme));

      it("Distinguishability: the witness, every choice, the matrix, the way to the cause", async () => {
        const panel = await openPanel("longformer.uap.json", "Show Distinguishability", "Distinguishability");
        await panel.says(/Collapsed pairs \(4\)/);
        await panel.says(/Tokens 13 to 15 of X and the same tokens of X' are identical, each with its own, at every depth, for all parameters: token 0 has no influence on them\./); // prettier-ignore
        await workbench.screenshot(`distinguishability-${theme}`);
        await panel.assertAccessible(`Distinguishability, ${theme}`);
        // Layers, by the slider.
        const slider = panel.control("layer");
        await slider.focus();
        await panel.press("ArrowLeft");
        assert.equal(await slider.getAttribute("aria-valuetext"), "after layer 2 of 3");
        await panel.says(/Pattern of layer 2/);
        await panel.press("Home");
        await panel.says(/Reach before the first layer/);
        await panel.press("End");
        await panel.says(/Reach after layer 3/);
        // Number formats, zoom.
        await panel.choose("dtype", "float16");
        await panel.choose("dtype", "bfloat16");
        for (const key of ["in", "in", "out", "all"]) await panel.click(key);
        // The matrix by keyboard: cell (2, 1), said in words.
        const map = panel.locator(".main-map canvas");
        await map.focus();
        await panel.press("ArrowDown", "ArrowDown", "ArrowRight", "+", "-", "0");
        await panel.says(/Token 2 of X, token 1 of X': gap/);
        await workbench.page.mouse.move(0, 0);
        // The cause, by Enter, by click, and by the button.
        const cause = workbench.page.locator(".statusbar-item", { hasText: /Ln 10, Col \d+/ });
        await panel.press("Enter");
        await cause.waitFor();
        await panel.click("cause");
        await panel.locator(".main-map canvas").click({ position: { x: 60, y: 60 } });
        // Pairs.
        await panel.choose("pair", "the worst replacement");
        await panel.says(/X' is X with token \d+ replaced/);
        await panel.choose("pair", "the worst rearrangement");
        await panel.says(/X' is X rearranged by/);
        await panel.choose("pair", "rearrange …");
        await panel.says(/Needed: cycles such as/);
        await panel.fill("custom", "(0 1)");
        await panel.says(/X' is X rearranged by \(0 1\)/);
        await panel.choose("pair", "replace a token …");
        await panel.says(/Needed: a token from 0 to 15/);
        await panel.fill("custom", "7");
        await panel.says(/X' is X with token 7 replaced/);
        // Parameters, seed, variants.
        await panel.choose("parameters", "of the largest margin found");
        await panel.locator(".maps").waitFor();
        await panel.control("cancel").waitFor({ state: "detached", timeout: 120_000 });
        await panel.choose("parameters", "as drawn");
        await panel.fill("seed", "5");
        await panel.choose("variant", "With the fix: Make token 0 global, small analogue");
        await panel.choose("pair", "the theory's witness");
        await panel.says(/There is no witness/);
        await panel.assertAccessible(`Distinguishability without a witness, ${theme}`);
        await panel.click("again");
        await panel.choose("variant", "As written, small analogue");
        await panel.says(/Tokens 13 to 15 of X/);
        for (const summary of await panel.locator("summary").all()) await summary.click();
        await panel.says(/The matrix as a table/);
        assert.equal(await panel.locator("table").last().locator("tbody tr").count(), 16);
        await panel.assertAccessible(`Distinguishability with its tables, ${theme}`);
        await panel.scrollTo(".maps");
        await workbench.screenshot(`distinguishability-matrix-${theme}`);
        await panel.click("report");
        await workbench.panel("UAP Lens Report");
      });

      it("Symmetry: the group, its picture, its errors, the target's, and what breaks it", async () => {
        const panel = await openPanel("ring.uap.yaml", "Show Symmetry", "Symmetry");
        await panel.says(/D_16 of order 32 on 16 tokens/);
        await panel.says(/has exactly this symmetry/);
        await panel.says(/are symmetries by theory and \d+ were measured as such\./, 60_000);
        await workbench.screenshot(`symmetry-${theme}`);
        await panel.assertAccessible(`Symmetry, ${theme}`);
        await panel.choose("layout", "line");
        await panel.locator(".tokens.line").waitFor();
        await panel.choose("generator", "(0 1 2");
        await panel.choose("layout", "ring");
        await panel.locator(".tokens.ring").waitFor();
        await panel.choose("generator", "all of them");
        await panel.choose("variant", "As written");
        await panel.fill("seed", "3");
        await panel.control("cancel").waitFor({ state: "detached", timeout: 120_000 });
        for (const summary of await panel.locator("summary").all()) await summary.click();
        await panel.assertAccessible(`Symmetry with its tables, ${theme}`);
        await panel.scrollTo(".errors");
        await workbench.screenshot(`symmetry-errors-${theme}`);
        await panel.click("position");
        await panel.click("break-0");
        await panel.says(/trivial of order 1/);
        await panel.says(/lacks a part of it/);
        await panel.click("keep-0");
        await panel.says(/D_16 of order 32/);
        await panel.choose("parameters", "of the largest margin found");
        await panel.click("cancel");
        await panel.says(/Cancelled\./);
        await panel.click("again");
        await panel.click("cancel");
      });

      it("Training: setup, runs, every button, the sample, the tables", async () => {
        const panel = await openPanel("one.uap.json", "Train This Architecture", "Training");
        await panel.says(/No run yet/);
        await panel.assertAccessible(`Training without a run, ${theme}`);
        for (const [key, text] of [["seed", "x"], ["steps", "0"], ["batch", "1.5"], ["rate", "-1"]]) await panel.fill(key, text); // prettier-ignore
        await panel.says(/The seed must be a whole number from 0/);
        await panel.says(/The rate must be a number from 1e-9 to 10/);
        assert.notEqual(await panel.control("start").getAttribute("disabled"), null);
        await panel.assertAccessible(`Training with mistakes, ${theme}`);
        // So many steps that it cannot end before a slow machine comes to pause and to cancel it.
        for (const [key, text] of [["seed", "2"], ["steps", "500000"], ["batch", "16"], ["rate", "0.01"]]) await panel.fill(key, text); // prettier-ignore
        await panel.choose("target", "associative-recall");
        await panel.says(/needs at least 5 tokens, and the model has 4/);
        await panel.choose("target", "copy-first");
        await panel.choose("backend", "WASM");
        await panel.choose("variant", "As written");
        await panel.click("start");
        const [, long] = /resume-(\d+)|pause-(\d+)/.exec((await panel.locator('[data-key^="pause-"]').getAttribute("data-key")) ?? "")!.slice(0, 3).filter(Boolean); // prettier-ignore
        const status = panel.locator(".run-status");
        await status.filter({ hasText: /step \d+ of 500000/ }).waitFor();
        await panel.click(`pause-${long}`);
        await status.filter({ hasText: /paused at step \d+/ }).waitFor();
        const at = Number(/\d+/.exec(await status.innerText())![0]);
        assert.ok(at > 0 && at < 500_000);
        await panel.click(`step-${long}`);
        await status.filter({ hasText: `paused at step ${at + 1}` }).waitFor();
        await panel.click(`resume-${long}`);
        await status.filter({ hasText: /step [1-9]\d* of/ }).waitFor();
        await panel.click(`cancel-run-${long}`);
        await status.filter({ hasText: /cancelled at step/ }).waitFor();
        await panel.says(/0: the target is within reach/);
        await workbench.screenshot(`training-${theme}`);
        await panel.assertAccessible(`Training with a run, ${theme}`);
        // A second run, to its end, twice.
        await panel.fill("steps", "300");
        await panel.click("start");
        const second = panel.locator(".run").nth(1);
        const ended = second.locator(".run-status", { hasText: "ended" });
        await ended.waitFor({ timeout: 120_000 });
        const id = /\d+/.exec((await second.locator('[data-key^="show-"]').getAttribute("data-key")) ?? "")![0];
        await panel.control(`show-${id}`).click();
        await panel.control(`show-${id}`).click();
        await panel.click(`reset-${id}`);
        await second.locator(".run-status", { hasText: "ready" }).waitFor();
        await panel.click(`resume-${id}`);
        await ended.waitFor({ timeout: 120_000 });
        await panel.click(`select-${long}`);
        await panel.says(/One sample of the evaluation after step/);
        for (const summary of await panel.locator("summary").all()) await summary.click();
        await panel.assertAccessible(`Training with its tables, ${theme}`);
        await panel.scrollTo(".run >> nth=1");
        await workbench.screenshot(`training-runs-${theme}`);
        while ((await panel.locator('[data-key^="remove-"]').count()) > 0) {
          const left = await panel.locator(".run").count();
          await panel.locator('[data-key^="remove-"]').first().click();
          await panel.locator(".run").nth(left - 1).waitFor({ state: "detached" }); // prettier-ignore
        }
        await panel.says(/No run yet/);
      });

      it("the side panel: the tree and the live view", async () => {
        await workbench.open("longformer.uap.json");
        await workbench.lens.filter({ hasText: "refuted" }).first().waitFor();
        await workbench.command("View: Show UAP Lens");
        const tree = workbench.page.locator('[id="workbench.view.extension.uapLens"] .monaco-list-row');
        await tree.filter({ hasText: "Longformer, no global token" }).waitFor();
        const live = await workbench.panel("UAP Lens");
        await live.says(/12 of the 16 layers needed/);
        await live.assertAccessible(`Live view, ${theme}`);
        await workbench.screenshot(`side-panel-${theme}`);
        await tree.filter({ hasText: "UAP101" }).click();
        await workbench.page.locator(".statusbar-item", { hasText: /Ln 10, Col/ }).waitFor();
        await tree.filter({ hasText: "Witness" }).locator(".label-name").click();
        await workbench.panel("Distinguishability: longformer.uap.json");
        // It follows the active editor.
        await workbench.page.locator('.tab[data-resource-name="longformer.uap.json"]').click();
        await workbench.command("View: Show Explorer");
        await workbench.open("ring.uap.yaml");
        await workbench.command("View: Show UAP Lens");
        await tree.filter({ hasText: "ring of 16" }).waitFor();
        const ring = await workbench.panel("UAP Lens");
        await ring.says(/certified/);
        await ring.click("symmetry");
        await workbench.panel("Symmetry: ring.uap.yaml");
        await ring.click("explain-0");
        const report = await workbench.panel("UAP Lens Report");
        await report.assertAccessible(`Report, ${theme}`);
        await report.click("training");
        await workbench.panel("Training: ring.uap.yaml");
      });
    });

  describe("across time", () => {
    before(() => workbench.theme("dark"));

    it("a hidden panel misses nothing of a run", async () => {
      const panel = await openPanel("one.uap.json", "Train This Architecture", "Training");
      await panel.fill("steps", "3000");
      await panel.click("start");
      await panel.locator(".run-status", { hasText: /step \d+/ }).waitFor();
      // Another tab in the same column covers it.
      const [tab] = [workbench.page.locator(".tab", { hasText: "Training: one.uap.json" })];
      await workbench.command("UAP Lens: Show Symmetry");
      await workbench.panel("Symmetry: one.uap.json");
      await workbench.page.waitForTimeout(2000);
      await tab.click();
      const again = await workbench.panel("Training: one.uap.json");
      await again.locator(".run-status", { hasText: "ended" }).waitFor({ timeout: 120_000 });
      await again.locator("summary", { hasText: "(40 rows)" }).click();
      const steps = await again.locator("details[open] tbody th").allInnerTexts();
      assert.deepEqual(
        steps.map(Number),
        Array.from({ length: 40 }, (_, i) => 75 * (i + 1)),
      );
      await again.locator('[data-key^="remove-"]').click();
    });

    it("a reload of the window brings back a run and its curve, and the run goes on", async () => {
      const panel = await openPanel("two.uap.json", "Train This Architecture", "Training");
      await panel.fill("steps", "20000");
      await panel.click("start");
      const status = panel.locator(".run-status");
      await status.filter({ hasText: /step \d{4}/ }).waitFor({ timeout: 120_000 });
      const before = Number(/step (\d+)/.exec(await status.innerText())![1]);
      await workbench.reload();
      const again = await workbench.panel("Training: two.uap.json");
      await again.locator(".run-status", { hasText: /step \d{4}/ }).waitFor({ timeout: 120_000 });
      const after = Number(/step (\d+)/.exec(await again.locator(".run-status").innerText())![1]);
      // At most the steps since the last checkpoint were lost (one may just have been on its way), and the run goes on by itself.
      assert.ok(after >= before - 2 * 500, `${after} after ${before}`);
      await again.locator(".run-status", { hasText: new RegExp(`step ${String(after + 1000)[0]}\\d{${String(after + 1000).length - 1}}`) }).waitFor({ timeout: 120_000 }); // prettier-ignore
      await again.locator("summary", { hasText: "Evaluations" }).click();
      const steps = (await again.locator("details[open] tbody th").allInnerTexts()).map(Number);
      assert.deepEqual(
        steps,
        Array.from({ length: steps.length }, (_, i) => 500 * (i + 1)),
        "the curve has no gap",
      );
      await workbench.screenshot("training-after-reload");
      await again.locator('[data-key^="cancel-run-"]').click();
      await again.locator('[data-key^="remove-"]').click();
    });

    it("two editors with two models keep their panels apart", async () => {
      const one = await openPanel("one.uap.json", "Train This Architecture", "Training");
      await one.fill("seed", "11");
      const two = await openPanel("two.uap.json", "Train This Architecture", "Training");
      await two.fill("steps", "100");
      await two.click("start");
      await two.locator(".run-status", { hasText: "ended" }).waitFor({ timeout: 120_000 });
      await workbench.page.locator(".tab", { hasText: "Training: one.uap.json" }).click();
      const again = await workbench.panel("Training: one.uap.json");
      await again.says(/No run yet/);
      assert.equal(await again.control("seed").locator("input").inputValue(), "11");
      await workbench.page.locator(".tab", { hasText: "Training: two.uap.json" }).click();
      await (await workbench.panel("Training: two.uap.json")).locator('[data-key^="remove-"]').click();
    });

    it("says when the file has changed, follows it, and survives moving to another column", async () => {
      const panel = await openPanel("one.uap.json", "Show Distinguishability", "Distinguishability");
      await panel.choose("pair", "replace a token");
      await panel.fill("custom", "3");
      await panel.says(/token 3 replaced/);
      await panel.choose("parameters", "of the largest margin found");
      await panel.control("cancel").waitFor({ state: "detached", timeout: 120_000 });
      const file = path.join(workbench.folder, "one.uap.json");
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace('"tokens": 4', '"tokens": 6'));
      await panel.says(/The file has changed since this was measured\./);
      await panel.assertAccessible("a stale panel");
      await panel.click("measure");
      await panel.says(/\(6 tokens, width 4, 1 layer\)/);
      await panel.control("cancel").waitFor({ state: "detached", timeout: 120_000 });
      await workbench.page.locator(".tab", { hasText: "Distinguishability: one.uap.json" }).click();
      await workbench.command("View: Move Editor into Previous Group");
      const moved = await workbench.panel("Distinguishability: one.uap.json");
      await moved.says(/token 3 replaced/);
      writeFileSync(file, "{");
      await moved.says(/No architecture could be read from this file/);
      await moved.assertAccessible("a panel of an unreadable file");
      writeFileSync(file, text);
      await moved.says(/\(4 tokens, width 4, 1 layer\)/);
    });

    it("everything of the training panel is in reach of the keyboard", async () => {
      const panel = await openPanel("one.uap.json", "Train This Architecture", "Training");
      await panel.control("variant").focus();
      const seen: (string | null)[] = [];
      for (let i = 0; i < 10; i++) {
        seen.push(await panel.focused());
        await panel.press("Tab");
      }
      assert.deepEqual(
        ["variant", "target", "own", "backend", "start"].filter((key) => !seen.includes(key)),
        [],
        seen.join(", "),
      );
      // A dropdown by arrows, a button by Enter.
      await panel.control("target").focus();
      await panel.press("ArrowDown");
      await panel.says(/The token nearest to|token nearest/);
      await panel.press("ArrowUp");
      await panel.says(/Every output is token 0\./);
      await panel.control("steps").locator("input").focus();
      // Not Control+A: the workbench takes it too, and selects all once more, by then perhaps what was typed.
      await panel.press("Home", "Shift+End", "5", "0", "Enter");
      await panel.control("start").focus();
      await panel.press("Enter");
      await panel.locator(".run-status", { hasText: "ended" }).waitFor({ timeout: 120_000 });
      await panel.locator('[data-key^="remove-"]').focus();
      await panel.press("Enter");
      await panel.says(/No run yet/);
    });

    it("exports the curves, the picture and the script", async () => {
      const panel = await openPanel("one.uap.json", "Train This Architecture", "Training");
      await panel.fill("steps", "50");
      await panel.click("start");
      await panel.locator(".run-status", { hasText: "ended" }).waitFor({ timeout: 120_000 });
      const magic: Record<string, RegExp> = {
        csv: /^run,title,step,training loss/,
        svg: /^<svg xmlns/,
        png: /^\x89PNG\r\n/,
        script: /^\/\*\*\n \* Repeats the training run/,
      };
      for (const [key, begins] of Object.entries(magic)) {
        await panel.click(key);
        const dialog = workbench.page.locator(".quick-input-widget");
        const extension = key === "script" ? "mts" : key;
        const file = path.join(workbench.folder, `exported.${extension}`);
        // What the dialog proposes comes after it has opened.
        const input = dialog.locator('input[type="text"]');
        await workbench.page.waitForFunction("document.querySelector('.quick-input-widget input[type=text]')?.value.includes('one-training')"); // prettier-ignore
        await input.fill(file);
        await dialog.locator(".monaco-button", { hasText: "OK" }).first().click();
        await dialog.waitFor({ state: "hidden" });
        let content = "";
        for (let tries = 0; content === "" && tries < 100; tries++) {
          await workbench.page.waitForTimeout(50);
          try {
            content = readFileSync(file, "latin1");
          } catch {
            // Not written yet.
          }
        }
        assert.match(content, begins, key);
      }
      await panel.locator('[data-key^="remove-"]').click();
    });
  });
});
