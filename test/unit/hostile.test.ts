/**
 * Hostile input: files cut off, mutated, huge, or written to break a parser. Whatever the bytes, a check ends soon, without an exception, and
 * where it gives no verdict it says why, at a place inside the file.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkBytes, checkText } from "../../extension/check";
import { LineMap } from "../../extension/models/ranges";
import { limits } from "../../extension/theory/architecture/limits";
import type { FileReport } from "../../extension/theory/verdict/report";
import { assertBounded, processorTime } from "../time";

const root = path.resolve(import.meta.dirname, "../..");
const fileNames = { json: "x.uap.json", yaml: "x.uap.yaml", config: "x.config.json" } as const;
type Kind = keyof typeof fileNames;

const seed = 20_261_123;
/** CPU time of one check: "no hang over a second". */
const mostMilliseconds = 1000;

/** Mulberry32: numbers in [0, 1) from a seed. */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const encode = (text: string) => new TextEncoder().encode(text);
let slowest = { milliseconds: 0, what: "" };

/** Checks the bytes; asserts what must hold of any bytes. */
function check(kind: Kind, bytes: Uint8Array, what: string, most = mostMilliseconds): FileReport | undefined {
  let report: FileReport | undefined;
  const spent = processorTime(() => {
    try {
      report = checkBytes(fileNames[kind], bytes);
    } catch (error) {
      assert.fail(`${what}: ${error instanceof Error ? error.stack : String(error)}\n${preview(bytes)}`);
    }
  });
  if (spent > slowest.milliseconds) slowest = { milliseconds: spent, what: `${what} (${kind}): ${preview(bytes)}` };
  assertBounded(spent, most, `${what} (${kind}): ${preview(bytes)}`);
  if (!report) {
    assert.equal(kind, "config", `${what}: a specification is always a model file`);
    return undefined;
  }
  assert.doesNotMatch(JSON.stringify(report.findings), /defect of UAP Lens/, `${what}:\n${preview(bytes)}`);
  const unread = report.findings.filter(({ code }) => code === "UAP001" || code === "UAP002");
  if (report.architectures.length === 0) assert.ok(unread.length > 0, `${what} says nothing:\n${preview(bytes)}`);
  const { end } = new LineMap(new TextDecoder().decode(bytes)).all;
  for (const { message, range } of report.findings) {
    assert.ok(message.length > 0 && message.length < 1000, `${what}: ${message.length} characters of message`);
    const inside = ({ line, character }: typeof end) =>
      line >= 0 && character >= 0 && (line < end.line || (line === end.line && character <= end.character));
    // An error about bytes that are no text has its place in the text before them.
    const placed = inside(range.start) && (inside(range.end) || /not UTF-8|bytes is not read|UTF-16/.test(message));
    assert.ok(placed, `${what}: ${JSON.stringify(range)} is outside\n${message}\n${preview(bytes)}`);
  }
  return report;
}

function preview(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, 2000));
  return text.length < bytes.length ? `${text.slice(0, 600)} ... (${bytes.length} bytes)` : text;
}

function refused(kind: Kind, text: string | Uint8Array, what: string): void {
  const report = check(kind, typeof text === "string" ? encode(text) : text, what);
  assert.ok(report && report.findings.some(({ code }) => code === "UAP001"), `${what} is not refused`);
}

/** Small valid files of every kind, to cut and to mutate. */
const originals: { kind: Kind; name: string; text: string }[] = [
  ["test/unit/fixtures/spec/valid", /\.uap\.(json|ya?ml)$/] as const,
  ["examples", /\.uap\.(json|yaml)$/] as const,
  [
    "test/corpus/huggingface",
    /^(bert|roberta|gpt2|gpt_neo|bloom|longformer|big_bird|t5|reformer|deberta-v2|vit)\.config\./,
  ] as const,
].flatMap(([folder, pattern]) =>
  readdirSync(path.join(root, folder))
    .filter((name) => pattern.test(name))
    .map((name) => ({
      kind: name.endsWith("config.json") ? "config" : name.endsWith("json") ? "json" : "yaml",
      name,
      text: readFileSync(path.join(root, folder, name), "utf8"),
    })),
);

/** Bits of text that upset readers. */
const shrapnel = [
  "NaN", "Infinity", "-Infinity", "1e309", "-1e309", "-0", "1e-400", "0x10", "1_000", "01", "1000000000000", "9007199254740993",
  "1048576", "1048577", "4096", "99999999999999999999999999", "null", "true", "~", "undefined", "{", "}", "[", "]", "[[[[", "}}}}", ":", ",", "-", "- ",
  "? ", "\"", "'", "`", "\\", "\\u", "\\ud800", "\\u0000", "//", "/*", "*/", "#", "&a ", "*a", "<<: *a", "!!", "!!float ", "!<tag:x> ", "%YAML 9.9\n", "---\n",
  "...\n", "|", ">-", "|+99", "\t", "\r", "\n", "\u0000", "\u2028", "\ufeff", "\ud800", "\udfff", "😀", "e\u0301", "\u202e", "__proto__", "\"__proto__\": ",
  "\"constructor\": {\"prototype\": 1}, ", "hasOwnProperty", "toString", "tokens", "\"tokens\": 1e309, ", "layers", "repeat", "\"repeat\": 4096, ",
  "\"registers\": 4096, ", "pattern", "{\"not\": ", "{\"any\": [", "\"full\"", "full", "{\"window\": -1}", "{\"edges\": [[0, 1048575]]}", "{\"expression\": \"((((\"}",
  "model_type", "\"model_type\": \"t5\", ", "\"num_hidden_layers\": 1e9, ", "\"layer_types\": [], ", "\"sliding_window\": -5, ", "\"uap\": {\"tokens\": 0}, ",
]; // prettier-ignore

function mutated(text: string, random: () => number): string {
  let result = text;
  const below = (n: number) => Math.floor(random() * n);
  for (let cuts = 1 + below(4); cuts > 0; cuts--) {
    const at = below(result.length + 1);
    const length = below(2) === 0 ? below(4) : below(Math.min(200, result.length + 1));
    const other = below(result.length + 1);
    const piece = [
      () => shrapnel[below(shrapnel.length)],
      () => "",
      () => result.slice(other, other + length),
      () => result.slice(at, at + length).repeat(2),
      () => String.fromCharCode(below(0x250)),
      () => String(Math.floor((random() - 0.3) * 10 ** below(14))),
    ][below(6)]();
    result = result.slice(0, at) + piece + result.slice(at + length);
  }
  return result;
}

/** A number in the text replaced: mostly still valid, and another architecture. */
function renumbered(text: string, random: () => number): string {
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return text;
  const { index, 0: number } = numbers[Math.floor(random() * numbers.length)];
  const values = [0, 1, 2, 3, 7, 16, 100, 1000, Number(number) - 1, Number(number) + 1, Number(number) * 2];
  const value = values[Math.floor(random() * values.length)];
  return text.slice(0, index) + value + text.slice(index + number.length);
}

describe("hostile input", () => {
  after(() => console.log(`      slowest: ${slowest.milliseconds.toFixed(0)} ms, ${slowest.what.slice(0, 300)}`));

  it("originals are read", () => {
    assert.ok(originals.length > 25);
    for (const { kind, name, text } of originals) {
      assert.ok(check(kind, encode(text), name)!.architectures.length > 0, name);
    }
  });

  it("2,500 files as they are while being typed", () => {
    for (let i = 0; i < 2500; i++) {
      const { kind, name, text } = originals[i % originals.length];
      const random = randomNumbers(seed + i);
      check(kind, encode(text.slice(0, Math.floor(random() * text.length))), `${name}, prefix ${i}`);
    }
  });

  it(`6,500 mutations (seed ${seed})`, () => {
    for (let i = 0; i < 6500; i++) {
      const { kind, name, text } = originals[i % originals.length];
      check(kind, encode(mutated(text, randomNumbers(seed + i))), `${name}, mutation ${i}`);
    }
  });

  it(`1,000 files with broken bytes (seed ${seed})`, () => {
    for (let i = 0; i < 1000; i++) {
      const { kind, name, text } = originals[i % originals.length];
      const random = randomNumbers(seed - i);
      const bytes = encode(text);
      const at = Math.floor(random() * bytes.length);
      bytes.set([0x80 + Math.floor(random() * 0x80)], at);
      const report = check(kind, bytes, `${name}, byte ${i}`);
      assert.match(report!.findings[0].message, /is not UTF-8/);
    }
  });

  it(`500 files with a number changed (seed ${seed})`, () => {
    for (let i = 0; i < 500; i++) {
      const { kind, name, text } = originals[i % originals.length];
      check(kind, encode(renumbered(text, randomNumbers(seed ^ i))), `${name}, number ${i}`);
    }
  });

  it("texts with lone surrogates, which no file has but an editor may", () => {
    for (const { kind, name, text } of originals) {
      const half = text.slice(0, text.length / 2) + "\ud800" + text.slice(text.length / 2) + "\udc00";
      // Not by way of bytes, which cannot hold them.
      const { findings, architectures } = checkText(fileNames[kind], half);
      assert.ok(architectures.length > 0 || findings.some(({ code }) => code === "UAP001"), name);
      assert.doesNotMatch(JSON.stringify(findings), /defect of UAP Lens/, name);
    }
  });

  it("values nested as deep as a file is long", () => {
    const depth = 100_000;
    const spec = (pattern: string) => `{"tokens": 4, "width": 2, "layers": [{"attention": {"pattern": ${pattern}}}]}`;
    for (const text of [
      "[".repeat(depth),
      "[".repeat(depth) + "]".repeat(depth),
      '{"a":'.repeat(depth),
      '{"a":'.repeat(depth) + "1" + "}".repeat(depth),
      spec('{"not":'.repeat(depth) + '"full"' + "}".repeat(depth)),
      spec('{"any":['.repeat(40) + '"full"' + "]}".repeat(40)),
      spec(`{"expression": "${"(".repeat(1900)}"}`),
      spec(`{"expression": "${"!".repeat(1900)}q"}`),
      spec(`{"expression": "${"abs(".repeat(450)}q${")".repeat(450)} < 1"}`),
      spec(`{"expression": "q ${"+ q ".repeat(400)} < -1 ? "}`),
    ])
      // prettier-ignore
      refused("json", text, "deep JSON");
    for (const text of [
      "[".repeat(depth),
      "{a: ".repeat(depth / 4),
      "- ".repeat(depth / 2),
      "? ".repeat(depth / 2),
      "a: ".repeat(depth / 4),
      Array.from({ length: 400 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
      "&a ".repeat(depth / 4),
      "!!seq ".repeat(depth / 8),
      "]".repeat(depth),
      "'".repeat(depth),
      '"'.repeat(depth),
      "---\n".repeat(depth / 4),
      "%".repeat(depth),
      "|\n".repeat(depth / 2),
      "\t".repeat(depth),
      ",".repeat(depth),
    ])
      // prettier-ignore
      refused("yaml", text, "deep YAML");
    for (const text of [
      "[".repeat(depth),
      '{"a":'.repeat(depth),
      '{"model_type": "bert", "x": ' + "[".repeat(depth),
      '{"model_type": "bert", "uap": ' + '{"a":'.repeat(depth),
    ]) {
      const report = check("config", encode(text), "deep configuration");
      assert.ok(!report || report.architectures.length === 0);
    }
  });

  it("aliases that multiply, or turn back on themselves", () => {
    const rows = Array.from(
      { length: 20 },
      (_, i) =>
        `x${i}: &x${i} [${Array(9)
          .fill(i === 0 ? 1 : `*x${i - 1}`)
          .join(", ")}]`,
    );
    refused("yaml", rows.join("\n"), "billion laughs");
    refused(
      "yaml",
      `tokens: 4\nwidth: 2\nlayers:\n${rows.map((row) => `  - ${row}`).join("\n")}`,
      "billion laughs in layers",
    );
    const any = Array.from(
      { length: 30 },
      (_, i) => `  p${i}: &p${i} { any: [${i === 0 ? "full" : `*p${i - 1}, *p${i - 1}`}] }`,
    );
    refused("yaml", `tokens: 4\nwidth: 2\nlayers:\n${any.join("\n")}`, "doubling patterns");
    refused("yaml", "&a [*a]", "cycle");
    refused("yaml", "&a { tokens: *a, width: *a, layers: [*a] }", "cycle");
    refused("yaml", "tokens: &a 4\nwidth: *b\nlayers: []", "no anchor");
  });

  it("prototype keys and other people's keys", () => {
    for (const key of [
      "__proto__",
      "constructor",
      "prototype",
      "hasOwnProperty",
      "toString",
      "valueOf",
      "length",
      "then",
      "",
    ]) {
      const name = JSON.stringify(key);
      refused("json", `{${name}: {"tokens": 4}, "tokens": 4, "width": 2, "layers": [{"attention": {}}]}`, key);
      refused("json", `{"tokens": 4, "width": 2, "layers": [{"attention": {"pattern": {${name}: 1}}}]}`, key);
      refused("json", `{"tokens": 4, "width": 2, "position": {${name}: []}, "layers": [{${name}: {}}]}`, key);
      refused("yaml", `${name}: { tokens: 4 }\ntokens: 4\nwidth: 2\nlayers: [{ attention: {} }]`, key);
      check("config", encode(`{"model_type": ${name}, ${name}: {"polluted": true}}`), key);
      check("config", encode(`{"model_type": "bert", ${name}: {"polluted": true}, "num_hidden_layers": ${name}}`), key);
    }
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
    assert.equal(({} as Record<string, unknown>).tokens, undefined);
  });

  it("files as large as the limits and larger", () => {
    const spec = (pattern: string, more = "") =>
      `{"tokens": 1000, "width": 2, ${more} "layers": [{"attention": {"pattern": ${pattern}}}]}`;
    const repeat = (text: string, bytes: number) => text.repeat(Math.floor(bytes / text.length));
    refused("json", repeat(" ", limits.fileBytes + 1), "too large");
    refused("json", new Uint8Array(limits.fileBytes).fill(0xff), "no text at all");
    refused("json", repeat("\n", limits.fileBytes), "lines");
    refused("json", repeat("x", limits.fileBytes), "one word");
    refused("json", `"${repeat("x", limits.fileBytes - 2)}"`, "one text");
    refused("json", `{"${repeat("x", limits.fileBytes - 100)}": 1}`, "one key");
    refused("json", `[${repeat("0,", limits.fileBytes - 100)}0]`, "zeros");
    refused("json", repeat("{}", limits.fileBytes), "objects");
    refused("json", repeat('"\\u', limits.fileBytes), "escapes");
    refused("json", repeat("/*", limits.fileBytes), "comments");
    refused("json", `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}": ${i}`).join(",")}}`, "keys");
    refused("json", spec(`{"edges": [${repeat("[0,1],", 7_000_000)}[0,1]]}`), "too many edges");
    refused("json", spec(`{"edges": [${repeat("[0,-1],", 1_000_000)}[0,1]]}`), "edges out of range");
    refused("json", spec('"full"', `"position": {"classes": [${repeat("0,", 2_000_000)}0]},`), "classes");
    refused("json", spec(`{"any": [${repeat('"full",', 100_000)}"full"]}`), "any");
    refused("yaml", repeat("a: 1\n", 1_000_000), "large YAML");
    refused("yaml", repeat("- a\n", limits.yamlCharacters), "a list in YAML");
    refused("yaml", Array.from({ length: 12_000 }, (_, i) => `k${i}: 1\n`).join(""), "keys in YAML");
    refused("yaml", `tokens: [${repeat("1,", limits.yamlCharacters - 20)}1]`, "numbers in YAML");
    refused("yaml", repeat("\n", limits.yamlCharacters), "lines in YAML");
    refused("yaml", `a: ${repeat('"x" ', limits.yamlCharacters - 4)}`, "quotes in YAML");
    refused("yaml", `a: |\n${repeat("  x\n", limits.yamlCharacters - 8)}`, "a block in YAML");
    refused("yaml", repeat("#\n", limits.yamlCharacters), "comments in YAML");
    check(
      "config",
      encode(`{"model_type": "bert", "architectures": [${repeat('"x",', 4_000_000)}"x"]}`),
      "configuration",
    );
    check("config", encode(`{"model_type": "${repeat("x", 4_000_000)}"}`), "a long model type");
    check(
      "config",
      encode(`{"model_type": "gemma3_text", "layer_types": [${repeat('"full_attention",', 4_000_000)}"x"]}`),
      "layer types",
    );
    check(
      "config",
      encode(`{"model_type": "longformer", "attention_window": [${repeat("512,", 2_000_000)}512]}`),
      "windows",
    );
  });

  it("numbers that are none, or too many", () => {
    for (const number of [
      "1e309",
      "-1e309",
      "1000000000000",
      "1e12",
      "1.5",
      "-1",
      "0",
      "1048577",
      '"4"',
      "null",
      "[]",
      "{}",
      "true",
    ]) {
      refused("json", `{"tokens": ${number}, "width": 2, "layers": [{"attention": {}}]}`, number);
      refused("json", `{"tokens": 4, "width": 2, "layers": [{"attention": {}, "repeat": ${number}}]}`, number);
      refused("json", `{"tokens": 4, "width": 2, "layers": [{"attention": {"heads": ${number}}}]}`, number);
      refused("yaml", `tokens: ${number}\nwidth: 2\nlayers: [{ attention: {} }]`, number);
      for (const key of [
        "num_hidden_layers",
        "max_position_embeddings",
        "hidden_size",
        "sliding_window",
        "num_attention_heads",
      ]) {
        check("config", encode(`{"model_type": "mistral", "${key}": ${number}}`), `${key} ${number}`);
      }
    }
    for (const number of [".nan", ".inf", "-.inf", "0x7fffffffffffffff", "!!float 4", "4:30"]) {
      refused("yaml", `tokens: ${number}\nwidth: 2\nlayers: [{ attention: {} }]`, number);
    }
    refused(
      "json",
      '{"tokens": 4, "width": 2, "layers": [' +
        '{"attention": {}, "repeat": 4096},'.repeat(4095) +
        '{"attention": {}}]}',
      "layers",
    );
  });

  it("valid files that ask for much: longer than a second at worst, but bounded", () => {
    const n = 131_072;
    // On an idle machine the longest takes 3 seconds. Beside other work the CPU time of what takes so much memory doubles and the yardstick's does not.
    const bound = 20 * mostMilliseconds;
    const spec = (pattern: unknown, more: object = {}, block: object = {}) =>
      JSON.stringify({ tokens: n, width: 2, ...more, layers: [{ attention: { pattern }, ...block }] });
    for (const [name, text] of Object.entries({
      "full, longest": spec("full", {}, { repeat: limits.layers }),
      "causal, longest": spec("causal", {}, { repeat: limits.layers }),
      "narrow window": spec({ window: 1 }, {}, { repeat: 2 }),
      "wide window": spec({ window: n / 2 }, {}, { repeat: 4 }),
      "circular window": spec({ window: { left: 3, right: 3, circular: true } }, {}, { repeat: 4 }),
      "dilated window": spec({ window: { left: 3, right: 3, dilation: 5 } }),
      blocks: spec({ block: 7 }, {}, { repeat: 3 }),
      fixed: spec({ fixed: 1024 }),
      star: spec({ star: 5 }, {}, { repeat: 3 }),
      "global tokens": spec({ global: [0, 1, 2] }),
      "random, dense": spec({ random: { degree: n, seed: 1 } }),
      bigbird: spec({ bigbird: { block: 64 } }),
      longformer: spec({ longformer: { window: 256, globals: [0] } }),
      expression: spec({ expression: "q * k % 1000003 < 7" }),
      "expression of nothing": spec({ expression: "q < 0" }),
      "not a window": spec({ not: { window: 5 } }),
      "windows joined": spec({
        any: Array.from({ length: 64 }, (_, i) => ({ window: { left: 1, right: 1, dilation: i + 1 } })),
      }),
      "classes for all": spec("full", {
        position: { classes: Array.from({ length: 300_000 }, (_, i) => i % 2) },
        tokens: 300_000,
      }),
      "windows of all widths, one a head": JSON.stringify({
        tokens: 4096,
        width: 2,
        layers: [{ attention: { heads: Array.from({ length: 1024 }, (_, i) => ({ pattern: { window: i + 1 } })) } }],
      }),
      "random, of a middling degree": spec({ random: { degree: 64, seed: 1 } }),
      strided: spec({ strided: 1024 }),
      axial: spec({ axial: { rows: 128, columns: 1024 } }),
      "single tokens for blocks": spec({ bigbird: { block: 1 } }),
      "a tap for each of many offsets": JSON.stringify({
        tokens: n,
        width: 2,
        layers: [{ convolution: { taps: 4096 } }],
      }),
      "taps far apart": JSON.stringify({
        tokens: n,
        width: 2,
        layers: [{ convolution: { taps: Array.from({ length: 4096 }, (_, i) => (i * i) % n) } }],
      }),
      "a class for each pair": JSON.stringify({
        tokens: limits.pairClasses,
        width: 2,
        position: {
          pairs: Array.from({ length: limits.pairClasses }, (_, i) =>
            Array.from({ length: limits.pairClasses }, (_, j) => (i * j) % 7),
          ),
        },
        layers: [{ attention: {} }],
      }),
      registers: spec({ any: ["causal", { global: [n] }] }, { registers: limits.registers, position: "alibi" }),
      relative: spec("full", { position: { relative: { clip: 4 } } }),
      declared: spec("full", { target: { symmetry: "A_n" } }),
      "a thousand different blocks": JSON.stringify({
        tokens: 4096,
        width: 2,
        layers: Array.from({ length: 1000 }, (_, i) => ({ attention: { pattern: { window: i % 40 } } })),
      }),
      "random layers of a middling size": JSON.stringify({
        tokens: 512,
        width: 2,
        layers: Array.from({ length: 24 }, (_, i) => ({ attention: { pattern: { random: { degree: 3, seed: i } } } })),
      }),
      edges: JSON.stringify({
        tokens: 1024,
        width: 2,
        layers: [
          {
            attention: {
              pattern: {
                edges: Array.from({ length: limits.edges }, (_, i) => [i % 1024, (i * 7 + (i >> 10)) % 1024]),
              },
            },
          },
        ],
      }),
      "strongly regular": JSON.stringify({
        tokens: 900,
        width: 2,
        layers: [{ attention: { pattern: { axial: { rows: 30, columns: 30 } } }, repeat: 2 }],
      }),
    })) {
      check("json", encode(text), name, bound);
    }
  });
});
