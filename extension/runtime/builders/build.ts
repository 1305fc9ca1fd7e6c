/** From an architecture to a trainable model. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor3D } from "@tensorflow/tfjs-core";
import type { Architecture, Block, Norm } from "../../theory/architecture/schema";
import { hiddenWidth } from "../../theory/architecture/sizes";
import { attention } from "./attention";
import { convolution } from "./convolution";
import { Declarations, type Read } from "./declare";
import { feedForward } from "./feedForward";
import type { Initialisation, Model, Parameters } from "./model";
import { normalise } from "./ops";
import { Planner, type Paths } from "./plan";
import { inputTokens } from "./tokens";

export interface BuildOptions {
  /** How patterns are computed: by default the cheaper way. */
  paths?: Paths;
}

type Map = (x: Tensor3D, read: Read) => Tensor3D;

/**
 * The architecture as a trainable model on the backend of the moment. Layers are numbered with `repeat` unrolled: `layers.0.attention.query`. The names
 * and shapes of parameters, and what each path costs, are in docs/builders.md.
 * @throws RangeError where the specification leaves a mechanism undefined, or the model would not fit in memory. Nothing is left allocated.
 */
export function build(
  architecture: Architecture,
  { seed, regime }: Initialisation,
  { paths = "auto" }: BuildOptions = {},
): Model {
  const declarations = new Declarations(regime, seed);
  const plans = new Planner(architecture.tokens, architecture.registers, paths);
  try {
    declarations.reserve(tokenwiseNumbers(architecture));
    const start = inputTokens(architecture, declarations);
    const blocks = architecture.layers.flatMap((block) => Array.from({ length: block.repeat }, () => block));
    const layers = blocks.map((block, i) => layer(block, architecture, `layers.${i}`, declarations, plans));
    const reader =
      (parameters: Parameters): Read =>
      (name) => {
        const tensor = parameters[name] ?? declarations.constants[name];
        if (tensor === undefined) throw new Error(`There is no parameter ${name}.`);
        return tensor;
      };
    const { variables, constants } = declarations;
    const { tokens, registers } = architecture;
    return {
      architecture,
      variables,
      constants,
      forward: (samples, parameters = variables) =>
        tf.tidy(() => {
          const read = reader(parameters);
          const output = layers.reduce((x, map) => map(x, read), start(samples, read));
          // A model that changes nothing must not give the caller's tensor away.
          if (output === samples) return tf.clone(samples);
          return registers === 0 ? output : tf.slice(output, [0, 0, 0], [-1, tokens, -1]);
        }),
      layers: (samples, parameters = variables) =>
        tf.tidy(() => {
          const read = reader(parameters);
          const states = [start(samples, read)];
          for (const map of layers) states.push(map(states[states.length - 1], read));
          return states.map((state) => (state === samples ? tf.clone(state) : state));
        }),
      dispose: () => declarations.dispose(),
    };
  } catch (error) {
    declarations.dispose();
    throw error;
  }
}

/** What the layers keep of every token for the gradient, roughly; what pairs of tokens take comes on top. */
const tokenwiseNumbers = ({ layers, tokens, registers, width }: Architecture): number =>
  layers.reduce((sum, { repeat, feedForward: ffn }) => {
    const hidden = ffn === null ? 0 : 3 * hiddenWidth(ffn, width);
    return sum + repeat * (tokens + registers) * (8 * width + hidden);
  }, 0);

/** A block: the mixer, then the feed-forward network, each with its residual path and its normalisation. */
function layer(
  block: Block,
  architecture: Architecture,
  name: string,
  declarations: Declarations,
  plans: Planner,
): Map {
  const { mixer, feedForward: ffn, norm } = block;
  const mix =
    mixer.kind === "attention"
      ? attention(mixer, architecture, `${name}.attention`, declarations, plans)
      : convolution(mixer, architecture, `${name}.convolution`, declarations);
  const first = sublayer(mix, norm, mixer.residual, architecture.width, `${name}.mixerNorm`, declarations);
  if (ffn === null) return first;
  const tokenwise = feedForward(ffn, architecture, `${name}.feedForward`, declarations);
  const second = sublayer(tokenwise, norm, ffn.residual, architecture.width, `${name}.feedForwardNorm`, declarations);
  return (x, read) => second(first(x, read), read);
}

function sublayer(
  map: Map,
  norm: Norm | null,
  residual: boolean,
  width: number,
  name: string,
  declarations: Declarations,
): Map {
  if (norm !== null) {
    declarations.parameter(`${name}.gain`, [width], declarations.choose(0, 0.3), { mean: 1 });
    if (norm.kind === "layer") declarations.parameter(`${name}.shift`, [width], declarations.choose(0, 0.3));
  }
  const normed: Map = (x, read) =>
    normalise(x, read(`${name}.gain`), norm?.kind === "layer" ? read(`${name}.shift`) : undefined);
  return (x, read) => {
    const image = map(norm?.placement === "pre" ? normed(x, read) : x, read);
    const sum: Tensor3D = residual ? tf.add(x, image) : image;
    return norm?.placement === "post" ? normed(sum, read) : sum;
  };
}
