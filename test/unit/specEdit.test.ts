import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { parse as parseJsonc, type ParseError } from "jsonc-parser";
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import type { SpecChange, SpecPath, TextEdit } from "../../extension/theory/verdict/report";
import { readSpec } from "../../extension/models/spec";

type Language = "json" | "yaml";

const fixtures = path.join(import.meta.dirname, "fixtures/spec/valid");
const seed = 20_260_731;

/** The text after the edits, made as an editor makes them: on lines and characters of the original. */
function applied(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let i = 0; i < text.length; i++) if (text[i] === "\n") starts.push(i + 1);
  const offset = ({ line, character }: TextEdit["range"]["start"]) => starts[line] + character;
  let result = "";
  let at = 0;
  for (const { range, newText } of edits) {
    const [from, to] = [offset(range.start), offset(range.end)];
    assert.ok(at <= from && from <= to && to <= text.length, "edits are ordered, disjoint and inside the text");
    result += text.slice(at, from) + newText;
    at = to;
  }
  return result + text.slice(at);
}

function edited(text: string, language: Language, changes: SpecChange[]): string | undefined {
  const model = readSpec(text, language, "edited");
  assert.deepEqual(model.errors, [], text);
  const edits = model.architectures[0].edit(changes);
  return edits && applied(text, edits);
}

/** The value of a text by the library alone. */
function valueOf(text: string, language: Language): unknown {
  if (language === "yaml") return parseYaml(text);
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  assert.deepEqual(errors, [], text);
  return value;
}

/** The change made on the value itself, in place. */
function change(value: unknown, { path: at, value: next }: SpecChange): void {
  let holder = value as Record<string | number, unknown>;
  for (const [i, key] of at.slice(0, -1).entries()) {
    if (holder[key] === undefined) {
      if (next === undefined) return;
      holder[key] = typeof at[i + 1] === "number" ? [] : {};
    }
    holder = holder[key] as Record<string | number, unknown>;
  }
  const last = at[at.length - 1];
  if (next !== undefined) holder[last] = next;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
}

// ------------------------------------------------------------------------------------------------------- what is written

const pattern: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<unknown>("full", "causal"),
    fc.record({ window: fc.nat(9) }),
    fc.record({ window: fc.record({ left: fc.nat(9), circular: fc.boolean() }, { requiredKeys: [] }) }),
    fc.record({ global: fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }) }),
    fc.record({ edges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 }) }),
    fc.constant({ expression: "q <= k && k % 2 == 0 || q - k == 3" }),
    fc.record({ any: fc.array(tie("pattern"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie("pattern") }),
  ),
})).pattern;

const block = fc.record(
  {
    repeat: fc.integer({ min: 1, max: 5 }),
    attention: fc.record(
      {
        heads: fc.oneof(
          fc.integer({ min: 1, max: 8 }),
          fc.array(fc.record({ count: fc.integer({ min: 1, max: 3 }), pattern }, { requiredKeys: [] }), {
            minLength: 1,
            maxLength: 3,
          }),
        ),
        kernel: fc.constantFrom("softmax", "linear-elu"),
        pattern,
        bias: fc.constantFrom<unknown>("alibi", "none", { relative: "signed" }),
        residual: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    feedForward: fc.oneof(
      fc.constant("none"),
      fc.record({ activation: fc.constantFrom("relu", "gelu"), bias: fc.boolean() }, { requiredKeys: [] }),
    ),
    norm: fc.constantFrom<unknown>("none", "pre", { placement: "post" }),
  },
  { requiredKeys: ["attention"] },
);

const specification = fc.record(
  {
    name: fc.constantFrom("plain", "true", "a: b", "# not a comment", "π\u{1f600}", "-", "two\nlines"),
    tokens: fc.constant(8),
    width: fc.constant(4),
    position: fc.constantFrom<unknown>("none", "absolute", { classes: [0, 0, 0, 0, 1, 1, 1, 1] }),
    layers: fc.array(block, { minLength: 1, maxLength: 4 }),
    target: fc.record(
      { symmetry: fc.constantFrom("S_n", "trivial"), visibility: fc.constant("full") },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["tokens", "width", "layers"] },
);

/** Ways of writing a value, comments and other people's white space included. */
type Writing = { language: Language; write: (value: unknown, salt: () => number) => string };

/** JSON with comments at random between its tokens. */
function commented(json: string, salt: () => number): string {
  // Tokens: strings whole, so that nothing is put inside one.
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|\s+|[^\s"]/g)!;
  const quiet = tokens.map((token) => {
    const dice = salt() % 40;
    if (/^[,{[]$/.test(token) && dice === 0) return `${token} // , "x": { [`;
    if (/^[:,{[]$/.test(token) && dice === 1) return `${token} /* } ] , */`;
    if (/^[\]}]$/.test(token) && dice === 2) return `/* " */ ${token}`;
    return token;
  });
  // A line comment needs its line to end.
  return quiet.map((token) => (token.includes("//") ? `${token}\n` : token)).join("");
}

function commentedYaml(yaml: string, salt: () => number): string {
  const scalar = /[|>][-+]?$/m.test(yaml);
  return yaml
    .split("\n")
    .map((line) => {
      const dice = salt() % 12;
      if (scalar || line === "" || /["'{[]/.test(line)) return line;
      if (dice === 0) return `${line} # about this: { x`;
      if (dice === 1) return `${/^ */.exec(line)![0]}# - above: it\n${line}`;
      return line;
    })
    .join("\n");
}

const writings: Record<string, Writing> = {
  "JSON on one line": { language: "json", write: (value) => JSON.stringify(value) },
  "JSON with two spaces": { language: "json", write: (value) => JSON.stringify(value, null, 2) + "\n" },
  "JSON with tabs and CRLF": {
    language: "json",
    write: (value) => JSON.stringify(value, null, "\t").replaceAll("\n", "\r\n"),
  },
  "JSON with comments": {
    language: "json",
    write: (value, salt) => commented(JSON.stringify(value, null, salt() % 2 === 0 ? 2 : 0), salt),
  },
  "JSON with trailing commas": {
    language: "json",
    write: (value) => JSON.stringify(value, null, 2).replace(/([^,{[\s])\n(\s*[\]}])/g, "$1,\n$2"),
  },
  "YAML in blocks": { language: "yaml", write: (value) => stringifyYaml(value) },
  "YAML in flow": { language: "yaml", write: (value) => stringifyYaml(value, { collectionStyle: "flow" }) },
  "YAML with dashes not indented and CRLF": {
    language: "yaml",
    write: (value) => stringifyYaml(value, { indentSeq: false, indent: 4 }).replaceAll("\n", "\r\n"),
  },
  "YAML with comments": {
    language: "yaml",
    write: (value, salt) => commentedYaml(stringifyYaml(value), salt),
  },
  "YAML with aliases": {
    language: "yaml",
    write: (value) => {
      const { layers } = value as { layers: unknown[] };
      return stringifyYaml({ ...(value as object), layers: [...layers, layers[0]] });
    },
  },
};

/** Changes like those of quick fixes, and some that are not. */
const changes: fc.Arbitrary<SpecChange[]> = fc.array(
  fc.oneof(
    fc.record({
      path: fc.tuple(fc.constant("layers"), fc.nat(3), fc.constantFrom("repeat")),
      value: fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constant(undefined)),
    }),
    fc.record({
      path: fc.tuple(fc.constant("layers"), fc.nat(3), fc.constant("attention"), fc.constant("pattern")),
      value: fc.oneof(pattern, fc.constant(undefined)),
    }),
    fc.record({
      path: fc.tuple(
        fc.constant("layers"),
        fc.nat(3),
        fc.constant("feedForward"),
        fc.constantFrom("bias", "activation"),
      ),
      value: fc.constantFrom<unknown>(true, "silu", undefined),
    }),
    fc.record({
      path: fc.tuple(
        fc.constant("layers"),
        fc.nat(3),
        fc.constant("attention"),
        fc.constant("heads"),
        fc.nat(2),
        fc.constantFrom("pattern", "bias"),
      ),
      value: fc.oneof(pattern, fc.constant("none"), fc.constant(undefined)),
    }),
    fc.record({
      path: fc.tuple(fc.constant("layers"), fc.nat(4)),
      value: fc.oneof(block, fc.constant(undefined)),
    }),
    fc.record({
      path: fc.constantFrom<SpecPath>(
        ["position"],
        ["registers"],
        ["norm"],
        ["target", "symmetry"],
        ["target"],
        ["name"],
      ),
      value: fc.constantFrom<unknown>("absolute", 3, "S_n", "on", { classes: [0, 1] }, {}, undefined),
    }),
    fc.record({
      path: fc.constantFrom<SpecPath>(["layers"]),
      value: fc.array(block, { minLength: 1, maxLength: 2 }),
    }),
  ),
  { minLength: 1, maxLength: 3 },
);

/** Whether the value can take the change at all: no way leads through a scalar or past the end of a list. */
function expressible(value: unknown, { path: at, value: next }: SpecChange): boolean {
  let holder = value;
  for (const [i, key] of at.entries()) {
    if (holder === undefined) {
      return next === undefined || at.slice(i).every((below) => typeof below === "string" || below === 0);
    }
    if (typeof holder !== "object" || holder === null || Array.isArray(holder) !== (typeof key === "number"))
      return false;
    if (Array.isArray(holder) && Number(key) > holder.length) return next === undefined;
    holder = (holder as Record<string | number, unknown>)[key];
  }
  return true;
}

describe("editing a specification", () => {
  for (const [name, { language, write }] of Object.entries(writings)) {
    it(`${name}: the edited text reads as the changed value (seed ${seed})`, () => {
      let made = 0;
      fc.assert(
        fc.property(specification, changes, fc.infiniteStream(fc.nat()), (value, list, stream) => {
          const text = write(value, () => Number(stream.next().value));
          const before = valueOf(text, language);
          const expected = structuredClone(before);
          const possible = list.every((one) => {
            if (!expressible(expected, one)) return false;
            change(expected, one);
            return true;
          });
          const after = edited(text, language, list);
          if (!possible) return assert.equal(after, undefined);
          // What an anchor is shared for cannot be changed in one place only.
          if (after === undefined) return assert.ok(language === "yaml" && text.includes("&"), text);
          made++;
          assert.deepEqual(valueOf(after, language), JSON.parse(JSON.stringify(expected)), `${text}\n=>\n${after}`);
        }),
        { seed, numRuns: 300, endOnFailure: true },
      );
      assert.ok(made > 50, `${made} changes were made`);
    });
  }

  it("changes one number and nothing else in every valid fixture", () => {
    for (const file of readdirSync(fixtures)) {
      const text = readFileSync(path.join(fixtures, file), "utf8");
      const language = file.endsWith("json") ? "json" : "yaml";
      const after = edited(text, language, [{ path: ["width"], value: 777 }])!;
      assert.equal(after, text.replace(/(width"?: )\d+/, "$1777"), file);
    }
  });

  it("keeps the style of JSON: comments stay with what they are about, new keys take their place", () => {
    const text = `{
    // The sequence.
    "tokens": 8, // short
    "width": 4,
    "layers": [
        { "attention": { "pattern": { "window": 1 } } }, // local
        { "attention": {} } // global
    ]
}
`;
    assert.equal(
      edited(text, "json", [
        { path: ["position"], value: "absolute" },
        { path: ["layers", 0, "repeat"], value: 4 },
        { path: ["layers", 0, "attention", "pattern"], value: { any: [{ window: 1 }, { global: [0] }] } },
        { path: ["layers", 2], value: { convolution: { taps: 3 } } },
        { path: ["target", "symmetry"], value: "trivial" },
      ]),
      `{
    // The sequence.
    "tokens": 8, // short
    "width": 4,
    "position": "absolute",
    "layers": [
        { "repeat": 4, "attention": { "pattern": { "any": [{ "window": 1 }, { "global": [0] }] } } }, // local
        { "attention": {} }, // global
        { "convolution": { "taps": 3 } }
    ],
    "target": { "symmetry": "trivial" }
}
`,
    );
    assert.equal(
      edited(text, "json", [
        { path: ["layers", 1], value: undefined },
        { path: ["layers", 0, "attention", "pattern"], value: undefined },
      ]),
      `{
    // The sequence.
    "tokens": 8, // short
    "width": 4,
    "layers": [
        { "attention": {} } // local
    ]
}
`,
    );
  });

  it("keeps the style of YAML: comments, indentation, blocks and flow", () => {
    const text = `# A model.
tokens: 8 # short
width: 4

layers:
  # The first block.
  - attention:
      pattern:
        any:
          - window: 1
          - global: [0] # all
    norm: pre # for depth
  - attention: { heads: 2 }
    feedForward: {}
`;
    assert.equal(
      edited(text, "yaml", [
        { path: ["position"], value: { relative: "signed" } },
        { path: ["layers", 0, "repeat"], value: 4 },
        { path: ["layers", 0, "attention", "pattern"], value: "full" },
        { path: ["layers", 0, "norm"], value: undefined },
        { path: ["layers", 1, "attention", "bias"], value: "alibi" },
        { path: ["layers", 1, "feedForward", "bias"], value: true },
        { path: ["layers", 2], value: { attention: {} } },
      ]),
      `# A model.
tokens: 8 # short
width: 4
position: { relative: signed }

layers:
  # The first block.
  - repeat: 4
    attention:
      pattern: full # all
  - attention: { heads: 2, bias: alibi }
    feedForward: { bias: true }
  - { attention: {} }
`,
    );
  });

  it("does not touch what an alias shares", () => {
    const text = `tokens: 8
width: 4
layers:
  - attention: &same
      pattern: { window: 1 }
  - attention: *same
`;
    assert.equal(edited(text, "yaml", [{ path: ["layers", 0, "attention", "pattern"], value: "full" }]), undefined);
    assert.equal(edited(text, "yaml", [{ path: ["layers", 1, "attention", "pattern"], value: "full" }]), undefined);
    assert.equal(
      edited(text, "yaml", [{ path: ["layers", 1, "attention"], value: { pattern: "full" } }]),
      text.replace("*same", "{ pattern: full }"),
    );
  });

  it("refuses what the file cannot express", () => {
    const text = '{ "tokens": 8, "width": 4, "layers": [{ "attention": { "heads": 2 } }] }';
    for (const at of [
      ["tokens", "x"],
      ["layers", 5],
      ["layers", "x"],
      ["layers", 0, "attention", "heads", 0, "bias"],
    ]) {
      assert.equal(edited(text, "json", [{ path: at, value: 1 }]), undefined, at.join("."));
    }
    assert.deepEqual(edited(text, "json", [{ path: ["position"], value: undefined }]), text);
  });
});
