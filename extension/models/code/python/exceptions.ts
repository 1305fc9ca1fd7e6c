/** Python's own classes of exceptions. */
import type { Place } from "../graph/nodes";
import { PythonRaise } from "./signals";
import { string, tuple, type Native, type NativeType, type Value } from "./values";

interface ExceptionClass {
  name: string;
  parent: Native | undefined;
}
interface Exception {
  type: Native;
  args: readonly Value[];
}

/** An exception of one of Python's classes. */
const exceptionType: NativeType = {
  name: "an exception",
  attribute: (self, name) => (name === "args" ? tuple((self.data as Exception).args) : undefined),
  truth: () => true,
};

const classType: NativeType = {
  name: "a class of exceptions",
  isClass: true,
  attribute: (self, name) => (name === "__name__" ? string((self.data as ExceptionClass).name) : undefined),
  truth: () => true,
  call: (self, args) => ({ kind: "native", type: exceptionType, data: { type: self, args: args.positional } satisfies Exception }), // prettier-ignore
  hasInstance: (self, value) => {
    const types =
      value.kind === "native" && value.type === exceptionType
        ? [(value.data as Exception).type]
        : value.kind === "instance"
          ? value.type.mro
          : [];
    return types.some((type) => derives(type, self));
  },
};

/** Whether a class is the other, or derives from it; of Python's own classes. */
function derives(type: Value, from: Native): boolean {
  for (let at: Value | undefined = type; at?.kind === "native" && at.type === classType; at = (at.data as ExceptionClass).parent) {
    if (at === from) return true;
  } // prettier-ignore
  return false;
}

/** By name: the classes, each with those that derive from it. */
export const exceptions = new Map<string, Native>();
function define(name: string, parent: Native | undefined, ...children: (string | [string, ...string[]])[]): void {
  const own: Native = { kind: "native", type: classType, data: { name, parent } satisfies ExceptionClass };
  exceptions.set(name, own);
  for (const child of children) {
    if (typeof child === "string") define(child, own);
    else define(child[0], own, ...child.slice(1));
  }
}
define("BaseException", undefined, "KeyboardInterrupt", "SystemExit", "GeneratorExit");
define(
  "Exception",
  exceptions.get("BaseException"),
  ["ArithmeticError", "ZeroDivisionError", "OverflowError", "FloatingPointError"],
  "AssertionError",
  "AttributeError",
  ["ImportError", "ModuleNotFoundError"],
  ["LookupError", "IndexError", "KeyError"],
  "MemoryError",
  ["NameError", "UnboundLocalError"],
  ["OSError", "FileNotFoundError", "PermissionError", "TimeoutError", "ConnectionError"],
  "StopIteration",
  "TypeError",
  ["ValueError", "UnicodeError"],
  ["Warning", "UserWarning", "DeprecationWarning", "FutureWarning", "RuntimeWarning"],
);
define("RuntimeError", exceptions.get("Exception"), "NotImplementedError", "RecursionError");
exceptions.set("IOError", exceptions.get("OSError")!);
exceptions.set("EnvironmentError", exceptions.get("OSError")!);

/** Raises an exception in the code that is read. */
export function raise(name: string, message: string, place: Place): never {
  const type = exceptions.get(name)!;
  throw new PythonRaise({ kind: "native", type: exceptionType, data: { type, args: [string(message)] } satisfies Exception }, place); // prettier-ignore
}

/** The name of an exception's class; undefined where it is none of Python's or the source's. */
export function exceptionName(value: Value): string | undefined {
  if (value.kind === "instance") return value.type.name;
  if (value.kind !== "native" || value.type !== exceptionType) return undefined;
  return ((value.data as Exception).type.data as ExceptionClass).name;
}

/** Whether raising the value raises an instance made from it. */
export const isExceptionClass = (value: Value): boolean => value.kind === "class" || (value.kind === "native" && value.type === classType); // prettier-ignore
