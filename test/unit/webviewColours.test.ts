/** The colour scales: inside sRGB, even to the eye, and readable for colour-blind people. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { classColour, diverging, type Ground, packed, type Rgb } from "../../webview/drawing/colours";
import { dtypes, gapColours, gapTicks, gapValue, paintGaps, resolutions } from "../../webview/drawing/gapScale";

const linear = (x: number) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4);

/** OKLab of an sRGB colour, by the published matrices. */
function lab(colour: Rgb): number[] {
  const [r, g, b] = colour.map(linear);
  const [l, m, s] = [
    0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
    0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
    0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
  ].map(Math.cbrt);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
const distance = (a: Rgb, b: Rgb) => Math.hypot(...lab(a).map((x, i) => x - lab(b)[i]));

/** Colours as people see them that lack one kind of cone (Machado, Oliveira and Fernandes 2009, table 1, severity 1), on linear light. */
const blindness: Record<string, number[][]> = {
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}; // prettier-ignore
function seenWith(kind: string, colour: Rgb): Rgb {
  const light = colour.map(linear);
  const encode = (x: number) => 255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
  return blindness[kind].map((row) =>
    encode(
      Math.min(
        1,
        Math.max(
          0,
          row.reduce((sum, weight, i) => sum + weight * light[i], 0),
        ),
      ),
    ),
  ) as unknown as Rgb;
}

describe("colour scales", () => {
  const values = Array.from({ length: 41 }, (_, i) => -1 + i / 20);
  for (const ground of ["light", "dark"] as const satisfies Ground[])
    describe(`on a ${ground} ground`, () => {
      it("stay inside sRGB", () => {
        for (const value of values)
          for (const component of diverging(ground, value))
            assert.ok(component >= 0 && component <= 255, `${value}: ${component}`);
      });

      it("change by equal steps for the eye", () => {
        for (const sign of [-1, 1]) {
          const steps = Array.from({ length: 20 }, (_, i) =>
            distance(diverging(ground, (sign * i) / 20), diverging(ground, (sign * (i + 1)) / 20)),
          );
          const mean = steps.reduce((sum, step) => sum + step) / steps.length;
          for (const step of steps) assert.ok(Math.abs(step / mean - 1) < 0.02, `${step} of ${mean}`);
        }
      });

      it("are apart for colour-blind people: the two sides of the middle, and every quarter of a side", () => {
        for (const kind of Object.keys(blindness)) {
          const seen = (value: number) => seenWith(kind, diverging(ground, value));
          for (const value of [0.25, 0.5, 0.75, 1]) {
            assert.ok(distance(seen(value), seen(-value)) > 0.08 * value, `${kind}, ${value} and ${-value}`);
            for (const sign of [-1, 1])
              assert.ok(distance(seen(sign * value), seen(sign * (value - 0.25))) > 0.06, `${kind}, ${sign * value}`);
          }
          assert.ok(distance(seen(1), seen(-1)) > 0.15, `${kind}: the ends`);
        }
      });
    });

  it("classes are in sRGB however many there are, and the first five are apart for colour-blind people", () => {
    for (let index = 0; index < 400; index++)
      for (const component of classColour(index))
        assert.ok(component >= 0 && component <= 255, `${index}: ${component}`);
    for (const kind of Object.keys(blindness))
      for (let i = 0; i < 5; i++)
        for (let j = 0; j < i; j++) {
          const apart = distance(seenWith(kind, classColour(i)), seenWith(kind, classColour(j)));
          assert.ok(apart > 0.05, `${kind}: classes ${j} and ${i} are ${apart} apart`);
        }
  });

  it("series stand out from every ground, and the first three from each other for colour-blind people", () => {
    const css = readFileSync(path.join(__dirname, "../../webview/base.css"), "utf8");
    const written = [...css.matchAll(/--series-(\d): #(..)(..)(..);/g)].map(([, index, ...hex]) => ({
      index: Number(index),
      colour: hex.map((digits) => parseInt(digits, 16)) as unknown as Rgb,
    }));
    assert.deepEqual(written.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]); // prettier-ignore
    const luminance = (colour: Rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => sum + w * linear(colour[i]), 0);
    const contrast = (a: Rgb, b: Rgb) => {
      const [dim, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
      return (bright + 0.05) / (dim + 0.05);
    };
    for (const { grounds, colours } of [
      { grounds: [[0x1f, 0x1f, 0x1f], [0, 0, 0]], colours: written.slice(0, 6) },
      { grounds: [[0xf8, 0xf8, 0xf8], [255, 255, 255]], colours: written.slice(6) },
    ] satisfies { grounds: Rgb[]; colours: typeof written }[]) {
      for (const { index, colour } of colours)
        for (const ground of grounds)
          assert.ok(contrast(colour, ground) > 4.5, `series ${index} on ${ground.join()}: ${contrast(colour, ground)}`);
      for (const kind of Object.keys(blindness))
        for (const [i, j] of [[0, 1], [0, 2], [1, 2]]) {
          const apart = distance(seenWith(kind, colours[i].colour), seenWith(kind, colours[j].colour));
          assert.ok(apart > 0.06, `${kind}: series ${i} and ${j} are ${apart} apart`);
        }
    }
  }); // prettier-ignore

  it("places gaps on a log scale about the resolution of the format", () => {
    for (const dtype of dtypes) {
      assert.equal(gapValue(0, dtype), -1);
      assert.equal(gapValue(NaN, dtype), -1);
      assert.equal(gapValue(resolutions[dtype], dtype), 0);
      assert.ok(Math.abs(gapValue(resolutions[dtype] / 100, dtype) + 0.5) < 1e-12);
      assert.equal(gapValue(1e-30, dtype), -1);
      assert.equal(gapValue(3, dtype), 1);
      const ticks = gapTicks(dtype).map(({ value }) => value);
      assert.ok(ticks.every((value) => value >= -1 && value <= 1));
      assert.equal(new Set(ticks).size, ticks.length);
    }
  });

  it("paints a matrix as it paints each of its gaps", () => {
    const gaps = Float32Array.from({ length: 4096 }, (_, i) => (i === 0 ? 0 : 10 ** (-9 + i / 450)));
    const pixels = new Uint8ClampedArray(4 * gaps.length);
    paintGaps(gaps, gapColours("dark", "float16"), pixels);
    gaps.forEach((gap, i) => {
      const exact = packed(diverging("dark", gapValue(gap, "float16")));
      for (let c = 0; c < 4; c++) assert.ok(Math.abs(pixels[4 * i + c] - ((exact >>> (8 * c)) & 255)) <= 2, `${gap}`);
    });
  });
});
