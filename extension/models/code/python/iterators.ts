/** Iterators: of items that are known, or without an end. */
import type { Native, NativeType, Value } from "./values";

export interface Iterator {
  /** Undefined at the end. */
  next(): Value | undefined;
  /** Whether it goes on for ever. */
  endless: boolean;
}

const iteratorType: NativeType = {
  name: "an iterator",
  truth: () => true,
  iterate: (self) => {
    const iterator = self.data as Iterator;
    if (iterator.endless) return undefined;
    const items: Value[] = [];
    for (let item = iterator.next(); item; item = iterator.next()) items.push(item);
    return items;
  },
  attribute: (self, name) => (name === "__iter__" || name === "__next__" ? self : undefined),
};

export const iteratorOf = (value: Value): Iterator | undefined =>
  value.kind === "native" && value.type === iteratorType ? (value.data as Iterator) : undefined;

export function iterator(items: readonly Value[]): Native {
  let index = 0;
  return {
    kind: "native",
    type: iteratorType,
    data: { endless: false, next: () => items[index++] } satisfies Iterator,
  };
}

export const endless = (next: () => Value): Native => ({
  kind: "native",
  type: iteratorType,
  data: { endless: true, next } satisfies Iterator,
});
