/** The colours of token gaps: on a log scale, diverging at the resolution of a floating-point format. */
import { resolutions } from "../../extension/runtime/measuring/finding";
import { diverging, type Ground, packed } from "./colours";

export type Dtype = keyof typeof resolutions;
export const dtypes = Object.keys(resolutions) as Dtype[];
export { resolutions };

/** Decades below the resolution that are told apart; from there on, and at 0, the colour is the end's. */
const decadesBelow = 4;
/** Unrelated tokens of one scale are about this far apart. */
const largest = Math.SQRT2;

/** Where a gap stands: -1 for none, 0 at the resolution, 1 for unrelated tokens. */
export function gapValue(gap: number, dtype: Dtype): number {
  const resolution = resolutions[dtype];
  if (!(gap > 0)) return -1;
  const decades = Math.log10(gap / resolution);
  return decades < 0 ? Math.max(-1, decades / decadesBelow) : Math.min(1, decades / Math.log10(largest / resolution));
}

/** Bits of a float32 that decide its colour: the sign, the exponent and 7 of the mantissa, so about 130 steps a factor of two. */
const droppedBits = 16;

/** The colour, as ImageData has it, of every float32 by its upper bits: a million gaps are coloured in a few milliseconds. */
export function gapColours(ground: Ground, dtype: Dtype): Uint32Array {
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  return Uint32Array.from({ length: 2 ** (32 - droppedBits) }, (_, upper) => {
    bits[0] = upper << droppedBits;
    return packed(diverging(ground, gapValue(value[0], dtype)));
  });
}

/** Colours gaps into the pixels of an image of the same size. */
export function paintGaps(gaps: Float32Array, colours: Uint32Array, pixels: Uint8ClampedArray): void {
  const bits = new Uint32Array(gaps.buffer, gaps.byteOffset, gaps.length);
  const out = new Uint32Array(pixels.buffer, pixels.byteOffset, gaps.length);
  for (let i = 0; i < bits.length; i++) out[i] = colours[bits[i] >>> droppedBits];
}

/** Ticks of the scale for a dtype: gaps with their labels. */
export function gapTicks(dtype: Dtype): { value: number; label: string }[] {
  const resolution = resolutions[dtype];
  const powers = [-10, -8, -6, -4, -2, 0].map((power) => 10 ** power);
  return [
    { value: -1, label: "0" },
    ...powers
      .filter((gap) => Math.abs(gapValue(gap, dtype)) > 0.36 && gapValue(gap, dtype) > -0.85)
      .map((gap) => ({ value: gapValue(gap, dtype), label: gap === 1 ? "1" : `1e${Math.round(Math.log10(gap))}` })),
    { value: 0, label: `${dtype} ${resolution.toPrecision(2)}` },
  ];
}
