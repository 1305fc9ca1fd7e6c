/** Images of Keras and Flax, (batch, height, width, channels): patches of them are the tokens. */
import { tensors } from "../../graph/operations";
import type { Place, Sequence } from "../../graph/nodes";
import type { Tensor } from "../../graph/tensor";
import { isImage, opaqueOr } from "./tensorValue";

interface Image {
  height: number;
  width: number;
  channels: number;
  batch: number;
  name: string;
}
const images = new WeakMap<Tensor, Image>();

/** An image as a model's input: nothing is known of it but its size. */
export function imageInput(image: Image, place: Place): Tensor {
  const tensor = tensors.opaque("an image that is not cut into patches", place);
  images.set(tensor, image);
  return tensor;
}

/** The patches of an image as (batch, 1, patch, features), where a window is moved by its own size; undefined for other tensors. */
export function patchesOf(
  tensor: Tensor,
  size: readonly number[],
  strides: readonly number[],
  place: Place,
): Tensor | undefined {
  // prettier-ignore
  const image = images.get(tensor);
  if (!image && !isImage(tensor)) return undefined;
  const [tall, wide = tall] = size;
  const [down, across = down] = strides;
  if (tall !== down || wide !== across) return opaqueOr(tensor, "patches of an image that overlap", place);
  if (!image) return tensors.permute(tensor, [0, 3, 2, 1], place);
  const tokens = Math.floor(image.height / tall) * Math.floor(image.width / wide);
  if (tokens < 1) return tensors.opaque("patches that are larger than the image", place);
  const sequence: Sequence = { name: image.name, tokens, projected: undefined };
  return tensors.unsqueeze(tensors.input(sequence, image.batch, tall * wide * image.channels, "batch-first", place), 1);
}

/** The sizes of an image's axes; undefined for other tensors. */
export function sizesOfImage(tensor: Tensor): number[] | undefined {
  const image = images.get(tensor);
  return image && [image.batch, image.height, image.width, image.channels];
}
