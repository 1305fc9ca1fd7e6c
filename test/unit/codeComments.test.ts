import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  commentKeys,
  commentPart,
  Comments,
  ignoreWord,
  type Said,
  uapComments,
} from "../../extension/models/code/comments";
import { loadGrammar, parse, plain, type SourceLanguage, type Syntax } from "../../extension/models/code/syntax";
import { LineMap } from "../../extension/models/ranges";

/** The one comment of a line. */
const only = (text: string) => {
  const [comment, ...others] = uapComments([{ from: 0, to: text.length }], text);
  assert.deepEqual(others, []);
  return comment;
};
const valuesOf = (text: string) =>
  Object.fromEntries(only(text).entries.map(({ key, value }) => [key, "value" in value ? value.value : null]));
/** Each problem with the text that it is at. */
const problemsOf = (text: string) =>
  only(text).problems.map(({ message, place }) => [text.slice(place.from, place.to), message] as const);

describe("uap: comments", () => {
  it("are those that begin so", () => {
    for (const text of [
      "# uap: tokens=4",
      "#uap:tokens=4",
      "## uap: tokens=4",
      "// uap: tokens=4",
      "/* uap: tokens=4 */",
    ])
      assert.deepEqual(valuesOf(text), { tokens: 4 }, text);
    for (const text of ["# UAP: tokens=4", "# see uap: tokens=4", "# uap tokens=4"])
      assert.deepEqual(uapComments([{ from: 0, to: text.length }], text), [], text);
  });

  it("have keys of their own, and arguments with a value of any kind", () => {
    assert.deepEqual(valuesOf("# uap: tokens=128 layers=2, width = 64 position=alibi symmetry=D_n visibility=causal function=sort"), {
      tokens: 128, layers: 2, width: 64, position: "alibi", symmetry: "D_n", visibility: "causal", function: "sort",
    }); // prettier-ignore
    const text = `# uap: n=-3 p=0.5 e=1e-3 yes=true No=False x=None name="a b" other='c' mask=causal big=1_000`;
    assert.deepEqual(
      only(text).entries.map(({ value }) => value.kind),
      ["int", "float", "float", "bool", "bool", "none", "string", "string", "mask", "int"],
    );
    assert.deepEqual(valuesOf(text), {
      n: -3, p: 0.5, e: 0.001, yes: true, No: false, x: null, name: "a b", other: "c", mask: "causal", big: 1000,
    }); // prettier-ignore
    assert.equal(only("# uap: ignore").ignore, true);
    assert.deepEqual(valuesOf("# uap: tokens=16  # as in the paper, see table=3"), { tokens: 16 });
  });

  it("are explained key by key", () => {
    const page = readFileSync(path.join(__dirname, "../../docs/code.md"), "utf8");
    const explained = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, key]) => key);
    assert.deepEqual(explained.sort(), [...commentKeys.map(({ name }) => name), ignoreWord].sort());
  });

  it("know where keys and values are", () => {
    const text = "x = 1  # uap: tokens = 16 name='a b'";
    const [{ entries }] = uapComments([{ from: 7, to: text.length }], text);
    const written = entries.map(({ keyPlace, valuePlace }) =>
      [keyPlace, valuePlace].map(({ from, to }) => text.slice(from, to)),
    );
    assert.deepEqual(written, [["tokens", "16"], ["name", "'a b'"]]); // prettier-ignore
  });

  it("say what cannot be read, at its place", () => {
    for (const [text, at, pattern] of [
      ["# uap: tokens=abc", "abc", /`tokens` cannot be `abc`; it takes a whole number from 1 to 1048576/],
      ["# uap: tokens=0", "0", /cannot be `0`/],
      ["# uap: tokens=1048577", "1048577", /cannot/],
      ["# uap: layers=4097", "4097", /1 to 4096/],
      ["# uap: symmetry=foo", "foo", /a group/],
      ["# uap: visibility=some", "some", /full, causal/],
      ["# uap: position=absolute", "absolute", /none, learned, sinusoidal, rotary, alibi/],
      ["# uap: tokens=4 tokens=5", "tokens", /given twice/],
      ["# uap: tokens", "tokens", /no value/],
      ["# uap: tokens= ", "tokens=", /no value/],
      ["# uap: n=[1]", "[1]", /`n` cannot be/],
      ["# uap: n=cfg.n", "cfg.n", /`n` cannot be/],
      ["# uap: 16", "16", /no `key=value`/],
      [`# uap: n="open`, `n="open`, /no `key=value`/],
    ] as const) {
      const [[place, message], ...others] = problemsOf(text);
      assert.deepEqual([place, others], [at, []], text);
      assert.match(message, pattern);
    }
  });
});

describe("typing a uap: comment", () => {
  it("is about a key or a value of one", () => {
    for (const [before, part] of [
      ["# uap: ", { kind: "key", given: [], from: 7 }],
      ["# uap:", { kind: "key", given: [], from: 6 }],
      ["x = 1  # uap: to", { kind: "key", given: [], from: 14 }],
      ["// uap: tokens=4 ", { kind: "key", given: ["tokens"], from: 17 }],
      ["# uap: tokens=4, pos", { kind: "key", given: ["tokens"], from: 17 }],
      ["# uap: position=", { kind: "value", key: "position", from: 16 }],
      ["# uap: tokens=4 position=al", { kind: "value", key: "position", from: 25 }],
    ] as const)
      assert.deepEqual(commentPart(before), part, before);
    for (const before of ["# uap", "uap: ", "tokens="]) assert.equal(commentPart(before), undefined);
  });
});

describe("what uap: comments are about", () => {
  before(() => Promise.all([loadGrammar("python"), loadGrammar("typescript")]));

  function read(text: string, language: SourceLanguage = "python") {
    const { tree } = parse(language, text);
    const root = plain(tree.rootNode, text)!;
    tree.delete();
    const comments = new Comments(root, text, new LineMap(text));
    /** The statement of the type whose text begins so. */
    const at = (start: string, node: Syntax = root): Syntax | undefined => {
      if (node !== root && text.startsWith(start, node.from)) return node;
      for (const child of node.children) {
        const found = at(start, child);
        if (found) return found;
      }
      return undefined;
    };
    const statement = (start: string) => at(start) ?? assert.fail(start);
    return { comments, statement, about: (start: string, takes?: ReadonlySet<string>) => comments.about(statement(start), takes) }; // prettier-ignore
  }
  const keys = ({ values }: Said) => [...values.keys()].sort().join(" ");

  const python = `"""A file."""
# uap: width=8

import torch

# uap: tokens=1
# more words
@decorated
class A(nn.Module):  # uap: layers=2
    # uap: symmetry=S_n
    """Docs."""

    # uap: visibility=full
    def __init__(self, window):
        x = 1  # uap: position=none

    # uap: tokens=5

    def forward(self): return self.x  # uap: tokens=3

# uap: tokens=4
mask = lambda b, h, q, k: q >= k  # uap: layers=3
# uap: function=sort

def plain(
    a,
    b,  # uap: layers=7
):
    # uap: tokens=9
    return a
`;

  it("is the statement below, on the same line, or around them; and everything, from the top", () => {
    const { about, comments } = read(python);
    const a = about("class A");
    assert.equal(keys(a), "layers symmetry tokens visibility width");
    assert.equal(keys(about("@decorated")), keys(a));
    assert.equal(keys(about("def __init__")), "visibility width");
    assert.equal(keys(about("x = 1")), "position width");
    assert.equal(keys(about("def forward")), "tokens width");
    assert.equal(keys(about("mask = lambda")), "layers tokens width");
    assert.equal(keys(about("def plain")), "layers tokens width");
    // A blank line below it: about nothing.
    assert.deepEqual(
      comments.rest().map(({ place }) => python.slice(place.from, place.to)),
      ["# uap: tokens=5", "# uap: function=sort"],
    );
  });

  it("is the first class, not the file, where it is directly above it", () => {
    const { about } = read("# uap: tokens=4\nclass A: pass\n\n\nclass B: pass\n");
    assert.equal(keys(about("class A")), "tokens");
    assert.equal(keys(about("class B")), "");
    const imports = read("# uap: tokens=4\nimport torch\n\nclass A: pass\n");
    assert.equal(keys(imports.about("class A")), "tokens");
  });

  it("says more at the class than at the top", () => {
    const { about } = read("# uap: tokens=4 layers=1\n\n# uap: tokens=8\nclass A: pass\n");
    const { values } = about("class A");
    assert.deepEqual(values.get("tokens")?.value, { kind: "int", value: 8 });
    assert.deepEqual(values.get("layers")?.value, { kind: "int", value: 1 });
  });

  it("says what is no argument, and what is given twice", () => {
    const { about, comments } = read("# uap: depth=2 foo=1\n\n# uap: depth=3 bar=2 tokens=2\nclass A:\n    # uap: tokens=2\n    x = 1\n"); // prettier-ignore
    const { problems, values } = about("class A", new Set(["depth"]));
    assert.deepEqual(
      problems.map(({ message }) => message.slice(0, 20)),
      ["`bar` is neither a k", "`tokens` is given tw"],
    );
    assert.deepEqual([...values.keys()].sort(), ["depth", "tokens"]);
    assert.deepEqual(
      comments.rest().map(({ message }) => message.slice(0, 20)),
      ["`foo` is neither a k"],
    );
  });

  it("reads TypeScript's", () => {
    const { about } = read(
      `/* uap: width=4 */\nimport * as tf from "x";\n\n// uap: tokens=3\nexport class A { // uap: layers=2\n  // uap: symmetry=C_n\n  go() {}\n}\n// uap: tokens=5\nconst mask = (q: number, k: number) => q >= k; // uap: layers=3\n`,
      "typescript",
    );
    assert.equal(keys(about("class A")), "layers symmetry tokens width");
    assert.equal(keys(about("export class A")), "layers symmetry tokens width");
    assert.equal(keys(about("const mask")), "layers tokens width");
  });

  it("is added above the statement with its indentation, or to the comment that is there", () => {
    const add = (text: string, start: string) => {
      const { comments, statement } = read(text);
      const { range, newText } = comments.add(statement(start), [["tokens", "128"], ["layers", "2"]], "#"); // prettier-ignore
      const lines = new LineMap(text);
      return text.slice(0, lines.offset(range.start)) + newText + text.slice(lines.offset(range.end));
    };
    assert.equal(
      add("def f():\n\t@dec\n\tdef g(): pass\n", "def g"),
      "def f():\n\t# uap: tokens=128 layers=2\n\t@dec\n\tdef g(): pass\n",
    );
    assert.equal(add("class A:\r\n  x = 1\r\n", "class A"), "# uap: tokens=128 layers=2\r\nclass A:\r\n  x = 1\r\n");
    assert.equal(
      add("# uap: width=4\nclass A: pass\n", "class A"),
      "# uap: width=4 tokens=128 layers=2\nclass A: pass\n",
    );
  });
});
