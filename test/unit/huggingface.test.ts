import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import type { Architecture, Block } from "../../extension/theory/architecture/schema";
import { parseArchitecture } from "../../extension/theory/architecture/validate";
import type { Position, Range, SpecChange, SpecPath, TextEdit } from "../../extension/theory/verdict/report";
import { readHuggingFace } from "../../extension/models/huggingface";
import { architectureInput } from "../../extension/models/huggingface/edit";
import { modelTypes } from "../../extension/models/huggingface/modelTypes";
import type { ReadArchitecture } from "../../extension/models/modelFile";

const directory = new URL("../corpus/huggingface/", import.meta.url);
const corpus = readdirSync(directory)
  .filter((file) => file.endsWith(".config.json"))
  .sort();
const text = (file: string): string => readFileSync(new URL(file, directory), "utf8");

/** The one architecture of a configuration given as keys. */
function read(keys: Record<string, unknown>): ReadArchitecture {
  return readText(JSON.stringify(keys, null, 2))[0];
}

function readText(content: string): ReadArchitecture[] {
  const { architectures, errors } = readHuggingFace(content, "config.json");
  assert.deepEqual(errors, []);
  return architectures;
}

const unrolled = ({ layers }: Architecture): Block[] =>
  layers.flatMap((block) => Array<Block>(block.repeat).fill(block));

function patternOf(block: Block) {
  assert.equal(block.mixer.kind, "attention");
  assert.ok(block.mixer.kind === "attention", "attention");
  return block.mixer.heads[0].pattern;
}

function offsetOf(content: string, { line, character }: Position): number {
  const lines = content.split(/(?<=\n)/);
  return lines.slice(0, line).reduce((sum, { length }) => sum + length, 0) + character;
}

const slice = (content: string, { start, end }: Range) =>
  content.slice(offsetOf(content, start), offsetOf(content, end));

/** As an editor applies edits: all to the original text, those at one place in their order. */
function apply(content: string, edits: TextEdit[]): string {
  const placed = edits.map((edit, order) => ({ ...edit, order, from: offsetOf(content, edit.range.start) }));
  placed.sort((a, b) => b.from - a.from || b.order - a.order);
  return placed.reduce(
    (result, { range, from, newText }) => result.slice(0, from) + newText + result.slice(offsetOf(content, range.end)),
    content,
  );
}

describe("Hugging Face configurations", () => {
  it("has a default configuration of every type in the corpus", () => {
    for (const type of modelTypes.keys()) assert.ok(corpus.includes(`${type}.config.json`), type);
  });

  for (const file of corpus) {
    it(`reads ${file} as before`, () => {
      const { architectures, errors } = readHuggingFace(text(file), file);
      const reading = {
        architectures: architectures.map(({ architecture, skipped }) => ({
          ...architectureInput(architecture),
          skipped: skipped.map(({ affects, message }) => `${affects}: ${message}`),
        })),
        errors: errors.map(({ message }) => message),
      };
      const golden = new URL(file.replace(".config.json", ".reading.json"), directory);
      const actual = `${JSON.stringify(reading, null, 1)}\n`;
      if (process.env.UPDATE_GOLDEN === "1") writeFileSync(golden, actual);
      assert.ok(existsSync(golden), `${golden.pathname} is missing; UPDATE_GOLDEN=1 writes it`);
      assert.equal(actual, readFileSync(golden, "utf8"));
    });

    it(`reads ${file} as an architecture that the specification allows`, () => {
      for (const { architecture } of readText(text(file))) {
        const parsed = parseArchitecture(architectureInput(architecture));
        if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
        assert.deepEqual(parsed.architecture, { ...architecture, name: parsed.architecture.name });
        for (const [index, block] of architecture.layers.slice(1).entries()) {
          assert.notDeepEqual(
            { ...block, repeat: 1 },
            { ...architecture.layers[index], repeat: 1 },
            "equal neighbours",
          );
        }
      }
    });
  }

  it("lets slide the layers that transformers lets slide", () => {
    const cases = JSON.parse(text("layers.json")) as { config: Record<string, unknown>; types: string[] }[];
    assert.ok(cases.length >= 10, "too few cases");
    for (const { config, types } of cases) {
      const blocks = unrolled(read(config).architecture);
      const slides = blocks.map((block) => (patternOf(block).kind === "window" ? "sliding" : "full"));
      assert.deepEqual(slides, types, JSON.stringify(config));
    }
  });
});

describe("what published configurations say", () => {
  const one = (file: string): Architecture => readText(text(`${file}.config.json`))[0].architecture;

  it("Mistral-7B-v0.1: 32 causal layers with the query and 4095 tokens before it", () => {
    const { tokens, width, layers, target, position } = one("mistral-7b-v0.1");
    assert.deepEqual([tokens, width, layers.length, layers[0].repeat], [32768, 4096, 1, 32]);
    assert.deepEqual(patternOf(layers[0]), { kind: "window", left: 4095, right: 0, circular: false, dilation: 1 });
    assert.equal(target.visibility, "causal");
    assert.equal(position.kind, "rotary");
    assert.deepEqual(layers[0].feedForward, {
      hidden: 14336,
      activation: "swiglu",
      bias: false,
      frozen: false,
      residual: true,
    });
  });

  it("Longformer-base: 4096 tokens, 12 layers, 256 tokens a side, no global token", () => {
    const { tokens, layers, target } = one("longformer-base-4096");
    assert.deepEqual([tokens, layers.length, layers[0].repeat], [4096, 1, 12]);
    assert.deepEqual(patternOf(layers[0]), { kind: "longformer", window: 256, globals: [], dilation: 1 });
    assert.equal(target.visibility, null);
  });

  it("Gemma 3: five sliding layers, then a full one", () => {
    const { tokens, width, layers } = one("gemma-3-4b-it");
    assert.deepEqual([tokens, width], [131072, 2560]);
    assert.deepEqual(
      layers.map((block) => [block.repeat, patternOf(block).kind]),
      [
        ...Array.from({ length: 5 }, () => [
          [5, "window"],
          [1, "causal"],
        ]).flat(),
        [4, "window"],
      ],
    );
    assert.deepEqual(patternOf(layers[0]), { kind: "window", left: 1023, right: 0, circular: false, dilation: 1 });
  });

  it("ModernBERT: every third layer is full, 64 tokens a side in the others", () => {
    const { layers, tokens } = one("modernbert-base");
    assert.equal(tokens, 8192);
    const kinds = unrolled({ ...one("modernbert-base") }).map((block) => patternOf(block).kind);
    assert.deepEqual(
      kinds,
      Array.from({ length: 22 }, (_, i) => (i % 3 === 0 ? "full" : "window")),
    );
    assert.deepEqual(patternOf(layers[1]), { kind: "window", left: 64, right: 64, circular: false, dilation: 1 });
  });

  it("BERT, GPT-2, T5 and DeBERTa-v3", () => {
    const bert = one("bert-base-uncased");
    assert.deepEqual([bert.tokens, bert.layers[0].repeat, patternOf(bert.layers[0]).kind], [512, 12, "full"]);
    assert.deepEqual(bert.layers[0].norm, { placement: "post", kind: "layer" });
    const gpt2 = one("gpt2-small");
    assert.deepEqual([gpt2.tokens, patternOf(gpt2.layers[0]).kind, gpt2.target.visibility], [1024, "causal", "causal"]);
    assert.equal(gpt2.layers[0].feedForward?.hidden, 3072);
    const [encoder, decoder] = readText(text("t5-small.config.json")).map(({ architecture }) => architecture);
    assert.deepEqual([encoder.name, decoder.name, encoder.tokens], ["encoder", "decoder", 512]);
    assert.deepEqual(decoder.position, { kind: "t5-buckets", buckets: 32, maxDistance: 128, bidirectional: false });
    const deberta = one("deberta-v3-base");
    assert.equal(deberta.position.kind, "none");
    const { mixer } = deberta.layers[0];
    assert.deepEqual(mixer.kind === "attention" && mixer.heads[0].bias, {
      kind: "log-buckets",
      buckets: 256,
      maxDistance: 512,
    });
  });

  it("images are patches and the tokens added to them", () => {
    assert.equal(read({ model_type: "vit" }).architecture.tokens, 197);
    assert.equal(read({ model_type: "deit" }).architecture.tokens, 198);
    assert.equal(
      read({ model_type: "vit", image_size: [224, 112], patch_size: [16, 8] }).architecture.tokens,
      14 * 14 + 1,
    );
  });

  it("positions start after the padding index", () => {
    assert.equal(read({ model_type: "roberta", max_position_embeddings: 514 }).architecture.tokens, 512);
    assert.equal(
      read({ model_type: "roberta", max_position_embeddings: 514, pad_token_id: 0 }).architecture.tokens,
      513,
    );
    assert.equal(read({ model_type: "opt" }).architecture.tokens, 2048);
  });

  it("BigBird attends in full to what is too short for its blocks", () => {
    const kind = (tokens: number) =>
      patternOf(read({ model_type: "big_bird", uap: { tokens } }).architecture.layers[0]).kind;
    assert.deepEqual([kind(704), kind(705)], ["full", "bigbird"]);
  });

  it("a decoder built from an encoder's type is causal", () => {
    const { architecture, skipped } = read({ model_type: "bert", is_decoder: true, add_cross_attention: true });
    assert.deepEqual([patternOf(architecture.layers[0]).kind, architecture.target.visibility], ["causal", "causal"]);
    assert.deepEqual(
      skipped.map(({ affects }) => affects),
      ["nothing"],
    );
  });

  it("DeBERTa's longest offset back has the code of the one before it, the longest ahead its own", () => {
    const keys = { model_type: "deberta-v2", relative_attention: true, pos_att_type: ["c2p"], position_buckets: -1 };
    const bias = (more: Record<string, unknown>) => {
      const { architecture, skipped } = read({ ...keys, ...more });
      const { mixer } = architecture.layers[0];
      return { bias: mixer.kind === "attention" ? mixer.heads[0].bias : null, skipped };
    };
    assert.deepEqual(bias({ uap: { tokens: 512 } }).bias, { kind: "relative", offsets: "signed", clip: 512 });
    assert.deepEqual(bias({ max_relative_positions: 2, uap: { tokens: 4 } }).bias, {
      kind: "pairs",
      classes: [
        [1, 2, 3, 3],
        [0, 1, 2, 3],
        [0, 0, 1, 2],
        [0, 0, 0, 1],
      ],
    });
    assert.deepEqual(
      bias({ uap: { tokens: 513 } }).skipped.map(({ affects }) => affects),
      ["everything"],
    );
  });

  it("what is skipped says what it leaves undecided", () => {
    const affects = (keys: Record<string, unknown>) =>
      [...new Set(read(keys).skipped.map((skipped) => skipped.affects))].sort();
    assert.deepEqual(affects({ model_type: "albert" }), ["certificate"]);
    assert.deepEqual(affects({ model_type: "albert", num_hidden_groups: 12 }), []);
    assert.deepEqual(affects({ model_type: "gptj" }), ["certificate"]);
    assert.deepEqual(affects({ model_type: "gpt_neox", use_parallel_residual: false }), []);
    assert.deepEqual(affects({ model_type: "fnet" }), ["everything"]);
    assert.deepEqual(affects({ model_type: "reformer" }), ["certificate", "everything"]);
    assert.deepEqual(affects({ model_type: "reformer", attn_layers: ["local"] }), ["certificate"]);
    assert.deepEqual(affects({ model_type: "nystromformer" }), ["everything"]);
    assert.deepEqual(affects({ model_type: "nystromformer", conv_kernel_size: null, num_landmarks: 32 }), []);
    assert.deepEqual(affects({ model_type: "yoso", use_expectation: false }), ["everything"]);
    assert.deepEqual(affects({ model_type: "bert", hidden_act: "mish" }), ["certificate"]);
    assert.deepEqual(affects({ model_type: "bert" }), []);
    assert.deepEqual(affects({ model_type: "bert", position_embedding_type: "relative_key" }), ["nothing"]);
    assert.deepEqual(affects({ model_type: "esm", position_embedding_type: "relative_key" }), ["everything"]);
  });
});

describe("the uap object", () => {
  it("sets the length", () => {
    assert.equal(read({ model_type: "t5", uap: { tokens: 77 } }).architecture.tokens, 77);
    assert.deepEqual(read({ model_type: "t5", uap: { tokens: 77 } }).skipped, []);
    assert.equal(read({ model_type: "t5" }).skipped.length, 1);
  });

  it("adds global tokens to the layers with a window", () => {
    const global = (keys: Record<string, unknown>) =>
      read({ ...keys, uap: { globals: [3, 0, 3] } }).architecture.layers.map((block) => patternOf(block));
    assert.deepEqual(global({ model_type: "longformer" }), [
      { kind: "longformer", window: 256, globals: [0, 3], dilation: 1 },
    ]);
    assert.deepEqual(global({ model_type: "modernbert", num_hidden_layers: 2 }), [
      { kind: "full" },
      { kind: "longformer", window: 64, globals: [0, 3], dilation: 1 },
    ]);
    const window = { kind: "window", left: 4095, right: 0, circular: false, dilation: 1 };
    assert.deepEqual(global({ model_type: "mistral" }), [
      {
        kind: "all",
        patterns: [{ kind: "causal" }, { kind: "any", patterns: [window, { kind: "global", tokens: [0, 3] }] }],
      },
    ]);
    assert.deepEqual(
      read({ model_type: "bert", uap: { globals: [1] } }).skipped.map(({ affects }) => affects),
      ["nothing"],
    );
  });
});

describe("places", () => {
  const at = (file: string, path: SpecPath, index = 0): string => {
    const content = text(`${file}.config.json`);
    return slice(content, readText(content)[index].locate(path));
  };
  const layer = (i: number, ...rest: SpecPath): SpecPath => ["layers", i, ...rest];

  it("are those of the keys that decide", () => {
    assert.equal(at("mistral-7b-v0.1", ["tokens"]), "32768");
    assert.equal(at("mistral-7b-v0.1", ["width"]), "4096");
    assert.equal(at("mistral-7b-v0.1", layer(0, "repeat")), "32");
    assert.equal(at("mistral-7b-v0.1", layer(0, "attention", "pattern")), "4096");
    assert.equal(at("mistral-7b-v0.1", layer(0, "feedForward", "activation")), '"silu"');
    assert.equal(at("mistral-7b-v0.1", layer(0, "feedForward", "hidden")), "14336");
    assert.equal(at("mistral-7b-v0.1", layer(0, "norm")), "1e-05");
    assert.equal(at("mistral-7b-v0.1", ["position"]), "10000.0");
    assert.equal(at("mistral-7b-v0.1", layer(0, "attention", "heads")), "32");
    assert.equal(at("mistral-7b-v0.1", layer(0, "attention", "kernel")), '"mistral"');
    assert.equal(at("mistral-7b-v0.1", ["target", "visibility"]), '"mistral"');
    assert.equal(at("gpt2-small", layer(0, "feedForward", "bias")), '"gelu_new"');
    assert.equal(at("bert-base-uncased", ["position"]), '"absolute"');
    assert.match(at("longformer-base-4096", layer(0, "attention", "pattern")), /^\[\s+512,[^]*\]$/);
    assert.equal(at("cohere2", layer(1, "attention", "heads", 0, "pattern")), '"full_attention"');
    assert.equal(at("gemma-3-4b-it", layer(0, "attention", "pattern")), "1024");
    assert.equal(at("gemma-3-4b-it", layer(0, "repeat")), "34");
    assert.equal(at("led", layer(0, "repeat"), 1), "12");
    assert.equal(at("llama", layer(0, "feedForward", "bias")), "false");
  });

  it("never throw and always lie in the text", () => {
    const steps = fc.constantFrom<string | number>(
      "name", "tokens", "width", "registers", "position", "layers", "target", "attention", "convolution", "heads", "pattern", "bias",
      "kernel", "projection", "feedForward", "activation", "hidden", "norm", "repeat", "__proto__", 0, 1, 2, 40, -1, 0.5,
    ); // prettier-ignore
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.array(steps, { maxLength: 7 }), (file, path) => {
        const content = text(file);
        for (const architecture of readText(content)) {
          const { start, end } = architecture.locate(path);
          const inside = offsetOf(content, start) < offsetOf(content, end) && offsetOf(content, end) <= content.length;
          assert.ok(inside, JSON.stringify([start, end]));
        }
      }),
      { seed: 20260101, numRuns: 500 },
    );
  });
});

describe("edits", () => {
  /** Applies the edits for the changes, and returns the architecture read from the result and the text. */
  function edited(
    content: string,
    changes: SpecChange[],
    index = 0,
  ): { architecture: Architecture; content: string } | undefined {
    const edits = readText(content)[index].edit(changes);
    if (!edits) return undefined;
    const result = apply(content, edits);
    return { architecture: readText(result)[index].architecture, content: result };
  }
  const layer = (i: number, ...rest: SpecPath): SpecPath => ["layers", i, ...rest];
  const pattern = (i: number, value: unknown): SpecChange => ({ path: layer(i, "attention", "pattern"), value });
  const file = (name: string): string => text(`${name}.config.json`);

  /** The changes, made on the specification itself. */
  function expected(content: string, changes: SpecChange[], index = 0): Architecture {
    const input = architectureInput(readText(content)[index].architecture) as Record<string, unknown>;
    for (const { path, value } of changes) {
      let place = input;
      for (const step of path.slice(0, -1)) place = place[step] as Record<string, unknown>;
      place[path[path.length - 1]] = value;
    }
    const parsed = parseArchitecture(input);
    if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
    return parsed.architecture;
  }

  const exact: [string, string, SpecChange[], number?][] = [
    ["deeper BERT", file("bert-base-uncased"), [{ path: layer(0, "repeat"), value: 20 }]],
    ["deeper GPT-2, whose key is n_layer", file("gpt2-small"), [{ path: layer(0, "repeat"), value: 3 }]],
    [
      "deeper Longformer, whose windows are a list",
      file("longformer-base-4096"),
      [{ path: layer(0, "repeat"), value: 16 }],
    ],
    ["deeper ALBERT", file("albert"), [{ path: layer(0, "repeat"), value: 24 }]],
    ["deeper Gemma 3 with its list of layers", file("gemma3_text"), [{ path: layer(8, "repeat"), value: 30 }]],
    ["deeper Gemma 3 without a list of layers", file("gemma-3-4b-it"), [{ path: layer(10, "repeat"), value: 5 }]],
    ["Gemma 3 with another alternation", file("gemma-3-4b-it"), [{ path: layer(0, "repeat"), value: 9 }]],
    ["deeper GPT-Neo", file("gpt_neo"), [{ path: layer(1, "repeat"), value: 5 }]],
    ["deeper Qwen 2", '{"model_type":"qwen2","use_sliding_window":true,"max_window_layers":2,"num_hidden_layers":4}', [{ path: layer(0, "repeat"), value: 6 }]], // prettier-ignore
    ["deeper T5 encoder", file("t5-small"), [{ path: layer(0, "repeat"), value: 8 }]],
    ["deeper T5 decoder", file("t5-small"), [{ path: layer(0, "repeat"), value: 8 }], 1],
    ["wider Mistral window", file("mistral-7b-v0.1"), [pattern(0, { window: { left: 8191 } })]],
    ["Mistral without a window", file("mistral-7b-v0.1"), [pattern(0, "causal")]],
    ["wider Longformer window", file("longformer-base-4096"), [pattern(0, { longformer: { window: 342 } })]],
    [
      "global token for Longformer",
      file("longformer-base-4096"),
      [pattern(0, { longformer: { window: 256, globals: [0] } })],
    ],
    ["global token and depth", file("longformer-base-4096"), [pattern(0, { longformer: { window: 256, globals: [0] } }), { path: layer(0, "repeat"), value: 2 }]], // prettier-ignore
    [
      "wider ModernBERT window",
      file("modernbert-base"),
      [1, 3, 5, 7, 9, 11, 13].map((i) => pattern(i, { window: 300 })),
    ],
    ["biased Llama", file("llama"), [{ path: layer(0, "feedForward", "bias"), value: true }]],
    [
      "biased Llama that does not say so",
      '{"model_type":"llama"}',
      [{ path: layer(0, "feedForward", "bias"), value: true }],
    ],
    ["activation", file("bert"), [{ path: layer(0, "feedForward", "activation"), value: "relu" }]],
    ["gated activation", file("llama"), [{ path: layer(0, "feedForward", "activation"), value: "geglu" }]],
    ["relative positions", file("bert-base-uncased"), [{ path: ["position"], value: { relative: "signed" } }]],
    [
      "absolute positions",
      '{"model_type":"esm","position_embedding_type":"rotary"}',
      [{ path: ["position"], value: "absolute" }],
    ],
    ["absolute positions for DeBERTa", file("deberta-v3-base"), [{ path: ["position"], value: "absolute" }]],
    ["length", file("mistral-7b-v0.1"), [{ path: ["tokens"], value: 8192 }]],
    ["BigBird in full", file("big_bird"), [pattern(0, "full")]],
  ];
  for (const [name, content, changes, index] of exact) {
    it(`${name}: reading the edited file gives the changed architecture`, () => {
      const result = edited(content, changes, index);
      assert.ok(result, "no edit");
      assert.notEqual(result.content, content);
      assert.deepEqual(result.architecture, expected(content, changes, index));
    });
  }

  it("a global token joins windows of equal sides however the change writes it", () => {
    const union = { any: [{ window: 64 }, { global: [0] }] };
    const result = edited(
      file("modernbert-base"),
      [1, 3, 5, 7, 9, 11, 13].map((i) => pattern(i, union)),
    );
    assert.ok(result, "no edit");
    assert.match(result.content, /"uap": \{\s+"globals": \[\s+0\s+\]\s+\}/);
    assert.deepEqual(patternOf(result.architecture.layers[1]), {
      kind: "longformer",
      window: 64,
      globals: [0],
      dilation: 1,
    });
  });

  it("keeps what the uap object says", () => {
    const content = '{"model_type": "longformer", "uap": {"tokens": 64}}';
    const result = edited(content, [pattern(0, { longformer: { window: 256, globals: [5] } })]);
    assert.equal(result?.architecture.tokens, 64);
  });

  it("keeps the line ends of the file", () => {
    const content = file("longformer-base-4096").replaceAll("\n", "\r\n");
    const result = edited(content, [pattern(0, { longformer: { window: 256, globals: [0] } })]);
    assert.ok(result, "no edit");
    assert.doesNotMatch(result.content, /[^\r]\n/);
  });

  const impossible: [string, string, SpecChange[], number?][] = [
    ["one of several windows", file("modernbert-base"), [pattern(1, { window: 300 })]],
    ["a Longformer dilation", file("longformer-base-4096"), [pattern(0, { longformer: { window: 256, dilation: 2 } })]],
    ["a window for BERT", file("bert-base-uncased"), [pattern(0, { window: 16 })]],
    ["a bias for Mistral", file("mistral-7b-v0.1"), [{ path: layer(0, "feedForward", "bias"), value: true }]],
    [
      "a plain activation for a gated network",
      file("llama"),
      [{ path: layer(0, "feedForward", "activation"), value: "gelu" }],
    ],
    ["frozen weights", file("bert"), [{ path: layer(0, "feedForward", "frozen"), value: true }]],
    ["registers", file("bert"), [{ path: ["registers"], value: 4 }]],
    ["positions for T5", file("t5-small"), [{ path: ["position"], value: "absolute" }]],
    [
      "the encoder's depth where the decoder follows it",
      '{"model_type":"t5","num_layers":4}',
      [{ path: layer(0, "repeat"), value: 8 }],
    ],
    ["a kernel", file("bert"), [{ path: layer(0, "attention", "kernel"), value: "gaussian" }]],
    ["a block that is not there", file("bert"), [{ path: layer(4, "repeat"), value: 8 }]],
    ["no architecture at all", file("bert"), [{ path: layer(0, "repeat"), value: -1 }]],
    [
      "a global token past a causal mask",
      file("mistral-7b-v0.1"),
      [pattern(0, { any: [{ window: { left: 4095 } }, { global: [0] }] })],
    ],
    ["a depth that ALBERT's groups do not divide", '{"model_type":"albert","inner_group_num":2}', [{ path: layer(0, "repeat"), value: 25 }]], // prettier-ignore
    ["the whole", file("bert"), [{ path: [], value: {} }]],
  ];
  for (const [name, content, changes, index] of impossible) {
    it(`cannot express ${name}`, () => assert.equal(edited(content, changes, index), undefined));
  }
});

describe("configurations that cannot be read", () => {
  const wrong: [string, string, RegExp, string?][] = [
    ["no object", "[1]", /JSON object/, "[1]"],
    ["nothing", "", /JSON/],
    ["no JSON", '{"model_type": "bert",,}', /not JSON/],
    ["NaN", '{"model_type": "bert", "hidden_size": NaN}', /not JSON/, "NaN"],
    ["deep nesting", '{"model_type": '.padEnd(200_000, "["), /nested/],
    ["no type", '{"hidden_size": 5}', /`model_type` is missing/],
    ["a type that is no string", '{"model_type": 7}', /must be a string/, "7"],
    ["a word for a number", '{"model_type": "bert", "num_hidden_layers": "twelve"}', /`num_hidden_layers` is "twelve"; expected a whole number from 1 to 4096/, '"twelve"'], // prettier-ignore
    ["no layers", '{"model_type": "bert", "num_hidden_layers": 0}', /whole number/, "0"],
    ["half a layer", '{"model_type": "bert", "num_hidden_layers": 1.5}', /whole number/, "1.5"],
    [
      "10^12 positions",
      '{"model_type": "bert", "max_position_embeddings": 1000000000000}',
      /whole number/,
      "1000000000000",
    ],
    ["1e309", '{"model_type": "bert", "hidden_size": 1e309}', /whole number/, "1e309"],
    ["a flag that is none", '{"model_type": "bert", "is_decoder": "yes"}', /true or false/, '"yes"'],
    [
      "an unknown position",
      '{"model_type": "bert", "position_embedding_type": "moon"}',
      /expected "absolute" or/,
      '"moon"',
    ],
    ["an unknown layer type", '{"model_type": "gemma2", "num_hidden_layers": 1, "layer_types": ["odd"]}', /`layer_types\[0\]` is "odd"/, '"odd"'], // prettier-ignore
    ["too few layer types", '{"model_type": "gemma2", "num_hidden_layers": 2, "layer_types": ["full_attention"]}', /lists 1 layers, but the model has 2/], // prettier-ignore
    ["a missing window", '{"model_type": "gemma2", "sliding_window": null}', /need a window/, "null"],
    ["an odd window", '{"model_type": "longformer", "attention_window": 7}', /even/, "7"],
    ["too few windows", '{"model_type": "longformer", "attention_window": [8]}', /lists 1 layers/],
    [
      "endless layers",
      '{"model_type": "gpt_neo", "attention_types": [[["local"], 1000000000000]]}',
      /lists 1000000000000 layers/,
    ],
    ["odd layers", '{"model_type": "gpt_neo", "attention_types": [["local", 24]]}', /expected groups/],
    [
      "an offset table that is too short",
      '{"model_type": "mpnet", "relative_attention_num_buckets": 16}',
      /from 32 to/,
      "16",
    ],
    ["too few buckets for two sides", '{"model_type": "t5", "relative_attention_num_buckets": 2}', /from 4 to/, "2"],
    ["distances that end before the logarithmic buckets", '{"model_type": "t5", "relative_attention_max_distance": 8}', /from 9 to/, "8"], // prettier-ignore
    ["no patches", '{"model_type": "vit", "image_size": 8}', /0 patches/, "8"],
    ["no positions left", '{"model_type": "roberta", "max_position_embeddings": 2}', /rows before position 0/, "2"],
    ["a number for uap", '{"model_type": "bert", "uap": 4}', /`uap` must be an object/, "4"],
    ["no length", '{"model_type": "bert", "uap": {"tokens": 0}}', /whole number/, "0"],
    [
      "a global token outside",
      '{"model_type": "longformer", "uap": {"tokens": 8, "globals": [8]}}',
      /names token 8/,
      "[8]",
    ],
    ["another key of uap", '{"model_type": "bert", "uap": {"depth": 3}}', /not known/, "3"],
    ["a text_config that is none", '{"model_type": "gemma3", "text_config": 3}', /must be an object/, "3"],
  ];
  for (const [name, content, message, range] of wrong) {
    it(`says so of ${name}`, () => {
      const { architectures, errors } = readHuggingFace(content, "config.json");
      assert.deepEqual(architectures, []);
      assert.ok(errors.length > 0, "no error");
      assert.match(errors[0].message, message);
      if (range !== undefined) assert.equal(slice(content, errors[0].range), range);
    });
  }

  it("says of an unknown type what is and what is not understood", () => {
    const content = '{"model_type": "xyz", "n_layer": 12, "hidden_size": 768}';
    const { errors } = readHuggingFace(content, "config.json");
    assert.equal(errors.length, 1);
    assert.match(
      errors[0].message,
      /`xyz` is not known; it has 12 layers, 768 wide; not understood: its attention pattern/,
    );
    assert.equal(slice(content, errors[0].range), '"xyz"');
  });

  it("says each error once", () => {
    const { errors } = readHuggingFace('{"model_type": "t5", "d_model": "wide"}', "config.json");
    assert.equal(errors.length, 1);
  });

  it("never throws, whatever is in the file, and places every error", () => {
    const values = fc.oneof(
      fc.constantFrom(
        "null",
        "-1",
        "0",
        "1e309",
        "1e12",
        "0.5",
        '"x"',
        "[]",
        "{}",
        "true",
        "[[[]]]",
        '["local"]',
        "[1]",
        "NaN",
        '"',
      ),
      fc.json({ maxDepth: 3 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.nat(),
        fc.nat(),
        values,
        fc.nat({ max: 2 }),
        (file, at, length, value, how) => {
          const whole = text(file);
          const from = at % whole.length;
          const keys = [...whole.matchAll(/: ([^{}[\],\n]+|\[[^\]]*\])/g)];
          const key = keys[at % keys.length];
          const content = [
            () => whole.slice(0, from),
            () => whole.slice(0, from) + whole.slice(from + (length % 20)),
            () => `${whole.slice(0, key.index)}: ${value}${whole.slice(key.index + key[0].length)}`,
          ][how]();
          const { architectures, errors } = readHuggingFace(content, file);
          assert.notEqual(architectures.length > 0, errors.length > 0);
          for (const { range, message } of [...errors, ...architectures.flatMap(({ skipped }) => skipped)]) {
            assert.ok(message.length > 0 && message.length < 400, message);
            assert.ok(offsetOf(content, range.start) <= offsetOf(content, range.end), message);
            assert.ok(offsetOf(content, range.end) <= content.length, message);
          }
          for (const { architecture } of architectures) {
            const parsed = parseArchitecture(architectureInput(architecture));
            if ("problems" in parsed) assert.fail(`${content}\n${JSON.stringify(parsed.problems)}`);
          }
        },
      ),
      { seed: 20260101, numRuns: 3000 },
    );
  });
});
