import assert from "node:assert/strict";
import fc from "fast-check";
import { JoinedCells } from "../../extension/models/code/cells";
import { readNotebook } from "../../extension/models/code/notebook";
import type { ModelFile, ReadArchitecture } from "../../extension/models/modelFile";
import { LineMap } from "../../extension/models/ranges";

const rangeOf = (text: string, part: string) => {
  const from = text.indexOf(part);
  assert.ok(from >= 0, part);
  return new LineMap(text).range(from, from + part.length);
};

describe("notebooks: cells joined", () => {
  const joined = (...cells: string[]) => new JoinedCells(cells).text;

  it("are one text, in which IPython's lines are an unknown name of their length", () => {
    assert.equal(joined("a = 1\n", "b = 2"), "a = 1\n\nb = 2\n");
    assert.equal(joined("%matplotlib inline\nimport torch"), `_${" ".repeat(17)}\nimport torch\n`);
    assert.equal(joined("if x:\n    !pip install y"), `if x:\n    _${" ".repeat(13)}\n`);
    assert.equal(joined("!pip \\\n  install\nx"), "_     \n  _      \nx\n");
    assert.equal(joined("n = !nproc"), "n = _     \n");
    assert.equal(joined("t, u = %timeit -o f()"), `t, u = _${" ".repeat(13)}\n`);
    assert.equal(joined("Model?\n?Model"), "_     \n_     \n");
    assert.equal(joined("%%time\nx = 1"), "_     \nx = 1\n");
    assert.equal(joined("%%bash\nexport x\r\n"), "      \n        \r\n\n");
  });

  it("keep what only looks like IPython's", () => {
    for (const cell of ["x = (a\n  %b)", 's = """\n%magic\n"""', "y = a \\\n  %b", "x != y", "# %magic", "x = 5 % 3", "a = b == c"])
      assert.equal(joined(cell), `${cell}\n`); // prettier-ignore
  });

  it("end where they end, whatever is open", () => {
    assert.equal(joined("f(a, [1", "x = 1"), "f(a, [1\n])\nx = 1\n");
    assert.equal(joined('s = """text', "x = 1"), 's = """text"""\nx = 1\n');
    assert.equal(joined("s = 'text", "x = 1"), "s = 'text\nx = 1\n");
  });

  it("give a range back in the cell that it begins in, never in two", () => {
    const cells = new JoinedCells(["a = 1\nb = 2\n", "c = (3", "d = 4"]);
    assert.deepEqual(cells.inCell(rangeOf(cells.text, "b = 2")), {
      cell: 0,
      range: { start: { line: 1, character: 0 }, end: { line: 1, character: 5 } },
    });
    assert.deepEqual(cells.inCell(rangeOf(cells.text, "c = (3\n)\nd = 4")), {
      cell: 1,
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 6 } },
    });
    assert.equal(cells.inCell(rangeOf(cells.text, "d"))?.cell, 2);
    const edit = (part: string) => cells.edits([{ range: rangeOf(cells.text, part), newText: "x" }]);
    assert.equal(edit("c = (3\n)\nd"), undefined);
    assert.deepEqual(edit("4"), [
      { cell: 2, edit: { range: { start: { line: 0, character: 4 }, end: { line: 0, character: 5 } }, newText: "x" } },
    ]);
    assert.equal(new JoinedCells([]).inCell(new LineMap("").all), undefined);
  });

  it("have the length and the line breaks of their Python, whatever is in them", () => {
    const source = fc.array(fc.constantFrom("x", " ", "\n", "\r\n", "%", "!", "?", "(", ")", '"', "'", "\\", "#", "a = ", "%%time\n")).map((parts) => parts.join("")); // prettier-ignore
    fc.assert(
      fc.property(fc.array(source, { maxLength: 4 }), (sources) => {
        const cells = new JoinedCells(sources);
        let searched = 0;
        for (const [index, one] of sources.entries()) {
          if (one === "") continue;
          const all = { start: { line: 0, character: 0 }, end: new LineMap(one).position(one.length) };
          const at = cells.text.indexOf(cells.text.slice(searched, searched + one.length), searched);
          const lines = new LineMap(cells.text);
          // The cell begins where the one before it was closed: the first place that is said to be in it.
          let from = at;
          while (cells.inCell(lines.range(from, from))?.cell !== index) from++;
          assert.deepEqual(cells.inCell(lines.range(from, from + one.length)), { cell: index, range: all });
          searched = from + one.length;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("notebooks: the file", () => {
  const fileOf = (...cells: object[]) =>
    JSON.stringify({ nbformat: 4, metadata: { language_info: { name: "python" } }, cells }, null, 1);
  const code = (source: string | string[]) => ({ cell_type: "code", source, outputs: [] });

  /** A reader that finds every `here`, and wants it to be "there\n". */
  function read(source: string): ModelFile {
    const lines = new LineMap(source);
    const found = [...source.matchAll(/he(\n\)\n)?re/g)].map(({ index, 0: { length } }) => lines.range(index, index + length)); // prettier-ignore
    const architectures = found.map((range) => ({
      architecture: {} as ReadArchitecture["architecture"],
      range,
      skipped: [],
      locate: () => range,
      edit: () => [{ range, newText: '"there"\n' }],
    }));
    return { format: "jax", architectures, errors: [] };
  }

  it("has its findings at the text of the cell's line", () => {
    const text = fileOf(
      { cell_type: "markdown", source: "here" },
      code(["a = 'ö\\t'\n", "here = 'x'\n", "z"]),
      code("é\nhere"),
    );
    const model = readNotebook(text, read)!;
    const lines = new LineMap(text);
    const places = model.architectures.map(({ range }) => {
      const [from, to] = [lines.offset(range.start), lines.offset(range.end)];
      return [text.slice(from, to), text.slice(0, from).split("\n").length];
    });
    const lineOf = (part: string) => text.slice(0, text.indexOf(part)).split("\n").length;
    assert.deepEqual(places, [
      ["here", lineOf("here = 'x'")],
      ["here", lineOf("é")],
    ]);
  });

  it("has its edits in JSON's escapes, and stays a notebook", () => {
    for (const source of [["x\n", "here\n", "y"], "x\nhere\ny", ["x\n", "he", "re\n", "y"]]) {
      const text = fileOf(code(source));
      const [edit] = readNotebook(text, read)!.architectures[0].edit([])!;
      const lines = new LineMap(text);
      const edited = text.slice(0, lines.offset(edit.range.start)) + edit.newText + text.slice(lines.offset(edit.range.end)); // prettier-ignore
      const { cells } = JSON.parse(edited) as { cells: { source: string | string[] }[] };
      assert.equal([cells[0].source].flat().join(""), 'x\n"there"\n\ny');
    }
  });

  it("never has a finding in two cells, nor a fix", () => {
    const text = fileOf(code("(he"), code("re"));
    const [found] = readNotebook(text, read)!.architectures;
    const lines = new LineMap(text);
    assert.equal(text.slice(lines.offset(found.range.start), lines.offset(found.range.end)), "he");
    assert.equal(found.edit([]), undefined);
  });

  it("may be the joined text of its cells, as the editor has it", () => {
    const { architectures } = readNotebook("x\nhere\n", read)!;
    assert.deepEqual(architectures[0].range, rangeOf("x\nhere\n", "here"));
  });

  it("of another language, or broken, is not read as Python", () => {
    const never = () => assert.fail("read");
    const julia = JSON.stringify({ nbformat: 4, metadata: { kernelspec: { language: "julia" } }, cells: [code("here")] }); // prettier-ignore
    assert.deepEqual(readNotebook(julia, read)?.architectures, []);
    assert.match(readNotebook('{ "nbformat": 4, ', never)!.errors[0].message, /^this is not a notebook: /);
    for (const cells of [{}, [1, null, {}, { cell_type: "code" }, { cell_type: "code", source: [1] }]])
      assert.ok(
        readNotebook(JSON.stringify({ nbformat: 4, cells }), (source) => ({ ...read(source), architectures: [] })),
      );
  });
});
