/** Model code in the editor: Python, notebooks, TypeScript. */
import assert from "node:assert/strict";
import * as vscode from "vscode";
import {
  closeAll,
  codeOf,
  diagnosticsNow,
  diagnosticsOf,
  lensesOf,
  open,
  quickFixesOf,
  threads,
  until,
  verdictsOf,
  write,
} from "./host";
import { testOutput } from "./output";

/** The window of 2 reaches 4 tokens in 2 layers. */
const script = (layers: number) => `import { transformer } from "uap-lens";

export const model = await transformer({
  tokens: 16,
  width: 8,
  position: "absolute",
  layers: [{ repeat: ${layers}, attention: { pattern: { window: 2 } } }],
});
`;

async function type(text: string): Promise<void> {
  await vscode.commands.executeCommand("type", { text });
}

/** The place behind a part of the text. */
function behind(document: vscode.TextDocument, part: string): vscode.Position {
  const at = document.getText().indexOf(part);
  assert.ok(at >= 0, part);
  return document.positionAt(at + part.length);
}

function putCursor(document: vscode.TextDocument, part: string): void {
  const editor = vscode.window.activeTextEditor;
  assert.equal(editor?.document, document);
  const place = behind(document, part);
  editor.selection = new vscode.Selection(place, place);
}

/** Milliseconds from a key to the diagnostics that follow from it, the least of some tries. */
async function delayOf(document: vscode.TextDocument, key: () => Promise<void>, back: () => Promise<void>, tries = 5) {
  const delays: number[] = [];
  for (let i = 0; i < tries; i++) {
    const before = diagnosticsNow(document.uri).map(({ message }) => message).join(); // prettier-ignore
    const now = () => diagnosticsNow(document.uri).map(({ message }) => message).join(); // prettier-ignore
    const shown = new Promise<number>((resolve) => {
      const subscription = vscode.languages.onDidChangeDiagnostics(() => {
        if (now() === before) return;
        subscription.dispose();
        resolve(Date.now());
      });
    });
    const typed = Date.now();
    await key();
    delays.push((await shown) - typed);
    await back();
    await until(now, (messages) => messages === before);
  }
  return Math.min(...delays);
}

describe("Model code", () => {
  afterEach(closeAll);

  it("in TypeScript is read, found wanting, and mended", async () => {
    const document = await open(await write("code/model.ts", script(2)));
    const [diagnostic] = await diagnosticsOf(document);
    assert.equal(codeOf(diagnostic), "UAP101");
    assert.equal(document.getText(diagnostic.range), "{ window: 2 }");
    assert.match((await verdictsOf(document))[0].command?.title ?? "", /refuted: 2 layers, 8 needed/);
    const fixes = await quickFixesOf(document, diagnostic.range);
    const fix = fixes.find(({ title, edit }) => edit && title === "Use 8 layers");
    assert.ok(fix, fixes.map(({ title }) => title).join());
    assert.ok(await vscode.workspace.applyEdit(fix.edit!));
    assert.equal(document.getText(), script(8));
    assert.deepEqual((await diagnosticsOf(document)).map(codeOf), []);
  });

  it("has its squiggle within 300 milliseconds of the last key", async () => {
    const document = await open(await write("code/typed.ts", script(2)));
    assert.equal((await diagnosticsOf(document)).length, 1);
    putCursor(document, "repeat: ");
    const delay = await delayOf(
      document,
      () => type("1"), // 12 layers reach
      async () => vscode.commands.executeCommand("deleteLeft"),
    );
    console.log(`${testOutput}      squiggle after ${delay} ms`);
    assert.ok(delay < 300, `${delay} ms`);
  });

  it("without a model is left alone, and code without a word of attention starts no thread", async () => {
    const before = threads.length;
    for (const [name, text] of [
      ["code/plain.py", "def f(x):\n    return x + 1\n"],
      ["code/plain.ts", "export const softmax = 1;\n"],
    ]) {
      const document = await open(await write(name, text));
      assert.deepEqual(await lensesOf(document), [], name);
      assert.deepEqual(diagnosticsNow(document.uri), [], name);
    }
    assert.equal(threads.length, before);
    const document = await open(await write("code/words.py", "# On attention.\nx = 1\n"));
    assert.deepEqual(await lensesOf(document), []);
    assert.deepEqual(diagnosticsNow(document.uri), []);
  });

  it("completes its comments", async () => {
    const document = await open(await write("code/comment.py", "# uap: tokens=16 \n# uap: position=\n# on: \n"));
    const offered = async (line: number) => {
      const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
        "vscode.executeCompletionItemProvider",
        document.uri,
        document.lineAt(line).range.end,
      );
      return items.map(({ label }) => (typeof label === "string" ? label : label.label));
    };
    const keys = await offered(0);
    for (const key of ["layers", "width", "position", "symmetry", "visibility", "function", "ignore"])
      assert.ok(keys.includes(key), key);
    assert.ok(!keys.includes("tokens"));
    assert.deepEqual(await offered(1), ["none", "learned", "sinusoidal", "rotary", "alibi"]);
    assert.ok(!(await offered(2)).includes("layers"));
  });

  it("is checked with the workspace", async () => {
    const files = [
      await write("code/closed.ts", script(2)),
      await write("code/dist/built.ts", script(2)),
      await write("code/nothing.py", "# On attention.\n"),
    ];
    await vscode.commands.executeCommand("uapLens.checkWorkspace");
    const found = files.map((uri) => diagnosticsNow(uri).map(codeOf).join());
    assert.deepEqual(found, ["UAP101", "", ""]);
    for (const uri of files) await vscode.workspace.fs.delete(uri);
    await until(
      () => diagnosticsNow(files[0]),
      (left) => left.length === 0,
    );
  });
});
