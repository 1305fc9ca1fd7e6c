/** Colours of series, in the order in which they are given out; the dash tells them apart without colour. */
export const seriesColours = [
  "charts-blue",
  "charts-orange",
  "charts-green",
  "charts-purple",
  "charts-red",
  "charts-yellow",
] as const;
export const seriesDashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 4]];
