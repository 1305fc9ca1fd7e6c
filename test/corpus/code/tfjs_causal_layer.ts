/** A causal layer in TypeScript: a triangle by comparing ranges, added to the scores. */
import * as tf from "@tensorflow/tfjs";

const TOKENS = 24;
const WIDTH = 32;
const HEADS = 4;

interface AttentionConfig {
  width: number;
  heads: number;
  name?: string;
}

class CausalAttention extends tf.layers.Layer {
  private readonly width: number;
  private readonly heads: number;
  private qkv!: tf.LayerVariable;
  private out!: tf.LayerVariable;

  constructor(config: AttentionConfig) {
    super({ name: config.name });
    this.width = config.width;
    this.heads = config.heads;
  }

  override build(): void {
    this.qkv = this.addWeight("qkv", [this.width, 3 * this.width], "float32", tf.initializers.glorotNormal({}));
    this.out = this.addWeight("out", [this.width, this.width], "float32", tf.initializers.glorotNormal({}));
    this.built = true;
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return inputShape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
      const [batch, tokens, width] = x.shape;
      const flat = x.reshape([-1, width]);
      const [q, k, v] = tf
        .split(tf.matMul(flat as tf.Tensor2D, this.qkv.read() as tf.Tensor2D), 3, 1)
        .map((part) => part.reshape([batch, tokens, this.heads, width / this.heads]).transpose([0, 2, 1, 3]));
      const row = tf.range(0, tokens, 1, "int32").expandDims(1);
      const column = tf.range(0, tokens, 1, "int32").expandDims(0);
      const ahead = tf.greater(column, row);
      const scores = tf.matMul(q, k, false, true).mul(1 / Math.sqrt(width / this.heads));
      const masked = tf.where(ahead, tf.fill(scores.shape, -1e9), scores);
      const mixed = tf.matMul(tf.softmax(masked, -1), v).transpose([0, 2, 1, 3]).reshape([-1, width]);
      return tf.matMul(mixed as tf.Tensor2D, this.out.read() as tf.Tensor2D).reshape([batch, tokens, width]);
    });
  }

  static get className(): string {
    return "CausalAttention";
  }
}

// uap: visibility=causal
export function decoder(vocabulary = 60): tf.LayersModel {
  const ids = tf.input({ shape: [TOKENS] });
  let x = tf.layers.embedding({ inputDim: vocabulary, outputDim: WIDTH, inputLength: TOKENS }).apply(ids) as tf.SymbolicTensor;
  for (let layer = 0; layer < 3; layer++) {
    const normed = tf.layers.layerNormalization({}).apply(x);
    const attended = new CausalAttention({ width: WIDTH, heads: HEADS }).apply(normed) as tf.SymbolicTensor;
    x = tf.layers.add().apply([x, attended]) as tf.SymbolicTensor;
    const again = tf.layers.layerNormalization({}).apply(x);
    const inner = tf.layers.dense({ units: 2 * WIDTH, activation: "relu" }).apply(again);
    const outer = tf.layers.dense({ units: WIDTH }).apply(inner) as tf.SymbolicTensor;
    x = tf.layers.add().apply([x, outer]) as tf.SymbolicTensor;
  }
  return tf.model({ inputs: ids, outputs: tf.layers.dense({ units: vocabulary }).apply(x) as tf.SymbolicTensor });
}
