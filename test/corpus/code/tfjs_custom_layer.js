/** Self-attention as a custom layer of TensorFlow.js, with positions as one, and a model by apply(). */
import * as tf from "@tensorflow/tfjs";

class SelfAttention extends tf.layers.Layer {
  constructor({ heads, width, ...config }) {
    super(config);
    this.heads = heads;
    this.width = width;
  }

  build() {
    const initializer = tf.initializers.glorotUniform({});
    for (const name of ["query", "key", "value", "output"]) {
      this[`${name}Kernel`] = this.addWeight(name, [this.width, this.width], "float32", initializer);
    }
    this.built = true;
  }

  computeOutputShape(inputShape) {
    return inputShape;
  }

  call(inputs) {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      const [batch, tokens] = x.shape;
      const size = this.width / this.heads;
      const project = (kernel) =>
        tf
          .matMul(x.reshape([batch * tokens, this.width]), kernel.read())
          .reshape([batch, tokens, this.heads, size])
          .transpose([0, 2, 1, 3]);
      const q = project(this.queryKernel);
      const k = project(this.keyKernel);
      const v = project(this.valueKernel);
      const scores = tf.matMul(q, k, false, true).div(Math.sqrt(size));
      const weights = tf.softmax(scores);
      const mixed = tf.matMul(weights, v).transpose([0, 2, 1, 3]).reshape([batch * tokens, this.width]);
      return tf.matMul(mixed, this.outputKernel.read()).reshape([batch, tokens, this.width]);
    });
  }

  static get className() {
    return "SelfAttention";
  }
}
tf.serialization.registerClass(SelfAttention);

class Positions extends tf.layers.Layer {
  build([, tokens, width]) {
    this.table = this.addWeight("table", [tokens, width], "float32", tf.initializers.randomNormal({ stddev: 0.02 }));
    this.built = true;
  }

  computeOutputShape(inputShape) {
    return inputShape;
  }

  call(inputs) {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    return tf.add(x, this.table.read());
  }

  static get className() {
    return "Positions";
  }
}
tf.serialization.registerClass(Positions);

export function buildModel(tokens = 32, width = 32, heads = 4, depth = 3) {
  const input = tf.input({ shape: [tokens, 8] });
  let x = tf.layers.dense({ units: width }).apply(input);
  x = new Positions({}).apply(x);
  for (let i = 0; i < depth; i++) {
    const attended = new SelfAttention({ heads, width }).apply(x);
    x = tf.layers.add().apply([x, attended]);
    const inner = tf.layers.dense({ units: 4 * width, activation: "relu" }).apply(x);
    const outer = tf.layers.dense({ units: width }).apply(inner);
    x = tf.layers.add().apply([x, outer]);
  }
  return tf.model({ inputs: input, outputs: x });
}
