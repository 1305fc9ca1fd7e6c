/** The package itself, as `import ... from "uap-lens"` gives it: calls of its functions make the values that a specification file holds. */
import { parseArchitecture } from "../../../theory/architecture/validate";
import type { SourceNode } from "../../spec/source";
import { toValue } from "../../spec/source";
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import { fromPlain } from "./builtins";
import { Writing, type Origins } from "./source";
import {
  namespace,
  native,
  placeOf,
  string,
  undefinedValue,
  unknown,
  type Arguments,
  type At,
  type Native,
  type NativeType,
  type ObjectValue,
  type Slot,
  type Unknown,
  type Value,
} from "./values";

export const packageName = "uap-lens";

/** A call of `transformer`: the architecture that it is given, with places. */
export interface Recorded {
  name: string | undefined;
  call: Syntax;
  callee: Place;
  root: SourceNode;
  origins: Origins;
  /** A part that is not known, which is null in `root`. */
  open: Unknown | undefined;
}

/** Functions that give a pattern, by the key of their argument in a specification. */
export const patternFunctions: Record<string, string> = {
  window: "window",
  block: "block",
  strided: "strided",
  fixed: "fixed",
  star: "star",
  axial: "axial",
  globalTokens: "global",
  random: "random",
  bigbird: "bigbird",
  longformer: "longformer",
  edges: "edges",
  where: "expression",
  not: "not",
};
export const patternLists = ["any", "all"] as const;
export const patternNames = ["full", "causal"] as const;
/** Methods of a block, which are keys of it. */
export const blockMethods = ["feedForward", "norm", "repeat"] as const;

/** The module, which records what `transformer` is called with. */
export function lensModule(record: (recorded: Recorded) => void): Native {
  const names: Record<string, Value> = {
    full: string("full"),
    causal: string("causal"),
    attention: native("attention", (args, at) => block("attention", args, at)),
    convolution: native("convolution", (args, at) => block("convolution", args, at)),
    transformer: native("transformer", (args, at) => transformer(args, at, record)),
    Block: {
      kind: "native",
      type: {
        name: "Block",
        construct: (_, args, at) => {
          const [spec] = args.values;
          return spec?.kind === "object" ? wrapped(spec) : (spec ?? unknown("a block", at.place));
        },
      },
      data: undefined,
    },
    ...Object.fromEntries(
      Object.entries(patternFunctions).map(([name, key]) => [name, native(name, (args, at) => argued(key, args, at))]),
    ),
    ...Object.fromEntries(patternLists.map((name) => [name, native(name, (args, at) => listed(name, args, at))])),
  };
  // Everything else that the package exports takes nothing that a file could be read for, and changes none of its arguments.
  return namespace(`"${packageName}"`, (name) =>
    Object.hasOwn(names, name)
      ? names[name]
      : native(name, (_, { place }) => unknown(`the result of \`${name}\``, place)),
  );
}

/** The slot of an argument. Without one, its place is between the parentheses. */
function argument(key: string, { values, places, list, node, callee }: Arguments, otherwise?: Value): [string, Slot] {
  const value = values[0] ?? otherwise ?? undefinedValue;
  const place = places[0] ?? (list && { from: list.from + 1, to: list.to - 1 });
  const written = node && place && { in: node, entry: placeOf(node), key: callee, value: place };
  return [key, { value, written }];
}

/** `window(4)`: an object of one entry. */
function argued(key: string, args: Arguments, at: At): Value {
  const otherwise = key === "star" ? fromPlain(0, at) : undefined;
  return at.interpreter.object([argument(key, args, otherwise)], args.node && { kind: "call", node: args.node });
}

/** `any(a, b)`: an object whose one entry is the list of the arguments. */
function listed(key: string, { values, places, list, node, callee }: Arguments, at: At): Value {
  const items = values.map((value, i): Slot => {
    const place = places[i];
    return { value, written: list && place && { in: list, entry: place, key: undefined, value: place } };
  });
  const made = at.interpreter.array(items, list && { kind: "arguments", node: list });
  const written = node && list && { in: node, entry: placeOf(node), key: callee, value: { from: list.from + 1, to: list.to - 1 } }; // prettier-ignore
  return at.interpreter.object([[key, { value: made, written }]], node && { kind: "call", node });
}

function block(key: string, args: Arguments, at: At): Value {
  const otherwise = key === "attention" ? at.interpreter.object([]) : undefined;
  return wrapped(at.interpreter.object([argument(key, args, otherwise)], args.node && { kind: "chain", node: args.node })); // prettier-ignore
}

/** A block is an object that cannot be changed: each method gives a new one. */
function wrapped(spec: ObjectValue): Native {
  return { kind: "native", type: blockType, data: spec };
}

const blockType: NativeType = {
  name: "a block",
  get(self, name) {
    const spec = self.data as ObjectValue;
    if (name === "spec") return spec;
    if (!(blockMethods as readonly string[]).includes(name)) return undefined;
    return native(name, (args, at) => {
      if (spec.lost) return spec.lost;
      const made = at.interpreter.object(spec.entries, args.node && { kind: "chain", node: args.node });
      const [key, slot] = argument(name, args);
      // The later call takes the place of the earlier one.
      made.entries.delete(key);
      made.entries.set(key, slot);
      return wrapped(made);
    });
  },
};

/** The specification of a value that may be a block. */
const specOf = (value: Value): Value =>
  value.kind === "native" && value.type === blockType ? (value.data as ObjectValue) : value;

function transformer(args: Arguments, at: At, record: (recorded: Recorded) => void): Value {
  const given = args.values[0] ?? undefinedValue;
  const { node } = args;
  const writing = new Writing(specOf, (amount) => at.interpreter.work(amount));
  const root = writing.node(given, args.places[0] ?? at.place, undefined);
  const open = writing.unknown;
  if (node) {
    const name = at.interpreter.nameOf(node);
    record({ name, call: node, callee: args.callee, root, origins: writing.origins, open });
  }
  if (open) return open;
  const plain = toValue(root);
  const parsed = parseArchitecture(plain);
  return namespace("a transformer", (name, inner) => {
    if (name === "input") return fromPlain(plain, inner);
    if (name === "spec" && "architecture" in parsed) return fromPlain(parsed.architecture, inner);
    return undefined;
  });
}
