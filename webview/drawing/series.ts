/** Series have colours of our own, in base.css, since themes need not have any; the dash tells them apart without colour. */
export const seriesDashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 4]];
export const seriesCount = seriesDashes.length;

/** The style variable of a series' colour. */
export const seriesVariable = (index: number): string => `--series-${index % seriesCount}`;
