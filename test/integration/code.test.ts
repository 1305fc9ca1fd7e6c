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
  replace,
  threads,
  until,
  verdictsOf,
  write,
} from "./host";
import { testOutput } from "./output";
import { assertWithin } from "../time";

/** The window of 2 reaches 4 tokens in 2 layers. */
const script = (layers: number) => `import { transformer } from "uap-lens";

export const model = await transformer({
  tokens: 16,
  width: 8,
  position: "absolute",
  layers: [{ repeat: ${layers}, attention: { pattern: { window: 2 } } }],
});
`;

/** A mask for flex_attention that reaches as far in two layers. */
const mask = (reach: number) => `from torch.nn.attention.flex_attention import create_block_mask


# uap: layers=2
def sliding(b, h, q_idx, kv_idx):
    return (q_idx - kv_idx).abs() <= ${reach}


mask = create_block_mask(sliding, None, None, 16, 16)
`;

/** A Jupyter notebook in Python. */
function notebookOf(...cells: { kind: "code" | "markdown"; text: string }[]): string {
  const made = cells.map(({ kind, text }, index) => ({
    id: `cell${index}`,
    cell_type: kind,
    metadata: {},
    source: text.split(/(?<=\n)/),
    ...(kind === "code" ? { outputs: [], execution_count: null } : {}),
  }));
  const metadata = {
    kernelspec: { name: "python3", display_name: "Python 3", language: "python" },
    language_info: { name: "python" },
  };
  return JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells: made }, null, 1);
}

const isError = ({ severity }: vscode.Diagnostic) => severity === vscode.DiagnosticSeverity.Error;

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

/** Asserts that diagnostics follow the last key within 300 milliseconds. */
async function assertPrompt(
  document: vscode.TextDocument,
  keys: { first?: () => Promise<void>; last: () => Promise<void>; back: () => Promise<void> },
): Promise<void> {
  const now = () =>
    diagnosticsNow(document.uri)
      .map(({ message }) => message)
      .join();
  await assertWithin(300, "a squiggle", async () => {
    const before = now();
    await keys.first?.();
    const shown = new Promise<number>((resolve) => {
      const subscription = vscode.languages.onDidChangeDiagnostics(() => {
        if (now() === before) return;
        subscription.dispose();
        resolve(Date.now());
      });
    });
    const typed = Date.now();
    await keys.last();
    const delay = (await shown) - typed;
    console.log(`${testOutput}      squiggle after ${delay} ms`);
    await keys.back();
    await until(now, (messages) => messages === before);
    return delay;
  });
}

async function deleteLeft(): Promise<void> {
  await vscode.commands.executeCommand("deleteLeft");
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
    await assertPrompt(document, { last: () => type("1"), back: deleteLeft }); // 12 layers reach
  });

  it("in Python: a mask is typed, found wanting, mended", async () => {
    const document = await open(await write("code/mask.py", mask(12)));
    assert.deepEqual((await diagnosticsOf(document)).filter(isError).map(codeOf), []);
    putCursor(document, "<= 12");
    await assertPrompt(document, {
      first: async () => {
        await deleteLeft();
        await deleteLeft();
      },
      last: () => type("2"),
      back: async () => {
        await deleteLeft();
        await type("12");
      },
    });

    await replace(document, mask(2));
    const [diagnostic] = (await diagnosticsOf(document)).filter(isError);
    assert.equal(codeOf(diagnostic), "UAP101");
    assert.match(document.getText(diagnostic.range), /^\(q_idx - kv_idx\)\.abs\(\) <= 2$/);
    const fix = (await quickFixesOf(document, diagnostic.range)).find(({ edit }) => edit);
    assert.ok(fix?.edit);
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    assert.deepEqual((await diagnosticsOf(document)).filter(isError).map(codeOf), []);
    assert.equal((await verdictsOf(document)).length, 1);
  });

  it("that does not tell its tokens is asked about, and a click writes the comment", async () => {
    const text = "def near(b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx).abs() <= 2\n";
    const document = await open(await write("code/ask.py", text));
    assert.deepEqual(await diagnosticsOf(document), []);
    const [lens, ...others] = await lensesOf(document);
    assert.deepEqual(others, []);
    assert.match(lens.command?.title ?? "", /^UAP Lens: add tokens=… layers=…$/);
    await vscode.commands.executeCommand(lens.command!.command, ...(lens.command!.arguments as unknown[]));
    assert.match(document.lineAt(0).text, /^# uap: tokens=\d+ layers=\d+$/);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor?.document === document);
    assert.match(document.lineAt(0).text, new RegExp(`tokens=${document.getText(editor.selection)} `));
    await type("32");
    assert.match(document.lineAt(0).text, /^# uap: tokens=32 layers=\d+$/);
    assert.equal((await verdictsOf(document)).length, 1);
    await type("x");
    const [wrong] = await diagnosticsOf(document);
    assert.equal(codeOf(wrong), "UAP001");
    assert.equal(document.getText(wrong.range), "32x");
  });

  it("in a notebook has its findings and fixes in the cells", async () => {
    const [imports, rest] = mask(2).split("\n\n\n# uap");
    const [define, use] = `# uap${rest}`.split("\n\n\nmask = ");
    const cells = [
      { kind: "markdown", text: mask(2) },
      { kind: "code", text: `%matplotlib inline\n${imports}\n` },
      { kind: "code", text: define },
      { kind: "code", text: `mask = ${use}` },
    ] as const;
    const uri = await write("code/mask.ipynb", notebookOf(...cells));
    await vscode.commands.executeCommand("vscode.open", uri);
    const notebook = await until(
      () => vscode.workspace.notebookDocuments.find((each) => each.uri.toString() === uri.toString()),
      (each) => each !== undefined,
    );
    const documents = notebook!.getCells().map(({ document }) => document);
    const errors = () => documents.map((document) => diagnosticsNow(document.uri).filter(isError).map(codeOf).join());
    await until(errors, (found) => found.join() === ",,UAP101,");
    const [diagnostic] = diagnosticsNow(documents[2].uri).filter(isError);
    assert.equal(documents[2].getText(diagnostic.range), "(q_idx - kv_idx).abs() <= 2");
    assert.equal((await verdictsOf(documents[2])).length, 1);
    assert.deepEqual(await lensesOf(documents[1]), []);
    const certificate = vscode.Uri.joinPath(uri, "..", "mask.ipynb.certificate.json");
    await vscode.commands.executeCommand("uapLens.issueCertificate", uri, 0);
    assert.ok((await vscode.workspace.fs.stat(certificate)).size > 0);
    const badges = await lensesOf(documents[2]);
    assert.ok(badges.some(({ command }) => command?.title === "✓ certificate"));
    await vscode.workspace.fs.delete(certificate);

    const fix = (await quickFixesOf(documents[2], diagnostic.range)).find(({ edit }) => edit);
    assert.ok(fix?.edit);
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    await until(errors, (found) => found.join() === ",,,");
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
