/** `argparse` as far as defaults go: what a script is run with when nobody says otherwise. */
import { byName, nativeFunction, none, unknown, type Arguments, type At, type Library, type Native, type NativeType, type Value } from "./values"; // prettier-ignore

/** The defaults of a parser's arguments by their names; groups share those of their parser. */
type Defaults = Map<string, Value>;

const names = (args: Arguments): string[] => args.positional.flatMap((value) => (value.kind === "string" ? [value.value] : [])); // prettier-ignore

/** The attribute that an argument becomes: `dest`, or its first long name. */
function destination(args: Arguments): string | undefined {
  const { dest } = byName(args, ["*", "dest"]);
  if (dest?.kind === "string") return dest.value;
  const written = names(args);
  const name = written.find((each) => each.startsWith("--")) ?? written[0];
  return name?.replace(/^-+/, "").replaceAll("-", "_");
}

function add(defaults: Defaults, args: Arguments, at: At): Value {
  const name = destination(args);
  if (name === undefined) return none;
  const { default: given, action, type } = byName(args, ["*", "default", "action", "type"]);
  const word = action?.kind === "string" ? action.value : undefined;
  const isPositional = names(args).every((each) => !each.startsWith("-"));
  if (given?.kind === "string" && type) defaults.set(name, at.interpreter.callWith(type, [given], at.place));
  else if (given) defaults.set(name, given);
  else if (word === "store_true") defaults.set(name, { kind: "bool", value: false });
  else if (word === "store_false") defaults.set(name, { kind: "bool", value: true });
  else defaults.set(name, isPositional ? unknown(`the command line's argument \`${name}\``, args.place) : none);
  return none;
}

const namespaceType: NativeType = {
  name: "the arguments of the command line",
  attribute: ({ data }, name) => (data as Defaults).get(name),
  setAttribute: ({ data }, name, value) => {
    (data as Defaults).set(name, value);
    return true;
  },
};

const parserType: NativeType = {
  name: "an `ArgumentParser`",
  attribute: (self, name) => {
    const defaults = self.data as Defaults;
    const method = (run: (args: Arguments, at: At) => Value): Value => nativeFunction(`ArgumentParser.${name}`, run);
    const parsed = (): Native => ({ kind: "native", type: namespaceType, data: new Map(defaults) });
    switch (name) {
      case "add_argument":
        return method((args, at) => add(defaults, args, at));
      case "add_argument_group":
      case "add_mutually_exclusive_group":
        return method(() => self);
      case "set_defaults":
        return method((args) => {
          for (const [key, value] of args.named) defaults.set(key, value);
          return none;
        });
      case "parse_args":
        return method(parsed);
      case "parse_known_args":
        return method(() => ({ kind: "tuple", items: [parsed(), { kind: "list", items: [] }] }));
      default:
        return undefined;
    }
  },
};

const library = new Map<string, Value>([
  ["ArgumentParser", nativeFunction("argparse.ArgumentParser", () => ({ kind: "native", type: parserType, data: new Map() }))], // prettier-ignore
  ["Namespace", nativeFunction("argparse.Namespace", (args) => ({ kind: "native", type: namespaceType, data: new Map(args.named) }))], // prettier-ignore
]);

export const argparse: Library = (name) =>
  library.get(name) ?? nativeFunction(`argparse.${name}`, (_args, { place }) => unknown(`\`argparse.${name}\``, place));
