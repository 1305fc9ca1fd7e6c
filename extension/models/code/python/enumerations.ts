/** Enumerations. */
import type { Place } from "../graph/nodes";
import { raise } from "./exceptions";
import { isInteger, isNumeric } from "./numbers";
import { string, unknown, type Interpreter, type Native, type NativeType, type PythonClass, type PythonInstance, type Value } from "./values"; // prettier-ignore

const autoType: NativeType = { name: "`auto()`" };
const auto: Native = { kind: "native", type: { name: "`auto`", call: () => ({ kind: "native", type: autoType, data: undefined }) }, data: undefined }; // prettier-ignore

const enumType = (name: string, plain: boolean): NativeType => ({
  name,
  isClass: true,
  truth: () => true,
  derived: (type) => makeMembers(type, plain),
});

function makeMembers(type: PythonClass, isPlain: boolean): void {
  // One that derives from a class of members is of no new kind: members are there already.
  const isMixed = type.mro.some((entry) => entry.kind === "native" && /^(?:int|str|float)$/.test(entry.type.name));
  const isText = type.mro.some((entry) => entry.kind === "native" && entry.type.name === "enum.StrEnum");
  let last = 0;
  for (const [name, given] of type.attributes) {
    if (name.startsWith("_") || given.kind === "function" || given.kind === "class") continue;
    if (given.kind === "native" && given.type !== autoType) continue;
    if (given.kind === "instance" && given.type === type) continue;
    const value: Value =
      given.kind === "native" ? (isText ? string(name.toLowerCase()) : { kind: "int", value: last + 1 }) : given;
    if (isNumeric(value) && isInteger(value)) last = +value.value;
    const member: PythonInstance = { kind: "instance", type, attributes: new Map([["name", string(name)], ["value", value]]) }; // prettier-ignore
    if (isPlain || isMixed) member.data = value;
    type.attributes.set(name, member);
  }
}

const native = (name: string, plain: boolean): Native => ({
  kind: "native",
  type: enumType(name, plain),
  data: undefined,
});
const kinds: Readonly<Record<string, Native>> = {
  Enum: native("enum.Enum", false),
  IntEnum: native("enum.IntEnum", true),
  StrEnum: native("enum.StrEnum", true),
};
const isKind = (value: Value): boolean => value.kind === "native" && Object.values(kinds).includes(value);

export const isEnum = (type: PythonClass): boolean => type.mro.some(isKind);

/** The member that has a value. */
export function enumMember(type: PythonClass, value: Value, interpreter: Interpreter, place: Place): Value {
  if (value.kind === "unknown") return value;
  let known = true;
  for (const member of type.attributes.values()) {
    if (member.kind !== "instance" || member.type !== type) continue;
    const own = member.attributes.get("value");
    const same = member === value ? true : own && interpreter.equal(own, value, place);
    if (same) return member;
    known &&= same === false;
  }
  return known
    ? raise("ValueError", `no member of \`${type.name}\``, place)
    : unknown(`a member of \`${type.name}\``, place);
}

export const enumModule: Readonly<Record<string, Value>> = { ...kinds, auto };
