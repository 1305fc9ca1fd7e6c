/** The libraries that models are written with. */
import type { Library } from "../values";
import { flaxLibraries } from "./flax";
import { jaxLibraries } from "./jax";
import { kerasLibraries } from "./keras";
import { einopsLayers, einopsNames } from "./einops";
import { attentionNames, biasLibrary, flexAttentionNames } from "./flexAttention";
import { numpyNames, numpyRandom } from "./numpy";
import { torch, torchModules, torchNames } from "./torch";
import { functionalNames } from "./torchFunctional";
import { initNames, nnNames, utilsNames } from "./torchNn";
import { xTransformersLibraries } from "./xTransformers";

/** A module in which nothing is known but the modules in it. */
const empty: Library = () => undefined;

const libraries = new Map<string, Library>([
  ["torch", torchNames],
  ...torchModules,
  ["torch.nn", nnNames],
  ["torch.nn.functional", functionalNames],
  ["torch.nn.init", initNames],
  ["torch.nn.utils", utilsNames],
  ["torch.nn.utils.parametrizations", utilsNames],
  ["torch.nn.parameter", nnNames],
  ["torch.nn.modules", nnNames],
  ["torch.nn.parallel", nnNames],
  ["torch.nn.attention", attentionNames],
  ["torch.nn.attention.flex_attention", flexAttentionNames],
  ["torch.nn.attention.bias", biasLibrary],
  ["torch.utils", empty],
  ["einops", einopsNames(torch)],
  ["einops.layers", empty],
  ["einops.layers.torch", einopsLayers],
  ["numpy", numpyNames],
  ["numpy.random", numpyRandom],
  ...kerasLibraries,
  ...jaxLibraries,
  ...flaxLibraries,
  ...xTransformersLibraries,
]);

/** What a module that code imports offers; undefined where the module is not known. */
export function pythonLibraries(module: string): Library | undefined {
  if (module.startsWith("torch.nn.modules.")) return nnNames;
  return libraries.get(module);
}
