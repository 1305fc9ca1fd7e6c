import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import Ajv from "ajv";
import { parse as parseJsonc, type ParseError } from "jsonc-parser";
import { parse as parseYaml } from "yaml";
import { architectureJsonSchema, type SchemaNode } from "../../extension/theory/architecture/jsonSchema";
import { limits } from "../../extension/theory/architecture/limits";
import type { Architecture, Pattern } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import { decode, readModelFile } from "../../extension/models";
import { readSpec } from "../../extension/models/spec";

const root = path.join(import.meta.dirname, "../..");
const fixtures = path.join(import.meta.dirname, "fixtures/spec");
const isSpec = (file: string) => /\.uap\.(json|ya?ml)$/.test(file);

function files(folder: string): { name: string; text: string }[] {
  return readdirSync(folder)
    .filter(isSpec)
    .map((name) => ({ name, text: readFileSync(path.join(folder, name), "utf8") }));
}

/** The value of a file, by the libraries alone. Undefined where the syntax is broken. */
function plainValue({ name, text }: { name: string; text: string }): unknown {
  if (!name.endsWith("json")) {
    try {
      return parseYaml(text, { logLevel: "error" });
    } catch {
      return undefined;
    }
  }
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  return errors.length > 0 ? undefined : value;
}

function parsed(input: unknown): Architecture {
  const result = parseArchitecture(input);
  assert.ok("architecture" in result, JSON.stringify(result));
  return result.architecture;
}

function messages(input: unknown): string[] {
  const result = parseArchitecture(input);
  assert.ok("problems" in result, "this should not be an architecture");
  return result.problems.map(({ message }) => message);
}

const base = { tokens: 16, width: 8, layers: [{ attention: {} }] };

describe("the specification", () => {
  it("fills in the defaults that the contract names", () => {
    assert.deepEqual(parsed(base), {
      name: "",
      tokens: 16,
      width: 8,
      registers: 0,
      position: { kind: "none" },
      layers: [
        {
          repeat: 1,
          mixer: {
            kind: "attention",
            heads: [{ count: 1, pattern: { kind: "full" }, bias: { kind: "none" } }],
            kernel: { name: "softmax", degree: 2 },
            normalized: true,
            projection: { kind: "none" },
            residual: true,
          },
          feedForward: { hidden: null, activation: "gelu", bias: true, frozen: false, residual: true },
          norm: null,
        },
      ],
      target: { symmetry: null, visibility: null, function: null },
    });
  });

  it("reads every shorthand of a pattern", () => {
    const pattern = (input: unknown): Pattern => {
      const { mixer } = parsed({ ...base, layers: [{ attention: { pattern: input } }] }).layers[0];
      assert.ok(mixer.kind === "attention");
      return mixer.heads[0].pattern;
    };
    assert.deepEqual(pattern({ window: 3 }), { kind: "window", left: 3, right: 3, circular: false, dilation: 1 });
    assert.deepEqual(pattern({ window: { left: 3 } }), {
      kind: "window",
      left: 3,
      right: 0,
      circular: false,
      dilation: 1,
    });
    assert.deepEqual(pattern({ block: 4 }), { kind: "block", size: 4, shift: 0 });
    assert.deepEqual(pattern({ strided: 4 }), { kind: "strided", stride: 4 });
    assert.deepEqual(pattern({ fixed: 4 }), { kind: "fixed", stride: 4, summary: 1 });
    assert.deepEqual(pattern({ star: 4 }), { kind: "star", centre: 4 });
    assert.deepEqual(pattern({ bigbird: { block: 4 } }), {
      kind: "bigbird",
      block: 4,
      window: 3,
      globals: [0, -1],
      random: 3,
      seed: 0,
    });
    assert.deepEqual(pattern({ not: { any: ["full"] } }), {
      kind: "not",
      pattern: { kind: "any", patterns: [{ kind: "full" }] },
    });
  });

  it("gives head groups the attention's pattern and bias unless they have their own", () => {
    const { mixer } = parsed({
      ...base,
      layers: [
        { attention: { pattern: "causal", bias: "alibi", heads: [{ count: 2 }, { pattern: "full", bias: "none" }] } },
      ],
    }).layers[0];
    assert.ok(mixer.kind === "attention");
    assert.deepEqual(mixer.heads, [
      { count: 2, pattern: { kind: "causal" }, bias: { kind: "alibi" } },
      { count: 1, pattern: { kind: "full" }, bias: { kind: "none" } },
    ]);
  });

  it("takes registers as ends of edges, as global tokens and into classes, and not as centres", () => {
    const withRegister = (pattern: unknown) => ({ ...base, registers: 1, layers: [{ attention: { pattern } }] });
    parsed(withRegister({ edges: [[16, 0]] }));
    parsed(withRegister({ global: [16] }));
    parsed({ ...withRegister("full"), position: { classes: Array(17).fill(0) } });
    parsed({ ...withRegister("full"), position: { classes: Array(16).fill(0) } });
    assert.deepEqual(messages(withRegister({ edges: [[17, 0]] })), [
      "`edges[0][0]` is 17, past the last of 16 tokens and 1 register",
    ]);
    assert.deepEqual(messages(withRegister({ star: 16 })), ["the centre 16 is past the last of 16 tokens"]);
  });

  it("allows patterns exactly as deep as the limit", () => {
    const nested = (depth: number, wrap: (inner: unknown) => unknown) => {
      let pattern: unknown = "full";
      for (let i = 0; i < depth; i++) pattern = wrap(pattern);
      return { ...base, layers: [{ attention: { heads: [{ pattern }] } }] };
    };
    const not = (inner: unknown) => ({ not: inner });
    const any = (inner: unknown) => ({ any: [inner] });
    for (const wrap of [not, any]) {
      parsed(nested(limits.patternDepth, wrap));
      assert.equal(messages(nested(limits.patternDepth + 1, wrap))[0], "patterns are nested more than 32 deep");
    }
    assert.deepEqual(messages(nested(200_000, not)), ["values are nested more than 96 deep"]);
  });

  it("never throws, whatever the value", () => {
    const soup = JSON.parse(
      '{"__proto__": {"tokens": 4}, "constructor": {}, "toString": [], "hasOwnProperty": null}',
    ) as unknown;
    for (const value of [
      undefined,
      null,
      NaN,
      -0,
      Infinity,
      "",
      "\ud800",
      [],
      [[]],
      {},
      soup,
      { ...base, layers: soup },
    ]) {
      assert.ok("problems" in parseArchitecture(value));
    }
  });

  it("reports at most fifty problems of a file that has a million", () => {
    const edges = Array.from({ length: 100_000 }, () => [0, -1]);
    assert.equal(messages({ ...base, layers: [{ attention: { pattern: { edges } } }] }).length, 50);
  });
});

describe("specification fixtures", () => {
  for (const { name, text } of files(path.join(fixtures, "valid"))) {
    it(`${name} is read`, () => {
      const model = readModelFile(name, text)!;
      assert.deepEqual(model.errors, []);
      assert.equal(model.architectures.length, 1);
      const expected = parsed(plainValue({ name, text }));
      assert.deepEqual(model.architectures[0].architecture, {
        ...expected,
        name: expected.name || name.replace(/\.uap\..*$/, ""),
      });
    });
  }

  // Every invalid file begins with what must be said of it: one comment an error, `line:column-line:column message`.
  for (const { name, text } of files(path.join(fixtures, "invalid"))) {
    it(`${name} is refused with the words in its head`, () => {
      const model = readModelFile(name, text)!;
      assert.equal(model.architectures.length, 0);
      const expected = text
        .split("\n")
        .filter((line) => /^(\/\/|#) \d+:\d+-/.test(line))
        .map((line) => line.replace(/^(\/\/|#) /, ""));
      assert.ok(expected.length > 0);
      const said = model.errors.map(({ message, range: { start, end } }) => {
        return `${start.line + 1}:${start.character + 1}-${end.line + 1}:${end.character + 1} ${message}`;
      });
      assert.deepEqual(said, expected);
    });
  }
});

describe("the JSON Schema", () => {
  const accepts = new Ajv({ strict: false, allErrors: false }).compile(architectureJsonSchema());

  it("is draft-07, closed, and describes every key of every object", () => {
    const schema = architectureJsonSchema() as SchemaNode & { $schema: string };
    assert.equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
    const undescribed: string[] = [];
    const visit = (node: SchemaNode, at: string): void => {
      if (node.type === "object") assert.equal(node.additionalProperties, false, at);
      for (const [key, property] of Object.entries(node.properties ?? {})) {
        const described = property.description ?? node.description ?? property.allOf?.[0].$ref;
        if (described === undefined && key !== "$schema") undescribed.push(`${at}.${key}`);
        visit(property, `${at}.${key}`);
      }
      for (const branch of node.anyOf ?? [])
        visit({ ...branch, description: branch.description ?? node.description }, at);
      if (node.items && !Array.isArray(node.items)) visit(node.items, `${at}[]`);
    };
    visit(schema, "");
    for (const [name, definition] of Object.entries(schema.definitions!)) visit(definition, name);
    assert.deepEqual(undescribed, []);
  });

  it("shows the defaults as a person writes them", () => {
    const { properties } = architectureJsonSchema();
    const block = (properties!.layers.items as SchemaNode).properties!;
    assert.equal(properties!.position.default, "none");
    assert.equal(block.attention.properties!.pattern.default, "full");
    assert.equal(block.norm.default, "none");
  });

  for (const folder of [path.join(fixtures, "valid"), path.join(root, "examples")]) {
    for (const file of files(folder)) {
      it(`accepts ${path.relative(root, path.join(folder, file.name))}`, () => {
        assert.ok(accepts(plainValue(file)), JSON.stringify(accepts.errors));
      });
    }
  }

  // The rest of the invalid files break a rule between fields, which JSON Schema cannot say.
  const between =
    /past the last|long (for|in)|rows? for|are \d+ tokens, not|odd number|must be a block|nested|be read|at most|less than|more than (the )?\d|moves|disjoint|twice|second one/;
  for (const file of files(path.join(fixtures, "invalid"))) {
    const value = plainValue(file);
    if (value === undefined) continue;
    const structural = file.text.split("\n").some((line) => /^(\/\/|#) \d+:\d+-/.test(line) && !between.test(line));
    it(`${structural ? "refuses" : "has no word against"} ${file.name}`, () => {
      assert.equal(accepts(value), !structural);
    });
  }
});

describe("reading a specification", () => {
  const text = `{
  // A comment, and names of more than one byte: "é".
  "name": "π", "tokens": 16,
  "width": 8,
  "layers": [
    {
      "attention": {
        "pattern": { "window": 4 }
      }
    }
  ]
}
`;
  const at = (range: { start: { line: number; character: number }; end: { line: number; character: number } }) => {
    const lines = text.split("\n");
    if (range.start.line !== range.end.line) return "several lines";
    return lines[range.start.line].slice(range.start.character, range.end.character);
  };
  const { architectures } = readSpec(text, "json", "base");

  it("locates the value of a path, else the nearest thing that is written", () => {
    const located = (...specPath: (string | number)[]) => at(architectures[0].locate(specPath));
    assert.equal(located("layers", 0, "attention", "pattern", "window"), "4");
    assert.equal(located("layers", 0, "attention", "pattern"), '{ "window": 4 }');
    assert.equal(located("layers", 0, "attention", "pattern", "window", "left"), "4");
    assert.equal(located("layers", 0, "attention", "heads", 1, "pattern"), '"attention"');
    assert.equal(located("layers", 0, "attention"), '"attention"');
    assert.equal(located("layers", 0, "feedForward", "bias"), '"attention"');
    assert.equal(located("layers", 0), '"attention"');
    assert.equal(located("layers", 7, "norm"), '"layers"');
    assert.equal(located("layers"), '"layers"');
    assert.equal(located("tokens"), "16");
    assert.equal(located("position"), '"name"');
    assert.equal(located(), '"name"');
    assert.equal(located("__proto__", "constructor"), '"name"');
  });

  it("takes the file's name where the specification gives none", () => {
    assert.equal(architectures[0].architecture.name, "π");
    const unnamed = readModelFile("models/long-context.uap.json", JSON.stringify(base))!;
    assert.equal(unnamed.architectures[0].architecture.name, "long-context");
    assert.equal(readModelFile("C:\\models\\Ring.UAP.YML", "tokens: 0")!.format, "spec");
  });

  it("knows a model file by its name", () => {
    assert.equal(readModelFile("notes.json", JSON.stringify(base)), undefined);
    assert.equal(readModelFile("config.json", '{"compilerOptions": {}}'), undefined);
    assert.equal(readModelFile("config.json", '{"model_type": "bert"}')?.format, "huggingface");
    assert.equal(readModelFile("bert.config.json", '{"model_type": "bert"}')?.format, "huggingface");
    assert.equal(readModelFile("tsconfig.json", '{"model_type": "bert"}'), undefined);
  });

  it("says where something is missing, also in an empty file", () => {
    const said = (source: string, language: "json" | "yaml") => {
      return readSpec(source, language, "empty").errors.map(({ message, range }) => [message, range.end.character]);
    };
    assert.deepEqual(said("", "json"), [["a value is expected here", 0]]);
    assert.deepEqual(said("// only this\n\n", "json"), [["a value is expected here", 12]]);
    assert.equal(said("", "yaml").length, 1);
    assert.deepEqual(said('{ "tokens":   \n', "json"), [["a value is expected here", 11]]);
  });

  it("bounds what aliases stand for", () => {
    const levels = Array.from({ length: 12 }, (_, i) => {
      return `  - &a${i + 1} [${Array(9)
        .fill(i === 0 ? "x" : `*a${i}`)
        .join(", ")}]`;
    });
    const model = readSpec(`tokens: 16\nwidth: 8\nlayers:\n${levels.join("\n")}\n`, "yaml", "bomb");
    assert.match(model.errors[0].message, /aliases of this file stand for too many values/);
  });

  it("refuses files past the limits with one error", () => {
    const long = readSpec(`${JSON.stringify(base)}${" ".repeat(limits.fileBytes)}`, "json", "long");
    assert.match(long.errors[0].message, /more than 2097152 bytes/);
    const yaml = readSpec(`# ${"-".repeat(limits.yamlCharacters)}\ntokens: 16`, "yaml", "long");
    assert.match(yaml.errors[0].message, /more than 65536 characters/);
    const values = `{"tokens": [${"0,".repeat(limits.values)}0]}`;
    assert.match(readSpec(values, "json", "wide").errors[0].message, /more than 600000 values/);
  });
});

describe("decoding", () => {
  const encode = (text: string) => new TextEncoder().encode(text);

  it("keeps text and drops a byte-order mark", () => {
    assert.deepEqual(decode(encode("{}\u00e9\u{1f600}")), { text: "{}é😀" });
    assert.deepEqual(decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)), { text: "{}" });
    assert.deepEqual(decode(new Uint8Array()), { text: "" });
  });

  it("points at the byte that is not UTF-8", () => {
    for (const [bad, byte] of [
      [[0xff], "0xff"],
      [[0x80], "0x80"],
      [[0xc3, 0x28], "0x28"],
      [[0xed, 0xa0, 0x80], "0xa0"],
      [[0xe2, 0x82], "0x82"],
    ] as const) {
      const result = decode(Uint8Array.of(...encode("é\n{ é"), ...bad));
      assert.ok("error" in result);
      assert.deepEqual(result.error.range.start, { line: 1, character: 3 }, byte);
      assert.match(result.error.message, new RegExp(`^line 2 is not UTF-8: the byte ${byte}`));
    }
  });

  it("says so of UTF-16 and of files that are too large", () => {
    const utf16 = decode(Uint8Array.of(0xff, 0xfe, 0x7b, 0x00));
    assert.ok("error" in utf16 && /UTF-16/.test(utf16.error.message));
    const large = decode(new Uint8Array(limits.fileBytes + 1));
    assert.ok("error" in large && /more than 2097152 bytes/.test(large.error.message));
  });
});
