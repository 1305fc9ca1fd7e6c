/** A model whose feed-forward networks have no activation. */
const tf = require("@tensorflow/tfjs");

class Mixer extends tf.layers.Layer {
  constructor(units) {
    super({});
    this.units = units;
  }

  build(shape) {
    const width = shape[shape.length - 1];
    this.wq = this.addWeight("wq", [width, this.units], "float32", tf.initializers.glorotUniform({}));
    this.wk = this.addWeight("wk", [width, this.units], "float32", tf.initializers.glorotUniform({}));
    this.wv = this.addWeight("wv", [width, this.units], "float32", tf.initializers.glorotUniform({}));
    super.build(shape);
  }

  computeOutputShape(shape) {
    return [...shape.slice(0, -1), this.units];
  }

  call(inputs) {
    return tf.tidy(() => {
      const x = inputs[0];
      const [b, n, d] = x.shape;
      const flat = x.reshape([b * n, d]);
      const q = flat.matMul(this.wq.read()).reshape([b, n, this.units]);
      const k = flat.matMul(this.wk.read()).reshape([b, n, this.units]);
      const v = flat.matMul(this.wv.read()).reshape([b, n, this.units]);
      return q.matMul(k, false, true).div(tf.scalar(Math.sqrt(this.units))).softmax().matMul(v);
    });
  }

  static get className() {
    return "Mixer";
  }
}

// uap: tokens=12
function build(tokens = 12) {
  const inputs = tf.input({ shape: [tokens, 16] });
  const attended = tf.layers.add().apply([inputs, new Mixer(16).apply(inputs)]);
  const hidden = tf.layers.dense({ units: 64 }).apply(attended);
  const out = tf.layers.dense({ units: 16 }).apply(hidden);
  return tf.model({ inputs, outputs: tf.layers.add().apply([attended, out]) });
}

module.exports = { build };
