/** The documentation against the code: pages, links, specifications in code blocks and tables, and what the examples are said to show. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { globSync } from "tinyglobby";
import { parse as parseYaml } from "yaml";
import { checkText } from "../../extension/check";
import { modelTypes } from "../../extension/models/huggingface/modelTypes";
import {
  activationNames,
  biasSchema,
  kernelNames,
  patternSchema,
  positionSchema,
} from "../../extension/theory/architecture/schema";
import { architectureJsonSchema } from "../../extension/theory/architecture/jsonSchema";
import { findingCodes, type FileReport, type FindingCode } from "../../extension/theory/verdict/report";
import { readGrid } from "../../extension/sweep/grid";
import { headings } from "../../extension/sweep/row";
import { typeProblems } from "./scriptTypes";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
const pages = globSync(["*.md", "docs/**/*.md"], { cwd: root }).sort();
const pageOf = (code: FindingCode) => `docs/findings/${code}.md`;

/** Found by measuring, with --numeric only; measuringReport.test.ts has their examples. */
const measured: readonly FindingCode[] = ["UAP501"];

interface Fence {
  language: string;
  /** What follows the language: `invalid` marks a specification that must be refused. */
  note: string;
  text: string;
}

const fences = (page: string): Fence[] =>
  [...read(page).matchAll(/^```(\S*)[ ]*(.*)\n([^]*?)^```$/gm)].map(([, language, note, text]) => ({
    language,
    note,
    text,
  }));

const proseOf = (page: string): string =>
  read(page)
    .replaceAll(/^```[^]*?^```$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "");

/** The code blocks of a page that are whole specifications. */
const specifications = (page: string): Fence[] =>
  fences(page).filter(({ language, text }) => /^(json|yaml)$/.test(language) && /^\s*"?layers"?:/m.test(text) && !isGrid(text)); // prettier-ignore

/** Whether a code block is the grid of a sweep. */
const isGrid = (text: string): boolean => /^axes:/m.test(text);

const check = ({ language, text }: Fence): FileReport => checkText(`block.uap.${language}`, text);

/** GitHub's and VS Code's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

const anchors = (page: string): string[] =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));

const links = (page: string): string[] => [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);

describe("the documentation", () => {
  it("has a page for every finding code and a code for every page", () => {
    const written = readdirSync(path.join(root, "docs/findings")).sort();
    assert.deepEqual(written, [...findingCodes].map((code) => `${code}.md`).sort());
    for (const code of findingCodes) {
      assert.match(read(pageOf(code)), new RegExp(`^# ${code}: `), "the title names the code");
      assert.ok(links("docs/report.md").includes(`findings/${code}.md`), `docs/report.md lists ${code}`);
    }
  });

  it("has grids of sweeps that are read, and every column of their rows", () => {
    const grids = fences("docs/sweep.md").filter(({ text }) => isGrid(text));
    assert.equal(grids.length, 1);
    for (const { text } of grids) assert.ok("grid" in readGrid("grid.sweep.yaml", text));
    const [, columns] = /^## Columns$([^]*?)^## /m.exec(read("docs/sweep.md"))!;
    const named = [...columns.matchAll(/^\| (.*?) +\|/gm)].flatMap(([, cell]) => cell.split(", "));
    assert.deepEqual(headings.filter((heading) => !named.includes(heading)), []); // prettier-ignore
  });

  for (const page of pages)
    it(`${page}: links resolve`, () => {
      for (const target of links(page)) {
        if (/^https?:/.test(target)) continue;
        const [file, anchor] = target.split("#");
        const resolved = path.normalize(path.join(path.dirname(page), file));
        const destination = file === "" ? page : resolved;
        assert.ok(existsSync(path.join(root, destination)), `${target} does not exist`);
        if (anchor !== undefined)
          assert.ok(anchors(destination).includes(anchor), `${destination} has no heading for #${anchor}`);
      }
    });

  it("specifications in code blocks are read, and those marked invalid are not", () => {
    const found = pages.flatMap(specifications);
    assert.ok(found.length > findingCodes.length);
    for (const fence of found) {
      const { findings } = check(fence);
      const unreadable = findings.filter(({ code }) => code === "UAP001").map(({ message }) => message);
      assert.equal(unreadable.length > 0, fence.note === "invalid", `${unreadable.join("; ")}\n${fence.text}`);
    }
  });

  it("other JSON in code blocks is JSON", () => {
    for (const page of pages)
      for (const { language, text } of fences(page)) if (language === "json") assert.ok(JSON.parse(text), page);
  });

  it("programs in code blocks have the right types", function () {
    this.timeout(120_000);
    const programs = pages.flatMap((page) =>
      fences(page).filter(({ language, text }) => language === "ts" && text.includes('from "uap-lens"')),
    );
    assert.ok(programs.length >= 3);
    typeProblems(...programs.map(({ text }) => text)).forEach((problems, index) => {
      assert.deepEqual(problems, [], programs[index].text);
    });
  });

  it("what the packaged pages link to is packaged with them", () => {
    const kept = read(".vscodeignore").matchAll(/^!(.+)$/gm);
    const packaged = new Set(globSync([...kept].map(([, glob]) => glob), { cwd: root })); // prettier-ignore
    for (const page of pages.filter((file) => packaged.has(file) && file.startsWith("docs/")))
      for (const target of links(page)) {
        const file = path.normalize(path.join(path.dirname(page), target.split("#")[0]));
        assert.ok(target.startsWith("#") || packaged.has(file), `${page} links to ${target}`);
      }
    assert.ok(findingCodes.every((code) => packaged.has(pageOf(code))));
  });

  for (const code of findingCodes.filter((each) => !measured.includes(each)))
    it(`${code}: every example of its page but the mended one shows it, with a quick fix where the page promises one`, () => {
      const page = pageOf(code);
      const linked = links(page)
        .filter((target) => target.includes("/examples/"))
        .map((target) => path.join("docs/findings", target));
      const reports = [
        ...specifications(page)
          .filter(({ note }) => note !== "mended")
          .map(check),
        ...linked.map((file) => checkText(file, read(file))),
      ];
      assert.ok(reports.length > 0);
      for (const { file, findings } of reports) {
        const found = findings.filter((finding) => finding.code === code);
        assert.ok(
          found.length > 0,
          `${file} has ${findings.map((finding) => finding.code).join(", ") || "no finding"}`,
        );
        if (/Quick fix/.test(proseOf(page))) assert.ok(found[0].fixes.length > 0, `${file}: no quick fix`);
      }
    });

  it("the README names every example, and nothing else", () => {
    // The templates of sweeps have a page of their own.
    const there = globSync(["examples/**/*", "!examples/sweep/**"], { cwd: root }).sort();
    const inReadme = new Set(links("README.md").filter((target) => /^examples\/(?!sweep\/)/.test(target)));
    assert.deepEqual([...inReadme].sort(), there);
    const templates = globSync(["**/*", "!README.md"], { cwd: path.join(root, "examples/sweep") }).sort();
    const named = new Set(links("examples/sweep/README.md").filter((target) => !target.startsWith("../")));
    assert.deepEqual([...named].sort(), templates);
  });

  it("the README names every model type that is read", () => {
    const named = read("README.md").match(/[\w-]+/g);
    assert.deepEqual(
      [...modelTypes.keys()].filter((type) => !named?.includes(type)),
      [],
    );
  });

  it("theory.md keeps the section numbers that reports cite", () => {
    const numbers = [...read("docs/theory.md").matchAll(/^## (\d)\. /gm)].map(([, number]) => Number(number));
    assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("docs/specification.md", () => {
  const text = read("docs/specification.md");

  /** The rows of the tables under a heading, up to the next heading. */
  function table(heading: string): string[] {
    const start = text.search(new RegExp(`^#+ ${heading}$`, "m"));
    assert.ok(start >= 0, heading);
    const body = text.slice(text.indexOf("\n", start));
    const end = body.search(/^#/m);
    return body
      .slice(0, end < 0 ? undefined : end)
      .split("\n")
      .filter((line) => line.startsWith("| "));
  }

  /** The values in code spans of the first column. */
  const values = (heading: string): unknown[] =>
    table(heading).flatMap((row) =>
      [...row.split("|")[1].matchAll(/`([^`]+)`/g)].map(([, code]) => parseYaml(code) as unknown),
    );

  it("explains every pattern, and each as written is a pattern", () => {
    const kinds = values("Patterns").map((value) => patternSchema.parse(value).kind);
    const { definitions } = architectureJsonSchema();
    const branches = definitions!.pattern.anyOf!.length;
    assert.equal(new Set(kinds).size, branches);
  });

  it("explains every bias and position, and each as written is one", () => {
    const biases = values("Biases").map((value) => biasSchema.parse(value).kind);
    const { definitions } = architectureJsonSchema();
    assert.equal(new Set(biases).size, definitions!.bias.anyOf!.length);
    const positions = values("Positions").map((value) => positionSchema.parse(value).kind);
    assert.deepEqual([...new Set(positions)].sort(), ["absolute", "classes", "rotary"]);
  });

  it("explains every kernel and activation", () => {
    assert.deepEqual(values("Kernels"), [...kernelNames]);
    const row = table("Feed-forward network").find((line) => line.startsWith("| `activation`"));
    assert.deepEqual(
      activationNames.filter((name) => !row!.includes(`\`${name}\``)),
      [],
    );
  });

  for (const [heading, pick] of [
    ["The architecture", []],
    ["Blocks", ["layers"]],
    ["Attention", ["layers", "attention"]],
    ["Convolution", ["layers", "convolution"]],
    ["Feed-forward network", ["layers", "feedForward"]],
    ["Target", ["target"]],
  ] as const)
    it(`lists the keys under "${heading}"`, () => {
      const schema = architectureJsonSchema();
      type Node = typeof schema;
      const plain = (node: Node): Node => {
        if (node.anyOf) return node.anyOf.find(({ properties }) => properties !== undefined)!;
        if (node.allOf) return plain(node.allOf[0]);
        if (node.$ref) return plain(schema.definitions![node.$ref.slice("#/definitions/".length)]);
        return Array.isArray(node.items) || node.items === undefined ? node : plain(node.items);
      };
      const node = pick.reduce<Node>((at, key) => plain(at.properties![key]), schema);
      const expected = Object.keys(node.properties!).filter((key) => key !== "$schema");
      assert.deepEqual(values(heading).sort(), expected.sort());
    });
});
