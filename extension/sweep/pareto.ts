/** The Pareto front of cost and margin. */

export interface Placed {
  cost: number;
  margin: number;
}

/** Those of the points that no other one beats: none costs at most as much with at least the same margin, and one of the two better. In the order of the cost. */
export function paretoFront<Point extends Placed>(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.cost - b.cost || b.margin - a.margin);
  const front: Point[] = [];
  for (const point of sorted) {
    const last = front.at(-1);
    if (last === undefined || point.margin > last.margin || (point.margin === last.margin && point.cost === last.cost))
      front.push(point);
  }
  return front;
}
