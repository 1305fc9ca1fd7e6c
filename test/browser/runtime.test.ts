/** The runtime in a panel: the packaged extension computes on the WebGPU of the browser that shows the window. */
import assert from "node:assert/strict";
import { Workbench } from "./workbench";

/** A software driver on a busy machine takes its time: for the first kernels, and for the steps that are timed. */
const patience = 240_000;

describe("The packaged extension with WebGPU in a panel", () => {
  let workbench: Workbench;

  before(async () => {
    const settings = { "uapLens.backend": "webgpu", "uapLens.webgpu": "panel" };
    workbench = await Workbench.start("runtime", { settings });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
  });

  const panels = () => workbench.page.locator(".tab", { hasText: "UAP Lens Runtime" });

  it("starts it, times it, and says what computes", async () => {
    await workbench.open("ring.uap.yaml");
    await workbench.command("UAP Lens: Show the Runtime");
    const inUse = workbench.page.locator(".quick-input-list .monaco-list-row", { hasText: "in use" });
    await inUse.waitFor({ timeout: patience });
    const said = await inUse.innerText();
    const [, rate] =
      /WebGPU\s*in use, ([\d.]+) small training steps a second\s*google swiftshader, the browser's WebGPU/.exec(said) ??
      [];
    assert.ok(Number(rate) > 0, said);
    console.log(`      ${rate} small training steps a second`);
    await workbench.screenshot("runtime-in-a-panel");
    await workbench.page.keyboard.press("Escape");
    const text = await workbench.webview.locator("main").innerText();
    assert.match(text, /Computes on WebGPU: .*swiftshader, a software driver on the processor/);
    assert.match(text, /Waiting for work\./);
    assert.match(text, /Closing it ends what is running/);
    // The model keeps the focus.
    await workbench.page
      .locator('.editor-group-container.active .tab.active[data-resource-name="ring.uap.yaml"]')
      .waitFor();
    assert.equal(await panels().count(), 1);
  });

  it("ends with its panel, and opens it again for the next request", async () => {
    await panels().click({ button: "middle" });
    await panels().waitFor({ state: "detached" });
    await workbench.command("UAP Lens: Show the Runtime");
    await workbench.webview.locator("p", { hasText: "Computes on WebGPU" }).waitFor({ timeout: patience });
    assert.equal(await panels().count(), 1);
  });
});
