/** The command line as its users run it: the built file in a process of its own. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "sarif";
import { checkText } from "../../extension/check";
import type { Report } from "../../extension/theory/verdict/report";

const root = path.resolve(import.meta.dirname, "../..");
const cli = path.join(root, "dist/cli.js");

const good = '{ "tokens": 4, "width": 2, "layers": [{ "attention": {} }] }\n';
const refuted = `{
  "tokens": 8, "width": 2,
  "layers": [{ "attention": { "pattern": { "block": 4 } } }]
}
`;
const broken = '{ "tokens": 4,\n  "width": }\n';

describe("the command line", () => {
  let folder: string;

  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-"));
    mkdirSync(path.join(folder, "models/node_modules/x"), { recursive: true });
    mkdirSync(path.join(folder, "empty"));
    const write = (file: string, text: string | Uint8Array) => writeFileSync(path.join(folder, file), text);
    write("good.uap.json", good);
    write("models/refuted.uap.json", refuted);
    write("models/good.uap.yml", "tokens: 4\nwidth: 2\nlayers: [{ attention: {} }]\n");
    write("models/config.json", '{ "compilerOptions": {} }');
    write("models/node_modules/x/x.uap.json", broken);
    write("broken.uap.json", broken);
    write("latin1.uap.json", Uint8Array.of(0x7b, 0x0a, 0xe9, 0x7d));
    write("notes.txt", "notes");
    write("name.uap.json", good.replace("{", '{ "name": "\\u001b[31mred\\nnext",'));
    symlinkSync("..", path.join(folder, "models/up"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function uap(args: string[], env: NodeJS.ProcessEnv = {}) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    return { status, stdout, stderr };
  }

  it("prints a table line, the statement and the findings, and exits 0 where nothing is wrong", () => {
    const { status, stdout, stderr } = uap(["check", "good.uap.json"]);
    assert.deepEqual([status, stderr], [0, ""]);
    const [head, row, statement, , totals] = stdout.split("\n");
    assert.match(head, /^VERDICT +CLASS +SYMMETRY +LAYERS +MODEL$/);
    assert.match(row, /^certified +full +S_4 +1 \(1 needed\) +good\.uap\.json$/);
    assert.match(statement, /^ {2}With its 1 attention layer/);
    assert.equal(totals, "1 file; 1 certified; no findings");
  });

  it("exits 1 on an error finding, and says where it is as file:line:column", () => {
    const { status, stdout } = uap(["check", "models/refuted.uap.json"]);
    assert.equal(status, 1);
    assert.match(stdout, /^ {2}models\/refuted\.uap\.json:3:42: error UAP102 /m);
    assert.match(stdout, /^ {4}fix: /m);
    assert.match(stdout, /1 refuted; 1 error/);
  });

  it("exits 2 on a file that cannot be read, and still checks the others", () => {
    const { status, stdout } = uap(["check", "broken.uap.json", "good.uap.json"]);
    assert.equal(status, 2);
    assert.match(stdout, /^ {2}broken\.uap\.json:2:12: error UAP001 a value is expected here$/m);
    assert.match(stdout, /^certified /m);
  });

  it("says which line is not UTF-8", () => {
    const { status, stdout } = uap(["check", "latin1.uap.json"]);
    assert.equal(status, 2);
    assert.match(stdout, /latin1\.uap\.json:2:1: error UAP001 line 2 is not UTF-8/);
  });

  it("takes files, directories and globs, each file once, and passes over what is no model file", () => {
    const { status, stdout } = uap(["check", "--json", "models", "models/*.json", "./good.uap.json", "good.*"]);
    assert.equal(status, 1);
    const { version, results } = JSON.parse(stdout) as Report;
    assert.equal(version, 1);
    assert.deepEqual(
      results.map(({ file }) => file),
      ["models/good.uap.yml", "models/refuted.uap.json", "./good.uap.json"],
    );
  });

  describe("on model code", () => {
    const script = `import { transformer } from "uap-lens";\nawait transformer({\n  tokens: 8, width: 2,\n  layers: [{ attention: { pattern: { block: 4 } } }],\n});\n`;
    const mask = `from torch.nn.attention.flex_attention import create_block_mask\n\n# uap: layers=1\ndef near(b, h, q_idx, kv_idx):\n    return (q_idx - kv_idx).abs() <= 2\n\nmask = create_block_mask(near, None, None, 16, 16)\n`;
    const notebook = (source: string[]) =>
      JSON.stringify({ nbformat: 4, metadata: {}, cells: [{ cell_type: "code", source }] }, null, 1);

    before(() => {
      const write = (file: string, text: string | Uint8Array) => {
        mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
        writeFileSync(path.join(folder, file), text);
      };
      write("code/model.ts", script);
      write("code/mask.py", mask);
      write("code/mask.ipynb", notebook(mask.split(/(?<=\n)/)));
      write("code/words.py", "# On attention.\n");
      write("code/plain.py", "x = 1\n");
      write("code/latin1.py", Uint8Array.of(...Buffer.from("# attention "), 0xe9, 0x0a));
      write("code/types.d.ts", script);
      for (const others of ["venv/lib", "dist", "build", "__pycache__", "node_modules/x", "env/site-packages/x"])
        write(`code/${others}/model.ts`, script);
    });

    it("finds it in a directory, where it is not somebody else's or built, and passes over code without a model", () => {
      const { status, stdout, stderr } = uap(["check", "--json", "code"]);
      assert.deepEqual([status, stderr], [1, ""]);
      const { results } = JSON.parse(stdout) as Report;
      assert.deepEqual(
        results.map(({ file, format }) => [file, format]),
        [
          ["code/mask.ipynb", "pytorch"],
          ["code/mask.py", "pytorch"],
          ["code/model.ts", "typescript"],
        ],
      );
    });

    it("says where its findings are, in a notebook as lines of the file", () => {
      const { stdout } = uap(["check", "code/model.ts", "code/mask.py", "code/mask.ipynb"]);
      assert.match(stdout, /^ {2}code\/model\.ts:4:36: error UAP102 /m);
      assert.match(stdout, /^ {2}code\/mask\.py:5:12: error UAP101 /m);
      const lines = readFileSync(path.join(folder, "code/mask.ipynb"), "utf8").split("\n");
      const line = lines.findIndex((text) => text.includes("return ("));
      assert.match(
        stdout,
        new RegExp(`^ {2}code/mask\\.ipynb:${line + 1}:${lines[line].indexOf("(") + 1}: error UAP101 `, "m"),
      );
    });

    it("without a model is no error: a change may hold both", () => {
      for (const file of ["code/words.py", "code/plain.py", "code/latin1.py"])
        assert.deepEqual(uap(["check", file]), {
          status: 0,
          stdout: "",
          stderr: `uap-lens: ${file}: no model found\n`,
        });
      const { status, stdout } = uap(["check", "code/words.py", "good.uap.json"]);
      assert.equal(status, 0);
      assert.match(stdout, /^certified /m);
      assert.deepEqual(uap(["train", "code/words.py"]), {
        status: 2,
        stdout: "",
        stderr: "uap-lens: code/words.py: no model found\n",
      });
    });
  });

  it("gives the report of the library, field for field", () => {
    const { stdout } = uap(["check", "--json", "models/refuted.uap.json"]);
    assert.deepEqual(JSON.parse(stdout), { version: 1, results: [checkText("models/refuted.uap.json", refuted)] });
  });

  it("says what it cannot do on standard error, in one line, with exit code 2", () => {
    for (const [args, message] of [
      [["missing.uap.json"], "missing.uap.json: there is no such file"],
      [["empty"], "empty: no model file in it"],
      [
        ["notes.txt"],
        "notes.txt: not a model file (*.uap.json, *.uap.yaml, a config.json with a model_type, or model code)",
      ],
      [["*.toml"], "*.toml: no file matches"],
      [["*.txt"], "no model file among the files"],
    ] as [string[], string][]) {
      const { status, stdout, stderr } = uap(["check", ...args]);
      assert.deepEqual([status, stdout, stderr], [2, "", `uap-lens: ${message}\n`]);
    }
    const { status, stdout } = uap(["check", "missing.uap.json", "good.uap.json"]);
    assert.equal(status, 2);
    assert.match(stdout, /^certified /m);
  });

  it("explains how it is used", () => {
    for (const args of [[], ["check"], ["frobnicate"], ["check", "--sarif", "--json", "."], ["check", "--fast", "."]]) {
      const { status, stdout, stderr } = uap(args);
      assert.deepEqual([status, stdout], [2, ""], args.join(" "));
      assert.match(stderr, /^uap-lens: .+\n\nUsage: uap-lens check FILE/);
      // Of the command that was meant, or of all where none was.
      assert.equal(/\nUsage: uap-lens export FILE/.test(stderr), args[0] !== "check", stderr);
    }
    const help = uap(["--help"]);
    assert.equal(help.status, 0);
    assert.match(help.stdout, /^Usage: uap-lens check FILE[^]*\nUsage: uap-lens export FILE/);
    const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
    assert.deepEqual(uap(["--version"]), { status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("does not let a file write to the terminal", () => {
    const { stdout } = uap(["check", "name.uap.json"]);
    assert.ok(!stdout.includes("\u001b"));
    assert.equal(stdout.trimEnd().split("\n").length, 5);
  });

  it("writes SARIF 2.1.0 with rules, one-based regions and the fixes", () => {
    const { status, stdout } = uap([
      "check",
      "--sarif",
      "models/refuted.uap.json",
      "broken.uap.json",
      "missing.uap.json",
    ]);
    assert.equal(status, 2);
    const log = JSON.parse(stdout) as Log;
    assert.equal(log.version, "2.1.0");
    const [{ tool, results, invocations, columnKind }] = log.runs;
    assert.equal(columnKind, "utf16CodeUnits");
    assert.equal(invocations![0].executionSuccessful, false);
    assert.equal(
      invocations![0].toolExecutionNotifications![0].message.text,
      "missing.uap.json: there is no such file",
    );
    for (const rule of tool.driver.rules!) {
      assert.ok(existsSync(fileURLToPath(rule.helpUri!)), rule.helpUri);
      assert.match(rule.shortDescription!.text, /^[^#\n]+$/);
    }

    const [connection, syntax] = results!;
    assert.deepEqual([connection.ruleId, connection.level], ["UAP102", "error"]);
    assert.equal(tool.driver.rules![connection.ruleIndex!].id, "UAP102");
    const { artifactLocation, region } = connection.locations![0].physicalLocation!;
    assert.equal(artifactLocation!.uri, "models/refuted.uap.json");
    const line = refuted.split("\n")[region!.startLine! - 1];
    assert.equal(line.slice(region!.startColumn! - 1, region!.endColumn! - 1), '{ "block": 4 }');
    const [{ deletedRegion, insertedContent }] = connection.fixes![0].artifactChanges[0].replacements;
    assert.deepEqual([deletedRegion.startLine, deletedRegion.endLine], [3, 3]);
    const mended =
      line.slice(0, deletedRegion.startColumn! - 1) + insertedContent!.text + line.slice(deletedRegion.endColumn! - 1);
    assert.ok(!checkText("x.uap.json", refuted.replace(line, mended)).findings.some(({ code }) => code === "UAP102"));
    assert.deepEqual([syntax.ruleId, syntax.locations![0].physicalLocation!.region!.startLine], ["UAP001", 2]);
  });

  it("ends quietly when its reader has seen enough", async () => {
    const child = spawn(process.execPath, [cli, "check", "--json", path.join(root, "examples")], { cwd: folder });
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.stdout.once("data", () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.once("close", resolve));
    assert.deepEqual([status, stderr], [1, ""]);
  });

  it("says that the device is full", function () {
    if (!existsSync("/dev/full")) {
      console.log("      skipped: this system has no /dev/full");
      this.skip();
    }
    const { status, stderr } = spawnSync(
      "/bin/sh",
      ["-c", '"$0" "$1" check good.uap.json > /dev/full', process.execPath, cli],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    assert.deepEqual([status, stderr], [2, "uap-lens: cannot write the output: no space left on the device\n"]);
  });

  describe("on a terminal", () => {
    const escape = "\u001b[";

    /** What the terminal receives, from `script` of util-linux. */
    function terminal(args: string, env: NodeJS.ProcessEnv): string {
      return execFileSync("script", ["-qec", `"${process.execPath}" "${cli}" ${args}`, "/dev/null"], {
        cwd: folder,
        encoding: "utf8",
        // Nothing else: many variables, CI among them, switch colours off or on.
        env: { PATH: process.env.PATH, TERM: "xterm-256color", ...env },
      });
    }

    before(function () {
      if (spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux")) return;
      console.log("      skipped: there is no `script` of util-linux to make a terminal with");
      this.skip();
    });

    it("shows colours and progress", () => {
      const shown = terminal("check good.uap.json", {});
      assert.ok(shown.includes(`${escape}32mcertified`));
      assert.ok(shown.includes(`\r${escape}K1/1 good.uap.json`));
    });

    it("shows no colours under NO_COLOR", () => {
      const shown = terminal("check good.uap.json", { NO_COLOR: "1" });
      assert.ok(shown.includes("certified"));
      assert.ok(!shown.includes(`${escape}3`));
    });
  });
});
