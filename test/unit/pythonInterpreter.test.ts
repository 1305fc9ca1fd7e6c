/** The interpreter of the Python language: what is known as Python has it, what is not known unknown, and never an exception. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { loadGrammar, parse, plain, type Syntax } from "../../extension/models/code/syntax";
import { OutOfSteps, PythonInterpreter } from "../../extension/models/code/python/interpreter";
import { repr } from "../../extension/models/code/python/text";
import {
  bool,
  int,
  list,
  nativeFunction,
  string,
  unknown,
  type Library,
  type Native,
  type NativeType,
  type Value,
} from "../../extension/models/code/python/values";
import { assertBounded, processorTime } from "../time";

function tree(source: string): readonly Syntax[] {
  const parsed = parse("python", source);
  const root = plain(parsed.tree.rootNode, source);
  parsed.tree.delete();
  return root?.children ?? [];
}

/** A library as one of a framework is: a class to derive from, objects that compute, a function that gives nothing known. */
const moduleType: NativeType = {
  name: "fake.Module",
  isClass: true,
  hasInstance: (_, value) => (value.kind === "unknown" ? undefined : false),
  instanceInit: (self, args) => {
    self.attributes.set("initialised", int(args.positional.length, args.place));
  },
  instanceAttribute: (self, name) =>
    name === "training"
      ? bool(true)
      : name === "parameters"
        ? nativeFunction("parameters", () => list([...self.attributes.values()]))
        : undefined,
  instanceCall: (self, args, { interpreter, place }) =>
    interpreter.call(interpreter.attribute(self, "forward", place), args, place),
};
const tensorType: NativeType = {
  name: "a tensor",
  inPlace: (self, result) => {
    self.data = result.data;
  },
  binary: (self, op, other, reflected) =>
    op === "+" || op === "*" ? tensor(reflected ? `(${show(other)} ${op} ${String(self.data)})` : `(${String(self.data)} ${op} ${show(other)})`) : undefined, // prettier-ignore
  attribute: (self, name) => (name === "shape" ? string(`shape of ${String(self.data)}`) : undefined),
};
const tensor = (name: string): Native => ({ kind: "native", type: tensorType, data: name });
function show(value: Value): string {
  if (value.kind === "native" && value.type === tensorType) return String(value.data);
  if (value.kind === "unknown") return `?${value.reason}`;
  const items = value.kind === "list" || value.kind === "tuple" ? value.items : [];
  return repr(value) ?? `${value.kind}(${items.map(show).join(", ")})`;
}
const fake: Library = (name) =>
  ({
    Module: { kind: "native", type: moduleType, data: undefined } satisfies Native,
    tensor: nativeFunction("fake.tensor", ({ positional: [name] }) =>
      tensor(name?.kind === "string" ? name.value : "t"),
    ),
    nothing: nativeFunction("fake.nothing", (_, { place }) => unknown("the result of `nothing`", place)),
  })[name];
const nested: Library = (name) => (name === "relu" ? nativeFunction("fake.nn.relu", () => string("relu")) : undefined);
const libraries = (module: string): Library | undefined => ({ fake, "fake.nn": nested })[module];

function run(source: string, steps = 1e6): PythonInterpreter {
  const interpreter = new PythonInterpreter(source, libraries, steps);
  interpreter.runModule(tree(source));
  return interpreter;
}
/** A name of the module as text: its repr, or `?` and why it is unknown. */
function value(source: string, name = "result"): string {
  const found = run(source).module.names.get(name);
  return found ? show(found) : "absent";
}

/** Programs that ask `what()`, and all values that names hold after them in Python. */
interface Doubts {
  prelude: string;
  programs: { source: string; values: Record<string, string[]> }[];
}
const doubt: Library = (name) =>
  name === "what"
    ? nativeFunction("what", (_, { place }) => unknown("what happens", place))
    : nativeFunction("manager", () => ({ kind: "native", type: { name: "a manager" }, data: undefined }));
/** What a name, an attribute, or `x is y` is after a program, "" where there is none; undefined where it is unknown. */
function heldBy(names: ReadonlyMap<string, Value>, path: string): string | undefined {
  const [left, right] = path.split(" is ").map((name) => names.get(name));
  if (right)
    return left?.kind === "unknown" || right.kind === "unknown" ? undefined : left === right ? "True" : "False";
  const [name, attribute] = path.split(".");
  const object = names.get(name);
  if (attribute === undefined) return object ? repr(object) : "";
  if (object?.kind !== "instance") return undefined;
  const value = object.attributes.get(attribute);
  return value ? repr(value) : "";
}

describe("the interpreter of Python", () => {
  before(() => loadGrammar("python"));

  describe("as Python has it", () => {
    const file = path.join(import.meta.dirname, "fixtures", "pythonSemantics.json");
    const entries = JSON.parse(readFileSync(file, "utf8")) as { source: string; result: string }[];
    for (const [i, { source, result }] of entries.entries()) {
      const title = source.split("\n").find((line) => line !== "")!;
      it(`${i + 1}: ${title.slice(0, 70)}`, () => assert.equal(value(source), result));
    }
  });

  it("knows nothing that is not so, whatever happens that nobody knows", () => {
    const file = path.join(import.meta.dirname, "fixtures", "pythonDoubts.json");
    const { prelude, programs } = JSON.parse(readFileSync(file, "utf8")) as Doubts;
    let known = 0;
    let certain = 0;
    for (const { source, values } of programs) {
      const whole = `from doubt import what, manager\n${prelude}${source}`;
      const interpreter = new PythonInterpreter(whole, () => doubt, 1e6);
      interpreter.runModule(tree(whole));
      const { names } = interpreter.module;
      for (const [name, outcomes] of Object.entries(values)) {
        const held = heldBy(names, name);
        if (outcomes.length === 1) certain++;
        if (held === undefined) continue;
        if (outcomes.length === 1) known++;
        assert.deepEqual(outcomes, [held], `${name} after\n${source}`);
      }
    }
    assert.ok(known > certain / 2, `${known} of ${certain} that are always the same`);
  });

  describe("knows where numbers are written", () => {
    /** The literal that a value comes from, as text. */
    function literal(source: string): string | undefined {
      const interpreter = run(source);
      const found = interpreter.module.names.get("result");
      assert.ok(found?.kind === "int" || found?.kind === "float" || found?.kind === "bool", source);
      return found.literal && source.slice(found.literal.from, found.literal.to);
    }
    for (const [source, expected] of [
      ["result = 0x10", "0x10"],
      ["a = b = 512\nresult = b", "512"],
      ["def f(n=64): return n\nresult = f()", "64"],
      ["def f(*, n): return n\nresult = f(n=8)", "8"],
      ["class C:\n    d = 3\nresult = C().d", "3"],
      ["class C:\n    def __init__(self, d): self.d = d\nresult = C(7).d", "7"],
      ["from dataclasses import dataclass\n@dataclass\nclass C:\n    d: int = 12\nresult = C().d", "12"],
      ["result = {'a': [1, (2.5,)]}['a'][1][0]", "2.5"],
      ["result = max(1, 5)", "5"],
      ["result = 3 if True else 4", "3"],
      ["a, b = 1, 2\nresult = b", "2"],
      ["result = float(2)", "2"],
      ["result = True", "True"],
      ["result = None or False", "False"],
      ["result = -3", undefined],
      ["result = 2 + 1", undefined],
      ["result = abs(4)", undefined],
      ["result = not True", undefined],
    ] as const) {
      it(JSON.stringify(source), () => assert.equal(literal(source), expected));
    }

    it("and which number stands for a parameter", () => {
      const source =
        "def f(n): return [n, n * 2 + 1, 1.5 / n, -n, int(n), max(n, 3), round(n / 3), sum([n, 1]), abs(n), n ** 2, n > 1]";
      const interpreter = run(source);
      const result = interpreter.callWith(interpreter.module.names.get("f")!, [{ kind: "int", value: 4, assumed: "tokens" }], { from: 0, to: 0 }); // prettier-ignore
      assert.ok(result.kind === "list");
      for (const item of result.items.slice(0, -1)) assert.equal((item as { assumed?: string }).assumed, "tokens");
      assert.deepEqual(result.items.at(-1), bool(true));
    });
  });

  describe("does not know", () => {
    const start = "import fake\nwhat = fake.nothing()\n";
    const why = "?the result of `nothing`";
    for (const [title, source, expected] of [
      ["what a library does not know", "result = what.a(1)[2] + 3", why],
      ["a condition's branches", "a = b = 1\nif what:\n    a = 2\nelif b:\n    b = 2\nelse:\n    c = 3\nresult = [a, b, c]", `list(${why}, ${why}, ${why})`], // prettier-ignore
      ["a result", "def f(x):\n    if what:\n        return 1\n    return 2\nresult = f(0)", why],
      [
        "what follows a return that may have happened",
        "a = [1]\ndef f():\n    if what:\n        return 1\n    a.append(2)\nf()\nresult = a",
        why,
      ],
      ["lists that a branch changes", "a = b = [1]\nif what:\n    a.append(2)\nresult = b", why],
      ["dicts that a branch changes", "a = {1: [2]}\nb = a[1]\nif what > 3:\n    a[1] = 3\nresult = a", why],
      ["what a branch's functions change", "a = [1]\ndef f(x): x.append(1)\nif what:\n    f(a)\nresult = a", why],
      [
        "what a branch's methods change",
        "class A:\n    def __init__(self):\n        self.x = 1\n        self.y = 1\n        if what: self.go(2)\n    def go(self, x): self.x = x\nresult = A().x, A().y",
        `tuple(${why}, 1)`,
      ],
      [
        "the attributes that a branch sets",
        "class A: pass\na = A()\na.x = a.y = 1\nif what: setattr(a, 'x', 2)\nresult = a.x, a.y",
        `tuple(${why}, 1)`,
      ],
      [
        "an object of which a branch sets an attribute with a name that is not written",
        "class A: pass\na = A()\na.x = 1\nif what: setattr(a, str(1), 2)\nresult = a.x",
        why,
      ],
      ["loops over what is not known", "n = 0\nfor i in what:\n    n += 1\nresult = n, i", `tuple(${why}, ${why})`],
      ["how long a loop goes on", "n = 0\nwhile what:\n    n += 1\nresult = n", why],
      [
        "where a loop stops",
        "n = 0\nm = 1\nfor i in range(3):\n    n += 1\n    if what: break\n    m += 1\nelse:\n    k = 1\nresult = n, m, k",
        `tuple(${why}, ${why}, ${why})`,
      ],
      [
        "what a loop leaves out",
        "n = m = 0\nfor i in range(3):\n    n += 1\n    if what: continue\n    m += 1\nresult = n, m",
        `tuple(3, ${why})`,
      ],
      ["conditional expressions", "a = [1]\nb = 1 if what else a.append(2)\nresult = a, b", `tuple(${why}, ${why})`],
      ["the other side of an operator", "a = [1]\nb = what and a.append(2)\nresult = a, b, False and what, True or what", `tuple(${why}, ${why}, False, True)`], // prettier-ignore
      [
        "comprehensions",
        "result = [x for x in what], [x for x in [1, 2] if what], {what: 1}, {1: what}[1], [what][0]",
        `tuple(${why}, ${why}, ${why}, ${why}, ${why})`,
      ],
      [
        "what goes into a call",
        "def f(*a, **k): return 1\nresult = f(*what), f(**what), f(what)",
        `tuple(${why}, ${why}, 1)`,
      ],
      ["what a key is", "a = {}\na[what] = 1\nresult = a", why],
      ["an index", "a = [1]\na[what] = 1\nresult = a, [1][what], [1, 2][:what]", `tuple(${why}, ${why}, ${why})`],
      [
        "whether an exception is caught",
        "a = 1\ntry:\n    raise what\nexcept ValueError:\n    a = 2\nresult = a",
        "?whether an exception is handled",
      ],
      [
        "whether a library is there",
        "try:\n    import missing\n    a = 1\nexcept ImportError:\n    a = 2\nresult = a",
        "?whether `missing` can be imported",
      ],
      ["what a pattern matches", "a = 1\nmatch what:\n    case 1: a = 2\nresult = a", why],
      ["what comes out of a generator", "def g():\n    yield 1\n    if what: yield 2\nresult = list(g())", why],
      [
        "what a global statement in a branch names",
        "a = 1\ndef f():\n    if what:\n        global a\n        a = 2\nf()\nresult = a",
        why,
      ],
      ["the walrus in a branch", "a = 1\nif what and (a := 2): pass\nresult = a", why],
      [
        "a list given to an unknown function for its effect",
        "a = [1]\nb = [2]\nwhat.sort(a)\nc = what.f(b)\nresult = a, b",
        `tuple(${why}, [2])`,
      ],
      ["big integers", "result = 2 ** 60", "?an integer beyond 2^53"],
      ["what is not defined", "result = nowhere", "?`nowhere`, which is not defined here"],
      [
        "attributes that are not there",
        "class A: pass\nresult = A().x, hasattr(A(), 'x')",
        "tuple(?the attribute `x` of `A`, False)",
      ],
      [
        "what a class inherits from an unknown one",
        "class A(what.B):\n    y = 2\nresult = A().x, A().y, A(3)(4), hasattr(A(), 'x')",
        `tuple(${why}, 2, ${why}, ${why})`,
      ],
      [
        "what an exception leaves",
        "class A:\n    def __init__(self):\n        self.x = 1\n        raise ValueError\nresult = A().x, A().y",
        "tuple(1, ?`__init__`, which raises `ValueError`)",
      ],
      [
        "the result of what raises",
        "def f(): raise NotImplementedError('x')\nresult = f()",
        "?`f`, which raises `NotImplementedError`",
      ],
      [
        "the result of a failure",
        "def f(): return [1][2]\ndef g(): return {}['a']\nresult = f(), g(), (lambda: 1 // 0)()",
        "tuple(?`f`, which raises `IndexError`, ?`g`, which raises `KeyError`, ?`<lambda>`, which raises `ZeroDivisionError`)",
      ],
      [
        "calls that do not fit",
        "def f(a, *, b): return a\nresult = f(), f(1), f(1, 2, b=3), f(1, b=2, c=3)",
        "tuple(?a call of `f` without its argument `a`, ?a call of `f` without its argument `b`, ?a call of `f` with more arguments than it takes, ?a call of `f` with the argument `c`, which it does not take)",
      ],
      ["what recursion has no end", "def f(n): return f(n + 1)\nresult = f(0)", "?the recursion of `f`"],
      [
        "what depends on where it runs",
        "import os\nresult = os.environ.get('X'), os.path.join('a', 'b')",
        "tuple(?the attribute `get` of `os.environ`, ?the attribute `join` of `os.path`)",
      ],
    ] as const) {
      it(title, () => assert.equal(value(start + source), expected));
    }
  });

  describe("knows in spite of what it does not", () => {
    const start = "import fake\nwhat = fake.nothing()\n";
    for (const [title, source, expected] of [
      ["a branch that only raises", "a = 1\nif what:\n    raise ValueError('x')\nresult = a", "1"],
      [
        "the branch beside those that raise",
        "if what == 1:\n    raise ValueError\nelif what == 2:\n    a = 2\nelse:\n    assert False\nresult = a",
        "2",
      ],
      [
        "a branch that only tells",
        "a = [1]\nif what:\n    'doc'\n    print(a)\n    assert a\n    pass\nresult = a",
        "[1]",
      ],
      [
        "a logger",
        "import logging\nlogger = logging.getLogger(__name__)\na = [1]\nlogger.info(a)\nif what: logger.warning('x', a)\nresult = a",
        "[1]",
      ],
      ["assertions", "assert what and (b := 2)\nresult = 1", "1"],
      [
        "an exception that is not raised",
        "try:\n    a = what.x\n    b = 1\nexcept Exception:\n    b = 2\nfinally:\n    c = 3\nresult = b, c",
        "(1, 3)",
      ],
      [
        "a library that has to be there",
        "try:\n    import missing\n    a = 1\nexcept ImportError:\n    raise\nresult = a",
        "1",
      ],
      [
        "what a list holds besides",
        "a = [1, what, 3]\nresult = len(a), a[0], a[-1], sum(a[::2]), 3 in a, any(a)",
        "(3, 1, 3, 4, True, True)",
      ],
      [
        "unknown decorators and annotations",
        "@what.compile(x=1)\ndef f(x: what.T[1] = 3) -> what: return x\n@what\nclass A:\n    y = 2\nresult = f(), A.y",
        "(3, 2)",
      ],
      ["context managers", "with what.no_grad(), what as x:\n    a = 1\nresult = a", "1"],
      [
        "type checking",
        "from typing import TYPE_CHECKING, Optional, List, Generic, TypeVar\nif TYPE_CHECKING:\n    from x import y\n    a = what\nelse:\n    a = 1\nT = TypeVar('T')\nclass A(Generic[T]):\n    def f(self, x: Optional[List[int]] = None): return a\nresult = A[int]().f()",
        "1",
      ],
      ["nothing in nothing", "result = None is None, what is not None if False else 2", "(True, 2)"],
    ] as const) {
      it(title, () => assert.equal(value(start + source), expected));
    }
  });

  describe("asks libraries", () => {
    for (const [title, source, expected] of [
      [
        "for what is imported",
        "import fake\nimport fake.nn as n\nfrom fake.nn import relu\nfrom fake import nn as m, tensor as t\nresult = fake.nn.relu(), n.relu(1), relu(), m.relu(), t('x') + 1",
        "tuple('relu', 'relu', 'relu', 'relu', (x + 1))",
      ],
      ["for all names", "from fake.nn import *\nresult = relu(), len([1])", "('relu', 1)"],
      [
        "for what they do not have",
        "import fake, other.thing as o\nfrom .local import x\nfrom fake import what\nresult = fake.zzz, o.y, x, what",
        "tuple(?`fake.zzz`, ?`other.thing`, which is imported, ?`x` imported from `.local`, ?`what` imported from `fake`)",
      ],
      [
        "for operators",
        "import fake\nt = fake.tensor('t')\nresult = t + 1, 2 * t, t.shape, t - 1",
        "tuple((t + 1), (2 * t), 'shape of t', ?the result of `-`)",
      ],
      [
        "for changes where an object stands",
        "import fake\nt = u = fake.tensor('t')\nt += 1\nv = [t][0]\nt = t + 2\nresult = t, u, v",
        "tuple(((t + 1) + 2), (t + 1), (t + 1))",
      ],
      [
        "for what classes inherit",
        "import fake\nclass A(fake.Module):\n    def __init__(self):\n        super().__init__()\n        self.k = 2\n    def forward(self, x, y=1): return self.k * x + y\nclass B(A):\n    def forward(self, x): return super().forward(x, y=5)\nclass C(fake.Module): pass\nclass D(fake.Module):\n    def __init__(self):\n        fake.Module.__init__(self, 1)\na = A()\nresult = a(3), B()(3), a.training, a.initialised, C(1, 2).initialised, D().initialised, len(a.parameters()), isinstance(a, fake.Module), isinstance(3, fake.Module)",
        "(7, 11, True, 0, 2, 1, 2, True, False)",
      ],
      [
        "after a class's own attributes",
        "import fake\nclass A(fake.Module):\n    training = 'mine'\nclass Mixin:\n    training = 'mixin'\nclass B(fake.Module, Mixin): pass\nclass C(Mixin, fake.Module): pass\nresult = A().training, B().training, C().training, hasattr(A(), 'zz')",
        "('mine', True, 'mixin', False)",
      ],
      [
        "for calls of their methods on objects",
        "import fake\nclass A(fake.Module): pass\na = A()\nresult = len(fake.Module.parameters(a))",
        "1",
      ],
    ] as const) {
      it(title, () => assert.equal(value(source), expected));
    }

    it("with the places of arguments", () => {
      const source = "import lib\nresult = lib.f(1, *[2], k=3, **{'z': 4})";
      const seen: string[] = [];
      const interpreter = new PythonInterpreter(source, () => () => nativeFunction("f", ({ places, place }) => {
        const text = (at: { from: number; to: number } | undefined) => at ? source.slice(at.from, at.to) : "none";
        seen.push(text(place), ...places.positional.map(text), ...[...places.named].map(([name, at]) => `${name}: ${text(at)}`));
        return bool(true);
      }), 1e4); // prettier-ignore
      interpreter.runModule(tree(source));
      assert.deepEqual(seen, ["lib.f(1, *[2], k=3, **{'z': 4})", "1", "*[2]", "k: 3", "z: **{'z': 4}"]);
    });

    it("and keeps what the source sets on their objects", () => {
      const source =
        "import fake\nt = fake.tensor('t')\nt.MARK = 1\nfake.relu_count = 3\nresult = t.MARK, fake.relu_count";
      assert.equal(value(source), "(1, 3)");
    });

    it("for the names of the module that were looked up", () => {
      const source = "import fake\ndef helper(): return base\nbase = 1\ndef other(): return len([helper(), missing])";
      const interpreter = run(source);
      interpreter.used.clear();
      interpreter.callWith(interpreter.module.names.get("other")!, [], { from: 0, to: 0 });
      assert.deepEqual([...interpreter.used].sort(), ["base", "helper", "len", "missing"]);
    });
  });

  describe("goes on", () => {
    for (const [title, source, expected] of [
      ["after a statement with a syntax error", "a = 1\nb = (2 +\nresult = a", "?a statement with a syntax error"],
      [
        "after a call with a syntax error",
        "class A: pass\ndef f(a, x):\n    a.x = x\n    a.y = A(x 2)\na = A()\nf(a, 1)\nresult = a.x, a.y",
        "tuple(1, ?a statement with a syntax error)",
      ],
      [
        "with a function half typed",
        "def f(x):\n    y = x +\n    return y\nresult = [f(1), 2]",
        "list(?a statement with a syntax error, 2)",
      ],
      ["with a broken argument", "def g(): return 1\na = g(1 2)\nresult = g()", "1"],
      [
        "after a statement that raises",
        "a = 1\na = [][1]\nb = 2\nresult = a, b",
        "tuple(?the code, which raises `IndexError`, 2)",
      ],
      ["with old syntax", "a = 1\nprint 'x'\nexec 'y'\nresult = a", "1"],
    ] as const) {
      it(title, () => assert.equal(value(source), expected));
    }

    it("however deep the code is", () => {
      const deep = 400;
      for (const source of [
        `result = ${"(".repeat(deep)}1${")".repeat(deep)}`,
        `result = ${"-".repeat(deep)}1`,
        `result = ${"[".repeat(deep)}${"]".repeat(deep)}`,
        `result = ${Array.from({ length: deep }, (_, i) => i).join(" + ")}`,
        `result = ${"f(".repeat(deep)}1${")".repeat(deep)}`,
        `result = x${".a".repeat(deep)}`,
        `${Array.from({ length: 90 }, (_, i) => `${" ".repeat(i)}if True:`).join("\n")}\n${" ".repeat(90)}result = 1`,
        `def f(n): return ${"(".repeat(100)}f(n - 1) if n else 0${")".repeat(100)}\nresult = f(150)`,
        `result = []\nfor i in range(2000): result = [result]\nresult = str(result) == str(result), result == result, hash(result)`,
        `a = {}\na['a'] = a\nb = {}\nb['a'] = b\nresult = a == b, str(a), len(a)`,
        `class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nresult = A().y`,
        `class A:\n    def __eq__(self, o): return o == self\nresult = A() == A()`,
        `import copy\na = []\na.append(a)\nresult = copy.deepcopy(a) == a`,
      ]) {
        const interpreter = new PythonInterpreter(source, libraries, 1e6);
        interpreter.runModule(tree(source));
        assert.ok(interpreter.module.names.has("result"), source.slice(0, 50));
      }
    });

    it("until it has taken too many steps", () => {
      for (const source of [
        "while True: pass",
        "def f(n):\n    for i in range(10): f(n + 1)\nf(0)",
        "x = [0] * 10**9",
        "x = 'a' * 10**9",
        "x = [1]\nfor i in x: x.append(i)",
        "x = [1]\nwhile True: x = x + x",
        "import itertools\nx = list(itertools.product(range(100), repeat=10))",
        "import itertools\nx = list(itertools.permutations(range(15)))",
        "import itertools\nx = list(itertools.repeat(0, 10**9))",
        "x = sum(i for i in range(900000) for j in range(900000))",
        "s = {0}\nfor i in range(10**5): s = s | {i}",
        "x = ''\nfor i in range(10**6): x += 'aaaaaaaaaaaaaaaaaaaa'",
        "x = range(999999)\nfor i in range(999999): list(x)",
      ]) {
        const spent = processorTime(() => assert.throws(() => run(source, 3e5), OutOfSteps, source));
        assertBounded(spent, 2000, source);
      }
    });

    it("after the steps have been set again", () => {
      const source = "def f():\n    while True: pass\nresult = 1";
      const interpreter = run(source, 1000);
      assert.throws(() => interpreter.callWith(interpreter.module.names.get("f")!, [], { from: 0, to: 0 }), OutOfSteps);
      interpreter.steps = 1000;
      assert.deepEqual(
        interpreter.attribute(interpreter.module.names.get("f")!, "__name__", { from: 0, to: 0 }),
        string("f"),
      );
    });
  });
});
