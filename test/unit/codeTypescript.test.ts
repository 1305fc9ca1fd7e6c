import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { readTypeScript } from "../../extension/models/code/typescript";
import { loadGrammar } from "../../extension/models/code/syntax";
import type { ModelFile } from "../../extension/models/modelFile";
import { changeValue } from "../../extension/models/spec/edit";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import type { Range, SpecChange, SpecPath, TextEdit } from "../../extension/theory/verdict/report";

const seed = 20_261_001;

/** The text in a range. */
function textAt(text: string, range: Range): string {
  const lines = text.split("\n");
  const { start, end } = range;
  if (start.line === end.line) return lines[start.line].slice(start.character, end.character);
  const middle = lines.slice(start.line + 1, end.line);
  return [lines[start.line].slice(start.character), ...middle, lines[end.line].slice(0, end.character)].join("\n");
}

function applied(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let i = 0; i < text.length; i++) if (text[i] === "\n") starts.push(i + 1);
  const offset = ({ line, character }: Range["start"]) => starts[line] + character;
  let result = "";
  let at = 0;
  for (const { range, newText } of edits) {
    assert.ok(at <= offset(range.start) && offset(range.start) <= offset(range.end));
    result += text.slice(at, offset(range.start)) + newText;
    at = offset(range.end);
  }
  return result + text.slice(at);
}

function read(text: string, fileName = "model.ts"): ModelFile {
  const file = readTypeScript(text, fileName);
  assert.ok(file, `no model in ${text}`);
  return file;
}

/** The one architecture of a text, which has nothing wrong. */
function one(text: string, fileName?: string) {
  const file = read(text, fileName);
  assert.deepEqual([file.errors, file.notes], [[], []], text);
  assert.equal(file.architectures.length, 1, text);
  return file.architectures[0];
}

/** As the specification file says it. */
function parsed(input: unknown) {
  const result = parseArchitecture(input);
  assert.ok("architecture" in result, JSON.stringify(result));
  return result.architecture;
}

const sameAs = (text: string, input: object, fileName?: string) =>
  assert.deepEqual(one(text, fileName).architecture, parsed({ name: "m", ...input }), text);

const all = `import { any, all as every, attention, Block, causal, convolution, edges, full, globalTokens, longformer, not, star, transformer, where, window } from "uap-lens";\n`;
const small = { tokens: 8, width: 4 };

describe("architectures that code gives to transformer()", () => {
  before(async () => {
    for (const language of ["typescript", "tsx", "javascript"] as const) await loadGrammar(language);
  });

  it("finds the package however it is imported", () => {
    const input = { ...small, layers: [{ attention: { pattern: { window: 2 } } }] };
    const literal = `({ tokens: 8, width: 4, layers: [{ attention: { pattern: { window: 2 } } }] })`;
    for (const text of [
      `import { transformer } from "uap-lens"; const m = transformer${literal};`,
      `import { transformer as t } from 'uap-lens'; export const m = t${literal};`,
      `import * as lens from "uap-lens"; let m = lens.transformer${literal};`,
      `const { transformer } = require("uap-lens"); const m = transformer${literal};`,
      `const lens = require("uap-lens"); exports.m = lens.transformer${literal};`,
      `const { transformer: t } = await import("uap-lens"); const m = t${literal};`,
      `const m = (await import("uap-lens")).transformer${literal};`,
      `import("uap-lens").then(({ transformer }) => { const m = transformer${literal}; });`,
      `const m = require(\`uap-lens\`)["transformer"]${literal};`,
      `import { transformer } from "uap-lens"; const m = transformer${literal}.build({ seed: 1 });`,
      `import { transformer } from "uap-lens"; function m() { return transformer${literal}; }`,
      `import { transformer } from "uap-lens"; class A { m() { return transformer${literal}; } }`,
      `import { transformer } from "uap-lens"; export const models = { m: transformer${literal} };`,
    ])
      sameAs(text, input, "model.mjs");
    sameAs(`import lens = require("uap-lens"); const m = lens.transformer${literal} satisfies object;`, input);
    sameAs(`import { transformer } from "uap-lens"; const m = <T,>(x: T) => <div>{transformer${literal}}</div>;`, { ...input, name: "model" }, "model.tsx"); // prettier-ignore
  });

  it("reads no text without the package, and nothing where transformer is not called", () => {
    assert.equal(readTypeScript("export const x = transformer({});", "a.ts"), undefined);
    assert.equal(readTypeScript(`import { tf } from "uap-lens"; export const x = tf.ones([2]);`, "a.ts"), undefined);
    assert.equal(
      readTypeScript(`import { transformer } from "other"; transformer({}); // "uap-lens"`, "a.ts"),
      undefined,
    );
    assert.equal(readTypeScript(`import { transformer } from "uap-lens"; { const transformer = (x) => x; transformer({}); }`, "a.js"), undefined); // prettier-ignore
  });

  it("knows every function that gives a part", () => {
    sameAs(
      `${all}const m = transformer({ tokens: 8, width: 4, registers: 1, position: "rotary", target: { visibility: "full" }, layers: [
        attention(), attention({ pattern: full }), attention({ pattern: causal }), attention({ pattern: any(window(1), star(), globalTokens([0, 8])) }),
        attention({ pattern: every(not(window({ left: 1, right: 0 })), where("q >= k")) }), attention({ pattern: longformer({ window: 1 }), heads: 2 }),
        attention({ heads: [{ count: 2, pattern: edges([[0, 1], [1, 0]]) }, {}] }).feedForward("none").norm("pre").repeat(3),
        new Block({ attention: { kernel: "cosine" } }).repeat(2).repeat(4), { attention: { residual: false }, norm: "post" } ] });`,
      {
        ...small,
        registers: 1,
        position: "rotary",
        target: { visibility: "full" },
        layers: [
          { attention: {} },
          { attention: { pattern: "full" } },
          { attention: { pattern: "causal" } },
          { attention: { pattern: { any: [{ window: 1 }, { star: 0 }, { global: [0, 8] }] } } },
          { attention: { pattern: { all: [{ not: { window: { left: 1, right: 0 } } }, { expression: "q >= k" }] } } },
          { attention: { pattern: { longformer: { window: 1 } }, heads: 2 } },
          { attention: { heads: [{ count: 2, pattern: { edges: [[0, 1], [1, 0]] } }, {}] }, feedForward: "none", norm: "pre", repeat: 3 }, // prettier-ignore
          { attention: { kernel: "cosine" }, repeat: 4 },
          { attention: { residual: false }, norm: "post" },
        ],
      },
    );
    sameAs(
      `${all}const m = transformer({ tokens: 8, width: 4, layers: [convolution({ taps: [-1, 0, 1] }).repeat(2)] });`,
      {
        ...small,
        layers: [{ convolution: { taps: [-1, 0, 1] }, repeat: 2 }],
      },
    );
  });

  it("computes what is computed of literals", () => {
    const layers = (...windows: number[]) => ({ ...small, layers: windows.map((window) => ({ attention: { pattern: { window } } })) }); // prettier-ignore
    for (const [code, windows] of [
      ["[attention({ pattern: window(2 * 3 - 5) })]", [1]],
      ["Array.from({ length: 3 }, (_, i) => attention({ pattern: window(2 ** i) }))", [1, 2, 4]],
      ["[...Array(2).keys()].map((i) => attention({ pattern: window(i + 1) }))", [1, 2]],
      ["new Array(2).fill(attention({ pattern: window(3) }))", [3, 3]],
      ["[[1, 2], [3]].flat().map((w) => attention({ pattern: window(w) }))", [1, 2, 3]],
      ["[1, 2].flatMap((w) => [w, w]).filter((w) => w > 1).map((w) => attention({ pattern: window(w) }))", [2, 2]],
      ["[1, 2].concat([3]).toReversed().slice(1).map((w) => attention({ pattern: window(Math.max(w, 2)) }))", [2, 2]],
      ["(() => { const l = []; for (let i = 1; i < 4; i++) { if (i === 2) continue; l.push(attention({ pattern: window(i) })); } return l; })()", [1, 3]], // prettier-ignore
      ["(() => { const l = []; for (const [w, n] of Object.entries({ 2: 1, 3: 2 })) for (let i = 0; i < n; ++i) l.push(attention({ pattern: window(Number(w)) })); return l; })()", [2, 3, 3]], // prettier-ignore
      ["(() => { let i = 0; const l = []; while (true) { if (++i > 2) break; l.push(attention({ pattern: window(i) })); } return l; })()", [1, 2]], // prettier-ignore
      ["((a, { b = 4, ...rest } = {}, ...more) => [a, b, rest.c ?? 5, more.length].map((w) => attention({ pattern: window(w) })))(1, { c: 3 }, 0, 0)", [1, 4, 3, 2]], // prettier-ignore
      ["(function f(n) { return n === 0 ? [] : [...f(n - 1), attention({ pattern: window(n) })]; })(3)", [1, 2, 3]],
      ["[`${1}${0 || 2}`].map(parseFloat).map((w) => attention({ pattern: window(w % 5) }))", [2]],
      ["[1].map((w) => { switch (w) { case 0: w = 9; case 1: w += 1; case 2: w *= 2; break; default: w = 0; } return attention({ pattern: window(w) }); })", [4]], // prettier-ignore
      ["(() => { class A { #p = 1; w = 2; static s = 1; get more() { return this.w + A.s; } constructor(x) { this.x = x; } all() { return [this.x, this.more]; } } class B extends A { constructor() { super(1); this.w++; } } return new B().all().map((w) => attention({ pattern: window(w) })); })()", [1, 4]], // prettier-ignore
      ["[attention({ pattern: window(((process.env.WIDTH, 2) as number)!) })]", [2]],
    ] as const)
      sameAs(`${all}const m = transformer({ tokens: 8, width: 4, layers: ${code} });`, layers(...windows));
    sameAs(
      `${all}const base = { tokens: 9, "width": 4 } as const; const tokens = 8, depth = "2"; enum Size { Small = 1, Large }
       const layers = { ["attention"]: { pattern: { window: Size.Large } } };
       const m = transformer({ ...base, tokens, layers: [{ ...layers, repeat: +depth }], name: undefined });`,
      { ...small, layers: [{ attention: { pattern: { window: 2 } }, repeat: 2 }] },
    );
  });

  it("knows where each part is written", () => {
    const text = `${all}const width = 4;
const near = window(2); // shared
const base = { tokens: 8, position: "learned" };
const m = transformer({
  ...base,
  width,
  layers: [
    attention({ pattern: near, heads: 2 })
      .feedForward({ bias: false })
      .repeat(3),
    attention({
      pattern: any(window({ left: 1 }), causal),
    }),
  ],
});`;
    const architecture = one(text);
    assert.match(textAt(text, architecture.range), /^transformer\(\{[^]*\}\)$/);
    for (const [path, expected] of [
      [[], "transformer"],
      [["registers"], "transformer"],
      [["tokens"], "8"],
      [["width"], "4"],
      [["position"], `"learned"`],
      [["layers"], "layers"],
      [["layers", 0, "attention", "pattern"], "window(2)"],
      [["layers", 0, "attention", "pattern", "window"], "2"],
      [["layers", 0, "attention", "heads"], "2"],
      [["layers", 0, "feedForward", "bias"], "false"],
      [["layers", 0, "feedForward", "activation"], "feedForward"],
      [["layers", 0, "repeat"], "3"],
      [["layers", 1, "attention"], "attention"],
      [["layers", 1, "attention", "pattern"], "any(window({ left: 1 }), causal)"],
      [["layers", 1, "attention", "pattern", "any", 0], "window({ left: 1 })"],
      [["layers", 1, "attention", "pattern", "any", 1], "causal"],
    ] as [SpecPath, string][])
      assert.equal(textAt(text, architecture.locate(path)), expected, path.join("."));
  });

  it("says what is wrong, where it is written", () => {
    const text = `${all}const bad = window(-1), extra = "rotaty";
transformer({ tokens: 0, width: 4, position: extra, layers: [attention({ pattern: bad, hats: 2 }).repeat(0)] });
transformer({ width: 4, layers: [] });
transformer();`;
    const found = read(text).errors.map(({ message, range }) => `${textAt(text, range)}: ${message}`);
    for (const expected of [
      /^0: `tokens` must/,
      /^-1: `window` must/,
      /^"rotaty": /,
      /^hats: /,
      /^0: `repeat` must/,
      /^transformer: .*`tokens`/,
    ])
      // prettier-ignore
      assert.ok(found.some((one) => expected.test(one)), `${String(expected)} in\n${found.join("\n")}`);
    assert.deepEqual(read(text).architectures, []);
  });

  it("says what it does not know, and takes nothing of it for granted", () => {
    const call = (argument: string) => `transformer({ tokens: ${argument}, width: 4, layers: [attention()] });`;
    for (const [code, reason] of [
      [`import { n } from "./sizes"; ${call("n")}`, '`n` of "./sizes"'],
      [call("Number(process.env.TOKENS ?? 8)"), "`process.env.TOKENS`, which this file does not define"],
      [`export function make(options) { return ${call("options.n")} }`, "the argument `options` of `make`"],
      [`let n = 8; if (Math.random() < 0.5) n = 9; ${call("n")}`, "`random` of Math"],
      [`const c = { n: 8 }; change(c); ${call("c.n")}`, "a value given to `change`, which this file does not define"],
      [
        `const c = { n: 8 }; import("./x").then((x) => x.change(c)); ${call("c.n")}`,
        "a value given to the argument `x` of `a function`",
      ],
      [`const c = { n: 8 }; emitter.on("x", () => { c.n = 9; }); ${call("c.n")}`, "the time at which `a function` is called"], // prettier-ignore
      [`let n = 8; for (const x of xs) n++; ${call("n")}`, "`xs`, which this file does not define"],
      [`let n = 8; try { risky(); n = 16; } catch { } ${call("n")}`, "whether an error is thrown"],
      [`let n = 8; export function set(x) { n = x; } export function make() { return ${call("n")} }`, "`n`, which a function assigns"], // prettier-ignore
      [`const f = (x) => { if (x) return 8; return 9; }; ${call("f(y)")}`, "`y`, which this file does not define"],
      [`const list = [8]; list.sort(compare); ${call("list[0]")}`, "what `sort` does"],
      [`const n = 8n; ${call("n")}`, "the big integer `8n`"],
      [`const l = [1]; while (more()) l.push(1); ${call("l.length")}`, "`more`, which this file does not define"],
      [`with_(x); ${call("new Thing().n")}`, "`Thing`, which this file does not define"],
      [`const { n = 8 } = options; ${call("n")}`, "`options`, which this file does not define"],
      [`for (;;) {} ${call("8")}`, undefined],
    ] as const) {
      const file = read(`${all}${code}`, "model.js");
      assert.deepEqual(file.architectures, [], code);
      assert.deepEqual(file.errors, [], code);
      const [note] = file.notes!;
      if (reason !== undefined) assert.equal(note.message, `The architecture given to \`transformer\` was not read: it depends on ${reason}.`); // prettier-ignore
    }
  });

  it("takes defaults of functions that the file does not call, and each call of those that it does", () => {
    const make = "function make(tokens = 8, { layers = 2 } = {}) { return transformer({ tokens, width: 4, layers: [attention().repeat(layers)] }); }"; // prettier-ignore
    const depths = (text: string) =>
      read(`${all}${text}`).architectures.map(({ architecture: { tokens, layers } }) => [tokens, layers[0].repeat]);
    assert.deepEqual(depths(`export ${make}`), [[8, 2]]);
    assert.deepEqual(depths(`${make} make(9); [3, 4].forEach((layers) => make(7, { layers })); make(9);`), [
      [9, 2],
      [7, 3],
      [7, 4],
    ]);
    assert.deepEqual(depths(`${make} describe("x", () => { it("y", () => { make(6); }); });`), [[6, 2]]);
  });

  it("asks for arguments that only callers know, and takes them from comments", () => {
    const make = "export function make(n, { depth, heads = 2 }) {\n  return transformer({ tokens: n, width: 4, layers: [attention({ heads }).repeat(depth)] });\n}\n"; // prettier-ignore
    const { questions, notes, errors, architectures } = read(`${all}${make}`, "model.js");
    assert.deepEqual([notes, errors, architectures], [[], [], []]);
    assert.deepEqual(questions!.map(({ missing, message }) => [missing, message]), [
      [["n"], "What `make` makes depends on its argument `n`, which only its callers know."],
    ]); // prettier-ignore
    const asked = applied(`${all}${make}`, [questions![0].edit]);
    assert.equal(asked, `${all}// uap: n=128\n${make}`);
    const again = read(asked, "model.js").questions!;
    assert.deepEqual(again[0].missing, ["depth"]);
    const told = one(applied(asked, [again[0].edit]), "model.js").architecture;
    assert.deepEqual([told.tokens, told.layers[0].repeat], [128, 12]);
    sameAs(`${all}// uap: n=9 depth=3 heads=4\n${make}`, { tokens: 9, width: 4, name: "make", layers: [{ attention: { heads: 4 }, repeat: 3 }] }, "model.js"); // prettier-ignore
    const file = read(`${all}// uap: n=9, depth=three\n${make}\n// uap: tokens=4\nlet x;`, "model.js");
    assert.deepEqual(file.errors.map(({ range }) => range.start.line), [1, 6]); // prettier-ignore
    assert.equal(readTypeScript(`${all}// uap: ignore\n${make}`, "model.js"), undefined);
  });

  it("names architectures after what they are assigned to", () => {
    const text = `${all}const layers = [attention()];
const a = transformer({ tokens: 8, width: 4, layers });
export const made = { b: transformer({ tokens: 8, width: 4, layers }), c: transformer({ name: "given", tokens: 8, width: 4, layers }) };
function d() { const t = 8; return transformer({ tokens: t, width: 4, layers }); }
export const e = () => transformer({ tokens: 8, width: 4, layers });
export default transformer({ tokens: 8, width: 4, layers });`;
    const names = read(text, "/some/ring.ts").architectures.map(({ architecture }) => architecture.name);
    assert.deepEqual(names.sort(), ["a", "b", "d", "e", "given", "ring"]);
  });

  it("reads broken code without a word about what is broken", () => {
    const text = `${all}const m = transformer({ tokens: 8, width: 4, layers: [attention({ pattern: window(2) })] });\n`;
    for (let i = all.length; i < text.length; i++) {
      const file = readTypeScript(text.slice(0, i) + text.slice(i + 3), "model.ts");
      for (const { architecture } of file?.architectures ?? []) assert.ok(architecture.tokens === 8 || architecture.tokens === 4); // prettier-ignore
    }
  });
});

describe("models of TensorFlow.js", () => {
  before(async () => {
    for (const language of ["typescript", "javascript"] as const) await loadGrammar(language);
  });

  const corpus = path.join(import.meta.dirname, "../corpus/code");
  const head = `import * as tf from "@tensorflow/tfjs";\n`;
  /** A layer of one head, whose scores are changed as `scores` says. */
  const layer = (scores = "scores", setup = "") => `class Attention extends tf.layers.Layer {
  constructor(units) { super({}); this.units = units; }
  build(shape) { for (const name of ["q", "k", "v"]) this[name] = this.addWeight(name, [shape[2], this.units], "float32", tf.initializers.glorotUniform({})); }
  computeOutputShape(shape) { return [...shape.slice(0, -1), this.units]; }
  call(inputs) {
    const x = inputs[0];
    const [b, n, d] = x.shape;
    const project = (w) => tf.matMul(x.reshape([-1, d]), w.read()).reshape([b, n, this.units]);
    const [q, k, v] = [this.q, this.k, this.v].map(project);
    const scores = tf.matMul(q, k, false, true).div(Math.sqrt(this.units));
    ${setup}
    return tf.matMul(tf.softmax(${scores}), v);
  }
}
`;
  const network = "tf.layers.dense({ units: 8 }).apply(tf.layers.dense({ units: 32, activation: 'relu' }).apply(y))";
  const model = (more = network, apply = "new Attention(8).apply(x)", input = "tf.input({ shape: [12, 8] })") =>
    `const x = ${input};
const y = tf.layers.add().apply([x, ${apply}]);
export const m = tf.model({ inputs: x, outputs: tf.layers.add().apply([y, ${more}]) });`;

  const block = (text: string, fileName = "model.js") => one(text, fileName).architecture.layers[0];
  const patternOf = (text: string) => {
    const { mixer } = block(text);
    assert.ok(mixer.kind === "attention");
    return mixer.heads[0].pattern;
  };

  it("are read with the layers that the file makes", () => {
    for (const [name, expected] of [
      ["tfjs_custom_layer.js", { tokens: 32, width: 32, layers: [{ attention: { heads: 4 }, feedForward: { hidden: 128, activation: "relu" }, repeat: 3 }], position: "learned", name: "buildModel" }], // prettier-ignore
      ["tfjs_causal_layer.ts", { tokens: 24, width: 32, layers: [{ attention: { heads: 4, pattern: "causal" }, feedForward: { hidden: 64, activation: "relu" }, norm: "pre", repeat: 3 }], target: { visibility: "causal" }, name: "decoder" }], // prettier-ignore
      ["tfjs_no_activation.js", { tokens: 12, width: 16, layers: [{ attention: {}, feedForward: { hidden: 64, activation: "linear" } }], name: "build" }], // prettier-ignore
    ] as const)
      sameAs(readFileSync(path.join(corpus, name), "utf8"), expected, name);
  });

  it("have the masks that they compute", () => {
    const range = "const row = tf.range(0, n).expandDims(1), column = tf.range(0, n).expandDims(0);";
    for (const [scores, setup, expected] of [
      ["scores", "", { kind: "full" }],
      ["tf.where(tf.greaterEqual(row, column), scores, tf.fill(scores.shape, -Infinity))", range, { kind: "causal" }],
      ["tf.where(row.less(column), tf.scalar(-1e9), scores)", range, { kind: "causal" }],
      ["scores.add(tf.sub(1, tf.linalg.bandPart(tf.ones([n, n]), -1, 0)).mul(-1e9))", "", { kind: "causal" }],
      ["scores.add(tf.linalg.bandPart(tf.ones([n, n]), 2, 1).sub(1).mul(1e9))", "", { kind: "window", left: 2, right: 1, circular: false, dilation: 1 }], // prettier-ignore
      ["tf.where(tf.abs(tf.sub(row, column)).lessEqual(2), scores, -Infinity)", range, { kind: "window", left: 2, right: 2, circular: false, dilation: 1 }], // prettier-ignore
      ["tf.where(tf.equal(tf.floorDiv(row, 4), column.floorDiv(4)), scores, -Infinity)", range, { kind: "block", size: 4, shift: 0 }], // prettier-ignore
      ["tf.add(scores, tf.tensor2d(rows))", "const rows = []; for (let i = 0; i < n; i++) rows.push(Array.from({ length: n }, (_, j) => (j > i ? -1e9 : 0)));", { kind: "causal" }], // prettier-ignore
    ] as const)
      assert.deepEqual(patternOf(head + layer(scores, setup) + model()), expected, scores);
  });

  it("are made in many ways", () => {
    const expected = { kind: "full" };
    const sequential = `const tf = require("@tensorflow/tfjs-node");\n${layer()}
class Block extends tf.layers.Layer {
  constructor(config) { super(config); this.attention = new Attention(8); this.inner = tf.layers.dense({ units: 16, activation: "gelu" }); this.outer = tf.layers.dense({ units: 8 }); }
  call(inputs) {
    const [x] = inputs;
    const y = tf.add(x, this.attention.apply([x]));
    return y.add(this.outer.apply(this.inner.apply(y)));
  }
}
const m = tf.sequential();
m.add(tf.layers.dense({ units: 8, inputShape: [12, 5] }));
for (let i = 0; i < 2; i++) m.add(new Block({ name: \`block\${i}\` }));
m.compile({ loss: "meanSquaredError" });`;
    const read = block(sequential);
    assert.deepEqual([read.repeat, read.feedForward?.activation], [2, "gelu"]);
    assert.deepEqual(patternOf(sequential), expected);
    const inner = `${head}${layer()}const i = tf.input({ shape: [12, 8] });
const body = tf.model({ inputs: i, outputs: new Attention(8).apply(i) });
${model(network, "body.apply(x)")}`;
    assert.deepEqual(patternOf(inner), expected);
    const page = `${layer()}${model()}`;
    assert.deepEqual(patternOf(page), expected, "loaded by the page");
    const dot = `${head}const dense = () => tf.layers.dense({ units: 8, useBias: false });
const self = (x) => { const s = tf.layers.dot({ axes: [2, 2] }).apply([dense().apply(x), dense().apply(x)]);
  return tf.layers.dot({ axes: [2, 1] }).apply([tf.layers.softmax({ axis: -1 }).apply(s), dense().apply(x)]); };
${model(network, "self(x)")}`;
    assert.deepEqual(patternOf(dot), expected, "of layers alone");
    const words = `${head}${layer()}const ids = tf.input({ shape: [12] });
let x = tf.layers.embedding({ inputDim: 100, outputDim: 8, inputLength: 12 }).apply(ids);
x = tf.layers.add().apply([x, new Attention(8).apply(x)]);
export const m = tf.model({ inputs: ids, outputs: tf.layers.dense({ units: 2, activation: "softmax" }).apply(tf.layers.globalAveragePooling1d().apply(x)) });`;
    assert.deepEqual(patternOf(words), expected, "of a vocabulary");
  });

  it("place what is found where it is written", () => {
    const text = `${head}${layer("tf.where(ahead, -1e9, scores)", "const ahead = tf.range(0, n).greater(tf.range(0, n).expandDims(1));")}${model(network.replaceAll("units: 8", "units: 8, useBias: false").replaceAll("units: 32", "units: 32, useBias: false"))}`; // prettier-ignore
    const found = one(text, "model.js");
    assert.equal(found.architecture.layers[0].feedForward?.bias, false);
    assert.equal(textAt(text, found.locate(["layers", 0, "attention", "pattern"])), "tf.range(0, n).greater(tf.range(0, n).expandDims(1))"); // prettier-ignore
    assert.equal(textAt(text, found.locate(["layers", 0, "feedForward", "bias"])), "false");
    assert.equal(textAt(text, found.locate(["tokens"])), "12");
    const edits = found.edit([{ path: ["layers", 0, "feedForward", "bias"], value: true }])!;
    assert.equal(applied(text, edits), text.replaceAll("useBias: false", "useBias: true"));
    assert.equal(found.edit([{ path: ["position"], value: "absolute" }]), undefined);
  });

  it("are asked for what their code does not say", () => {
    const text = `${head}${layer()}
function make() {
  ${model(network, undefined, "tf.input({ shape: [null, 8] })").replace("export const m =", "return")}
}`;
    const { questions, architectures } = read(text, "model.js");
    assert.deepEqual([architectures.length, questions!.map(({ missing }) => missing)], [0, [["tokens"]]]);
    const told = applied(text, [questions![0].edit]);
    assert.ok(told.includes("// uap: tokens=128\nfunction make"), told);
    assert.equal(one(told, "model.js").architecture.tokens, 128);
    const alone = read(head + layer(), "model.js").questions!;
    assert.deepEqual(alone.map(({ missing }) => missing), [["units"]]); // prettier-ignore
    const both = one(`${head}// uap: units=8 tokens=6\n${layer()}`, "model.js");
    assert.deepEqual([both.architecture.tokens, both.architecture.name], [6, "Attention"]);
  });

  it("are passed over where they are not understood, with one line, or do not attend, without", () => {
    for (const [text, reason] of [
      [layer("tf.where(tf.tensor(await load()), scores, -1e9)") + model(), /depends on|not define/],
      [layer("scores.foo()") + model(), /foo/],
      [layer() + model("tf.layers.lstm({ units: 8, returnSequences: true }).apply(y)"), /`tf\.layers\.lstm`/],
      [layer() + model("tf.layers.conv1d({ filters: 8, kernelSize: 3, padding: 'same' }).apply(y)"), /conv1d/],
      [layer() + model("tf.layers.dense(options).apply(y)"), /`options`/],
      [layer("tf.where(x.sum(-1).expandDims(1).greater(0), scores, -1e9)") + model(), /data/],
    ] as const) {
      const file = read(head + text, "model.js");
      assert.deepEqual([file.architectures, file.errors, file.questions], [[], [], []], text);
      assert.equal(file.notes!.length, 1, text);
      assert.match(file.notes![0].message, reason);
    }
    for (const text of [
      `const m = tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [4] }), tf.layers.dense({ units: 1 })] });`,
      `const m = tf.sequential(); m.add(tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 8, kernelSize: 3 })); m.add(tf.layers.flatten());`,
      `const m = tf.sequential(); m.add(tf.layers.lstm({ units: 8, inputShape: [10, 3] }));`,
      `const x = tf.input({ shape: [4] }); tf.model({ inputs: x, outputs: tf.layers.dense({ units: 3, activation: "softmax" }).apply(x) });`,
      `export const f = (a, b) => tf.tidy(() => tf.matMul(a, b).softmax());`,
    ])
      assert.equal(readTypeScript(head + text, "model.js"), undefined, text);
  });
});

describe("edits of architectures in code", () => {
  before(async () => loadGrammar("typescript"));

  const edit = (text: string, ...changes: [string, unknown][]) => {
    const edits = read(text).architectures[0].edit(
      changes.map(([path, value]) => ({
        path: path.split(".").map((key) => (/^\d/.test(key) ? Number(key) : key)),
        value,
      })),
    );
    return edits && applied(text, edits);
  };

  it("keep the file's style", () => {
    const text = `import { attention, transformer, window, any } from 'uap-lens';

export const m = transformer({
  tokens: 8, // of a sample
  width: 4,
  layers: [
    attention({ pattern: window(2) }).repeat(3),
    attention(),
  ],
});
`;
    for (const [path, value, before, after] of [
      ["tokens", 16, "tokens: 8,", "tokens: 16,"],
      ["position", "absolute", "width: 4,\n", "width: 4,\n  position: 'absolute',\n"],
      ["registers", 1, "width: 4,\n", "width: 4,\n  registers: 1,\n"],
      ["layers.0.attention.pattern", { window: 5 }, "window(2)", "window(5)"],
      ["layers.0.attention.pattern", { window: { left: 1, right: 2 } }, "window(2)", "window({ left: 1, right: 2 })"],
      ["layers.0.attention.pattern", { any: [{ window: 2 }, { global: [0] }] }, "window(2)", "any(window(2), { global: [0] })"], // prettier-ignore
      ["layers.0.attention.pattern", "full", "window(2)", "'full'"],
      ["layers.0.attention.heads", 2, "{ pattern:", "{ heads: 2, pattern:"],
      ["layers.0.repeat", 7, "repeat(3)", "repeat(7)"],
      ["layers.0.repeat", undefined, ".repeat(3)", ""],
      ["layers.0.feedForward.bias", true, ".repeat(3)", ".repeat(3).feedForward({ bias: true })"],
      ["layers.1.attention.pattern", { window: 1 }, "attention(),", "attention({ pattern: window(1) }),"],
      ["layers.1.repeat", 2, "attention(),", "attention().repeat(2),"],
      ["layers.1", undefined, "    attention(),\n", ""],
      ["layers.2", { attention: { pattern: "causal" } }, "attention(),", "attention(),\n    { attention: { pattern: 'causal' } },"], // prettier-ignore
    ] as const)
      assert.equal(edit(text, [path, value]), text.replace(before, after), path);
  });

  it("put a method on a line of its own where the others are", () => {
    const text = `${all}transformer({
  tokens: 8, width: 4, layers: [
    attention()
      .norm("pre")
      .repeat(2),
  ] });`;
    assert.equal(
      edit(text, ["layers.0.feedForward", {}]),
      text.replace("repeat(2)", "repeat(2)\n      .feedForward({})"),
    );
  });

  it("change what is shared only where all of it is meant", () => {
    const shared = `${all}const near = window(2);
transformer({ tokens: 8, width: 4, layers: [attention({ pattern: near }), attention({ pattern: near })] });`;
    const [first, second] = ["layers.0.attention.pattern", "layers.1.attention.pattern"];
    assert.equal(edit(shared, [first, { window: 3 }]), shared.replace("pattern: near", "pattern: window(3)"));
    assert.equal(
      edit(shared, [first, { window: 3 }], [second, { window: 3 }]),
      shared.replace("window(2)", "window(3)"),
    );
    const tokens = `${all}const tokens = 8; transformer({ tokens, width: tokens, layers: [attention()] });`;
    assert.equal(edit(tokens, ["tokens", 9]), tokens.replace("{ tokens,", "{ tokens: 9,"));
    const spread = `${all}const base = { tokens: 8, width: 4 }; const layers = [attention()];
const m = [transformer({ ...base, layers }), transformer({ layers, ...base })];`;
    assert.equal(edit(spread, ["position", "rotary"]), spread.replace("{ ...base, layers", `{ ...base, position: "rotary", layers`)); // prettier-ignore
    assert.equal(edit(spread, ["tokens", 9]), undefined, "the other model has them too");
    const loop = `${all}transformer({ tokens: 8, width: 4, layers: Array.from({ length: 3 }, () => attention({ pattern: window(1) })) });`;
    assert.equal(edit(loop, [first, { window: 3 }]), undefined);
    const everywhere = [0, 1, 2].map((i): [string, unknown] => [`layers.${i}.attention.pattern`, { window: 3 }]);
    assert.equal(edit(loop, ...everywhere), loop.replace("window(1)", "window(3)"));
    const computed = `${all}transformer({ tokens: 4 * 2, width: 4, layers: [attention()] });`;
    assert.equal(edit(computed, ["tokens", 9]), computed.replace("4 * 2", "9"));
  });

  // ----------------------------------------------------------------------------------------------------- random changes

  const pattern: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    pattern: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom<unknown>("full", "causal"),
      fc.record({ window: fc.nat(9) }),
      fc.record({ window: fc.record({ left: fc.nat(7), circular: fc.boolean() }, { requiredKeys: [] }) }),
      fc.record({ global: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }) }),
      fc.record({ edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 }) }),
      fc.constant({ expression: `q <= k && k % 2 == 0 || q - k == 3` }),
      fc.record({ any: fc.array(tie("pattern"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: tie("pattern") }),
    ),
  })).pattern;
  const feedForward = fc.oneof(
    fc.constant("none"),
    fc.record({ activation: fc.constantFrom("relu", "gelu"), bias: fc.boolean() }, { requiredKeys: [] }),
  );
  const norm = fc.constantFrom<unknown>("none", "pre", { placement: "post" });
  const attention = fc.record(
    {
      heads: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.array(fc.record({ count: fc.integer({ min: 1, max: 3 }), pattern }, { requiredKeys: [] }), { minLength: 1, maxLength: 3 })), // prettier-ignore
      pattern,
      residual: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const block = fc.record({ repeat: fc.integer({ min: 1, max: 5 }), attention, feedForward, norm }, { requiredKeys: ["attention"] }); // prettier-ignore
  const specification = fc.record(
    {
      name: fc.constantFrom("plain", `it's "quoted"`, "a\\b\n`${c}`"),
      tokens: fc.constant(8),
      width: fc.constant(4),
      position: fc.constantFrom<unknown>("none", "absolute", { classes: [0, 0, 0, 0, 1, 1, 1, 1] }),
      layers: fc.array(block, { minLength: 1, maxLength: 4 }),
    },
    { requiredKeys: ["tokens", "width", "layers"] },
  );

  /** The specification as code: literals and builders, const variables, comments and white space, as the dice fall. */
  function written(value: unknown, roll: () => number): string {
    const consts: string[] = [];
    const aside = (code: string) => {
      if (roll() % 8 !== 0) return code;
      consts.push(`const c${consts.length} = ${code};`);
      return `c${consts.length - 1}`;
    };
    const gap = () => ["", "", "", " /* , } ) */ ", "\n  ", " // } ],\n"][roll() % 6];
    const text = (one: string) => (roll() % 2 ? JSON.stringify(one) : `'${JSON.stringify(one).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`); // prettier-ignore
    const list = (items: string[], [open, close]: string) => {
      const comma = items.length > 0 && roll() % 3 === 0 ? "," : "";
      return `${open}${gap()}${items.join(`,${gap()}`)}${comma}${gap()}${close}`;
    };
    const code = (one: unknown): string => {
      if (Array.isArray(one)) return aside(list(one.map(code), "[]"));
      if (typeof one === "string") return text(one);
      if (typeof one !== "object" || one === null) return aside(JSON.stringify(one));
      return aside(list(Object.entries(one).map(([key, item]) => `${roll() % 4 ? key : text(key)}:${gap()}${key === "pattern" ? patternCode(item) : key === "layers" ? blocks(item as object[]) : code(item)}`), "{}")); // prettier-ignore
    };
    const patternCode = (one: unknown): string => {
      if (typeof one === "string" || roll() % 3 === 0) return one === "causal" && roll() % 2 ? "causal" : code(one);
      const [[key, inner]] = Object.entries(one as object) as [string, unknown][];
      const name = { window: "window", global: "globalTokens", edges: "edges", expression: "where" }[key];
      if (key === "any") return aside(`any${list((inner as unknown[]).map(patternCode), "()")}`);
      if (key === "not") return aside(`not(${gap()}${patternCode(inner)}${gap()})`);
      return aside(`${name}(${gap()}${code(inner)}${gap()})`);
    };
    const blocks = (all: object[]) =>
      list(
        all.map((one) => {
          if (roll() % 3 === 0) return code(one);
          const { attention: options, ...rest } = one as Record<string, unknown>;
          const empty = Object.keys(options as object).length === 0 && roll() % 2 === 0;
          const calls = Object.entries(rest).map(([key, item]) => `${gap()}.${key}(${code(item)})`);
          return `attention(${empty ? "" : code(options)})${calls.join("")}`;
        }),
        "[]",
      );
    const main = `export const m = transformer(${code(value)});\n`;
    return `${all}${consts.join("\n")}\n${main}`;
  }

  /** A change of the value that keeps it a specification's. */
  const changeOf = (value: { layers: Record<string, unknown>[] }): fc.Arbitrary<SpecChange> => {
    const index = fc.nat(value.layers.length - 1);
    const at = (...keys: (string | number)[]) => index.map((i): SpecPath => ["layers", i, ...keys]);
    const change = (path: fc.Arbitrary<SpecPath>, next: fc.Arbitrary<unknown>) => fc.record({ path, value: next });
    return fc.oneof(
      change(fc.constant(["position"]), fc.constantFrom<unknown>("none", "rotary", { relative: "signed" }, undefined)),
      change(fc.constant(["registers"]), fc.constantFrom(0, 2)),
      change(fc.constant(["name"]), fc.constantFrom("new", "it's")),
      change(at("attention", "pattern"), pattern),
      change(at("attention", "pattern"), fc.constant(undefined)),
      change(at("attention", "heads"), fc.integer({ min: 1, max: 8 })),
      change(at("attention", "residual"), fc.boolean()),
      change(at("feedForward"), feedForward),
      change(at("norm"), norm),
      change(at("repeat"), fc.constantFrom<unknown>(1, 4, undefined)),
      change(fc.constant(["layers", value.layers.length]), block),
    );
  };

  it("read as exactly what was asked for, or are not made", () => {
    let made = 0;
    let asked = 0;
    fc.assert(
      fc.property(
        specification.chain((value) => fc.tuple(fc.constant(value), fc.array(changeOf(value as never), { minLength: 1, maxLength: 3 }), fc.array(fc.nat(10_000), { minLength: 200, maxLength: 200 }))), // prettier-ignore
        ([value, changes, dice]) => {
          let at = 0;
          const text = written(value, () => dice[at++ % dice.length]);
          const file = read(text);
          assert.deepEqual(file.notes, [], text);
          const isValid = "architecture" in parseArchitecture(value);
          assert.equal(file.architectures.length, isValid ? 1 : 0, `${text}\n${JSON.stringify(file.errors)}`);
          const wanted = changeValue(value, changes) as object;
          const result = parseArchitecture(JSON.parse(JSON.stringify(wanted)));
          if (!isValid || !("architecture" in result)) return;
          asked++;
          const edits = file.architectures[0].edit(changes);
          if (!edits) return;
          made++;
          const after = one(applied(text, edits));
          assert.deepEqual(after.architecture, { ...result.architecture, name: after.architecture.name }, text);
        },
      ),
      { seed, numRuns: 150 },
    );
    console.log(`        ${made} of ${asked} changes were expressed`);
    assert.ok(made > 0.97 * asked, `${made} of ${asked}`);
  });
});
