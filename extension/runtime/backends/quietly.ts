import * as tf from "@tensorflow/tfjs-core";

/** Runs `work` without the advice that TensorFlow.js prints; its one switch for that is the flag of production mode. */
export function quietly(work: () => void): void {
  const production = tf.env().getBool("PROD");
  tf.env().set("PROD", true);
  try {
    work();
  } finally {
    tf.env().set("PROD", production);
  }
}
