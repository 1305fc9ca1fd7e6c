/** What the rest of the runtime knows of a built transformer. */
import type { Tensor, Tensor3D, Variable } from "@tensorflow/tfjs-core";
import type { Architecture } from "../../theory/architecture/schema";

/** Parameters by name, for example `layers.0.attention.query`. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** How the variables are drawn. */
export interface Initialisation {
  /** Decides every draw: equal seeds give equal parameters on every backend. */
  seed: number;
  /**
   * `standard` is what training starts from. `small` keeps attention logits of order 0.3, the regime in which float32 sees every difference
   * (docs/theory.md, section 4): identity tests use it.
   */
  regime: "standard" | "small";
}

/**
 * An architecture as a trainable function of samples X of shape [batch, tokens, width]. Methods make tensors that the caller disposes of, as
 * any operation of TensorFlow.js; they run under `tf.tidy` and `tf.grads`.
 */
export interface Model {
  readonly architecture: Architecture;
  /** Trainable; a frozen feed-forward network's weights and a frozen projection are in `constants`. */
  readonly variables: Readonly<Record<string, Variable>>;
  readonly constants: Parameters;
  /**
   * The outputs of the last layer, [batch, tokens, width]; registers are left out.
   * @param parameters replace `variables`, all of them, as in a gradient; the variables themselves by default.
   */
  forward(samples: Tensor3D, parameters?: Parameters): Tensor3D;
  /** The tokens before the first layer (codes added) and after every layer: layers + 1 tensors [batch, tokens + registers, width]. */
  layers(samples: Tensor3D, parameters?: Parameters): Tensor3D[];
  dispose(): void;
}
