/** Certificates in the editor: issued, verified, and the badge above the architecture. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import { closeAll, example, lensesOf, open, replace, threads, until, write } from "./host";

const uniform = '{ "tokens": 4, "width": 2, "layers": [{ "attention": {} }] }\n';
const folder = "certified";

interface Certificate {
  statement: string;
  seal: string;
  source: { file: string };
  architecture: { sha256: string };
}

/** Puts a function in the place of another until the test has ended. */
const undo: (() => void)[] = [];
function stand<Host, Name extends keyof Host>(host: Host, name: Name, value: Host[Name]): void {
  const own = Object.getOwnPropertyDescriptor(host, name)!;
  Object.defineProperty(host, name, { value, configurable: true });
  undo.push(() => Object.defineProperty(host, name, own));
}

describe("Certificates", () => {
  let said: string[];

  beforeEach(() => {
    said = [];
    const hear = ((message: string) => {
      said.push(message);
      return Promise.resolve(undefined);
    }) as typeof vscode.window.showErrorMessage;
    stand(vscode.window, "showErrorMessage", hear);
    stand(vscode.window, "showWarningMessage", hear);
  });
  afterEach(async () => {
    for (const one of undo.splice(0)) one();
    await closeAll();
    await vscode.workspace.fs.delete(example(folder), { recursive: true });
  });

  const model = (name = "uniform", text = uniform) => write(`${folder}/${name}.uap.json`, text);
  const certificateOf = (uri: vscode.Uri) => uri.with({ path: `${uri.path}.certificate.json` });
  const read = async (uri: vscode.Uri) =>
    JSON.parse(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri))) as Certificate;
  const exists = (uri: vscode.Uri) => vscode.workspace.fs.stat(uri).then(() => true, () => false); // prettier-ignore

  /** The lens of the certificate. */
  async function badgeOf(document: vscode.TextDocument): Promise<vscode.Command | undefined> {
    const commands = (await lensesOf(document)).map(({ command }) => command);
    return commands.find((command) => /certificate/.test(command?.title ?? ""));
  }
  const says = (document: vscode.TextDocument, title: string) =>
    until(async () => (await badgeOf(document))?.title, (now) => now === title); // prettier-ignore
  async function click(document: vscode.TextDocument): Promise<void> {
    const { command, arguments: given = [] } = (await badgeOf(document))!;
    await vscode.commands.executeCommand(command, ...(given as unknown[]));
  }
  /** Waits until the document behind the certificate's preview says it. */
  const shows = (uri: vscode.Uri, what: string | RegExp) =>
    until(
      () => vscode.workspace.textDocuments.find(({ uri: { scheme, query } }) => scheme === "uap-lens-certificate" && query === uri.toString())?.getText() ?? "", // prettier-ignore
      (text) => (typeof what === "string" ? text.replaceAll("\\", "").includes(what) : what.test(text)), // prettier-ignore
    );

  it("are issued by a click, next to the model file, and shown", async () => {
    const document = await open(await model());
    await says(document, "issue certificate");
    await click(document);
    await says(document, "✓ certificate");
    const file = certificateOf(document.uri);
    const certificate = await read(file);
    assert.equal(certificate.source.file, "uniform.uap.json");
    await shows(file, certificate.statement);
    await until(
      () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ label }) => label)),
      (labels) => labels.some((label) => label.includes("uniform.uap.json.certificate.md")),
    );
    assert.deepEqual(said, []);
  });

  it("go stale with an edit, and are current again when it is undone", async () => {
    const { uri } = await open(await model());
    await vscode.commands.executeCommand("uapLens.issueCertificate", uri, 0);
    const document = await open(uri);
    await says(document, "✓ certificate");
    const changed = uniform.replace('"tokens": 4', '"tokens": 5');
    await replace(document, changed);
    await says(document, "certificate is stale");
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), uniform);
    await says(document, "✓ certificate");
    await replace(document, uniform.replace('"tokens": 4,', '"tokens":    4,'));
    await says(document, "✓ certificate");

    // The stale one is issued again for what is in the editor, saved or not.
    await replace(document, changed);
    await says(document, "certificate is stale");
    const before = await read(certificateOf(uri));
    await click(document);
    await says(document, "✓ certificate");
    assert.ok(document.isDirty);
    assert.notEqual((await read(certificateOf(uri))).architecture.sha256, before.architecture.sha256);
    await shows(certificateOf(uri), /\*\*Accepted\.\*\*.*is as it was when the certificate was issued/);
  });

  it("are verified by a click: accepted ones are shown, and of others the step that fails", async () => {
    const document = await open(await model());
    await click(document);
    const file = certificateOf(document.uri);
    const certificate = await read(file);
    await closeAll();

    await open(document.uri);
    await click(document);
    await shows(file, certificate.statement);
    assert.deepEqual(said, []);

    const tampered = { ...certificate, statement: `${certificate.statement} And more.` };
    await write(`${folder}/uniform.uap.json.certificate.json`, JSON.stringify(tampered));
    await says(document, "✓ certificate");
    await click(document);
    assert.equal(said.length, 1);
    assert.match(said[0], /certified\/uniform\.uap\.json\.certificate\.json is rejected at the step "seal": the seal is not/); // prettier-ignore
  });

  it("that cannot be read are called so, and a click says why", async () => {
    const document = await open(await model());
    const name = `${folder}/uniform.uap.json.certificate.json`;
    for (const [text, reason] of [
      ["{", /is rejected at the step "format": this is not JSON/],
      ['{ "architecture": null }', /is rejected at the step "format"/],
      [" ".repeat(2 ** 24 + 1), /cannot be read: it has more than 16777216 bytes/],
    ] as const) {
      await write(name, text);
      await says(document, "certificate is unreadable");
      await click(document);
      assert.match(said.pop() ?? "", reason);
    }
    await vscode.workspace.fs.delete(example(name));
    await says(document, "issue certificate");
  });

  it("are verified from their own file, with its unsaved text and with the model file next to it", async () => {
    const { uri } = await open(await model());
    await vscode.commands.executeCommand("uapLens.issueCertificate");
    const file = certificateOf(uri);
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(uniform.replace('"tokens": 4', '"tokens": 6')));
    await closeAll();

    const document = await open(file);
    await vscode.commands.executeCommand("uapLens.verifyCertificate");
    await shows(file, /uniform\.uap\.json describes another architecture now: the certificate is stale/);
    await open(file);
    await replace(document, document.getText().replace("approximates", "exceeds"));
    await vscode.commands.executeCommand("uapLens.verifyCertificate");
    assert.match(said.join(), /rejected at the step "seal"/);
  });

  it("are copied as LaTeX", async () => {
    let copied = "";
    stand(vscode.env, "clipboard", {
      readText: () => Promise.resolve(copied),
      writeText: (text) => Promise.resolve(void (copied = text)),
    });
    await open(await model());
    await vscode.commands.executeCommand("uapLens.issueCertificate");
    await open(example(`${folder}/uniform.uap.json`));
    await vscode.commands.executeCommand("uapLens.copyCertificateAsLatex");
    assert.match(copied, /^\\subsection\*\{Certificate of universality\}/);
  });

  it("are kept in a folder of one's choice, by the paths of their model files", async () => {
    const settings = vscode.workspace.getConfiguration("uapLens");
    const document = await open(await model());
    await click(document);
    await says(document, "✓ certificate");
    try {
      await settings.update("certificateFolder", `${folder}/kept/here`, vscode.ConfigurationTarget.Workspace);
      await says(document, "issue certificate");
      await click(document);
      await says(document, "✓ certificate");
      assert.ok(await exists(example(`${folder}/kept/here/${folder}__uniform.uap.json.certificate.json`)));

      await settings.update("certificateFolder", example(`${folder}/absolute`).fsPath, vscode.ConfigurationTarget.Workspace); // prettier-ignore
      await says(document, "issue certificate");
      await click(document);
      assert.ok(await exists(example(`${folder}/absolute/${folder}__uniform.uap.json.certificate.json`)));

      // A folder that cannot be one is said once.
      assert.deepEqual(said, []);
      await settings.update("certificateFolder", `${folder}/uniform.uap.json/in`, vscode.ConfigurationTarget.Workspace);
      await says(document, "issue certificate");
      await click(document);
      assert.equal(said.length, 1);
      assert.match(said[0], /^The certificate cannot be written: /);
    } finally {
      await settings.update("certificateFolder", undefined, vscode.ConfigurationTarget.Workspace);
    }
    await says(document, "✓ certificate");
  });

  it("are not issued where a person cancels, and the next ones are", async () => {
    const slow = await vscode.workspace.fs.readFile(example("broken-ring.uap.yaml"));
    const uri = await write(`${folder}/slow.uap.yaml`, new TextDecoder().decode(slow));
    const document = await open(uri);
    await says(document, "issue certificate");
    const before = threads.length;
    const cancel = new vscode.CancellationTokenSource();
    stand(vscode.window, "withProgress", ((_: unknown, task: Parameters<typeof vscode.window.withProgress>[1]) =>
      task({ report: () => undefined }, cancel.token)) as typeof vscode.window.withProgress);
    const issuing = vscode.commands.executeCommand("uapLens.issueCertificate", uri, 0);
    setTimeout(() => cancel.cancel(), 300);
    await issuing;
    assert.equal(await exists(certificateOf(uri)), false);
    assert.deepEqual(said, []);
    undo.pop()?.();

    const quick = await open(await model());
    await click(quick);
    await says(quick, "✓ certificate");
    assert.ok(threads.length > before, "on a new thread");
    await says(document, "issue certificate");
  });

  it("are not issued for a file that is not saved yet, nor for a verdict that proves nothing", async () => {
    await model();
    await vscode.commands.executeCommand("uapLens.newModel");
    await vscode.commands.executeCommand("uapLens.issueCertificate");
    assert.deepEqual(said, ["Save the model file first: its certificate is written next to it."]);
    const document = await open(example("no-bias.uap.json"));
    assert.equal(await badgeOf(document), undefined);
    await vscode.commands.executeCommand("uapLens.issueCertificate");
    assert.match(said[1], /^No certificate of no-bias\.uap\.json: The verdict is unknown/);
    assert.equal(await exists(certificateOf(document.uri)), false);
  });
});
