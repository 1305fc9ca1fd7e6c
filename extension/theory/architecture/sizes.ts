/** Sizes that a specification leaves open, as models are built. */
import type { FeedForward } from "./schema";

/** The width of one head: width / heads rounded up to an even number, so that rotary positions have pairs of coordinates. */
export const headWidth = (width: number, heads: number): number => 2 * Math.ceil(width / heads / 2);

/** The hidden width where the specification leaves it free. */
export const hiddenWidth = ({ hidden }: FeedForward, width: number): number => hidden ?? 4 * width;
