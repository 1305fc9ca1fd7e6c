/** Natives that libraries make in passing: classes, and results with names. */
import { int, list, type Arguments, type At, type Native, type NativeType, type Value } from "../values";

/** A class of a library: what calling it makes, and which values are instances of it. */
export function classValue(
  name: string,
  make: (args: Arguments, at: At) => Value,
  hasInstance: (value: Value) => boolean | undefined,
  more: Partial<NativeType> = {},
): Native {
  const type: NativeType = {
    name: `\`${name}\``,
    isClass: true,
    call: (_self, args, at) => make(args, at),
    hasInstance: (_self, value) => hasInstance(value),
    ...more,
  };
  return { kind: "native", type, data: undefined };
}

const namedType: NativeType = {
  name: "a result with names",
  attribute: ({ data }, name) => (data as ReadonlyMap<string, Value>).get(name),
  item: (self, index, at) => {
    const items = [...(self.data as ReadonlyMap<string, Value>).values()];
    return at.interpreter.item(list(items), index, at.place);
  },
  iterate: ({ data }) => [...(data as ReadonlyMap<string, Value>).values()],
  length: ({ data }, { place }) => int((data as ReadonlyMap<string, Value>).size, place),
};
/** A tuple whose items have names. */
export const named = (items: Record<string, Value>): Native => ({
  kind: "native",
  type: namedType,
  data: new Map(Object.entries(items)),
});
