/** The whole story in one go: a squiggle, the tokens behind it, a loss that settles on its floor, the fix, and a loss that goes below. */
import assert from "node:assert/strict";
import { Workbench } from "./workbench";

describe("The story of a window that is too narrow", () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.start("story");
    await workbench.page.setViewportSize({ width: 1600, height: 1100 });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
  });

  it("from the squiggle to the curve below the floor", async () => {
    const { page } = workbench;
    const quickFix = async (title: string) => (await workbench.quickFixes()).filter({ hasText: title }).click();

    // A squiggle says that token 0 cannot influence token 4095.
    await workbench.open("longformer.uap.json");
    await workbench.lens.filter({ hasText: "refuted" }).first().waitFor();
    await workbench.hoverSquiggle();
    await workbench.hover.filter({ hasText: "UAP101" }).first().waitFor();
    assert.match(await workbench.hover.first().innerText(), /[Tt]oken 0 cannot influence token 4095/);
    await page.mouse.move(300, 700);

    // The witness: outputs far from token 0 do not change with it, at any depth.
    await quickFix("Show the Tokens That It Cannot Tell Apart");
    const tokens = await workbench.panel("Distinguishability: longformer.uap.json");
    await tokens.says(/X' is X with token 0 replaced by a new one/);
    await tokens.says(
      /are identical, each with its own, at every depth, for all parameters: token 0 has no influence on them/,
    );
    await workbench.screenshot("story-1-witness");
    await page.locator('.tab[data-resource-name="longformer.uap.json"]').click();

    // A small analogue, trained: it settles on the floor that the theory predicts, and not below.
    await workbench.command("UAP Lens: Train This Architecture");
    const training = await workbench.panel("Training: longformer.uap.json");
    await training.says(/8 of 4,096 tokens/);
    await training.click("start");
    const runs = training.locator(".run");
    const fact = async (run: number, term: string): Promise<number[]> => {
      const value = await runs.nth(run).locator("dl > div", { hasText: term }).first().locator("dd").innerText();
      return [...value.matchAll(/[\d.e-]+/g)].map(([number]) => Number(number));
    };
    await runs.nth(0).locator(".run-status.ended").waitFor({ timeout: 120_000 });
    const [loss] = await fact(0, "Loss");
    const [floor, low] = await fact(0, "Floor");
    console.log(`      as written: loss ${loss}, floor ${floor}`);
    assert.ok(floor > 0.1 && loss >= low && loss < 1.15 * floor, `loss ${loss}, floor ${floor}`);
    await training.scrollTo(".curves");
    await workbench.screenshot("story-2-on-the-floor");

    // The fix, by the squiggle.
    await page.locator('.tab[data-resource-name="longformer.uap.json"]').click();
    await quickFix("Make token 0 global");
    await workbench.lens.filter({ hasText: "certified" }).first().waitFor();

    // The same task once more: it goes below. Both curves are on one chart.
    await training.says(/of an earlier text of the file/);
    await training.click("start");
    await runs.nth(1).locator(".run-status.ended").waitFor({ timeout: 120_000 });
    const [mended] = await fact(1, "Loss");
    console.log(`      with a global token: loss ${mended}`);
    assert.ok(mended < low / 5, `loss ${mended} against the floor ${floor}`);
    await training.says(/0: the target is within reach/);
    for (let run = 0; run < 2; run++)
      assert.equal(await runs.nth(run).locator("vscode-checkbox").getAttribute("current-checked"), "true");
    await training.scrollTo(".curves");
    await workbench.screenshot("story-3-below-the-floor");
  });
});
