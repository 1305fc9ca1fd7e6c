/**
 * The corpus of model code against the frameworks: at the lengths at which the models were measured (measured.json, made by tools/measure_code.py), the masks of
 * all heads of all layers are those that reach softmax, and what output tokens depend on by the layers' patterns is what the Jacobian says.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { readModelFile } from "../../extension/models";
import { prepareReading } from "../../extension/models/code";
import type { Architecture } from "../../extension/theory/architecture/schema";
import { contains } from "../../extension/theory/patterns/algebra";
import { buildRows } from "../../extension/theory/patterns/build";

/** A matrix of 0 and 1, row by row. */
type Matrix = string[];

interface Measurement {
  name: string;
  tokens: number;
  /** How the model was made so long: by its input, or by these arguments of its constructor. */
  by: "input" | string[];
  visibility?: string | null;
  undefined?: number[];
  /** Of each call of attention: the name of a matrix, or of one for each head. */
  masks?: (string | string[])[];
}

interface Measured {
  matrices: Record<string, string>;
  files: Record<string, { measured: Measurement[] }>;
}

const folder = path.join(__dirname, "..", "corpus", "code");
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const measured = JSON.parse(read("measured.json")) as Measured;
const matrixOf = (name: string): Matrix => measured.matrices[name].split(" ");

/** Models that the reader names otherwise, or by what it reads of them. */
const names: Record<string, string> = { "flex_alibi.py causal_mask": "alibi_attention" };

/** What else a comment has to say, where the file asks for it. */
const alsoSaid: Record<string, Record<string, number>> = { "flex_no_comment.py local_causal": { layers: 3 } };

/** What is measured of a file and not read, with the reason. */
const notRead: Record<string, string> = {
  "axial_rows_columns.py AxialTransformer": "rows and columns move into the batch: tokens of two axes are not followed",
  "block_local.py BlockTransformer": "blocks are made by a reshape; one block, which all tokens are in, is read",
  "gaussian_kernel.py GaussianModel": "distances of queries and keys (torch.cdist) are not known",
  "xt_memory_kv.py model": "learned keys and values are not known",
};

/** Where masks or visibility differ, with the reason; `<file> <model> masks` or `<file> <model> visibility`. */
const differences: Record<string, string> = {
  "strictly_causal_mask.py LanguageModel visibility":
    "scores are filled with -1e9, so the first query, which keeps no key, reads all of them alike; the pattern has no key there, which UAP103 is about",
};

/** The arguments of constructors by the number of tokens, where they are not that number. */
const argumentValues: Record<string, (tokens: number) => number> = {
  "vit.py": (tokens) => 8 * Math.sqrt(tokens),
  "axial_rows_columns.py": (tokens) => tokens / 4,
};

/** The text in which a comment says these values of a model. */
function withValues(file: string, text: string, model: string, values: Record<string, number>): string {
  if (file.endsWith(".ipynb")) {
    const notebook = JSON.parse(text) as { cells: { cell_type: string; source: string[] }[] };
    for (const cell of notebook.cells)
      if (cell.cell_type === "code") {
        const source = withValues("a.py", cell.source.join(""), model, values);
        cell.source = source.split(/(?<=\n)/);
      }
    return JSON.stringify(notebook);
  }
  const lines = text.split("\n");
  const isHead = (line: string) => new RegExp(`^\\s*(export )?(class|def|function|const|async def)? *${model}\\b *[(:=]`).test(line); // prettier-ignore
  let at = lines.findIndex(isHead);
  if (at < 0) return text;
  while (lines[at - 1]?.startsWith("@")) at--;
  const added: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    const said = new RegExp(`(uap:.*\\b${key}=)\\w+`);
    if (lines.some((line) => said.test(line)))
      lines.forEach((line, i) => (lines[i] = line.replace(said, `$1${value}`)));
    else added.push(`${key}=${value}`);
  }
  const indent = /^\s*/.exec(lines[at])![0];
  if (added.length > 0) lines.splice(at, 0, `${indent}${/\.py$/.test(file) ? "#" : "//"} uap: ${added.join(" ")}`);
  return lines.join("\n");
}

/** The model of a measurement as the file has it at that length; or why there is none. */
function readAt(file: string, { name, tokens, by }: Measurement): Architecture | string {
  const model = names[`${file} ${name}`] ?? name;
  const values: Record<string, number> = {};
  if (by === "input") values.tokens = tokens;
  else for (const argument of by) values[argument] = argumentValues[file]?.(tokens) ?? tokens;
  Object.assign(values, alsoSaid[`${file} ${name}`]);
  // An encoder is read with the model whose decoder reads it.
  const text = withValues(file, read(file), model.replace(/ encoder$/, ""), values);
  const found = readModelFile(file, text);
  const architecture = found?.architectures.find((each) => each.architecture.name === model)?.architecture;
  if (architecture?.tokens === tokens) return architecture;
  if (architecture) return `it is read with ${architecture.tokens} tokens`;
  const said = [...(found?.notes ?? []), ...(found?.errors ?? []), ...(found?.questions ?? [])];
  return said.map(({ message }) => message).join(" / ") || "nothing is read";
}

/** Which keys each head of each layer reads, layer by layer; and whether the layer has a residual path around attention. */
function layersOf({ layers, tokens, registers }: Architecture): { heads: Matrix[]; residual: boolean }[] {
  return layers.flatMap(({ repeat, mixer }) => {
    assert.ok(mixer.kind === "attention", "no model of the corpus has convolutions");
    const heads = mixer.heads.flatMap(({ count, pattern }) => {
      const rows = buildRows(pattern, tokens, registers);
      const side = tokens + registers;
      const matrix = Array.from({ length: side }, (_, q) => Array.from({ length: side }, (_, k) => Number(contains(rows, q, k))).join("")); // prettier-ignore
      return Array.from({ length: count }, () => matrix);
    });
    return Array.from({ length: repeat }, () => ({ heads, residual: mixer.residual }));
  });
}

/** What each output token depends on, by the layers one after the other. */
function reachable(architecture: Architecture): Matrix {
  const side = architecture.tokens + architecture.registers;
  let seen = Array.from({ length: side }, (_, q) => 1n << BigInt(q));
  for (const { heads, residual } of layersOf(architecture))
    seen = seen.map((own, q) => {
      let all = residual ? own : 0n;
      for (const head of heads) for (let k = 0; k < side; k++) if (head[q][k] === "1") all |= seen[k];
      return all;
    });
  return seen.slice(0, architecture.tokens).map((set) => Array.from({ length: architecture.tokens }, (_, k) => Number((set >> BigInt(k)) & 1n)).join("")); // prettier-ignore
}

/** Masks of all calls as a model's layers have them, or the first difference. */
function maskDifference(architecture: Architecture, measurement: Measurement): string | undefined {
  const { masks = [] } = measurement;
  const standsAlone = measurement.visibility === undefined;
  const isCut = (measurement.undefined?.length ?? 0) > 0;
  const layers = layersOf(architecture);
  // A function of masks is one call, and every layer has its mask.
  let calls = standsAlone ? layers.map(() => masks[0]) : masks;
  // Heads that are attended with one after the other are calls of their own.
  const { length: heads } = layers[0].heads;
  if (heads > 1 && calls.length === heads * layers.length)
    calls = layers.map((_, i) => calls.slice(i * heads, (i + 1) * heads).flat());
  // After a query without keys nothing is a number, and what is read cannot be seen.
  if (isCut && calls.length > 0) layers.splice(calls.length);
  if (calls.length !== layers.length) return `${calls.length} calls, ${layers.length} layers`;
  for (const [i, call] of calls.entries()) {
    const { heads } = layers[i];
    const wanted = typeof call === "string" ? heads.map(() => call) : call;
    if (wanted.length !== heads.length) return `layer ${i}: ${heads.length} heads, not ${wanted.length}`;
    for (const [h, name] of wanted.entries()) {
      const matrix = matrixOf(name);
      const row = matrix.findIndex((keys, q) => keys !== heads[h][q]);
      if (row >= 0 || matrix.length !== heads[h].length)
        return `layer ${i}, head ${h}: query ${row} reads ${heads[h][row]}, not ${matrix[row]}`;
    }
  }
  return undefined;
}

describe("model code against the frameworks", () => {
  before(async () => {
    for (const name of ["a.py", "a.ts", "a.js"]) await prepareReading(name);
  });

  const differing = new Set<string>();
  const unread = new Set<string>();
  for (const [file, { measured: all }] of Object.entries(measured.files)) {
    if (all.length === 0) continue;
    describe(file, () => {
      for (const measurement of all) {
        const { name, tokens, visibility, masks } = measurement;
        it(`${name}, ${tokens} tokens`, () => {
          const architecture = readAt(file, measurement);
          if (typeof architecture === "string") {
            unread.add(`${file} ${name}`);
            assert.ok(`${file} ${name}` in notRead, architecture);
            return;
          }
          const check = (what: string, difference: string | undefined) => {
            const key = `${file} ${name} ${what}`;
            if (difference !== undefined) differing.add(key);
            assert.ok(difference === undefined || key in differences, `${what}: ${difference}`);
          };
          if (masks) check("masks", maskDifference(architecture, measurement));
          if (typeof visibility === "string") {
            const [wanted, got] = [matrixOf(visibility), reachable(architecture)];
            const row = wanted.findIndex((keys, q) => keys !== got[q]);
            check("visibility", row < 0 ? undefined : `output ${row} depends on ${wanted[row]}, reads ${got[row]}`);
          }
        });
      }
    });
  }

  describe("all of them", () => {
    it("differs and is left unread only where that is said, and there it does and is", () => {
      assert.deepEqual([...differing].sort(), Object.keys(differences).sort());
      assert.deepEqual([...unread].sort(), Object.keys(notRead).sort());
    });

    it("was measured wherever something is understood, or README.md says why not", () => {
      const table = read("README.md").split("## Not measured")[1] ?? "";
      const excused = new Set([...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name));
      const unmeasured: string[] = [];
      for (const file of readdirSync(folder).filter((name) => /\.(py|ipynb|m?[jt]s)$/.test(name))) {
        const found = readModelFile(file, read(file));
        const known = new Set(
          (measured.files[file]?.measured ?? []).map(({ name }) => names[`${file} ${name}`] ?? name),
        );
        for (const { architecture } of found?.architectures ?? [])
          if (!known.has(architecture.name)) unmeasured.push(`${file} ${architecture.name}`);
      }
      const problems = unmeasured.filter((each) => !excused.has(each));
      assert.deepEqual(problems, []);
      assert.deepEqual([...excused].filter((each) => !unmeasured.includes(each)), []); // prettier-ignore
    });
  });
});
