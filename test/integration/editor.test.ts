import assert from "node:assert/strict";
import * as vscode from "vscode";
import {
  closeAll,
  codeOf,
  diagnosticsNow,
  diagnosticsOf,
  example,
  extensionId,
  lensesOf,
  open,
  quickFixesOf,
  replace,
  threads,
  until,
  verdictsOf,
  write,
} from "./host";

/** A window of 2 on 256 tokens needs 128 layers for the ends to meet. */
const shortOf = (layers: number) =>
  `{ "tokens": 256, "width": 8, "position": "absolute", "layers": [{ "repeat": ${layers}, "attention": { "pattern": { "window": 2 } } }] }\n`;

describe("The editor", () => {
  afterEach(closeAll);

  it("activates and registers the commands that it declares", async () => {
    const extension = vscode.extensions.getExtension<void>(extensionId);
    assert.ok(extension, "the extension is installed");
    await extension.activate();
    const { contributes } = extension.packageJSON as { contributes: { commands: { command: string }[] } };
    const declared = contributes.commands.map(({ command }) => command);
    const known = await vscode.commands.getCommands(true);
    assert.ok(declared.length > 0);
    assert.deepEqual(
      declared.filter((command) => !known.includes(command)),
      [],
    );
  });

  it("names the tokens that are out of reach of each other, where the window is written", async () => {
    const document = await open(example("longformer.uap.json"));
    const found = await diagnosticsOf(document);
    assert.deepEqual(found.map(codeOf), ["UAP101"]);
    const [diagnostic] = found;
    assert.equal(diagnostic.severity, vscode.DiagnosticSeverity.Error);
    assert.match(diagnostic.message, /\b0\b.*\b4095\b|\b4095\b.*\b0\b/);
    assert.match(diagnostic.message, /\b16\b/);
    const text = document.getText();
    const attention = new vscode.Range(
      document.positionAt(text.indexOf('"repeat"')),
      document.positionAt(text.indexOf('"feedForward"')),
    );
    assert.ok(attention.contains(diagnostic.range), document.getText(diagnostic.range));
  });

  it("links a finding's code to its page", async () => {
    const [diagnostic] = await diagnosticsOf(await open(example("longformer.uap.json")));
    assert.ok(typeof diagnostic.code === "object");
    const page = await vscode.workspace.fs.readFile(diagnostic.code.target);
    assert.match(new TextDecoder().decode(page), /UAP101/);
  });

  it("offers quick fixes that make their finding go away, in every example", async () => {
    const files = await vscode.workspace.findFiles("**/*.{json,yaml}");
    assert.ok(files.length >= 8);
    let applied = 0;
    for (const uri of files) {
      const document = await open(uri);
      const original = document.getText();
      const findings = await diagnosticsOf(document);
      for (const { range } of findings) {
        const there = findings.filter((each) => each.range.intersection(range)).map(codeOf);
        for (const { title, edit } of await quickFixesOf(document, range)) {
          if (!edit) continue; // offered by another extension
          assert.ok(await vscode.workspace.applyEdit(edit));
          assert.notEqual(document.getText(), original);
          const left = (await diagnosticsOf(document)).map(codeOf);
          const outcome = `${uri.path}: "${title}" turns ${there.join()} into ${left.join() || "nothing"}`;
          assert.ok(
            there.some((code) => !left.includes(code)),
            outcome,
          );
          assert.ok(!left.includes("UAP001"), outcome);
          applied++;
          await replace(document, original);
        }
      }
    }
    assert.ok(applied >= 5, `${applied} fixes were tried`);
  });

  it("offers repairs with what they cost, and each of them leaves no error", async () => {
    const document = await open(example("longformer.uap.json"));
    const original = document.getText();
    const [{ range }] = await diagnosticsOf(document);
    const isRepair = ({ title }: vscode.CodeAction) => title.startsWith("Repair: ");
    // They are searched for while the finding's own fixes are shown already.
    const offered = await until(
      () => quickFixesOf(document, range),
      (actions) => actions.some(isRepair),
    );
    const own = offered.filter(({ edit, title }) => edit && !title.startsWith("Repair: "));
    assert.ok(own.length > 0 && offered.some(({ title }) => title === "Compare Repairs..."));
    for (const { title, edit } of offered.filter(isRepair)) {
      assert.match(title, /\(.*full attention.*\)$/);
      assert.ok(edit && (await vscode.workspace.applyEdit(edit)), title);
      const errors = (await diagnosticsOf(document)).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error); // prettier-ignore
      assert.deepEqual(errors.map(({ message }) => message), [], title); // prettier-ignore
      await replace(document, original);
    }
  });

  it("shows the verdict above each architecture", async () => {
    const refuted = await verdictsOf(await open(example("longformer.uap.json")));
    assert.equal(refuted.length, 1);
    assert.match(refuted[0].command?.title ?? "", /refuted/);
    const certified = await verdictsOf(await open(example("ring.uap.yaml")));
    assert.match(certified[0].command?.title ?? "", /certified.*D_16/);
  });

  it("says in the hover what the theory asks for", async () => {
    const document = await open(example("longformer.uap.json"));
    const [diagnostic] = await diagnosticsOf(document);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      diagnostic.range.start,
    );
    const said = hovers.flatMap(({ contents }) =>
      contents.map((each) => (typeof each === "string" ? each : each.value)),
    );
    assert.match(said.join("\n"), /Theory:/);
    assert.match(said.join("\n"), /UAP101: what it means/);
  });

  it("marks what it cannot read", async () => {
    const document = await open(await write("broken.uap.yaml", "tokens: 16\nwidth: [3\nlayers:\n"));
    assert.deepEqual((await diagnosticsOf(document)).map(codeOf), ["UAP001"]);
  });

  it("marks what is wrong with the grid of a sweep, until it is right or closed", async () => {
    const grid = (axis: string) =>
      `base: { tokens: 4, width: 2, layers: [{ attention: {} }] }\naxes:\n  ${axis}: [1, 2]\n`;
    const document = await open(await write("axes.sweep.yaml", grid("widnow")));
    const marked = (count: number) =>
      until(
        () => diagnosticsNow(document.uri),
        ({ length }) => length === count,
      );
    const [diagnostic] = await marked(1);
    assert.equal(codeOf(diagnostic), "UAP001");
    assert.equal(document.getText(diagnostic.range), "widnow");
    assert.match(diagnostic.message, /did you mean `window`/);
    await replace(document, grid("window"));
    await marked(0);
    await replace(document, "base: [");
    await until(
      () => diagnosticsNow(document.uri),
      ({ length }) => length > 0,
    );
    await closeAll();
    await marked(0);
  });

  it("leaves other files alone", async () => {
    const document = await open(await write("other/config.json", '{ "name": "no model" }\n'));
    assert.deepEqual(await lensesOf(document), []);
    assert.deepEqual(diagnosticsNow(document.uri), []);
  });

  it("reads Hugging Face configurations", async () => {
    const lenses = await verdictsOf(await open(example("mistral-7b/config.json")));
    assert.equal(lenses.length, 1);
    assert.match(lenses[0].command?.title ?? "", /causal/);
  });

  it("forgets a file that is closed", async () => {
    const { uri } = await open(await write("closed.uap.json", shortOf(2)));
    await until(
      () => diagnosticsNow(uri),
      (found) => found.length > 0,
    );
    await closeAll();
    await until(
      () => diagnosticsNow(uri),
      (found) => found.length === 0,
    );
  });

  it("follows rapid edits without showing the texts in between", async () => {
    const document = await open(await write("rapid.uap.json", shortOf(3)));
    const layers = (found: vscode.Diagnostic[]) => found.map(({ message }) => / in (\d+) /.exec(message)?.[1]).join();
    assert.equal(layers(await diagnosticsOf(document)), "3");
    const shown = new Set<string>();
    const subscription = vscode.languages.onDidChangeDiagnostics(() => shown.add(layers(diagnosticsNow(document.uri))));

    // 30, 3, 31, 3, 32 ... 39, 3, 30 layers, typed as fast as the editor takes it.
    const { activeTextEditor } = vscode.window;
    assert.ok(activeTextEditor);
    const end = document.positionAt(document.getText().indexOf('"repeat": 3') + '"repeat": 3'.length);
    activeTextEditor.selection = new vscode.Selection(end, end);
    const keys = [..."0123456789"].flatMap((digit) => [digit, "delete"]).concat("0");
    await Promise.all(
      keys.map((key) =>
        key === "delete"
          ? vscode.commands.executeCommand("deleteLeft")
          : vscode.commands.executeCommand("type", { text: key }),
      ),
    );
    assert.match(document.getText(), /"repeat": 30,/);
    assert.equal(layers(await diagnosticsOf(document)), "30");
    await until(
      () => shown.has("30"),
      (last) => last,
    );
    subscription.dispose();
    assert.ok(shown.size < 5, `of ten texts in between these were shown: ${[...shown].join("; ")}`);
    await replace(document, shortOf(128));
    assert.deepEqual((await diagnosticsOf(document)).map(codeOf), []);
  });

  it("replaces a checking thread that died", async () => {
    const document = await open(await write("thread.uap.json", shortOf(2)));
    assert.equal((await diagnosticsOf(document)).length, 1);
    const before = threads.length;
    assert.ok(before > 0, "the checking thread is known");
    await Promise.all(threads.map((thread) => thread.terminate())); // those of panels and certificates too
    await replace(document, shortOf(128));
    assert.deepEqual(await diagnosticsOf(document), []);
    assert.equal(threads.length, before + 1);
  });

  it("checks the whole workspace, closed files too", async () => {
    const closed = await write("never-opened.uap.json", shortOf(2));
    await vscode.commands.executeCommand("uapLens.checkWorkspace");
    assert.deepEqual(diagnosticsNow(closed).map(codeOf), ["UAP101"]);
    await vscode.workspace.fs.delete(closed);
    await until(
      () => diagnosticsNow(closed),
      (found) => found.length === 0,
    );
  });

  it("opens the report as JSON", async () => {
    await open(example("ring.uap.yaml"));
    await vscode.commands.executeCommand("uapLens.openReportAsJson");
    const document = await until(
      () => vscode.window.activeTextEditor?.document,
      (active) => active?.uri.scheme === "uap-lens-report",
    );
    const report = JSON.parse(document?.getText() ?? "") as { version: number; results: { file: string }[] };
    assert.equal(report.version, 1);
    assert.equal(report.results[0].file, "ring.uap.yaml");
  });

  it("exports an architecture to an untitled document", async () => {
    const { uri } = await open(example("ring.uap.yaml"));
    await vscode.commands.executeCommand("uapLens.export", uri, 0, "pytorch");
    const document = await until(
      () => vscode.window.activeTextEditor?.document,
      (active) => active?.isUntitled === true && active.getText().includes("class RingOf16(nn.Module):"),
    );
    assert.match(document?.uri.path ?? "", /ring_of_16\.py$/);
  });

  it("starts a new model that can be mended", async () => {
    await vscode.commands.executeCommand("uapLens.newModel");
    const document = vscode.window.activeTextEditor?.document;
    assert.ok(document?.isUntitled);
    assert.match(document.uri.path, /\.uap\.json$/);
    assert.deepEqual((await diagnosticsOf(document)).map(codeOf), ["UAP101"]);
  });

  it("opens the report panel", async () => {
    await open(example("longformer.uap.json"));
    await vscode.commands.executeCommand("uapLens.explainVerdict");
    await until(
      () => vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.map(({ label }) => label)),
      (labels) => labels.includes("UAP Lens: longformer.uap.json"),
    );
  });
});
