/** 2-closure (theory, section 5): the largest group with the same orbits on ordered pairs, which is all that pair labels can express. */
import { automorphisms } from "./automorphisms";
import { PermutationGroup } from "./group";
import { pairStructure } from "./structure";
import { BeyondReach } from "../patterns/rows";

/** Most points whose pairs are held one by one. */
const mostPoints = 1024;

/** The orbit of every ordered pair (q, k): classes[q][k], numbered from 0. */
export function pairOrbits(group: PermutationGroup): Int32Array[] {
  const { degree, generators } = group;
  const classes = Array.from({ length: degree }, () => new Int32Array(degree).fill(-1));
  let next = 0;
  for (let q = 0; q < degree; q++) {
    for (let k = 0; k < degree; k++) {
      if (classes[q][k] >= 0) continue;
      const pending: [number, number][] = [[q, k]];
      classes[q][k] = next;
      for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
        for (const generator of generators) {
          const [a, b] = [generator[pair[0]], generator[pair[1]]];
          if (classes[a][b] >= 0) continue;
          classes[a][b] = next;
          pending.push([a, b]);
        }
      }
      next++;
    }
  }
  return classes;
}

/**
 * The 2-closure: automorphisms of the structure that colours every ordered pair by its orbit (Wielandt 1969).
 * @throws BeyondReach on more than 1,024 points.
 */
export function twoClosure(group: PermutationGroup): PermutationGroup {
  const { degree } = group;
  if (degree > mostPoints) throw new BeyondReach(`the orbits on pairs of more than ${mostPoints} tokens`);
  const classes = pairOrbits(group);
  const flat = new Int32Array(degree * degree);
  classes.forEach((row, q) => flat.set(row, q * degree));
  const { generators, order } = automorphisms(pairStructure(degree, flat));
  return PermutationGroup.generate(degree, generators, undefined, order.toBigInt());
}

export const isTwoClosed = (group: PermutationGroup): boolean => twoClosure(group).order === group.order;
