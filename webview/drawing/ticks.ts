/** Curves and bands as data: what of them is drawn, and where the ticks of a log axis are. */

export interface Curve {
  label: string;
  /** Which of the series' colours and dashes. */
  colour: number;
  /** `line`: what counts; `trace`: what varies from step to step, drawn faintly. */
  kind: "line" | "trace";
  /** Steps; 1, 2, 3, ... where it is null. */
  x: ArrayLike<number> | null;
  y: ArrayLike<number>;
}

/** A value with its interval, at every step. */
export interface Band {
  label: string;
  colour: number;
  value: number;
  low: number;
  high: number;
}

export interface Picture {
  curves: readonly Curve[];
  bands: readonly Band[];
}

/** Points of a curve that are drawn: more than a screen has columns. */
const drawnPoints = 2000;
/** What a log axis has nothing below of. */
export const smallest = 1e-12;

/** A curve as at most `drawnPoints` points, each the mean of its neighbours. Numbers that a log axis does not have are left out. */
export function thinned({ x, y }: Pick<Curve, "x" | "y">): { x: number[]; y: number[] } {
  const together = Math.max(1, Math.ceil(y.length / drawnPoints));
  const points: { x: number[]; y: number[] } = { x: [], y: [] };
  for (let from = 0; from < y.length; from += together) {
    const to = Math.min(y.length, from + together);
    let [sum, count] = [0, 0];
    for (let i = from; i < to; i++)
      if (y[i] > 0) {
        sum += y[i];
        count++;
      }
    if (count === 0) continue;
    points.x.push(x === null ? to : x[to - 1]);
    points.y.push(Math.max(smallest, sum / count));
  }
  return points;
}

/** The ticks of a log axis: powers of ten, with their doubles and fives where there are few. (uPlot's own get lost below about 1e-9.) */
export function logTicks(least: number, most: number): number[] {
  const first = Math.floor(Math.log10(least));
  const decades = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, i) => first + i);
  const within = (factors: readonly number[]) =>
    decades.flatMap((power) => factors.map((factor) => factor * 10 ** power)).filter((x) => x >= least && x <= most);
  const fine = within([1, 2, 5]);
  const coarse = within([1]);
  if (fine.length <= 10) return fine;
  const every = Math.ceil(coarse.length / 8);
  return coarse.filter((_, i) => i % every === 0);
}

/** A number of an axis. */
export const tick = (value: number): string =>
  value >= 0.001 && value < 10_000 ? String(Number(value.toPrecision(2))) : value.toExponential(0);

/** The lines that name what is in a picture. */
export function legend({ curves, bands }: Picture): { text: string; colour: number }[] {
  return [
    ...curves.filter(({ kind }) => kind === "line").map(({ label, colour }) => ({ text: label, colour })),
    ...bands.filter(({ value }) => value > smallest).map(({ label, colour }) => ({ text: label, colour })),
  ];
}
