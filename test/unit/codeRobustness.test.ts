/**
 * Model code that is cut off, mangled, enormous or meant to take for ever: nothing throws, nothing takes longer than a second of the processor, and no error is found
 * in code but what a `uap:` comment or a notebook's JSON is at fault for. The same for the Python standard library, in which there is no attention.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { checkBytes, checkModel } from "../../extension/check";
import { prepareReading } from "../../extension/models/code";
import { readPython } from "../../extension/models/code/python";
import type { Finding } from "../../extension/theory/verdict/report";
import { assertBounded, processorTime } from "../time";

const folder = path.join(__dirname, "..", "corpus", "code");
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const corpus = readdirSync(folder).filter((name) => /\.(py|ipynb|m?[jt]s)$/.test(name));

/** The slowest of many, which may take a second; the first run of code is given more. */
class Slowest {
  private time = 0;
  private what = "";

  add(what: string, run: () => void): void {
    const time = processorTime(run);
    if (time > this.time) [this.time, this.what] = [time, what];
  }

  /** @param characters of one text, which takes time to parse: two seconds a megabyte */
  check(characters = 0): void {
    const most = 2000 + characters / 500;
    console.log(`      slowest: ${this.time.toFixed(0)} of ${most.toFixed(0)} ms, ${this.what}`);
    assertBounded(this.time, most, this.what);
  }
}

const errorsIn = (findings: readonly Finding[] = []): Finding[] => findings.filter(({ severity }) => severity === "error"); // prettier-ignore

/** What may be an error of a mangled file: the JSON of a notebook, and comments that lost what they were about. */
const mayBe = (finding: Finding): boolean => finding.code === "UAP001" && !finding.message.includes("defect of UAP Lens"); // prettier-ignore

/** A place in a text: how far from its beginning. */
const place = fc.nat(999).map((thousandth) => thousandth / 1000);

/** A change of a text, made from numbers between 0 and 1. */
const manglings: Record<string, (text: string, a: number, b: number) => string> = {
  truncated: (text, a) => text.slice(0, Math.floor(a * text.length)),
  "without a beginning": (text, a) => text.slice(Math.floor(a * text.length)),
  "without some characters": (text, a, b) => text.slice(0, Math.floor(a * text.length)) + text.slice(Math.floor(a * text.length) + Math.ceil(b * 40)), // prettier-ignore
  "with some characters more": (text, a, b) => inserted(text, a, ["(", "):\n", "\0", '"""', "'", "[", "\ud800", "=", "lambda", "\t", "{", "@", "  ", "\u2028", "é", "*", "def "][Math.floor(b * 17)]), // prettier-ignore
  "without a line": (text, a) => changedLines(text, a, () => []),
  "with a line twice": (text, a) => changedLines(text, a, (line) => [line, line]),
  "with lines exchanged": (text, a, b) => exchanged(text, a, b),
  "with a line indented": (text, a) => changedLines(text, a, (line) => [`  ${line}`]),
};

const inserted = (text: string, at: number, more: string): string => text.slice(0, Math.floor(at * text.length)) + more + text.slice(Math.floor(at * text.length)); // prettier-ignore

function changedLines(text: string, at: number, change: (line: string) => string[]): string {
  const lines = text.split("\n");
  return lines.flatMap((line, i) => (i === Math.floor(at * lines.length) ? change(line) : [line])).join("\n");
}

function exchanged(text: string, a: number, b: number): string {
  const lines = text.split("\n");
  const [i, j] = [a, b].map((at) => Math.floor(at * lines.length));
  [lines[i], lines[j]] = [lines[j], lines[i]];
  return lines.join("\n");
}

/** A module that attends, around code that may be hostile. */
const around = (top: string, inside = "pass", said = "# uap: tokens=16"): string => `import torch
import torch.nn as nn
import torch.nn.functional as F

${top}

${said}
class Model(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.qkv = nn.Linear(d, 3 * d)
        self.mlp = nn.Sequential(nn.Linear(d, 64), nn.GELU(), nn.Linear(64, d))

    def forward(self, x):
        ${inside.replaceAll("\n", "\n        ")}
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        x = x + F.softmax(q @ k.transpose(-2, -1) / 32 ** 0.5, dim=-1) @ v
        return x + self.mlp(x)
`;

const hostile: Record<string, () => string> = {
  "10,000 parentheses": () => around(`x = ${"(".repeat(10_000)}1${")".repeat(10_000)}`),
  "10,000 brackets that are not closed": () => around(`x = ${"[".repeat(10_000)}`),
  "10,000 unary operators": () => around(`x = ${"-".repeat(10_000)}1`),
  "a sum of 20,000": () => around(`x = ${Array.from({ length: 20_000 }, () => "1").join(" + ")}`),
  "5,000 calls in one another": () => around(`x = ${"f(".repeat(5000)}${")".repeat(5000)}`),
  "1,000 blocks in one another": () => around(Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}if True:`).join("\n") + `\n${" ".repeat(1000)}pass`), // prettier-ignore
  "a list of 200,000": () => around(`x = [${Array.from({ length: 200_000 }, (_, i) => i).join(", ")}]\ny = torch.tensor(x)`), // prettier-ignore
  "a dict of 30,000": () => around(`x = {${Array.from({ length: 30_000 }, (_, i) => `"k${i}": ${i}`).join(", ")}}`),
  "half a megabyte of assignments": () => around(Array.from({ length: 25_000 }, (_, i) => `name_${i} = ${i} * 2`).join("\n")), // prettier-ignore
  "half a megabyte of functions": () => around(Array.from({ length: 10_000 }, (_, i) => `def attention_${i}(q, k, v):\n    return q`).join("\n")), // prettier-ignore
  "a hundred models": () => Array.from({ length: 100 }, (_, i) => around("", "pass", "").replaceAll("Model", `Model${i}`)).join("\n"), // prettier-ignore
  "a megabyte in one string": () => around(`x = "${"a".repeat(1_000_000)}"`),
  "a megabyte in one comment": () => around(`# uap: ${"a=1 ".repeat(250_000)}`),
  "NUL characters": () => around(`x = "\0\0\0"\n\0\0 = 1`),
  "lone surrogates": () => around(`x = "\ud800"\ny = "\udfff\ud800"\nz\ud800 = 1`),
  "while True": () => around("while True:\n    pass", "while True:\n    x = x + 1"),
  "while True with a counter": () => around("i = 0\nwhile True:\n    i += 1"),
  recursion: () => around("def f(n):\n    return f(n + 1)\ny = f(0)", "return self.forward(x)"),
  "two functions that call one another": () => around("def f(n):\n    return g(n)\ndef g(n):\n    return f(n) + f(n)\ny = f(0)"), // prettier-ignore
  "fibonacci by recursion": () => around("def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\ny = f(60)"),
  "comprehensions in one another": () => around("x = [(a, b, c, d) for a in range(99) for b in range(99) for c in range(99) for d in range(99)]"), // prettier-ignore
  "lists doubled": () => around(`x = [0]\n${"x = x + x\n".repeat(60)}`),
  "lists of lists doubled": () => around(`x = [0]\n${"x = [x, x]\n".repeat(40)}y = str(x)\nz = x == x\nw = torch.tensor(x)`), // prettier-ignore
  "range(10**9)": () => around("for i in range(10**9):\n    pass\ny = list(range(10**9))\nz = sum(range(10**9))"),
  "2**10**6": () => around("x = 2**10**6\ny = 10**10**10\nz = 3**(2**40) % 7\nw = 1 << 10**9"),
  "strings multiplied": () => around(`x = "a" * 10**9\ny = [0] * 10**9\nz = ("ab" * 10**5) * 10**5\nw = "a" * 10**5\n${"w = w + w\n".repeat(40)}`), // prettier-ignore
  "strings formatted wide": () => around('x = f"{1:1000000000}"\ny = "%1000000000d" % 1\nz = "a".ljust(10**9)\nw = "{:>999999999}".format(1)\nv = "a".zfill(10**10)'), // prettier-ignore
  "strings replaced and joined": () => around('x = "a" * 10**4\ny = x.replace("a", x)\nz = y.replace("a", y)\nw = x.join(x)'), // prettier-ignore
  "a regular expression that backtracks": () => around('import re\ny = re.match(r"(a+)+$", "a" * 40 + "b")'),
  "itertools without end": () => around("import itertools\nfor i in itertools.count():\n    pass\nx = list(itertools.product(range(99), repeat=9))\ny = list(itertools.permutations(range(12)))"), // prettier-ignore
  "a mask of a million tokens": () => around("mask = torch.tril(torch.ones(1000000, 1000000))\nfor i in range(1000000):\n    mask[i, i] = 0"), // prettier-ignore
  "tensors of tensors": () => around("x = torch.arange(10**6)\nfor i in range(10**5):\n    x = torch.where(x % 7 == 3, x * x, x + x.flip(0))"), // prettier-ignore
  "10**6 layers": () => around("", "for i in range(10**6):\n    x = x + self.mlp(x)"),
  "attention 200 times": () => around("", "for i in range(200):\n    q, k, v = self.qkv(x).chunk(3, dim=-1)\n    x = x + (q @ k.transpose(-2, -1)).softmax(-1) @ v"), // prettier-ignore
  "a generator that never ends": () => around("def g():\n    while True:\n        yield 1\nx = list(g())\ny = sum(g())\nz = dict(zip(g(), g()))"), // prettier-ignore
  "a class that is its own base": () => around("class A(A):\n    pass\nclass B(nn.Module, B):\n    def forward(self, x):\n        return softmax(x)"), // prettier-ignore
  "objects that make objects": () => around("class A(nn.Module):\n    def __init__(self):\n        self.a = A()\n        self.b = A()\n    def forward(self, x):\n        return self.a(x).softmax(-1)\na = A()"), // prettier-ignore
  "a property of itself": () => around("class A:\n    def __getattr__(self, name):\n        return getattr(self, name + name)\ny = A().x"), // prettier-ignore
  "a list that holds itself": () => around("x = []\nx.append(x)\ny = str(x)\nz = x == x\nt = torch.tensor(x)\nw = sorted([x, x])"), // prettier-ignore
  "a dict that holds itself": () => around("x = {}\nx['x'] = x\ny = repr(x)\nimport copy\nz = copy.deepcopy(x)"),
  "lambdas of lambdas": () => around(`f = lambda x: x\n${"f = (lambda g: lambda x: g(g(x)))(f)\n".repeat(40)}y = f(1)`),
  "a decorator that calls without end": () => around("def d(f):\n    return d(d(f))\n@d\ndef g():\n    pass"),
  "sorting with a key that grows": () =>
    around("x = []\ny = sorted(range(10**5), key=lambda i: x.append(i) or x * 100)"),
  "try and except without end": () => around("while True:\n    try:\n        raise ValueError\n    except ValueError:\n        continue"), // prettier-ignore
  "a mask that looks at 10**9 rows": () => around("from torch.nn.attention.flex_attention import create_block_mask\n# uap: layers=2\ndef mask(b, h, q_idx, kv_idx):\n    return q_idx >= kv_idx\nblock = create_block_mask(mask, 1, 1, 10**9, 10**9)"), // prettier-ignore
  "a mask with a deep expression": () => around(`def mask(b, h, q_idx, kv_idx):\n    x = q_idx\n${"    x = (x * x + kv_idx) % 1009\n".repeat(200)}    return x > 500\n`, "pass", "").replace("def mask", "# uap: tokens=1024 layers=2\ndef mask"), // prettier-ignore
};

describe("model code that is mangled or hostile", () => {
  // Mocha has every exception remember its whole stack, which in code that recurses takes most of the time.
  const { stackTraceLimit } = Error;
  before(() => (Error.stackTraceLimit = 10));
  after(() => (Error.stackTraceLimit = stackTraceLimit));

  before(async () => {
    for (const name of ["a.py", "a.ts", "a.js"]) await prepareReading(name);
  });

  it("is read with carriage returns as without", () => {
    for (const name of corpus.filter((each, i) => each.endsWith(".py") && i % 3 === 0)) {
      const text = read(name);
      const [plain, returns] = [text, text.replaceAll("\n", "\r\n")].map((each) => checkModel(name, each));
      const codes = (report: typeof plain) => report?.findings.map(({ code, severity, range }) => [code, severity, range.start.line, range.end.line]); // prettier-ignore
      assert.deepEqual(codes(returns), codes(plain), name);
    }
  });

  it("is read with tabs as with spaces", () => {
    for (const name of corpus.filter((each, i) => each.endsWith(".py") && i % 3 === 1)) {
      const text = read(name);
      const tabs = text.replace(/^( {4})+/gm, (spaces) => "\t".repeat(spaces.length / 4));
      const codes = (report: ReturnType<typeof checkModel>) => report?.findings.map(({ code, severity, range }) => [code, severity, range.start.line]); // prettier-ignore
      assert.deepEqual(codes(checkModel(name, tabs)), codes(checkModel(name, text)), name);
    }
  });

  for (const [how, mangle] of Object.entries(manglings))
    it(`does not throw ${how}, and has no error that the code had not`, () => {
      const slowest = new Slowest();
      const sound = new Map(corpus.map((name) => [name, new Set((checkModel(name, read(name))?.findings ?? []).map(({ code }) => code))])); // prettier-ignore
      fc.assert(
        fc.property(fc.nat(corpus.length - 1), place, place, (i, a, b) => {
          // prettier-ignore
          const name = corpus[i];
          const text = mangle(read(name), a, b);
          slowest.add(`${name} at ${a}, ${b}`, () => {
            const report = checkModel(name, text);
            // A line less can be a mistake of its own, as a mask that is left out: where a model has findings, others are its.
            if ((report?.architectures.length ?? 0) > 0 || sound.get(name)!.size > 0) {
              assert.ok(!report?.findings.some(({ message }) => message.includes("defect of UAP Lens")), name);
              return;
            }
            assert.deepEqual(errorsIn(report?.findings).filter((finding) => !mayBe(finding)), [], name); // prettier-ignore
          });
        }),
        { numRuns: 60, seed: 7 },
      );
      slowest.check();
    });

  for (const [what, make] of Object.entries(hostile))
    it(`is bounded in time and says no error: ${what}`, () => {
      const text = make();
      const slowest = new Slowest();
      slowest.add(what, () => {
        const report = checkModel("hostile.py", text);
        if (report?.architectures.length === 0) assert.deepEqual(errorsIn(report.findings).filter((finding) => !mayBe(finding)), [], what); // prettier-ignore
        assert.ok(!report?.findings.some(({ message }) => message.includes("defect of UAP Lens")), JSON.stringify(report?.findings[0])); // prettier-ignore
      });
      slowest.check(text.length);
    });
});

/** The folder of the standard library of the Python that is installed, if one is. */
function standardLibrary(): string | undefined {
  for (const command of ["python3", "python"])
    try {
      return execFileSync(command, ["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(); // prettier-ignore
    } catch {
      continue;
    }
  return undefined;
}

function* pythonFiles(at: string): Iterable<string> {
  for (const entry of readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(at, entry.name);
    if (entry.isDirectory() && entry.name !== "site-packages") yield* pythonFiles(file);
    else if (entry.isFile() && entry.name.endsWith(".py")) yield file;
  }
}

describe("the Python standard library", () => {
  it("has no error and no crash, and is read in time", async function () {
    const library = standardLibrary();
    if (library === undefined) {
      console.log("      NOT TESTED: there is no Python on this machine, whose standard library is what is read here");
      this.skip();
    }
    await prepareReading("a.py");
    const slowest = new Slowest();
    const files = [...pythonFiles(library)];
    for (const file of files) {
      const bytes = readFileSync(file);
      slowest.add(file, () => assert.deepEqual(errorsIn(checkBytes(file, bytes)?.findings), [], file));
    }
    // Most files have no word of attention and are not looked at: every twentieth is read all the same.
    const sampled = files.filter((_, i) => i % 20 === 0);
    for (const file of sampled) {
      const text = readFileSync(file, "utf8");
      slowest.add(`${file}, read as a model`, () => assert.deepEqual(readPython(text).architectures, [], file));
    }
    console.log(`      ${files.length} files checked, ${sampled.length} of them read as models`);
    slowest.check();
  });
});
