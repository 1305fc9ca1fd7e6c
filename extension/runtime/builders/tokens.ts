/** The tokens before the first layer: codes of positions, and registers. */
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import type { Architecture } from "../../theory/architecture/schema";
import type { Declarations, Read } from "./declare";

/** The sinusoidal code of every token, [tokens, width] (1706.03762, section 3.5). */
function sinusoids(tokens: number, width: number): Tensor2D {
  const values = Float32Array.from({ length: tokens * width }, (_, i) => {
    const [token, column] = [Math.floor(i / width), i % width];
    const angle = token / 10_000 ** ((column - (column % 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return tf.tensor2d(values, [tokens, width]);
}

/** Samples [samples, tokens, width] -> [samples, tokens + registers, width]. */
export function inputTokens(
  architecture: Architecture,
  declarations: Declarations,
): (x: Tensor3D, read: Read) => Tensor3D {
  const { tokens, registers, width, position } = architecture;
  const deviation = declarations.choose(0.5, 1);
  let codes: ((read: Read) => Tensor2D) | null = null;
  /** How many tokens, registers after the sequence, have a code. */
  let coded = tokens;
  if (position.kind === "absolute" && position.code === "sinusoidal") {
    const fixed = declarations.structure(sinusoids(tokens, width));
    codes = () => fixed;
  } else if (position.kind === "absolute") {
    declarations.parameter("position", [tokens, width], deviation);
    codes = (read) => read("position") as Tensor2D;
  } else if (position.kind === "classes") {
    const labels = [...new Set(position.classes)].sort((a, b) => a - b);
    declarations.parameter("position", [labels.length, width], deviation);
    coded = position.classes.length;
    // A product with ones and zeros: the gradient of gather does not exist on WASM.
    const rows = position.classes.flatMap((label) => labels.map((other) => (other === label ? 1 : 0)));
    const oneHot = declarations.structure(tf.tensor2d(rows, [coded, labels.length]));
    codes = (read) => tf.matMul(oneHot, read("position"));
  }
  if (registers > 0) declarations.parameter("register", [width], deviation);

  return (x, read) => {
    const table = codes?.(read) ?? null;
    const ofTokens = table === null ? null : coded === tokens ? table : tf.slice(table, [0, 0], [tokens, -1]);
    const sequence: Tensor3D = ofTokens === null ? x : tf.add(x, tf.expandDims<Tensor3D>(ofTokens, 0));
    if (registers === 0) return sequence;
    const start = tf.reshape(read("register"), [1, width]);
    const each =
      table !== null && coded > tokens
        ? tf.add(tf.slice(table, [tokens, 0], [registers, -1]), start)
        : tf.mul(tf.ones([registers, 1]), start);
    const repeated = tf.mul<Tensor3D>(tf.ones([x.shape[0], 1, 1]), tf.expandDims(each, 0));
    return tf.concat([sequence, repeated], 1);
  };
}
