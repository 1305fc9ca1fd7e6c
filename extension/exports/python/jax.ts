/** An architecture as functions of JAX: `init(key)` and `apply(params, x)`. */
import type { ActivationName, Architecture, Block, Convolution, FeedForward, Norm } from "../../theory/architecture/schema"; // prettier-ignore
import { classesName, dependences, learnedName, type Mechanism, mechanismOf, reads } from "./attention";
import type { PairFunction } from "./codes";
import { jaxDialect } from "./dialect";
import { check, expectations, factsOf, fileDocstring, grids, sizes } from "./file";
import { numbers, Program, withShortLines } from "./program";
import { attentionLines, describe } from "./torch";

const activation: Record<Exclude<ActivationName, "swiglu" | "geglu" | "linear">, (x: string) => string> = {
  relu: (x) => `jax.nn.relu(${x})`,
  gelu: (x) => `jax.nn.gelu(${x}, approximate=True)`,
  silu: (x) => `jax.nn.silu(${x})`,
  tanh: (x) => `jnp.tanh(${x})`,
  sigmoid: (x) => `jax.nn.sigmoid(${x})`,
  softplus: (x) => `jax.nn.softplus(${x})`,
  elu: (x) => `jax.nn.elu(${x})`,
  "leaky-relu": (x) => `jax.nn.leaky_relu(${x}, 0.01)`,
  "relu-squared": (x) => `jax.nn.relu(${x}) ** 2`,
};

/** A parameter: its name, and how Python draws it from \`next(keys)\`, or makes it without. */
interface Parameter {
  name: string;
  value: string;
}

const linear = (name: string, inputs: string, outputs: string): Parameter => ({
  name,
  value: `linear(next(keys), ${inputs}, ${outputs})`,
});
const normal = (name: string, shape: string, factor = ""): Parameter => ({
  name,
  value: `${factor === "" ? "" : `${factor} * `}jax.random.normal(next(keys), ${shape})`,
});

/** A function that draws the parameters of a part. */
function drawing(name: string, parameters: readonly Parameter[]): string {
  const drawn = parameters.filter(({ value }) => value.includes("next(keys)")).length;
  const entries = parameters.map(({ name: own, value }) => `        "${own}": ${value},`);
  return [
    `def ${name}(key):`,
    `    keys = iter(jax.random.split(key, ${drawn}))`,
    "    return {",
    ...entries,
    "    }",
  ].join("\n");
}

export function jaxText(architecture: Architecture): { fileName: string; text: string } {
  const facts = factsOf(architecture);
  const program = new Program();
  const writer = new JaxWriter(architecture, program);
  const model = writer.model();
  const uses = (word: string) => program.uses(word) || new RegExp(`\\b${word}\\b`).test(model);
  const setUp = [
    "draws, samples, way = jax.random.split(jax.random.key(0), 3)",
    "params = init(draws)",
    "",
    "@jax.jit",
    "def run(x):",
    "    return apply(params, x)",
    "",
    "x = jax.random.normal(samples, (2, TOKENS, WIDTH))",
    "y = run(x)",
  ];
  const dependence = [
    "direction = jax.random.normal(way, (WIDTH,))",
    "",
    "def outputs(x):",
    "    return (run(x)[:, jnp.array(OUTPUTS)] @ direction).sum(axis=0)",
    "",
    "jacobian = jax.jit(jax.jacrev(outputs))(x)",
    ...dependences(architecture, "jnp"),
  ];
  const text = [
    fileDocstring(architecture, facts, "JAX", []),
    uses("math") ? "\nimport math\n" : "",
    "\nimport jax\nimport jax.numpy as jnp\n\n",
    sizes(architecture),
    program.constants,
    grids("jnp", program.constants, uses),
    program.definitions,
    `\n\n${model}\n`,
    "\n\n",
    expectations(facts),
    check(facts, setUp, dependence),
    '\n\nif __name__ == "__main__":\n    jax.config.update("jax_enable_x64", True)\n    raise SystemExit(0 if check() else 1)\n',
  ].join("");
  return { fileName: facts.fileName, text: withShortLines(text) };
}

/** A part of the model: the names of the functions that draw its parameters and compute it. */
interface Part {
  init: string;
  apply: (params: string, x: string) => string;
}

class JaxWriter {
  constructor(
    private readonly architecture: Architecture,
    private readonly program: Program,
  ) {}

  /** The functions init and apply. */
  model(): string {
    const { architecture, program } = this;
    const { position, registers, tokens, layers } = architecture;
    /** Shapes. */
    const parameters: Parameter[] = [];
    const lines: string[] = [];
    const join = [
      'start = jnp.broadcast_to(params["register"], (x.shape[0], REGISTERS, WIDTH))',
      "x = jnp.concatenate([x, start], axis=1)",
    ];
    if (registers > 0) parameters.push({ name: "register", value: "(WIDTH,)" });
    if (position.kind === "absolute" && position.code === "learned") {
      parameters.push({ name: "position", value: "(TOKENS, WIDTH)" });
      lines.push('x = x + params["position"]');
    } else if (position.kind === "absolute") {
      program.define("functions", "sinusoids", sinusoids);
      lines.push("x = x + sinusoids()");
    }
    const joinedFirst = position.kind === "classes" && position.classes.length > tokens;
    if (registers > 0 && joinedFirst) lines.push(...join);
    if (position.kind === "classes") {
      const labels = [...new Set(position.classes)].sort((a, b) => a - b);
      const classes = program.constant("POSITION_CLASSES", numbers(position.classes.map((label) => labels.indexOf(label)))); // prettier-ignore
      parameters.push({ name: "position", value: `(${labels.length}, WIDTH)` });
      lines.push(`x = x + params["position"][jnp.array(${classes})]`);
    }
    if (registers > 0 && !joinedFirst) lines.push(...join);
    const parts = layers.map((block) => this.block(block));
    const depth = program.constant("DEPTH", String(layers.reduce((sum, { repeat }) => sum + repeat, 0)));
    const end = registers > 0 ? "return x[:, :TOKENS]" : "return x";
    const drawn = parameters.map(({ name, value }, i) => `    "${name}": jax.random.normal(keys[${i}], ${value}),`); // prettier-ignore
    const first = parameters.length;
    const oneKind = parts.every(
      ({ init, apply }) => init === parts[0].init && apply("", "") === parts[0].apply("", ""),
    );
    const split = `keys = jax.random.split(key, ${depth}${first > 0 ? ` + ${first}` : ""})`;
    const rest = first > 0 ? `keys[${first}:]` : "keys";
    const blocks = oneKind
      ? `[${parts[0].init}(own) for own in ${rest}]`
      : `[draw(own) for (draw, _), own in zip(BLOCKS, ${rest})]`;
    const loop = oneKind
      ? ['for own in params["blocks"]:', `    x = ${parts[0].apply("own", "x")}`]
      : ['for (_, block), own in zip(BLOCKS, params["blocks"]):', "    x = block(own, x)"];
    const table = oneKind
      ? []
      : [
          "# How each block is drawn and computed.",
          "BLOCKS = [",
          ...parts.map(({ init, apply }, i) => {
            const pair = `(${init}, ${apply("", "").split("(")[0]})`;
            return `    ${layers[i].repeat === 1 ? pair : `*[${pair}] * ${layers[i].repeat}`},`;
          }),
          "]",
          "",
          "",
        ];
    return [
      ...table,
      "def init(key):",
      '    """Draws the parameters."""',
      `    ${split}`,
      "    return {",
      ...drawn.map((line) => `    ${line}`),
      `        "blocks": ${blocks},`,
      "    }",
      "",
      "",
      "def apply(params, x):",
      '    """Maps [batch, TOKENS, WIDTH] to the same shape."""',
      ...[...lines, ...loop, end].map((line) => `    ${line}`),
    ].join("\n");
  }

  private block({ mixer, feedForward, norm }: Block): Part {
    const { program } = this;
    const own = mixer.kind === "attention" ? this.attention(mixer) : this.convolution(mixer);
    const parts: [string, string][] = [["mixer", `${own.init}(keys[0])`]];
    const lines = this.sublayer("mixer", own.apply, mixer.residual, norm, parts);
    if (feedForward !== null) {
      const network = this.feedForward(feedForward);
      parts.push(["feed_forward", `${network.init}(keys[1])`]);
      lines.push(...this.sublayer("feed_forward", network.apply, feedForward.residual, norm, parts));
    }
    const init = program.define("functions", "init_block", (name) =>
      [
        `def ${name}(key):`,
        `    keys = jax.random.split(key, ${feedForward === null ? 1 : 2})`,
        "    return {",
        ...parts.map(([part, draw]) => `        "${part}": ${draw},`),
        "    }",
      ].join("\n"),
    );
    lines[lines.length - 1] = lines[lines.length - 1].replace(/^x = /, "return ");
    const name = program.define("functions", "block", (own) =>
      [`def ${own}(params, x):`, ...lines.map((line) => `    ${line}`)].join("\n"),
    );
    return { init, apply: (params, x) => `${name}(${params}, ${x})` };
  }

  private sublayer(
    name: string,
    map: Part["apply"],
    residual: boolean,
    norm: Norm | null,
    parts: [string, string][],
  ): string[] {
    const image = (x: string) => map(`params["${name}"]`, x);
    if (norm === null) return [`x = ${residual ? "x + " : ""}${image("x")}`];
    const layer = norm.kind === "layer";
    parts.push([`${name}_norm`, layer ? '{"weight": jnp.ones(WIDTH), "bias": jnp.zeros(WIDTH)}' : '{"weight": jnp.ones(WIDTH)}']); // prettier-ignore
    const fn = this.program.define("functions", layer ? "layer_norm" : "rms_norm", layer ? layerNorm : rmsNorm);
    const normed = (x: string) => `${fn}(params["${name}_norm"], ${x})`;
    if (norm.placement === "pre") {
      const whole = `x = ${residual ? "x + " : ""}${image(normed("x"))}`;
      if (whole.length <= 84) return [whole];
      return [`y = ${normed("x")}`, `x = ${residual ? "x + " : ""}${image("y")}`];
    }
    const whole = `x = ${normed(`${residual ? "x + " : ""}${image("x")}`)}`;
    if (whole.length <= 81) return [whole];
    return [`x = ${residual ? "x + " : ""}${image("x")}`, `x = ${normed("x")}`];
  }

  private feedForward(spec: FeedForward): Part {
    const { activation: name, bias, frozen, hidden } = spec;
    const { program } = this;
    const size = program.constant("HIDDEN", hidden === null ? "4 * WIDTH" : String(hidden));
    const gated = name === "swiglu" || name === "geglu";
    const affineParameters = (own: string, from: string, to: string): Parameter[] => [
      linear(own, from, to),
      ...(bias ? [normal(`${own}_bias`, `(${to},)`, "0.3")] : []),
    ];
    const parameters = [
      ...affineParameters("inner", "WIDTH", size),
      ...(gated ? affineParameters("gate", "WIDTH", size) : []),
      ...affineParameters("outer", size, "WIDTH"),
    ];
    this.defineLinear();
    const init = program.define("functions", "init_feed_forward", (fn) => drawing(fn, parameters));
    const affine = (own: string, x: string) => `${x} @ params["${own}"]${bias ? ` + params["${own}_bias"]` : ""}`;
    const act = (x: string) => (name === "linear" ? x : activation[name === "swiglu" ? "silu" : name === "geglu" ? "gelu" : name](x)); // prettier-ignore
    const lines = [
      ...(frozen ? ["params = jax.lax.stop_gradient(params)  # never trained"] : []),
      `hidden = ${act(affine("inner", "x"))}`,
      ...(gated ? [`hidden = hidden * (${affine("gate", "x")})`] : []),
      `return ${affine("outer", "hidden")}`,
    ];
    const fn = program.define("functions", "feed_forward", (own) =>
      [`def ${own}(params, x):`, ...lines.map((line) => `    ${line}`)].join("\n"),
    );
    return { init, apply: (params, x) => `${fn}(${params}, ${x})` };
  }

  private convolution({ offsets }: Convolution): Part {
    const { program } = this;
    const { registers } = this.architecture;
    const list = program.constant("OFFSETS", numbers(offsets));
    const init = program.define("functions", "init_convolution", (fn) =>
      drawing(fn, [normal("taps", `(len(${list}),)`, `len(${list}) ** -0.5`)]),
    );
    const mixed = 'shifted @ params["taps"]';
    const fn = program.define("functions", "convolution", (own) =>
      [
        `def ${own}(params, x):`,
        '    """Circular convolution: token t reads the tokens t + offset."""',
        ...(registers > 0 ? ["    x = x[:, :TOKENS]"] : []),
        `    shifted = jnp.stack([jnp.roll(x, -offset, axis=1) for offset in ${list}], axis=-1)`,
        registers > 0 ? `    return jnp.pad(${mixed}, ((0, 0), (0, REGISTERS), (0, 0)))` : `    return ${mixed}`,
      ].join("\n"),
    );
    return { init, apply: (params, x) => `${fn}(${params}, ${x})` };
  }

  private defineLinear(): void {
    this.program.define("functions", "linear", linearFunction);
  }

  private attention(spec: Extract<Block["mixer"], { kind: "attention" }>): Part {
    const { architecture, program } = this;
    const mechanism = mechanismOf(spec, architecture, program, jaxDialect);
    const { heads, columns, head, mask, codes, alibi } = mechanism;
    const inner = `${heads} * ${columns}`;
    const linears = [...(reads(mechanism) ? ["query", "key"] : []), "value"];
    const parameters: Parameter[] = [
      ...linears.map((name) => linear(name, "WIDTH", inner)),
      linear("output", inner, "WIDTH"),
      ...codes.flatMap((code): Parameter[] => {
        const { kind, count } = code;
        if (kind === "bias") return [normal(learnedName(code), `(${heads}, ${count})`, "0.1")];
        return ["query", "key"].map((end) => normal(`${learnedName(code)}_${end}`, `(${heads}, ${count}, ${columns})`, "0.3")); // prettier-ignore
      }),
      ...kernelParameters(mechanism),
    ];
    this.defineLinear();
    const init = program.define("functions", "init_attention", (fn) => drawing(fn, parameters));
    const tables: [string, PairFunction][] = [
      ...(mask === null ? [] : [["mask", mask] as [string, PairFunction]]),
      ...codes.map((code): [string, PairFunction] => [classesName(code), code.classes]),
      ...(alibi === null ? [] : [["alibi", alibi] as [string, PairFunction]]),
    ];
    const splitter = program.define("functions", "split_heads", (fn) => splitHeads(fn, heads, columns));
    const split = (name: string) => `${splitter}(x @ params["${name}"])`;
    const named = tables.map(([name]) => name);
    const dialect = {
      ...jaxDialect,
      member: (name: string) => (named.includes(name) ? name : jaxDialect.member(name)),
    };
    const lines = [
      ...(reads(mechanism) ? [`q, k = ${split("query")}, ${split("key")}`] : []),
      `v = ${split("value")}`,
      ...frozen(mechanism),
      ...attentionLines(mechanism, dialect, program),
      'return join_heads(y) @ params["output"]',
    ];
    program.define("functions", "join_heads", joinHeads);
    const calls = tables.map(([, { name, ofHeads }]) => `${name}(${ofHeads ? `${head}, ` : ""}QUERY, KEY)`);
    const fn = program.define("functions", "attention", (own) =>
      [
        `def ${own}(${["params", "x", ...named].join(", ")}):`,
        `    """${describe(mechanism)}"""`,
        ...lines.map((line) => (line === "" ? "" : `    ${line}`)),
      ].join("\n"),
    );
    return { init, apply: (params, x) => `${fn}(${[params, x, ...calls].join(", ")})` };
  }
}

function kernelParameters({ spec: { kernel, projection }, heads, columns, rank, size }: Mechanism): Parameter[] {
  const parameters: Parameter[] = [];
  if (kernel.name === "exponential-additive") parameters.push(normal("direction", `(${heads}, ${columns})`, `${columns}**-0.5`)); // prettier-ignore
  if (kernel.name === "cosine") parameters.push({ name: "sharpness", value: `jnp.ones((${heads}, 1, 1))` });
  if (kernel.name === "performer") parameters.push(normal("features", `(${columns}, ${size})`));
  if (projection.kind === "linformer")
    for (const name of kernel.name === "uniform" ? ["mix_values"] : ["mix_keys", "mix_values"])
      parameters.push(normal(name, `(${heads}, ${rank}, SIZE)`, "SIZE**-0.5"));
  return parameters;
}

/** Parameters that are never trained. */
function frozen({ spec: { kernel, projection } }: Mechanism): string[] {
  const names = [
    ...(kernel.name === "performer" ? ["features"] : []),
    ...(projection.kind === "linformer" && !projection.trainable ? (kernel.name === "uniform" ? ["mix_values"] : ["mix_keys", "mix_values"]) : []), // prettier-ignore
  ];
  return names.length === 0 ? [] : [`params = params | {${names.map((name) => `"${name}": jax.lax.stop_gradient(params["${name}"])`).join(", ")}}`]; // prettier-ignore
}

const linearFunction = (name: string): string => `def ${name}(key, inputs, outputs):
    """The matrix of a linear map, drawn as PyTorch draws it."""
    most = inputs**-0.5
    return jax.random.uniform(key, (inputs, outputs), minval=-most, maxval=most)`;

const splitHeads = (name: string, heads: string, columns: string): string => `def ${name}(x):
    """[batch, size, heads * columns] to [batch, heads, size, columns]."""
    return x.reshape(*x.shape[:2], ${heads}, ${columns}).swapaxes(1, 2)`;

const joinHeads = (name: string): string => `def ${name}(y):
    """[batch, heads, size, columns] to [batch, size, heads * columns]."""
    return y.swapaxes(1, 2).reshape(y.shape[0], y.shape[2], -1)`;

const layerNorm = (name: string): string => `def ${name}(params, x):
    deviation = x - x.mean(axis=-1, keepdims=True)
    variance = (deviation**2).mean(axis=-1, keepdims=True)
    return deviation / jnp.sqrt(variance + 1e-5) * params["weight"] + params["bias"]`;

const rmsNorm = (name: string): string => `def ${name}(params, x):
    square = (x**2).mean(axis=-1, keepdims=True)
    return x / jnp.sqrt(square + 1e-5) * params["weight"]`;

const sinusoids = (name: string): string => `def ${name}():
    """Fixed positions (arXiv 1706.03762), [TOKENS, WIDTH]."""
    columns = jnp.arange(WIDTH)
    rates = 10000.0 ** (-(columns - columns % 2) / WIDTH)
    angles = jnp.arange(TOKENS)[:, None] * rates
    return jnp.where(columns % 2 == 0, jnp.sin(angles), jnp.cos(angles))`;
