/** Axes and atoms: what broadcasting, `view` and `transpose` do to the layout of a tensor. An axis of size 1 has no atoms. */
import { coordinate, binary, numeral, substitute } from "./expressions";
import type { IndexExpression } from "./indexExpression";
import { sizeOf, sizesOf, type Atom, type Axis, type Tensor } from "./tensor";

export const one: Axis = [];

export const axisOf = (size: number, role: Atom["role"] = undefined): Axis => (size === 1 && role === undefined ? one : [{ size, role }]); // prettier-ignore

/** The axis that a negative index counts from the end; undefined where there is none. */
export function axisAt(axes: readonly Axis[], index: number): number | undefined {
  const at = index < 0 ? index + axes.length : index;
  return Number.isInteger(at) && at >= 0 && at < axes.length ? at : undefined;
}

export const isToken = ({ role }: Atom): boolean => typeof role === "object";
export const isBatch = ({ role }: Atom): boolean => role === "batch";
export const isPlain = ({ role }: Atom): boolean => role === undefined;
export const onlyPlain = (axis: Axis): boolean => axis.every(isPlain);

/** How many elements the batch has, as far as the axes have it. */
export const batchOf = (axes: readonly Axis[]): number => sizeOf(axes.flat().filter(isBatch));

/** The axes of an elementwise operation, from the last to the first: what has a role prevails. A string says why there are none. */
export function broadcast(...all: readonly (readonly Axis[])[]): Axis[] | string {
  const rank = Math.max(0, ...all.map((axes) => axes.length));
  const result: Axis[] = [];
  for (let p = 0; p < rank; p++) {
    let chosen = one;
    for (const axes of all) {
      const axis = axes[axes.length - rank + p] ?? one;
      if (axis.length === 0) continue;
      if (chosen.length === 0) chosen = axis;
      else if (sizeOf(axis) !== sizeOf(chosen)) return `sizes ${sizeOf(chosen)} and ${sizeOf(axis)} do not agree`;
      else if (onlyPlain(axis)) continue;
      else if (onlyPlain(chosen)) chosen = axis;
      else if (!sameRoles(axis, chosen)) return "an axis of tokens meets another axis";
    }
    result.push(chosen);
  }
  // One operand's batch beside another's features: elements of the batch meet others.
  if (batchOf(result) > Math.max(1, ...all.map(batchOf))) return "elements of the batch meet others";
  return distinct(result);
}

/** The axes with a copy of each atom that stands in them a second time: atoms of one tensor are told apart by identity. */
export function distinct(axes: Axis[]): Axis[] {
  const seen = new Set<Atom>();
  for (const atom of axes.flat()) {
    if (!seen.has(atom)) seen.add(atom);
    else return axes.map((axis, i) => axis.map((own) => (axes.slice(0, i).some((other) => other.includes(own)) ? { ...own } : own))); // prettier-ignore
  }
  return axes;
}

export const sameRoles = (a: Axis, b: Axis): boolean =>
  a.length === b.length && a.every((atom, i) => atom.size === b[i].size && atom.role === b[i].role);

/** The element of a constant in the coordinates of axes that it is broadcast to. */
export function broadcastElement(
  element: IndexExpression,
  from: readonly Axis[],
  to: readonly Axis[],
): IndexExpression {
  // prettier-ignore
  const shift = to.length - from.length;
  return shift === 0 ? element : substitute(element, (axis) => coordinate(axis + shift), to.map(sizeOf));
}

/** Groups the atoms anew, in their order, into axes of these sizes; `from` are the old axes with the atoms that had to be split. */
export function regroup(axes: readonly Axis[], sizes: readonly number[]): { from: Axis[]; to: Axis[] } | string {
  const from: Atom[][] = axes.map(() => []);
  const pending = axes.flatMap((axis, index) => axis.map((atom) => ({ atom, index })));
  const to: Axis[] = [];
  for (const size of sizes) {
    const group: Atom[] = [];
    // A batch or a sequence of one keeps its axis.
    if (size === 1 && pending[0]?.atom.size === 1) {
      const { atom, index } = pending.shift()!;
      group.push(atom);
      from[index].push(atom);
    }
    for (let need = size; need > 1;) {
      const next = pending[0];
      if (!next) return "the sizes do not agree";
      const { atom, index } = next;
      if (need % atom.size === 0) {
        group.push(atom);
        from[index].push(atom);
        pending.shift();
        need /= atom.size;
      } else if (atom.size % need === 0) {
        if (isToken(atom)) return "its tokens are grouped into blocks by a reshape";
        const first: Atom = { size: need, role: atom.role };
        group.push(first);
        from[index].push(first);
        pending[0] = { atom: { size: atom.size / need, role: atom.role }, index };
        need = 1;
      } else return "its axes are cut across by a reshape";
    }
    to.push(group);
  }
  while (to.length > 0 && pending[0]?.atom.size === 1) {
    const { atom, index } = pending.shift()!;
    to[to.length - 1] = [...to[to.length - 1], atom];
    from[index].push(atom);
  }
  return pending.length === 0 ? { from, to } : "the sizes do not agree";
}

/** The element of a constant after `regroup`. */
export function regroupElement(element: IndexExpression, from: readonly Axis[], to: readonly Axis[]): IndexExpression {
  const sizes = to.map(sizeOf);
  const where = new Map<Atom, IndexExpression>();
  to.forEach((axis, j) => {
    let stride = sizeOf(axis);
    for (const atom of axis) {
      stride /= atom.size;
      const part = binary("//", coordinate(j), numeral(stride), sizes);
      where.set(atom, axis.length === 1 ? coordinate(j) : binary("%", part, numeral(atom.size), sizes));
    }
  });
  const old = from.map((axis): IndexExpression => {
    const whole = to.findIndex((other) => other.length === axis.length && other.every((atom, i) => atom === axis[i]));
    if (axis.length > 0 && whole >= 0) return coordinate(whole);
    let stride = sizeOf(axis);
    return axis.reduce<IndexExpression>((sum, atom) => {
      stride /= atom.size;
      return binary("+", sum, binary("*", where.get(atom)!, numeral(stride), sizes), sizes);
    }, numeral(0));
  });
  return substitute(element, (axis) => old[axis], sizes);
}

/** The element of a constant in axes of other sizes whose boundaries are elsewhere. */
export function reflowed(element: IndexExpression, from: readonly number[], to: readonly number[]): IndexExpression {
  const flat = to.reduce<IndexExpression>(
    (sum, size, i) => binary("+", binary("*", sum, numeral(size), to), size === 1 ? numeral(0) : coordinate(i), to),
    numeral(0),
  );
  let stride = from.reduce((a, b) => a * b, 1);
  const old = from.map((size) => {
    stride /= size;
    return binary("%", binary("//", flat, numeral(stride), to), numeral(size), to);
  });
  return substitute(element, (axis) => old[axis], to);
}

/** The sizes with -1 worked out; undefined where that is not possible. */
export function resolveSizes(tensor: Tensor, sizes: readonly number[]): number[] | undefined {
  const total = sizesOf(tensor).reduce((a, b) => a * b, 1);
  const known = sizes.filter((size) => size !== -1).reduce((a, b) => a * b, 1);
  const resolved = sizes.map((size) => (size === -1 ? total / known : size));
  return resolved.every((size) => Number.isInteger(size) && size >= 1) ? resolved : undefined;
}
