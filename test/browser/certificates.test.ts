/** Certificates as a person meets them: a click above the architecture, a badge, and the proof beside it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Locator } from "playwright-core";
import { Workbench } from "./workbench";

const gone = (locator: Locator) => locator.waitFor({ state: "detached" });
const shown = (locator: Locator) => locator.first().waitFor();

describe("Certificates in the packaged extension", () => {
  let workbench: Workbench;
  const small = { name: "small", tokens: 4, width: 2, layers: [{ attention: {} }] };

  before(async () => {
    workbench = await Workbench.start("certificates", {
      files: { "small.uap.json": `${JSON.stringify(small, null, 2)}\n` },
    });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
    await workbench.closeAll();
  });

  const badge = (title: string) => workbench.lens.filter({ hasText: new RegExp(`^${title}$`) });
  const notification = (text: string | RegExp) => workbench.page.locator(".notification-toast", { hasText: text });
  const inFolder = (name: string) => path.join(workbench.folder, name);

  it("a click issues one, the badge says so, and the preview shows what is proved", async () => {
    await workbench.open("ring.uap.yaml");
    await shown(badge("issue certificate"));
    await workbench.screenshot("certificate-none");
    await badge("issue certificate").click();
    await shown(notification("issuing a certificate of ring.uap.yaml"));
    await workbench.screenshot("certificate-issuing");
    await shown(badge("✓ certificate"));
    const { webview: preview } = workbench;
    await shown(preview.locator("h1", { hasText: "Certificate of universality" }));
    await shown(preview.getByText("Every step was derived again. ring.uap.yaml is as it was"));
    await workbench.screenshot("certificate-issued");
    const file = inFolder("ring.uap.yaml.certificate.json");
    assert.match(readFileSync(file, "utf8"), /^\{\n "version": 1,\n/);
    await workbench.reload();
    await preview.locator("h1", { hasText: "Certificate of universality" }).waitFor();
  });

  it("the badge follows what is typed and undone", async () => {
    await workbench.open("small.uap.json");
    await badge("issue certificate").click();
    await shown(badge("✓ certificate"));
    await workbench.page.locator('.tab[data-resource-name="small.uap.json"]').click();
    await workbench.goTo(3, 14);
    await workbench.page.keyboard.type("2");
    await shown(badge("certificate is stale"));
    await workbench.screenshot("certificate-stale");
    await workbench.page.keyboard.press("Control+Z");
    await shown(badge("✓ certificate"));
  });

  it("a click on the badge verifies it; one that was changed is rejected with the step and the reason", async () => {
    const file = inFolder("small.uap.json.certificate.json");
    assert.ok(existsSync(file));
    await workbench.open("small.uap.json");
    await badge("✓ certificate").click();
    await shown(workbench.webview.locator("h1", { hasText: "Certificate of universality" }));
    writeFileSync(file, readFileSync(file, "utf8").replace("approximates", "computes"));
    await badge("✓ certificate").click();
    const rejection = notification(/is rejected at the step "seal": the seal is not that of the contents/);
    await shown(rejection);
    await shown(workbench.webview.getByText("is rejected at the step"));
    await workbench.screenshot("certificate-rejected");
    await rejection.getByText("Open the File").click();
    await workbench.page.locator('.tab.active[data-resource-name="small.uap.json.certificate.json"]').waitFor();
    await gone(rejection);
  });
});

describe("Certificates in a folder that is not trusted", () => {
  let workbench: Workbench;

  before(async () => {
    const settings = { "uapLens.certificateFolder": "elsewhere" };
    workbench = await Workbench.start("certificates-untrusted", { trust: false, settings });
  });
  after(() => workbench?.stop());
  afterEach(async function () {
    if (this.currentTest?.isFailed()) await workbench.screenshot(`failed ${this.currentTest.title}`);
  });

  it("are issued and verified, next to the file whatever the folder's own settings say", async () => {
    await workbench.open("causal-no-positions.uap.yaml");
    await workbench.lens.filter({ hasText: "issue certificate" }).click();
    await shown(workbench.lens.filter({ hasText: "✓ certificate" }));
    await shown(workbench.webview.locator("h1", { hasText: "Certificate of a refutation" }));
    await workbench.screenshot("certificate-of-a-refutation");
    assert.ok(existsSync(path.join(workbench.folder, "causal-no-positions.uap.yaml.certificate.json")));
    assert.ok(!existsSync(path.join(workbench.folder, "elsewhere")));
  });
});
