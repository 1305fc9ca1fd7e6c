/** An architecture as a module of PyTorch: attention written out, or by flex_attention. */
import type { ActivationName, Architecture, Block, Convolution, FeedForward, Norm } from "../../theory/architecture/schema"; // prettier-ignore
import { numbers, Program, withShortLines } from "./program";
import {
  classesName,
  learnedName,
  type Mechanism,
  mechanismOf,
  reads,
  turning,
  weighting,
  biasesOf,
  dependences,
} from "./attention";
import { type Dialect, torchDialect } from "./dialect";
import { check, expectations, factsOf, fileDocstring, grids, sizes } from "./file";
import { flexBody } from "./flex";

export const activation: Record<Exclude<ActivationName, "swiglu" | "geglu" | "linear">, (x: string) => string> = {
  relu: (x) => `F.relu(${x})`,
  gelu: (x) => `F.gelu(${x}, approximate="tanh")`,
  silu: (x) => `F.silu(${x})`,
  tanh: (x) => `torch.tanh(${x})`,
  sigmoid: (x) => `torch.sigmoid(${x})`,
  softplus: (x) => `F.softplus(${x})`,
  elu: (x) => `F.elu(${x})`,
  "leaky-relu": (x) => `F.leaky_relu(${x}, 0.01)`,
  "relu-squared": (x) => `F.relu(${x}) ** 2`,
};

/** A class of \`nn.Module\`. */
function moduleClass(name: string, doc: string, parameters: string[], init: string[], forward: string[]): string {
  const indented = (lines: string[]) => lines.map((line) => (line === "" ? "" : `        ${line}`)).join("\n");
  const own = parameters.length === 0 ? "self" : `self, ${parameters.join(", ")}`;
  return `class ${name}(nn.Module):
    """${doc}"""

    def __init__(${own}):
        super().__init__()
${indented(init)}

    def forward(self, x):
${indented(forward)}`;
}

export function torchText(architecture: Architecture, flex: boolean): { fileName: string; text: string } {
  const facts = factsOf(architecture);
  const program = new Program();
  const writer = new TorchWriter(architecture, program, flex);
  const model = writer.model(facts.className);
  const notes = flex
    ? ['On a GPU, set DEVICE to "cuda"; flex_attention is then compiled, and wants heads of a width of 16 or more.']
    : [];
  const imports = flex ? "from torch.nn.attention.flex_attention import create_block_mask, flex_attention\n" : "";
  const uses = (word: string) => program.uses(word) || new RegExp(`\\b${word}\\b`).test(model);
  const setUp = [
    "torch.manual_seed(0)",
    `model = ${facts.className}()${flex ? ".to(DEVICE)" : ""}`,
    "",
    ...(flex
      ? [
          "# On a CPU flex_attention has no derivative: what outputs depend on is measured by",
          "# changing the inputs, one token at a time.",
          "@torch.no_grad()",
          "def run(x):",
          "    return model(x)",
          "",
          "x = torch.randn(2, TOKENS, WIDTH, device=DEVICE)",
          "y = run(x)",
        ]
      : ["def run(x):", "    return model(x).detach()", "", "x = torch.randn(2, TOKENS, WIDTH)", "y = run(x)"]),
  ];
  const dependence = flex
    ? [
        "changes = []",
        "for r in range(TOKENS):",
        "    changed = x.clone()",
        "    changed[:, r] = torch.randn_like(changed[:, r])",
        "    changes.append((run(changed) != y).any(dim=-1).any(dim=0)[list(OUTPUTS)])",
        "depends = torch.stack(changes, dim=1).tolist()",
      ]
    : [
        "direction = torch.randn(WIDTH)",
        "",
        "def outputs(x):",
        "    return (model(x)[:, list(OUTPUTS)] @ direction).sum(dim=0)",
        "",
        "jacobian = torch.autograd.functional.jacobian(outputs, x)",
        ...dependences(architecture, "torch"),
      ];
  const text = [
    fileDocstring(architecture, facts, flex ? "PyTorch with flex_attention" : "PyTorch", notes),
    `\n${uses("math") ? "import math\n\n" : ""}import torch\n`,
    uses("F") ? "import torch.nn.functional as F\n" : "",
    "from torch import nn\n",
    imports,
    "\n",
    flex ? `DEVICE = "cpu"\n\n` : "",
    sizes(architecture),
    program.constants,
    flex ? "" : grids("torch", program.constants, uses),
    flex ? '\nif DEVICE != "cpu":\n    flex_attention = torch.compile(flex_attention)\n' : "",
    program.definitions,
    `\n\n# uap: tokens=${architecture.tokens}\n${model}\n`,
    "\n\n",
    expectations(facts),
    check(facts, setUp, dependence),
    '\n\nif __name__ == "__main__":\n    torch.set_default_dtype(torch.float64)\n    raise SystemExit(0 if check() else 1)\n',
  ].join("");
  return { fileName: facts.fileName, text: withShortLines(text) };
}

class TorchWriter {
  private readonly dialect: Dialect;

  constructor(
    private readonly architecture: Architecture,
    private readonly program: Program,
    private readonly flex: boolean,
  ) {
    this.dialect = torchDialect(flex);
  }

  /** The class of the whole. */
  model(name: string): string {
    const { architecture, program } = this;
    const { position, registers, tokens, layers } = architecture;
    const init: string[] = [];
    const forward: string[] = [];
    const join = "x = torch.cat([x, self.register.expand(x.shape[0], REGISTERS, WIDTH)], dim=1)";
    if (registers > 0) init.push("self.register = nn.Parameter(torch.randn(WIDTH))");
    if (position.kind === "absolute" && position.code === "learned") {
      init.push("self.position = nn.Parameter(torch.randn(TOKENS, WIDTH))");
      forward.push("x = x + self.position");
    } else if (position.kind === "absolute") {
      program.define("functions", "sinusoids", sinusoids);
      init.push('self.register_buffer("position", sinusoids(), persistent=False)');
      forward.push("x = x + self.position");
    }
    const joinedFirst = position.kind === "classes" && position.classes.length > tokens;
    if (registers > 0 && joinedFirst) forward.push(join);
    if (position.kind === "classes") {
      const labels = [...new Set(position.classes)].sort((a, b) => a - b);
      const classes = program.constant("POSITION_CLASSES", numbers(position.classes.map((label) => labels.indexOf(label)))); // prettier-ignore
      init.push(`self.position = nn.Parameter(torch.randn(${labels.length}, WIDTH))`);
      forward.push(`x = x + self.position[${classes}]`);
    }
    if (registers > 0 && !joinedFirst) forward.push(join);
    const blocks = layers.map((block) => this.block(block));
    if (blocks.length === 1) {
      const depth = program.constant("DEPTH", String(layers[0].repeat));
      const [made, loop] = [blocks[0], `for _ in range(${depth})`];
      const line = `self.blocks = nn.ModuleList([${made} ${loop}])`;
      if (line.length <= 80) init.push(line);
      else if (made.length + loop.length <= 73) init.push("self.blocks = nn.ModuleList(", `    [${made} ${loop}]`, ")");
      else init.push("self.blocks = nn.ModuleList(", "    [", `        ${made}`, `        ${loop}`, "    ]", ")");
    } else
      init.push(
        "self.blocks = nn.ModuleList(",
        "    [",
        ...blocks.map((block, i) => `        ${layers[i].repeat === 1 ? block : `*(${block} for _ in range(${layers[i].repeat}))`},`), // prettier-ignore
        "    ]",
        ")",
      );
    forward.push("for block in self.blocks:", "    x = block(x)", registers > 0 ? "return x[:, :TOKENS]" : "return x");
    return moduleClass(name, "Maps [batch, TOKENS, WIDTH] to the same shape.", [], init, forward);
  }

  /** An expression that makes a block. */
  private block({ mixer, feedForward, norm }: Block): string {
    const own = mixer.kind === "attention" ? this.attention(mixer) : this.convolution(mixer);
    const init = ["self.mixer = mixer"];
    const forward = this.sublayer("mixer", mixer.residual, norm, init);
    if (feedForward !== null) {
      init.push(`self.feed_forward = ${this.feedForward(feedForward)}()`);
      forward.push(...this.sublayer("feed_forward", feedForward.residual, norm, init));
    }
    const last = forward[forward.length - 1];
    forward[forward.length - 1] = last.replace(/^x = /, "return ");
    const name = this.program.define(
      "classes",
      "Block",
      (name) =>
      moduleClass(name, feedForward === null ? "The mixer alone." : "A mixer and a feed-forward network.", ["mixer"], init, forward), // prettier-ignore
    );
    return `${name}(${own})`;
  }

  private sublayer(name: string, residual: boolean, norm: Norm | null, init: string[]): string[] {
    const map = (x: string) => `self.${name}(${x})`;
    if (norm !== null)
      init.push(`self.${name}_norm = nn.${norm.kind === "layer" ? "LayerNorm" : "RMSNorm"}(WIDTH, eps=1e-5)`);
    const normed = (x: string) => `self.${name}_norm(${x})`;
    const inner = map(norm?.placement === "pre" ? normed("x") : "x");
    const sum = residual ? `x + ${inner}` : inner;
    return [`x = ${norm?.placement === "post" ? normed(sum) : sum}`];
  }

  private feedForward(spec: FeedForward): string {
    const { activation: name, bias, frozen, hidden } = spec;
    const size = this.program.constant("HIDDEN", hidden === null ? "4 * WIDTH" : String(hidden));
    const gated = name === "swiglu" || name === "geglu";
    const linear = (from: string, to: string) => `nn.Linear(${from}, ${to}${bias ? "" : ", bias=False"})`;
    const act = (x: string) => (name === "linear" ? x : activation[name === "swiglu" ? "silu" : name === "geglu" ? "gelu" : name](x)); // prettier-ignore
    const init = [
      `self.inner = ${linear("WIDTH", size)}`,
      ...(gated ? [`self.gate = ${linear("WIDTH", size)}`] : []),
      `self.outer = ${linear(size, "WIDTH")}`,
      ...(frozen ? ["for parameter in self.parameters():", "    parameter.requires_grad = False"] : []),
    ];
    const forward = [`return self.outer(${act("self.inner(x)")}${gated ? " * self.gate(x)" : ""})`];
    const doc = `The same network for every token${frozen ? ", never trained" : ""}.`;
    return this.program.define("classes", "FeedForward", (own) => moduleClass(own, doc, [], init, forward));
  }

  private convolution({ offsets }: Convolution): string {
    const { registers } = this.architecture;
    const list = this.program.constant("OFFSETS", numbers(offsets));
    const forward = [
      ...(registers > 0 ? ["x = x[:, :TOKENS]"] : []),
      `shifted = torch.stack([x.roll(-offset, dims=1) for offset in ${list}], dim=-1)`,
      ...(registers > 0 ? ["return F.pad(shifted @ self.taps, (0, 0, 0, REGISTERS))"] : ["return shifted @ self.taps"]),
    ];
    const init = [`self.taps = nn.Parameter(torch.randn(len(${list})) / len(${list}) ** 0.5)`];
    const doc = "Circular convolution: token t reads the tokens t + offset.";
    return `${this.program.define("classes", "Convolution", (name) => moduleClass(name, doc, [], init, forward))}()`;
  }

  /** An expression that makes the attention of a layer. */
  private attention(spec: Extract<Block["mixer"], { kind: "attention" }>): string {
    const { architecture, program, dialect, flex } = this;
    const mechanism = mechanismOf(spec, architecture, program, dialect);
    const { heads, columns, head, mask, codes, alibi } = mechanism;
    const parameters: string[] = [];
    const arguments_: string[] = [];
    const linears = [...(reads(mechanism) ? ["query", "key"] : []), "value"];
    const init = [
      ...linears.map((name) => `self.${name} = nn.Linear(WIDTH, ${heads} * ${columns}, bias=False)`),
      `self.output = nn.Linear(${heads} * ${columns}, WIDTH, bias=False)`,
    ];
    const table = (name: string, { name: fn, ofHeads }: { name: string; ofHeads: boolean }) => {
      parameters.push(name);
      arguments_.push(flex ? fn : `${fn}(${ofHeads ? `${head}, ` : ""}QUERY, KEY)`);
      if (!flex) init.push(`self.register_buffer("${name}", ${name}, persistent=False)`);
      else if (name !== "mask") init.push(`self.${name} = ${name}`);
    };
    for (const code of codes) {
      const { kind, count } = code;
      if (kind === "bias") init.push(`self.${learnedName(code)} = nn.Parameter(0.1 * torch.randn(${heads}, ${count}))`);
      else
        for (const end of ["query", "key"])
          init.push(
            `self.${learnedName(code)}_${end} = nn.Parameter(0.3 * torch.randn(${heads}, ${count}, ${columns}))`,
          );
    }
    init.push(...kernelParameters(mechanism));
    if (mask !== null) table("mask", mask);
    for (const code of codes) table(classesName(code), code.classes);
    if (alibi !== null) {
      if (flex) table("alibi", alibi);
      else init.push(`self.register_buffer("alibi", ${alibi.name}(${head}, QUERY, KEY), persistent=False)`);
    }
    const forward = reads(mechanism)
      ? [
          "q, k, v = (",
          `    linear(x).unflatten(-1, (${heads}, ${columns})).transpose(1, 2)`,
          "    for linear in (self.query, self.key, self.value)",
          ")",
        ]
      : [`v = self.value(x).unflatten(-1, (${heads}, ${columns})).transpose(1, 2)`];
    if (flex) {
      const { init: more, forward: lines } = flexBody(mechanism, dialect);
      init.push(...more);
      forward.push(...lines);
    } else forward.push(...attentionLines(mechanism, dialect, program));
    forward.push("return self.output(y.transpose(1, 2).flatten(2))");
    const name = program.define("classes", "Attention", (own) =>
      moduleClass(own, describe(mechanism), parameters, init, forward),
    );
    return `${name}(${arguments_.join(", ")})`;
  }
}

const descriptions: Record<string, string> = {
  softmax: "Softmax attention",
  gaussian: "Attention with weights exp(-|q - k|^2 / 2)",
  performer: "Attention with Performer's positive random features (arXiv 2009.14794)",
  "exponential-additive": "Attention with weights exp(w.q + w.k)",
  "linear-elu": "Linear attention with features elu + 1",
  "linear-relu": "Linear attention with features relu + 0.001",
  polynomial: "Attention with weights (q.k)^degree",
  cosine: "Attention by the cosine of queries and keys",
  sigmoid: "Sigmoid attention",
  uniform: "The mean of the keys' values",
  hard: "",
};

export function describe({ spec: { kernel, normalized, projection } }: Mechanism): string {
  const along = { none: "", linformer: ", keys and values mixed along the sequence", nystrom: ", through the means of segments" }; // prettier-ignore
  const what = kernel.name === "uniform" && !normalized ? "The sum of the keys' values" : descriptions[kernel.name];
  const rows = kernel.name === "uniform" || normalized ? "" : ", not normalised";
  return `${what}${along[projection.kind]}${rows}.`;
}

/** What a kernel or a projection along the sequence learns, or draws once. */
function kernelParameters({ spec: { kernel, projection }, heads, columns, rank, size }: Mechanism): string[] {
  const lines: string[] = [];
  if (kernel.name === "exponential-additive") lines.push(`self.direction = nn.Parameter(torch.randn(${heads}, ${columns}) / ${columns}**0.5)`); // prettier-ignore
  if (kernel.name === "cosine") lines.push(`self.sharpness = nn.Parameter(torch.ones(${heads}, 1, 1))`);
  if (kernel.name === "performer") lines.push(`self.register_buffer("features", torch.randn(${columns}, ${size}))`);
  if (projection.kind === "linformer")
    for (const name of kernel.name === "uniform" ? ["mix_values"] : ["mix_keys", "mix_values"]) {
      const drawn = `torch.randn(${heads}, ${rank}, SIZE) / SIZE**0.5`;
      lines.push(projection.trainable ? `self.${name} = nn.Parameter(${drawn})` : `self.register_buffer("${name}", ${drawn})`); // prettier-ignore
    }
  return lines;
}

/** The lines from \`q\`, \`k\` and \`v\` to \`y\`, [batch, heads, tokens, columns]. */
export function attentionLines(mechanism: Mechanism, dialect: Dialect, program: Program): string[] {
  const { spec, mask } = mechanism;
  const { kernel, normalized, projection } = spec;
  const { lines: turned, products } = turning(mechanism, dialect);
  const own = reads(mechanism);
  if (projection.kind === "linformer")
    return [
      ...turned,
      ...(own ? [`k = ${dialect.member("mix_keys")} @ k`] : []),
      `v = ${dialect.member("mix_values")} @ v`,
      ...weighting(mechanism, dialect, products).map((line) => (own ? line : line.replace("q.shape[-2], k.shape[-2]", "SIZE, v.shape[-2]"))), // prettier-ignore
      "y = weights @ v",
    ];
  if (projection.kind === "nystrom") {
    const segments = program.constant(
      "SEGMENTS",
      `[SIZE * i // ${mechanism.rank} for i in range(${mechanism.rank} + 1)]`,
    );
    const means = program.define("functions", "segment_means", (name) => segmentMeans(name, segments, dialect));
    const pinv = `${dialect.arrays}.linalg.pinv`;
    return [
      ...turned,
      ...(own ? [] : ["q = k = v"]),
      "",
      "def weigh(q, k):",
      ...weighting(mechanism, dialect, products).map((line) => `    ${line}`),
      "    return weights",
      "",
      `q_means, k_means = ${means}(q), ${means}(k)`,
      "summaries = weigh(q_means, k) @ v",
      `y = weigh(q, k_means) @ (${pinv}(weigh(q_means, k_means)) @ summaries)`,
    ];
  }
  if (dialect.arrays === "torch" && kernel.name === "softmax" && normalized && products.length === 0) {
    const biases = biasesOf(mechanism, dialect);
    const inMask = mask === null ? null : dialect.member("mask");
    const lines = biases.map((bias, i) => (i === 0 ? `bias = ${bias}` : `bias = bias + ${bias}`));
    if (biases.length > 0 && inMask !== null) lines.push(`bias = torch.where(${inMask}, bias, -torch.inf)`);
    const attended = biases.length > 0 ? ", attn_mask=bias" : inMask === null ? "" : `, attn_mask=${inMask}`;
    return [...turned, ...lines, `y = F.scaled_dot_product_attention(q, k, v${attended})`];
  }
  return [...turned, ...weighting(mechanism, dialect, products), "y = weights @ v"];
}

const segmentMeans = (name: string, bounds: string, { arrays }: Dialect): string => {
  const axis = arrays === "torch" ? "dim" : "axis";
  return `def ${name}(x):
    """The means of consecutive segments of tokens, Nystromformer's landmarks (arXiv 2102.03902)."""
    segments = zip(${bounds}, ${bounds}[1:])
    means = [x[:, :, first:end].mean(${axis}=-2) for first, end in segments]
    return ${arrays}.stack(means, ${axis}=-2)`;
};

const sinusoids = (name: string): string => `def ${name}():
    """Fixed positions (arXiv 1706.03762), [TOKENS, WIDTH]."""
    columns = torch.arange(WIDTH)
    rates = 10000.0 ** (-(columns - columns % 2) / WIDTH)
    angles = torch.arange(TOKENS)[:, None] * rates
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())`;
