/** `npm run screenshots`: the pictures of the documentation, from the packaged extension in a real VS Code. */
import path from "node:path";
import { Workbench } from "../browser/workbench";

const folder = path.join(__dirname, "..", "..", "media", "screenshots");

async function main(): Promise<void> {
  const workbench = await Workbench.start("screenshots", {
    settings: { "workbench.colorTheme": "Default Dark Modern" },
  });
  const { page } = workbench;
  const keep = (name: string) => page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });
  const tab = () => page.locator('.tab[data-resource-name="longformer.uap.json"]').click();
  try {
    await page.locator(".monaco-workbench.vs-dark").waitFor();
    await page.setViewportSize({ width: 1400, height: 900 });
    await workbench.open("longformer.uap.json");
    await workbench.lens.filter({ hasText: "refuted" }).first().waitFor();
    await workbench.hoverSquiggle();
    await workbench.hover.filter({ hasText: "UAP101" }).first().waitFor();
    await keep("editor");
    await page.mouse.move(700, 800);

    await workbench.open("sliding-window.py");
    await workbench.lens.filter({ hasText: "refuted" }).first().waitFor();
    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await page.setViewportSize({ width: 1000, height: 520 });
    await (await workbench.quickFixes()).filter({ hasText: "Widen the window" }).first().waitFor();
    await keep("code");
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 1400, height: 900 });
    await workbench.command("View: Revert and Close Editor");

    await workbench.command("View: Show UAP Lens");
    await (await workbench.panel("UAP Lens")).says(/12 of the 16 layers needed/);
    await page.locator(".monaco-list-row", { hasText: "Conditions" }).locator(".monaco-tl-twistie").click();
    await page.locator(".monaco-list-row", { hasText: "theorem 2" }).or(page.locator(".monaco-list-row", { hasText: "Witness" })).first().waitFor(); // prettier-ignore
    await keep("side-bar");
    await workbench.command("View: Show Explorer");
    await workbench.command("View: Toggle Primary Side Bar Visibility");

    await workbench.lens.filter({ hasText: "refuted" }).first().click();
    await (await workbench.panel("UAP Lens Report")).says(/Conditions/);
    await keep("report");
    await tab();

    await page.setViewportSize({ width: 1400, height: 1200 });
    await workbench.command("UAP Lens: Show Distinguishability");
    const tokens = await workbench.panel("Distinguishability: longformer.uap.json");
    await tokens.says(/token 0 has no influence on them/);
    await tokens.scrollTo(".readout");
    await tokens.scrollTo('[aria-label="What is compared"]');
    await keep("distinguishability");
    await tab();

    await workbench.command("UAP Lens: Train This Architecture");
    const training = await workbench.panel("Training: longformer.uap.json");
    await training.says(/8 of 4,096 tokens/);
    await training.click("compare");
    for (let run = 0; run < 2; run++)
      await training.locator(".run").nth(run).locator(".run-status.ended").waitFor({ timeout: 240_000 });
    await training.scrollTo(".curves");
    await keep("training");
    await workbench.closeAll();

    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await workbench.open("ring.uap.yaml");
    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await workbench.command("UAP Lens: Show Symmetry");
    const symmetry = await workbench.panel("Symmetry: ring.uap.yaml");
    await symmetry.says(/Expected against measured/, 120_000);
    await symmetry.scrollTo(".group");
    await keep("symmetry");
    await workbench.closeAll();

    await page.setViewportSize({ width: 1100, height: 1500 });
    await workbench.command("UAP Lens: Design an Architecture with This Symmetry");
    const designer = await workbench.panel("UAP Lens Designer");
    await designer.locator(".group-name", { hasText: "D_6" }).waitFor({ timeout: 60_000 });
    await designer.click("design-1");
    await designer.locator(".text").waitFor();
    await designer.locator(".map canvas").waitFor();
    await keep("designer");
    await workbench.closeAll();

    await page.setViewportSize({ width: 1400, height: 900 });
    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await workbench.open("longformer.uap.json");
    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await workbench.lens.filter({ hasText: /^repair$/ }).click();
    await (await workbench.panel("Repair: longformer.uap.json")).says(/Repairs, the least attention first/, 60_000);
    await keep("repair");
    await workbench.closeAll();

    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await workbench.open("ring.uap.yaml");
    await workbench.command("View: Toggle Primary Side Bar Visibility");
    await workbench.lens.filter({ hasText: /^issue certificate$/ }).click();
    await workbench.webview.locator("h1", { hasText: "Certificate of universality" }).waitFor({ timeout: 60_000 });
    await workbench.lens.filter({ hasText: /^✓ certificate$/ }).waitFor();
    await workbench.command("Notifications: Clear All Notifications");
    await keep("certificate");
  } finally {
    await workbench.stop();
  }
}

void main();
