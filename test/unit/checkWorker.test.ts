/** The checking thread as it is built: it finds the grammars beside its bundle, and answers in the order of the questions. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { Question, Request, Response } from "../../extension/checkWorker";
import type { FileReport } from "../../extension/theory/verdict/report";

const dist = path.resolve(__dirname, "../../dist");

const python = `# uap: tokens=8 layers=1
def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx
`;
const script = `import { transformer } from "uap-lens";\nawait transformer({ tokens: 4, width: 2, layers: [{ attention: {} }] });\n`;
const spec = '{ "tokens": 4, "width": 2, "layers": [{ "attention": {} }] }';

/** The answers of the thread of a folder, in the order in which they come. */
async function answers(folder: string, questions: readonly Question[]): Promise<Response[]> {
  const worker = new Worker(path.join(folder, "checkWorker.js"));
  try {
    return await new Promise((resolve, reject) => {
      const come: Response[] = [];
      worker.on("error", reject);
      worker.on("message", (response: Response) => {
        if (come.push(response) === questions.length) resolve(come);
      });
      for (const [job, question] of questions.entries()) worker.postMessage({ job, question } satisfies Request);
    });
  } finally {
    await worker.terminate();
  }
}

const check = (fileName: string, text: string): Question => ({ kind: "check", fileName, text });

describe("the checking thread", () => {
  before(() => assert.ok(existsSync(path.join(dist, "checkWorker.js")), "`npm run build` makes it"));

  it("reads code, and answers in order", async () => {
    const come = await answers(dist, [
      check("a.py", python),
      check("b.uap.json", spec),
      check("c.ts", script),
      check("d.py", "# attention\n"),
    ]);
    assert.deepEqual(
      come.map(({ job }) => job),
      [0, 1, 2, 3],
    );
    const reports = come.map(({ answer }) => answer as FileReport | undefined);
    assert.deepEqual(
      reports.map((report) => report?.architectures.map(({ tokens }) => tokens)),
      [[8], [4], [4], undefined],
    );
    assert.deepEqual(reports[0]?.findings.filter(({ code }) => code === "UAP001"), []); // prettier-ignore
  });

  it("says which grammar is damaged, and reads what it still can", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "uap-lens-"));
    try {
      for (const name of readdirSync(dist).filter((file) => /^(checkWorker\.js|tree-sitter.*\.wasm)$/.test(file)))
        copyFileSync(path.join(dist, name), path.join(folder, name));
      writeFileSync(path.join(folder, "tree-sitter-python.wasm"), "damaged");
      const come = await answers(folder, [check("a.py", python), check("c.ts", script), check("d.py", "x = 1\n")]);
      const [broken, read, none] = come.map(({ answer }) => answer as FileReport | undefined);
      assert.deepEqual(
        broken?.findings.map(({ code }) => code),
        ["UAP001"],
      );
      assert.match(
        broken?.findings[0].message ?? "",
        /^Python cannot be read here: its grammar is missing .* or damaged/,
      );
      assert.equal(read?.architectures.length, 1);
      assert.equal(none, undefined);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
