/** What libraries' functions are written with: reading a call's arguments by a signature, and giving values back. */
import type { Place } from "../../graph/nodes";
import type { Tensor } from "../../graph/tensor";
import { type Arguments, type At, type Value } from "../values";
import { asTensor, isTensor, numbersOf, tensorOf } from "./tensorState";

/** Why a call cannot be followed; becomes an opaque tensor where it is caught. */
export class NotUnderstood extends Error {
  constructor(
    readonly reason: string,
    readonly place: Place,
  ) {
    super(reason);
  }
}

/** Arguments that change nothing of what a model computes. */
const neutral = new Set([
  "device",
  "layout",
  "pin_memory",
  "memory_format",
  "non_blocking",
  "copy",
  "generator",
  "inplace",
  "eps",
  "stable",
  "order",
  "training",
  "requires_grad",
  "precision",
  "preferred_element_type",
  "name",
]);

/** Other names of parameters, by framework. */
const aliases = new Map([
  ["axis", "dim"],
  ["axes", "dims"],
  ["keepdims", "keepdim"],
  ["k", "diagonal"],
  ["x", "input"],
  ["a", "input"],
  ["m", "input"],
  ["array", "input"],
  ["arr", "input"],
  ["object", "input"],
  ["x1", "input"],
  ["x2", "other"],
  ["a_min", "min"],
  ["a_max", "max"],
  ["newshape", "shape"],
  ["arrays", "tensors"],
  ["stop", "end"],
  ["offset", "diagonal"],
  ["a1", "input"],
  ["vec2", "other"],
  ["b", "other"],
]);

interface Signature {
  names: readonly string[];
  star: string | undefined;
}
const signatures = new Map<string, Signature>();

/** Names in order; `*name` takes all that are left. */
function parseSignature(written: string): Signature {
  let signature = signatures.get(written);
  if (!signature) {
    const words = written.split(" ").filter((word) => word !== "");
    const star = words.find((word) => word.startsWith("*"))?.slice(1);
    signature = { names: words.filter((word) => !word.startsWith("*")), star };
    signatures.set(written, signature);
  }
  return signature;
}

/** A call's arguments by the names of a signature. What is not as expected throws `NotUnderstood`. */
export class Call {
  readonly place: Place;
  /** What the starred parameter takes. */
  readonly rest: Value[] = [];
  private readonly values = new Map<string, Value>();
  private readonly written = new Map<string, Place>();

  constructor(
    /** As in messages: "torch.cat". */
    readonly name: string,
    signature: string,
    readonly args: Arguments,
    readonly at: At,
    /** Whether arguments that the signature does not name are read elsewhere. */
    takesMore = false,
  ) {
    this.place = args.place;
    const { names, star } = parseSignature(signature);
    const before = star === undefined ? names.length : signature.split(" ").indexOf(`*${star}`);
    for (const [position, value] of args.positional.entries()) {
      const name = position < before ? names[position] : undefined;
      if (name !== undefined) this.set(name, value, args.places.positional[position]);
      else if (star !== undefined) this.rest.push(value);
      else throw this.not(`with ${args.positional.length} arguments`);
    }
    for (const [name, value] of args.named) {
      const known = names.includes(name) || name === star ? name : aliases.get(name);
      if (known !== undefined && known === star) this.rest.push(value);
      else if (known !== undefined && names.includes(known)) this.set(known, value, args.places.named.get(name));
      else if (!takesMore && !neutral.has(name)) throw this.not(`with \`${name}\``);
    }
  }

  private set(name: string, value: Value, place: Place | undefined): void {
    this.values.set(name, value);
    if (place) this.written.set(name, place);
  }

  /** What to throw where the call is used in a way that is not understood. */
  not(how: string): NotUnderstood {
    return new NotUnderstood(`\`${this.name}\` ${how} is not understood`, this.place);
  }

  /** The value of an argument; undefined where it is missing or None. */
  value(name: string): Value | undefined {
    const value = this.values.get(name);
    return value?.kind === "none" ? undefined : value;
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  /** The value of an argument that must be there. */
  needed(name: string): Value {
    const value = this.value(name);
    if (!value) throw this.not(`without \`${name}\``);
    return value;
  }

  /** Where an argument is written, or the call. */
  placeOf(name: string): Place {
    return this.written.get(name) ?? this.place;
  }

  /** Where a literal is written whose value the argument has; else where the argument is. */
  literalOf(name: string): Place {
    const value = this.values.get(name);
    return (value && "literal" in value ? value.literal : undefined) ?? this.placeOf(name);
  }

  tensor(name: string): Tensor {
    return this.toTensor(this.needed(name));
  }

  optionalTensor(name: string): Tensor | undefined {
    return this.has(name) ? this.tensor(name) : undefined;
  }

  /** Numbers, nested lists of them and tensors as a tensor. What is unknown is an opaque one. */
  toTensor(value: Value): Tensor {
    const tensor = asTensor(value, this.place);
    if (!tensor) throw this.not("of these arguments");
    return tensor;
  }

  /** A tensor, or a number where it is one. */
  operand(name: string): Tensor | number {
    const value = this.needed(name);
    return value.kind === "int" || value.kind === "float" ? value.value : this.toTensor(value);
  }

  number(name: string, fallback?: number): number {
    const value = this.value(name);
    if (!value && fallback !== undefined) return fallback;
    return this.toNumber(value ?? this.needed(name));
  }

  toNumber(value: Value): number {
    if (value.kind === "int" || value.kind === "float") return value.value;
    if (value.kind === "bool") return value.value ? 1 : 0;
    if (value.kind === "unknown") throw new NotUnderstood(value.reason, value.place);
    const numbers = isTensor(value) ? numbersOf(tensorOf(value)) : undefined;
    if (numbers?.length === 1) return numbers[0];
    throw this.not("of these arguments");
  }

  int(name: string, fallback?: number): number {
    return fallback !== undefined && !this.has(name) ? fallback : this.toInt(this.needed(name));
  }

  toInt(value: Value): number {
    const number = this.toNumber(value);
    if (!Number.isInteger(number)) throw this.not("of a number that is not an integer");
    return number;
  }

  optionalInt(name: string): number | undefined {
    return this.has(name) ? this.int(name) : undefined;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.value(name);
    if (!value) return fallback;
    if (value.kind === "unknown") throw new NotUnderstood(value.reason, value.place);
    const known = this.at.interpreter.truth(value);
    if (known === undefined) throw this.not(`with this \`${name}\``);
    return known;
  }

  string(name: string, fallback?: string): string {
    if (fallback !== undefined && !this.has(name)) return fallback;
    const value = this.needed(name);
    if (value.kind === "unknown") throw new NotUnderstood(value.reason, value.place);
    if (value.kind !== "string") throw this.not(`with this \`${name}\``);
    return value.value;
  }

  /** The items of a list, a tuple, or another finite iterable. */
  items(value: Value): readonly Value[] {
    if (value.kind === "list" || value.kind === "tuple") return value.items;
    if (value.kind === "unknown") throw new NotUnderstood(value.reason, value.place);
    const items = this.at.interpreter.iterate(value, this.place);
    if (!items) throw this.not("of these arguments");
    return items;
  }

  /** Integers of one argument: a list of them, or one alone. */
  ints(name: string): number[] {
    const value = this.needed(name);
    return value.kind === "int" ? [value.value] : this.items(value).map((item) => this.toInt(item));
  }

  optionalInts(name: string): number[] | undefined {
    return this.has(name) ? this.ints(name) : undefined;
  }

  /** Integers given one by one or as one list. */
  restInts(): number[] {
    const [first] = this.rest;
    const items = this.rest.length === 1 && first && first.kind !== "int" ? this.items(first) : this.rest;
    return items.map((item) => this.toInt(item));
  }

  /** Tensors of one argument that is a list, and not empty. */
  tensors(name: string): Tensor[] {
    const found = this.items(this.needed(name)).map((item) => this.toTensor(item));
    if (found.length === 0) throw this.not("of no tensors");
    return found;
  }
}

/** What a function gives: a value, or tensors that are then wrapped. */
export type Result = Value | Tensor | readonly Tensor[];

/** A function of a library. As a method, the first argument is the object. */
export interface Operation {
  signature: string;
  run(call: Call): Result;
  /** Whether the result shares its memory with the first argument. */
  view: boolean;
  /** The first argument after the result became another value; undefined where that cannot be told. */
  write?: (call: Call) => (value: Tensor) => Tensor;
}
export const operation = (signature: string, run: (call: Call) => Result): Operation => ({
  signature,
  run,
  view: false,
});
/** An operation whose result is a view; `write` undoes it for a value that the result became. */
export const view = (
  signature: string,
  run: (call: Call) => Tensor | readonly Tensor[],
  write?: Operation["write"],
): Operation => ({ signature, run, view: true, ...(write && { write }) });

/** Arguments of a call that is not written. */
export const positional = (values: readonly Value[], place: Place): Arguments => ({
  positional: values,
  named: new Map(),
  place,
  places: { positional: [], named: new Map() },
});

/** The same call with another first argument: a method's object. */
export const withSelf = (self: Value, args: Arguments): Arguments => ({
  ...args,
  positional: [self, ...args.positional],
  places: { ...args.places, positional: [undefined, ...args.places.positional] },
});
