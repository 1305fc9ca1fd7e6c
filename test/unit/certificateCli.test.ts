/** Certificates on the command line, as its users meet them: `check --certificate` and `verify`, the built file in a process of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import path from "node:path";
import { sealOf } from "../../extension/theory/certificate/format";
import type { Report } from "../../extension/theory/verdict/report";

const root = path.resolve(__dirname, "../..");
const cli = path.join(root, "dist/cli.js");

const uniform = '{ "tokens": 4, "width": 2, "layers": [{ "attention": {} }] }\n';
const blocks = `{
  "tokens": 8, "width": 2,
  "layers": [{ "attention": { "pattern": { "block": 4 } } }]
}
`;

interface Verified {
  version: number;
  results: {
    file: string;
    accepted: boolean;
    kind?: string;
    statement?: string;
    architecture?: string;
    seal?: string;
    source?: { file: string; standing: string };
    step?: string;
    reason?: string;
  }[];
}

describe("certificates on the command line", () => {
  let folder: string;
  const at = (...parts: string[]) => path.join(folder, ...parts);
  const write = (file: string, text: string | Uint8Array) => writeFileSync(at(file), text);
  const text = (file: string) => readFileSync(at(file), "utf8");

  function uap(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
    return { status, stdout, stderr };
  }
  function report(...args: string[]): Report {
    return JSON.parse(uap("check", "--json", ...args).stdout) as Report;
  }
  function verified(...args: string[]): Verified {
    return JSON.parse(uap("verify", "--json", ...args).stdout) as Verified;
  }

  before(() => {
    assert.ok(existsSync(cli), "dist/cli.js is missing: `npm run build` makes it");
    folder = mkdtempSync(path.join(tmpdir(), "uap-lens-certificates-"));
    write("uniform.uap.json", uniform);
    write("blocks.uap.json", blocks);
    copyFileSync(path.join(root, "examples/ring.uap.yaml"), at("ring.uap.yaml"));
    copyFileSync(path.join(root, "examples/no-bias.uap.json"), at("no-bias.uap.json"));
    copyFileSync(path.join(root, "examples/longformer-global.uap.yaml"), at("large.uap.yaml"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  describe("check --certificate", () => {
    it("writes one for what is certified or refuted, and says for all others why there is none", () => {
      const files = ["ring.uap.yaml", "blocks.uap.json", "no-bias.uap.json", "large.uap.yaml"];
      const { status, stdout, stderr } = uap("check", "--certificate", "made/here", ...files);
      assert.deepEqual([status, stderr], [1, ""]);
      const written = ["blocks.uap.json.certificate.json", "ring.uap.yaml.certificate.json"];
      assert.deepEqual(readdirSync(at("made/here")), written);
      assert.match(stdout, /^ {2}Certificate of universality: made\/here\/ring\.uap\.yaml\.certificate\.json$/m);
      assert.match(stdout, /^ {2}Certificate of a refutation: made\/here\/blocks\.uap\.json\.certificate\.json$/m);
      assert.match(stdout, /^ {2}No certificate: One is issued where the verdict is certified or refuted\.$/m);
      assert.match(stdout, /^ {2}No certificate: Universality is certified up to \d+ tokens and registers; these are 4096\.$/m); // prettier-ignore
      const { results } = verified(...written.map((file) => `made/here/${file}`));
      assert.deepEqual(results.map(({ accepted, kind }) => [accepted, kind]), [[true, "refuted"], [true, "universal"]]); // prettier-ignore
    });

    it("names it in the report, with its kind and seal, by the hash of the architecture", () => {
      const { results } = report("--certificate", "named", "uniform.uap.json", "no-bias.uap.json");
      const [[uniform], [noBias]] = results.map(({ architectures }) => architectures);
      const file = "named/uniform.uap.json.certificate.json";
      const certificate = JSON.parse(text(file)) as { seal: string; architecture: { sha256: string } };
      assert.deepEqual(uniform.certificate, { file, kind: "universal", seal: certificate.seal });
      assert.equal(uniform.sha256, certificate.architecture.sha256);
      assert.ok(noBias.certificate && "unavailable" in noBias.certificate);
      const [{ architectures }] = report("uniform.uap.json").results;
      assert.equal(architectures[0].certificate, null, "none was asked for");
    });

    it("issues the same certificate for the same text", () => {
      const [first, second] = ["once", "twice"].map((made) => {
        uap("check", "uniform.uap.json", "--certificate", made);
        return text(`${made}/uniform.uap.json.certificate.json`);
      });
      assert.equal(first, second);
    });

    it("gives one next to its model file the file's name", () => {
      mkdirSync(at("own"));
      write("own/model.uap.json", uniform);
      uap("check", "--certificate", "own", "own/model.uap.json");
      assert.deepEqual(readdirSync(at("own")), ["model.uap.json", "model.uap.json.certificate.json"]);
    });

    it("tells files of one name in several folders apart", () => {
      for (const [sub, model] of [
        ["a", uniform],
        ["b/c", blocks],
      ] as const) {
        // prettier-ignore
        mkdirSync(at(sub), { recursive: true });
        write(`${sub}/same.uap.json`, model);
      }
      uap("check", "--certificate", "apart", "./a", "b", "uniform.uap.json");
      assert.deepEqual(readdirSync(at("apart")), [
        "a__same.uap.json.certificate.json",
        "b__c__same.uap.json.certificate.json",
        "uniform.uap.json.certificate.json",
      ]);
    });

    it("numbers the architectures of a file that has several", () => {
      // An encoder whose windows are too narrow, and a decoder that no theorem covers.
      const led = JSON.parse(
        readFileSync(path.join(root, "test/corpus/huggingface/led.config.json"), "utf8"),
      ) as object;
      const small = { attention_window: 2, encoder_layers: 2, max_encoder_position_embeddings: 16, max_decoder_position_embeddings: 16 }; // prettier-ignore
      write("led.config.json", JSON.stringify({ ...led, ...small }));
      const [{ architectures }] = report("--certificate", "several", "led.config.json").results;
      assert.deepEqual(architectures.map(({ verdict }) => verdict), ["refuted", "supported"]); // prettier-ignore
      assert.deepEqual(readdirSync(at("several")), ["led.config.json.0.certificate.json"]);
      assert.deepEqual(verified("several/led.config.json.0.certificate.json", "--source", "led.config.json").results[0].source, { file: "led.config.json", standing: "current" }); // prettier-ignore
    });

    it("says once that it cannot write, and prints the report all the same", () => {
      for (const [made, reason] of [
        ["uniform.uap.json/in", "a part of its path is not a directory"],
        ["uniform.uap.json", "a file is in its place"],
      ]) {
        const { status, stdout, stderr } = uap("check", "--certificate", made, "uniform.uap.json", "ring.uap.yaml");
        assert.deepEqual([status, stderr], [2, `uap-lens: ${made}: the certificates cannot be written: ${reason}\n`]);
        assert.match(stdout, /^2 files; 2 certified; no findings$/m);
        const said = `No certificate: It cannot be written to ${made}: ${reason}.`;
        assert.equal(stdout.split(said).length, 3, stdout);
      }
    });

    it("leaves nothing behind where the file system takes no more", function () {
      if (process.platform === "win32") {
        console.log("      skipped: this system has no ulimit");
        this.skip();
      }
      const args = ["-c", 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"', process.execPath, cli];
      args.push("check", "--certificate", "full", "uniform.uap.json");
      const { status, stdout, stderr } = spawnSync("/bin/sh", args, { cwd: folder, encoding: "utf8" });
      assert.equal(status, 2);
      assert.equal(stderr, "uap-lens: full: the certificates cannot be written: the file would be too large\n");
      assert.match(stdout, /^1 file; 1 certified; no findings$/m);
      assert.deepEqual(readdirSync(at("full")), []);
    });
  });

  describe("verify", () => {
    const good = "uniform.uap.json.certificate.json";
    let certificate: Record<string, unknown>;

    before(() => {
      uap("check", "--certificate", ".", "uniform.uap.json", "blocks.uap.json");
      certificate = JSON.parse(text(good)) as Record<string, unknown>;
      write("tampered.json", JSON.stringify({ ...certificate, statement: "It can do anything." }));
      write("malformed.json", '{ "version": 1, ');
      write("other.json", '{ "name": "no certificate" }\n');
      write("huge.json", new Uint8Array(2 ** 24 + 1).fill(0x20));
    });
    beforeEach(() => write("uniform.uap.json", uniform));

    it("prints the statement of what it accepts, and how the model file stands to it", () => {
      const { status, stdout, stderr } = uap("verify", good);
      assert.deepEqual([status, stderr], [0, ""]);
      const [head, statement, standing, end, ...more] = stdout.split("\n");
      assert.equal(head, `${good}: accepted`);
      assert.equal(statement, `  ${certificate.statement as string}`);
      assert.equal(standing, "  uniform.uap.json is as it was when the certificate was issued.");
      assert.deepEqual([end, more], ["", []]);
    });

    it("exits 1 and names the step that fails first", () => {
      for (const [file, step, reason] of [
        ["tampered.json", "seal", /they were changed after the certificate was issued$/],
        ["malformed.json", "format", /^this is not JSON: /],
        ["other.json", "format", /^kind: /],
      ] as const) {
        const { status, stdout, stderr } = uap("verify", file);
        assert.deepEqual([status, stderr], [1, ""]);
        assert.ok(stdout.startsWith(`${file}: rejected at step ${step}: `), stdout);
        const [outcome] = verified(file).results;
        assert.deepEqual([outcome.accepted, outcome.step], [false, step]);
        assert.match(outcome.reason!, reason);
      }
    });

    it("exits 2 on what cannot be read, and verifies the others", () => {
      for (const [file, message] of [
        ["missing.json", "there is no such file"],
        [".", "this is a directory"],
        ["huge.json", "more than 16777216 bytes are not read"],
      ]) {
        const { status, stdout, stderr } = uap("verify", file, good);
        assert.deepEqual([status, stderr], [2, `uap-lens: ${file}: ${message}\n`]);
        assert.match(stdout, /: accepted$/m);
      }
      assert.equal(uap("verify", "tampered.json", "missing.json").status, 2);
    });

    it("says whether the model file has been reworded since, or describes another architecture", () => {
      const standing = (...args: string[]) => verified(good, ...args).results[0].source;
      assert.deepEqual(standing(), { file: "uniform.uap.json", standing: "current" });
      write("uniform.uap.json", uniform.replace('"tokens": 4,', '"tokens":   4,'));
      assert.deepEqual(standing(), { file: "uniform.uap.json", standing: "reworded" });
      write("uniform.uap.json", uniform.replace('"tokens": 4', '"tokens": 5'));
      assert.deepEqual(standing(), { file: "uniform.uap.json", standing: "stale" });
      const { status, stdout } = uap("verify", good);
      assert.equal(status, 0);
      assert.match(stdout, /uniform\.uap\.json describes another architecture now: the certificate is stale\.$/m);
      assert.deepEqual(standing("--source", "blocks.uap.json"), { file: "blocks.uap.json", standing: "stale" });
      rmSync(at("uniform.uap.json"));
      assert.deepEqual(standing(), { file: "uniform.uap.json", standing: "no file" });
      assert.match(uap("verify", good).stdout, /There is no uniform\.uap\.json beside it to compare it with\.$/m);
    });

    it("does not follow a certificate out of its folder", () => {
      mkdirSync(at("sub/below"), { recursive: true });
      const leading = { ...certificate, source: { ...(certificate.source as object), file: "../../uniform.uap.json" } };
      write("sub/below/leading.json", JSON.stringify({ ...leading, seal: sealOf(leading) }));
      const [outcome] = verified("sub/below/leading.json").results;
      assert.deepEqual([outcome.accepted, outcome.source?.standing], [true, "no file"]);
    });

    it("renders what it accepts", () => {
      const markdown = uap("verify", "--markdown", good, "tampered.json");
      assert.deepEqual([markdown.status, markdown.stdout.split("\n")[0]], [1, "# Certificate of universality"]);
      assert.match(markdown.stderr, /^uap-lens: tampered\.json: rejected at step seal: [^\n]+\n$/);
      assert.ok(markdown.stdout.replaceAll("\\", "").includes(certificate.statement as string));
      const latex = uap("verify", "--latex", good);
      assert.equal(latex.status, 0);
      assert.match(latex.stdout, /^\\subsection\*\{Certificate of universality\}\n/);
    });

    it("does not let a certificate write to the terminal", () => {
      write("name.uap.json", uniform.replace("{", '{ "name": "\\u001b[31mred\\nnext",'));
      uap("check", "--certificate", ".", "name.uap.json");
      for (const args of [[], ["--markdown"], ["--latex"], ["--json"]]) {
        const { status, stdout } = uap("verify", "name.uap.json.certificate.json", ...args);
        assert.equal(status, 0);
        assert.ok(!stdout.includes("\u001b"), args.join());
      }
      write("escape.json", '{ "\\u001b[31m": 1, "kind": "\\u001b[31m" }');
      assert.ok(!uap("verify", "escape.json").stdout.includes("\u001b"));
    });

    it("explains how it is used", () => {
      for (const args of [[], ["--json", "--latex", good], ["--fast", good]]) {
        const { status, stdout, stderr } = uap("verify", ...args);
        assert.deepEqual([status, stdout], [2, ""]);
        assert.match(stderr, /^uap-lens: .+\n\nUsage: uap-lens verify CERTIFICATE(?![^]*\nUsage: )/);
      }
      assert.match(uap("verify", "--help").stdout, /^Usage: uap-lens verify CERTIFICATE/);
      for (const [source, message] of [
        ["missing.uap.json", "there is no such file"],
        ["other.json", "not a model file"],
      ])
        assert.deepEqual(uap("verify", good, "--source", source), { status: 2, stdout: "", stderr: `uap-lens: ${source}: ${message}\n` }); // prettier-ignore
    });
  });
});
