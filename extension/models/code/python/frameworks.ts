/** The frameworks whose models are read: what is a model of each, and how it is called. */
import type { Tensor } from "../graph/tensor";
import { linen, nnx } from "./libraries/flax";
import { jax } from "./libraries/jax";
import { kerasFramework } from "./libraries/kerasBase";
import { keras } from "./libraries/kerasOps";
import { isModule } from "./libraries/torchModule";
import { torch } from "./libraries/torch";
import type { PythonClass, PythonInstance, Value } from "./values";

export interface Framework {
  format: "pytorch" | "keras" | "jax";
  /** Whether a value (instance of a class of the source, or of the library) is a model or layer of this framework. */
  isModel(value: Value): boolean;
  /** Whether a class of the source derives from this framework's class of models and layers. */
  isModelClass(type: PythonClass): boolean;
  /** The method that computes. */
  method: string;
  wrap(tensor: Tensor): Value;
}

const blank = (type: PythonClass): PythonInstance => ({ kind: "instance", type, attributes: new Map() });

export const frameworks: readonly Framework[] = [
  {
    format: "pytorch",
    isModel: isModule,
    isModelClass: (type) => isModule(blank(type)),
    method: "forward",
    wrap: (tensor) => torch.wrap(tensor),
  },
  {
    format: "keras",
    isModel: (value) => kerasFramework.isLayer(value),
    isModelClass: (type) => kerasFramework.isLayerClass(type),
    method: "call",
    wrap: (tensor) => keras.wrap(tensor),
  },
  {
    format: "jax",
    isModel: (value) => linen.isLayer(value) || nnx.isLayer(value),
    isModelClass: (type) => linen.isLayerClass(type) || nnx.isLayerClass(type),
    method: "__call__",
    wrap: (tensor) => jax.wrap(tensor),
  },
];
