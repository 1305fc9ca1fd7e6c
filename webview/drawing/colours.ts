/**
 * Colour scales for numbers, made in OKLab (Ottosson 2020), where equal distances look equally different. They run along straight lines in it, so equal steps of the
 * number are equal steps for the eye; blue and orange stay apart for all common kinds of colour blindness, and lightness alone tells how far from the middle.
 */

export type Rgb = readonly [number, number, number];
type Lab = readonly [number, number, number];

/** The two grounds that a page may have. */
export type Ground = "light" | "dark";

const degrees = Math.PI / 180;
const polar = (lightness: number, chroma: number, hue: number): Lab => [
  lightness,
  chroma * Math.cos(hue * degrees),
  chroma * Math.sin(hue * degrees),
];

/** Ends and middle of each scale. On a dark ground the middle is dark. */
const anchors: Record<Ground, { low: Lab; middle: Lab; high: Lab }> = {
  light: { low: polar(0.6, 0.14, 55), middle: polar(0.97, 0, 0), high: polar(0.5, 0.14, 255) },
  dark: { low: polar(0.78, 0.13, 65), middle: polar(0.28, 0, 0), high: polar(0.74, 0.115, 245) },
};

/** Linear light to OKLab's cone responses and on; the inverse of Ottosson's published matrices. */
function toLinear([l, a, b]: Lab): Rgb {
  const [L, M, S] = [
    l + 0.3963377774 * a + 0.2158037573 * b,
    l - 0.1055613458 * a - 0.0638541728 * b,
    l - 0.0894841775 * a - 1.291485548 * b,
  ].map((root) => root ** 3);
  return [
    4.0767416621 * L - 3.3077115913 * M + 0.2309699292 * S,
    -1.2684380046 * L + 2.6097574011 * M - 0.3413193965 * S,
    -0.0041960863 * L - 0.7034186147 * M + 1.707614701 * S,
  ];
}

/** sRGB's transfer function (IEC 61966-2-1), 0..255. */
const encoded = (x: number): number => 255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * Math.max(0, x) ** (1 / 2.4) - 0.055);

const mixed = (from: Lab, to: Lab, share: number): Lab => [
  from[0] + (to[0] - from[0]) * share,
  from[1] + (to[1] - from[1]) * share,
  from[2] + (to[2] - from[2]) * share,
];

const rgb = (lab: Lab): Rgb => toLinear(lab).map(encoded) as unknown as Rgb;

/** The diverging scale at -1 (orange) .. 0 (the ground) .. 1 (blue); numbers beyond count as the ends. Components 0..255, not rounded. */
export function diverging(ground: Ground, value: number): Rgb {
  const { low, middle, high } = anchors[ground];
  const share = Math.min(1, Math.abs(value));
  return rgb(mixed(middle, value < 0 ? low : high, share));
}

/** The sequential scale at 0 (the ground) .. 1 (blue). */
export const sequential = (ground: Ground, value: number): Rgb => diverging(ground, Math.max(0, value));

export const css = ([r, g, b]: Rgb): string => `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;

/** A colour as ImageData has it in memory, least byte first. */
export const packed = ([r, g, b]: Rgb): number =>
  ((255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;

/** Lightness and chroma that classes take in turn: apart from either ground, and in sRGB at every hue. */
const classTones = [
  [0.64, 0.106],
  [0.86, 0.067],
  [0.48, 0.08],
  [0.75, 0.118],
  [0.56, 0.092],
] as const;
/** The golden angle: however many classes there are, neighbours and near neighbours differ in hue. */
const hueStep = 137.508;

/** The colour of a class, counted from 0, on either ground. Beyond some dozen they are told apart by what is written beside them. */
export function classColour(index: number): Rgb {
  const [lightness, chroma] = classTones[index % classTones.length];
  return rgb(polar(lightness, chroma, 255 + hueStep * index));
}
