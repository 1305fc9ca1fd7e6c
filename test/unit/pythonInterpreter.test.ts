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
  none,
  string,
  unknown,
  type Library,
  type Native,
  type NativeType,
  type Value,
} from "../../extension/models/code/python/values";

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
  inPlace: true,
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
    tensor: nativeFunction("fake.tensor", ({ positional: [name] }) => tensor(name?.kind === "string" ? name.value : "t")),
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
});
