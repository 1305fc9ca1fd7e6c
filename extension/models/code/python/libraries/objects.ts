/** Natives that libraries make in passing: classes, results with names, and what is not understood. */
import { tensors } from "../../graph/operations";
import { int, list, type Arguments, type At, type Native, type NativeType, type Value } from "../values";
import type { TensorFamily } from "./tensorValue";

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

/** A class of a layer that is not understood: what its instances give is not either. */
export function notUnderstood(name: string, family: TensorFamily): Native {
  const result = ({ place }: At): Value => family.wrap(tensors.opaque(`\`${name}\` is not understood`, place));
  const type: NativeType = { name: `\`${name}\``, call: (_self, _args, at) => result(at), setAttribute: () => true };
  return classValue(
    name,
    () => ({ kind: "native", type, data: undefined }),
    (value) => (value.kind === "native" ? value.type === type : undefined),
    { instanceCall: (_self, _args, at) => result(at) },
  );
}
