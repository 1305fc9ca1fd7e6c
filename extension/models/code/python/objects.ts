/**
 * Objects of the Python code that is read, and all that does not depend on how code is written: attributes, items, classes and their
 * instances. Public methods never throw but `OutOfSteps`.
 */
import type { Place } from "../graph/nodes";
import { classMethod, isProperty, staticMethod, superType, type SuperData } from "./builtins";
import { initialiseFields } from "./dataclasses";
import { forgetValue } from "./effects";
import { enumMember, isEnum } from "./enumerations";
import { exceptionName, raise } from "./exceptions";
import { methodOfPlain } from "./methods";
import { isModule, Modules } from "./modules";
import { isInteger } from "./numbers";
import { binary, equal, identical, plainOf, presentKey, sliceIndices, unary, type OperatorHost } from "./operators";
import { OutOfSteps, PythonRaise } from "./signals";
import { fieldsOf, int, isFunction, keyValue, list, nameOf, nativeFunction, none, string, tuple, unknown, type Arguments, type At, type Interpreter, type Key, type Library, type Native, type PythonClass, type PythonFunction, type PythonInstance, type Unknown, type Value } from "./values"; // prettier-ignore

/** Bounds on nesting, so that no code exhausts the host's stack. */
export const most = { calls: 200, nesting: 1200, yields: 10_000 };

export const noArguments = (place: Place, positional: readonly Value[]): Arguments => ({
  positional,
  named: new Map(),
  place,
  places: { positional: [], named: new Map() },
});

/** The same arguments after one more. */
const withFirst = (first: Value, args: Arguments): Arguments => ({
  positional: [first, ...args.positional],
  named: args.named,
  place: args.place,
  places: { positional: [undefined, ...args.places.positional], named: args.places.named },
});

export abstract class Objects implements Interpreter, OperatorHost {
  /** How many more operations it takes before it gives up. */
  steps: number;
  /** Told of every instance of a class of the source that is made, before it is initialised. */
  onInstance: ((type: PythonClass, args: Arguments) => void) | undefined;

  protected depth = 0;
  protected calls = 0;
  /** `try` statements with handlers that are running. */
  protected tries = 0;
  private running = 0;
  protected readonly modules: Modules;
  /** Attributes that the source sets on functions and objects of libraries that have none of that name. */
  private readonly beside = new WeakMap<Value, Map<string, Value>>();
  /** Instances whose initialisation is not known to the end. */
  private readonly unfinished = new WeakMap<PythonInstance, Unknown>();
  private readonly tupleKeys = new Map<string, Value>();
  private readonly identities = new WeakMap<object, number>();
  private lastIdentity = 0;

  constructor(
    readonly text: string,
    libraries: (module: string) => Library | undefined,
    steps: number,
  ) {
    this.modules = new Modules(libraries);
    this.steps = steps;
  }

  protected abstract callFunction(callee: PythonFunction, args: Arguments, place: Place): Value;

  // ----------------------------------------------------------------------------------------------- what libraries ask

  call(callee: Value, args: Arguments, place: Place): Value {
    return this.enter(place, () => this.callValue(callee, args, place));
  }

  callWith(callee: Value, positional: readonly Value[], place: Place): Value {
    return this.enter(place, () => this.callValue(callee, noArguments(place, positional), place));
  }

  attribute(value: Value, name: string, place: Place): Value {
    return this.enter(place, () => this.attributeOf(value, name, place));
  }

  setAttribute(value: Value, name: string, to: Value, place: Place): void {
    this.enter(place, () => {
      this.setAttributeOf(value, name, to, place);
      return none;
    });
  }

  item(value: Value, index: Value, place: Place): Value {
    return this.enter(place, () => this.itemOf(value, index, place));
  }

  binary(op: string, left: Value, right: Value, place: Place): Value {
    return this.enter(place, () => binary(op, left, right, place, this));
  }

  unary(op: "-" | "+" | "~" | "not", value: Value, place: Place): Value {
    return this.enter(place, () => unary(op, value, place, this));
  }

  iterate(value: Value, place: Place): readonly Value[] | undefined {
    let items: readonly Value[] | undefined;
    this.enter(place, () => {
      items = this.itemsOf(value, place);
      return none;
    });
    return items;
  }

  truth(value: Value): boolean | undefined {
    let truth: boolean | undefined;
    this.enter(nowhere, () => {
      truth = this.truthOf(value);
      return none;
    });
    return truth;
  }

  equal(left: Value, right: Value, place: Place): boolean | undefined {
    let same: boolean | undefined;
    this.enter(place, () => {
      same = equal(left, right, place, this);
      return none;
    });
    return same;
  }

  isInstance(value: Value, type: Value): boolean | undefined {
    let is: boolean | undefined;
    this.enter(nowhere, () => {
      is = this.instanceOf(value, type);
      return none;
    });
    return is;
  }

  newInstance(type: PythonClass, args: Arguments, place: Place): Value {
    return this.enter(place, () => this.instantiate(type, args, place));
  }

  length(value: Value, place: Place): Value {
    return this.enter(place, () => this.lengthOf(value, place));
  }

  /** An attribute; undefined where the value has none of that name for certain. */
  findAttribute(value: Value, name: string, place: Place): Value | undefined {
    let found: Value | undefined;
    this.enter(place, () => {
      found = this.find(value, name, place);
      return none;
    });
    return found;
  }

  textOf(place: Place): string {
    return this.text.slice(place.from, place.to);
  }

  spend(steps: number): void {
    this.steps -= steps;
    if (!(this.steps >= 0)) throw new OutOfSteps();
  }

  keyOf(value: Value): Key | undefined {
    switch (value.kind) {
      case "none":
        return null;
      case "bool":
      case "int":
      case "string":
        return value.value;
      case "float":
        return Number.isInteger(value.value) || Number.isNaN(value.value) ? undefined : value.value;
      case "tuple": {
        const name = this.tupleKey(value, 0);
        if (name === undefined) return undefined;
        let key = this.tupleKeys.get(name);
        if (!key) this.tupleKeys.set(name, (key = value));
        return key;
      }
      case "ellipsis":
      case "function":
      case "class":
        return value;
      case "native":
        return value.type.iterate || value.type.binary ? undefined : value;
      case "instance":
        if (plainOf(value) !== value) return this.keyOf(plainOf(value));
        return fieldsOf(value.type) || this.methodOf(value, "__eq__") || this.unknownBase(value) ? undefined : value;
      default:
        return undefined;
    }
  }

  protected tupleKey(value: Value, depth: number): string | undefined {
    if (value.kind !== "tuple") {
      const key = this.keyOf(value);
      if (key === undefined) return undefined;
      if (typeof key !== "object" || key === null) return `${typeof key} ${JSON.stringify(key)}`;
      let identity = this.identities.get(key);
      if (identity === undefined) this.identities.set(key, (identity = ++this.lastIdentity));
      return `object ${identity}`;
    }
    if (depth > 20) return undefined;
    const names: string[] = [];
    for (const item of value.items) {
      const name = this.tupleKey(item, depth + 1);
      if (name === undefined) return undefined;
      names.push(name);
    }
    return `(${names.join()})`;
  }

  /**
   * Runs what a public method does. From outside, exceptions of the code and exhaustion of the stack become unknown values; from
   * within (a library's function that calls back), they pass.
   */
  protected enter(place: Place, run: () => Value): Value {
    if (this.running > 0) return run();
    this.running++;
    const { depth, calls, tries } = this;
    try {
      let value: Value = none;
      return this.outcome(() => void (value = run()), place) ?? value;
    } finally {
      this.running--;
      Object.assign(this, { depth, calls, tries });
    }
  }

  /** Undefined where all went well, else why not. */
  protected outcome(run: () => void, place: Place): Unknown | undefined {
    const { depth, calls, tries } = this;
    try {
      run();
      return undefined;
    } catch (error) {
      if (error instanceof OutOfSteps) throw error;
      Object.assign(this, { depth, calls, tries });
      const where = { from: place.from, to: place.to };
      if (error instanceof PythonRaise) return raised(error, "the code");
      if (error instanceof RangeError) return unknown("code that is nested too deeply", where);
      return unknown(`an error of this reader (${error instanceof Error ? error.message : "unnamed"})`, where);
    }
  }

  isShared(value: Value): boolean {
    if (value.kind !== "native") return false;
    const { type } = value;
    return isModule(value) || type.isClass === true || isFunction(value);
  }

  libraryAttribute(value: Value, name: string): Value | undefined {
    if (value.kind !== "native") return undefined;
    return (
      this.beside.get(value)?.get(name) ?? value.type.attribute?.(value, name, { place: nowhere, interpreter: this })
    );
  }

  /** How a place is written, cut short. */
  protected short(place: Place): string {
    const text = this.text.slice(place.from, Math.min(place.to, place.from + 60)).replace(/\s+/g, " ");
    return place.to > place.from + 60 ? `${text}…` : text;
  }

  /** Why not, where the key is not known. */
  protected put(dict: Extract<Value, { kind: "dict" }>, key: Value, value: Value, place: Place): Unknown | undefined {
    const as = this.keyOf(key);
    if (as === undefined) return key.kind === "unknown" ? key : unknown("a key of a dict", place);
    dict.entries.set(presentKey(dict.entries, as), value);
    return undefined;
  }

  protected callValue(callee: Value, args: Arguments, place: Place): Value {
    switch (callee.kind) {
      case "function":
        return this.callFunction(callee, args, place);
      case "bound":
        return this.callValue(callee.callee, withFirst(callee.self, args), place);
      case "class":
        if (isEnum(callee)) return enumMember(callee, args.positional[0] ?? none, this, place);
        return this.instantiate(callee, args, place);
      case "native":
        this.spend(1);
        return (
          callee.type.call?.(callee, args, { place, interpreter: this }) ??
          unknown(`a call of ${nameOf(callee)}`, place)
        );
      case "instance": {
        for (const entry of callee.type.mro) {
          if (entry.kind === "unknown") return entry;
          const method = entry.kind === "class" ? entry.attributes.get("__call__") : undefined;
          if (method) return this.callValue(this.bound(method, callee, place), args, place);
          if (entry.kind === "native" && entry.type.instanceCall) return entry.type.instanceCall(callee, args, { place, interpreter: this }); // prettier-ignore
        }
        return unknown(`a call of an object of \`${callee.type.name}\``, place);
      }
      case "unknown":
        return callee;
      default:
        return unknown("a call of what is no function", place);
    }
  }

  // -------------------------------------------------------------------------------------------------------- objects

  protected instantiate(type: PythonClass, args: Arguments, place: Place): Value {
    this.spend(1);
    const maker = this.inClass(type, "__new__");
    if (maker?.kind === "function" || (maker?.kind === "native" && maker.type === classMethod)) {
      const made = this.callValue(
        maker.kind === "function" ? maker : (maker.data as Value),
        withFirst(type, args),
        place,
      );
      if (made.kind === "instance" && made.type.mro.includes(type)) this.initialise(made, made.type.mro, args, place);
      return made;
    }
    const instance: PythonInstance = { kind: "instance", type, attributes: new Map() };
    this.onInstance?.(type, args);
    this.initialise(instance, type.mro, args, place);
    return instance;
  }

  /** Runs the first `__init__` of the classes. */
  protected initialise(instance: PythonInstance, classes: readonly Value[], args: Arguments, place: Place): void {
    for (const entry of classes) {
      if (entry.kind === "class") {
        const own = entry.attributes.get("__init__");
        if (own) {
          const result = this.callValue(this.bound(own, instance, place), args, place);
          // What `__init__` sets is not known where it ended early.
          if (result.kind === "unknown") this.unfinished.set(instance, result);
          return;
        }
        if (entry.fields) {
          const failed = initialiseFields(instance, entry.fields, args, place, this);
          if (failed) this.unfinished.set(instance, failed);
          const after = failed ? undefined : this.inClass(instance.type, "__post_init__");
          const result = after && this.callValue(this.bound(after, instance, place), noArguments(place, []), place);
          if (result?.kind === "unknown") this.unfinished.set(instance, result);
          return;
        }
      } else if (entry.kind === "native" && entry.type.instanceInit) {
        return entry.type.instanceInit(instance, args, { place, interpreter: this });
      } else if (entry.kind === "unknown") return;
    }
  }

  /** An attribute of the source's classes among a class and its bases, as it is in the class. */
  protected inClass(type: PythonClass, name: string): Value | undefined {
    for (const entry of type.mro) {
      const value = entry.kind === "class" ? entry.attributes.get(name) : undefined;
      if (value) return value;
    }
    return undefined;
  }

  classAttribute(value: Value, name: string): Value | undefined {
    const found = value.kind === "instance" ? this.inClass(value.type, name) : value.kind === "class" ? this.inClass(value, name) : undefined; // prettier-ignore
    return found?.kind === "native" && found.type === classMethod ? (found.data as Value) : found;
  }

  methodOf(instance: PythonInstance, name: string): Value | undefined {
    return this.inClass(instance.type, name);
  }

  unknownBase(instance: PythonInstance): Unknown | undefined {
    return instance.type.mro.find((entry) => entry.kind === "unknown");
  }

  /** What an attribute of a class is as an attribute of its instance. */
  protected bound(value: Value, self: PythonInstance, place: Place): Value {
    if (value.kind === "function") return { kind: "bound", self, callee: value };
    if (value.kind !== "native") return value;
    if (isProperty(value)) {
      const { get, cached } = value.data;
      const result = this.callValue(get, noArguments(place, [self]), place);
      if (cached !== undefined) self.attributes.set(cached, result);
      return result;
    }
    return value.type === classMethod
      ? { kind: "bound", self: self.type, callee: value.data as Value }
      : this.unwrapped(value);
  }

  /** Of a static method, the function. */
  protected unwrapped(value: Value): Value {
    return value.kind === "native" && value.type === staticMethod ? (value.data as Value) : value;
  }

  protected attributeOf(value: Value, name: string, place: Place): Value {
    const found = this.find(value, name, place);
    if (found) return found;
    const of = value.kind === "instance" ? `\`${value.type.name}\`` : value.kind === "class" ? `the class \`${value.name}\`` : value.kind === "native" ? nameOf(value) : `a value (${value.kind})`; // prettier-ignore
    if (this.tries > 0 && value.kind !== "native") raise("AttributeError", name, place);
    return unknown(`the attribute \`${name}\` of ${of}`, place);
  }

  protected find(value: Value, name: string, place: Place): Value | undefined {
    const at: At = { place, interpreter: this };
    switch (value.kind) {
      case "unknown":
        return value;
      case "instance":
        return value.attributes.get(name) ?? this.instanceAttribute(value, value.type.mro, name, at);
      case "class":
        return this.attributeOfClass(value, name, at);
      case "native": {
        const own = this.beside.get(value)?.get(name);
        if (own) return own;
        if (value.type === superType && value.data !== undefined)
          return this.superAttribute(value.data as SuperData, name, at);
        const found = isModule(value) ? this.modules.attribute(value, name, place) : value.type.attribute?.(value, name, at); // prettier-ignore
        if (found) return found;
        if (value.type.isClass) return this.ofLibraryClass(value, name);
        return unknown(isModule(value) ? `\`${value.data.name}.${name}\`` : `the attribute \`${name}\` of ${nameOf(value)}`, place); // prettier-ignore
      }
      case "bound":
        if (name === "__self__") return value.self;
        if (name === "__func__") return value.callee;
        return this.find(value.callee, name, place);
      case "function":
        if (name === "__call__") return value;
        return this.beside.get(value)?.get(name) ?? (name === "__name__" || name === "__qualname__" ? string(value.name) : undefined); // prettier-ignore
      default:
        return methodOfPlain(value, name, this);
    }
  }

  protected instanceAttribute(
    self: PythonInstance,
    classes: readonly Value[],
    name: string,
    at: At,
  ): Value | undefined {
    let unknownEntry: Unknown | undefined;
    for (const entry of classes) {
      if (entry.kind === "class") {
        const value = entry.attributes.get(name);
        if (value) return unknownEntry ?? this.bound(value, self, at.place);
      } else if (entry.kind === "native") {
        const value = entry.type.instanceAttribute?.(self, name, at);
        if (value) return unknownEntry ?? value;
      } else if (entry.kind === "unknown") unknownEntry ??= entry;
    }
    if (name === "__class__") return self.type;
    if (name === "__dict__") return { kind: "dict", entries: self.attributes };
    const getter = name.startsWith("__") ? undefined : this.inClass(self.type, "__getattr__");
    if (getter)
      return this.callValue(this.bound(getter, self, at.place), noArguments(at.place, [string(name)]), at.place);
    return unknownEntry ?? this.unfinished.get(self);
  }

  protected attributeOfClass(type: PythonClass, name: string, at: At): Value | undefined {
    let unknownEntry: Unknown | undefined;
    for (const entry of type.mro) {
      if (entry.kind === "class") {
        const value = entry.attributes.get(name);
        if (value?.kind === "native" && value.type === classMethod) return unknownEntry ?? { kind: "bound", self: type, callee: value.data as Value }; // prettier-ignore
        if (value) return unknownEntry ?? this.unwrapped(value);
      } else if (entry.kind === "unknown") unknownEntry ??= entry;
    }
    switch (name) {
      case "__name__":
      case "__qualname__":
        return string(type.name);
      case "__mro__":
        return tuple(type.mro);
      case "__init__":
        return this.initialiser(type.mro);
      case "__dict__":
        return { kind: "dict", entries: new Map(type.attributes) };
      case "__annotations__":
        return unknown("the annotations of a class", at.place);
    }
    for (const entry of type.mro) {
      const value = entry.kind === "native" ? entry.type.attribute?.(entry, name, at) : undefined;
      if (value) return value;
    }
    return unknownEntry;
  }

  /** `Base.__init__`, of classes without one of their own: a function of the instance and the arguments. */
  protected initialiser(classes: readonly Value[]): Value {
    return nativeFunction("__init__", (args, { place }) => {
      const [self, ...positional] = args.positional;
      const rest = { ...args, positional, places: { ...args.places, positional: args.places.positional.slice(1) } };
      if (self?.kind === "instance") this.initialise(self, classes, rest, place);
      return none;
    });
  }

  /** `nn.Module.forward`: a function of the instance. */
  protected ofLibraryClass(type: Native, name: string): Value | undefined {
    if (name === "__init__") return this.initialiser([type]);
    if (name === "__name__") return string(type.type.name.split(".").at(-1)!);
    if (name === "__setattr__") return rawSetter;
    return nativeFunction(`${type.type.name}.${name}`, (args, at) => {
      const [self, ...positional] = args.positional;
      const method = self?.kind === "instance" ? type.type.instanceAttribute?.(self, name, at) : self ? this.find(self, name, at.place) : undefined; // prettier-ignore
      if (!method) return unknown(`\`${name}\` of ${type.type.name}`, at.place);
      return this.callValue(method, { ...args, positional, places: { ...args.places, positional: args.places.positional.slice(1) } }, at.place); // prettier-ignore
    });
  }

  protected superAttribute({ start, self }: SuperData, name: string, at: At): Value | undefined {
    const type = self.kind === "instance" ? self.type : self.kind === "class" ? self : undefined;
    if (!type) return unknown("`super()`", at.place);
    const classes = type.mro.slice(type.mro.indexOf(start) + 1);
    if (name === "__new__") return bareMaker;
    if (self.kind !== "instance") {
      for (const entry of classes) {
        if (entry.kind === "unknown") return entry;
        const value = entry.kind === "class" ? entry.attributes.get(name) : undefined;
        if (value?.kind === "native" && value.type === classMethod)
          return { kind: "bound", self, callee: value.data as Value };
        if (value) return this.unwrapped(value);
      }
      return name.startsWith("__") ? nothing : unknown(`\`super().${name}\``, at.place);
    }
    if (name === "__init__") return { kind: "bound", self, callee: this.initialiser(classes) };
    const found = this.instanceAttribute(self, classes, name, at);
    if (found) return found;
    if (name === "__setattr__") return { kind: "bound", self, callee: rawSetter };
    // What every object has does nothing here.
    return name === "__post_init__" || name === "__init_subclass__" ? nothing : undefined;
  }

  protected setAttributeOf(value: Value, name: string, to: Value, place: Place): void {
    const at: At = { place, interpreter: this };
    switch (value.kind) {
      case "instance": {
        for (const entry of value.type.mro) {
          if (entry.kind === "class") {
            const own = entry.attributes.get(name);
            if (own && isProperty(own) && own.data.cached === undefined) {
              if (own.data.set) this.callValue(own.data.set, noArguments(place, [value, to]), place);
              return;
            }
            const setter = entry.attributes.get("__setattr__");
            if (setter) {
              this.callValue(this.bound(setter, value, place), noArguments(place, [string(name), to]), place);
              return;
            }
          } else if (entry.kind === "native" && entry.type.instanceSetAttribute?.(value, name, to, at)) return;
        }
        value.attributes.set(name, to);
        return;
      }
      case "class":
        value.attributes.set(name, to);
        return;
      case "native":
        if (value.type.setAttribute?.(value, name, to, at)) return;
        if (!value.type.setAttribute && !isModule(value) && value.type.attribute?.(value, name, at)) {
          if (!this.isShared(value)) forgetValue(value, unknown(`a change of \`${name}\` of ${nameOf(value)}`, place));
          return;
        }
        break;
      case "function":
      case "bound":
        break;
      default:
        return;
    }
    const attributes = this.beside.get(value) ?? new Map<string, Value>();
    this.beside.set(value, attributes.set(name, to));
  }

  // ---------------------------------------------------------------------------------------------------------- items

  protected itemOf(value: Value, index: Value, place: Place): Value {
    const at: At = { place, interpreter: this };
    switch (value.kind) {
      case "unknown":
        return value;
      case "native":
        return (
          value.type.item?.(value, index, at) ??
          (value.type.isClass ? value : unknown(`an item of ${nameOf(value)}`, place))
        );
      case "class": {
        // A generic class with its arguments, or a member of an enumeration.
        if (index.kind === "string" && value.attributes.get(index.value)?.kind === "instance") return value.attributes.get(index.value)!; // prettier-ignore
        const own = this.classAttribute(value, "__class_getitem__");
        return own ? this.callValue(own, noArguments(place, [value, index]), place) : value;
      }
      case "instance":
        for (const entry of value.type.mro) {
          if (entry.kind === "unknown") return entry;
          const own = entry.kind === "class" ? entry.attributes.get("__getitem__") : undefined;
          if (own) return this.callValue(this.bound(own, value, place), noArguments(place, [index]), place);
          if (entry.kind === "native" && entry.type.instanceItem) return entry.type.instanceItem(value, index, at);
        }
        return unknown(`an item of an object of \`${value.type.name}\``, place);
      case "dict": {
        const key = this.keyOf(index);
        if (key === undefined) return index.kind === "unknown" ? index : unknown("a key of a dict", place);
        const found = value.entries.get(presentKey(value.entries, key));
        if (found) return found;
        if (!value.factory) return raise("KeyError", typeof key === "object" ? "a key" : String(key), place);
        const made = this.callValue(value.factory, noArguments(place, []), place);
        value.entries.set(key, made);
        return made;
      }
      case "list":
      case "tuple":
      case "string": {
        const position = plainOf(index);
        const length = value.kind === "string" ? value.value.length : value.items.length;
        if (isInteger(position)) {
          const from = +position.value < 0 ? +position.value + length : +position.value;
          if (from < 0 || from >= length) raise("IndexError", `index ${+position.value} of ${length}`, place);
          return value.kind === "string" ? string(value.value[from]) : value.items[from];
        }
        const indices = position.kind === "slice" ? sliceIndices(position, length) : undefined;
        if (!indices) return unknownOf(position) ?? unknown(`an item of a ${value.kind}`, place);
        this.spend(indices.length);
        if (value.kind === "string") return string(indices.map((i) => value.value[i]).join(""));
        const items = indices.map((i) => value.items[i]);
        return value.kind === "list" ? list(items) : tuple(items);
      }
      default:
        return unknown(`an item of a value (${value.kind})`, place);
    }
  }

  protected setItemOf(value: Value, index: Value, to: Value, place: Place): void {
    const at: At = { place, interpreter: this };
    const why = () => unknownOf(index) ?? unknown(`a change of \`${this.short(place)}\``, place);
    switch (value.kind) {
      case "native":
        if (!value.type.setItem?.(value, index, to, at) && !this.isShared(value)) forgetValue(value, why());
        return;
      case "instance":
        for (const entry of value.type.mro) {
          const own = entry.kind === "class" ? entry.attributes.get("__setitem__") : undefined;
          if (own) {
            this.callValue(this.bound(own, value, place), noArguments(place, [index, to]), place);
            return;
          }
          if (entry.kind === "native" && entry.type.instanceSetItem?.(value, index, to, at)) return;
        }
        return forgetValue(value, why());
      case "dict": {
        const failed = this.put(value, index, to, place);
        if (failed) forgetValue(value, failed);
        return;
      }
      case "list": {
        const { length } = value.items;
        if (isInteger(index)) {
          const from = +index.value < 0 ? +index.value + length : +index.value;
          if (from < 0 || from >= length) raise("IndexError", `index ${+index.value} of ${length}`, place);
          value.items[from] = to;
          return;
        }
        const indices = index.kind === "slice" ? sliceIndices(index, length) : undefined;
        const items = indices && this.itemsOf(to, place);
        if (!items || index.kind !== "slice") return forgetValue(value, unknownOf(to) ?? why());
        if (index.step.kind === "none") {
          const start = sliceIndices({ ...index, stop: none }, length)![0] ?? indices[0] ?? length;
          value.items.splice(start, indices.length, ...items);
        } else if (items.length !== indices.length) raise("ValueError", "a slice of another length", place);
        else for (const [i, target] of indices.entries()) value.items[target] = items[i]!;
        return;
      }
      default:
        return;
    }
  }

  protected itemsOf(value: Value, place: Place): readonly Value[] | undefined {
    const at: At = { place, interpreter: this };
    switch (value.kind) {
      case "list":
      case "tuple":
        return value.items;
      case "dict":
        return [...value.entries.keys()].map(keyValue);
      case "string":
        return [...value.value].map(string);
      case "native":
        return value.type.iterate?.(value, at);
      case "class":
        return isEnum(value) ? [...value.attributes.values()].filter((member) => member.kind === "instance" && member.type === value) : undefined; // prettier-ignore
      case "instance":
        for (const entry of value.type.mro) {
          if (entry.kind === "unknown") return undefined;
          const own = entry.kind === "class" ? entry.attributes.get("__iter__") : undefined;
          if (own)
            return this.drained(this.callValue(this.bound(own, value, place), noArguments(place, []), place), place);
          if (entry.kind === "native" && entry.type.instanceIterate) return entry.type.instanceIterate(value, at);
        }
        return undefined;
      default:
        return undefined;
    }
  }

  /** The items of what `__iter__` gives: an iterator of the source's is asked until it stops. */
  protected drained(iterator: Value, place: Place): readonly Value[] | undefined {
    const next = iterator.kind === "instance" ? this.inClass(iterator.type, "__next__") : undefined;
    if (iterator.kind !== "instance" || !next)
      return iterator.kind === "instance" ? undefined : this.itemsOf(iterator, place);
    const items: Value[] = [];
    const { depth, calls, tries } = this;
    for (;;) {
      try {
        this.tries = tries + 1;
        const item = this.callValue(this.bound(next, iterator, place), noArguments(place, []), place);
        if (item.kind === "unknown" || items.length > most.yields) return undefined;
        items.push(item);
      } catch (error) {
        if (!(error instanceof PythonRaise) || exceptionName(error.value) !== "StopIteration") throw error;
        Object.assign(this, { depth, calls });
        return items;
      } finally {
        this.tries = tries;
      }
    }
  }

  protected lengthOf(value: Value, place: Place): Value {
    switch (value.kind) {
      case "unknown":
        return value;
      case "string":
        return int([...value.value].length, place);
      case "list":
      case "tuple":
        return int(value.items.length, place);
      case "dict":
        return int(value.entries.size, place);
      case "native": {
        const own = value.type.length?.(value, { place, interpreter: this });
        if (own) return own;
        break;
      }
      case "instance": {
        const own = this.inClass(value.type, "__len__");
        if (own) return this.callValue(this.bound(own, value, place), noArguments(place, []), place);
        break;
      }
      default:
        break;
    }
    const items = this.itemsOf(value, place);
    return items ? int(items.length, place) : unknown(`the length of \`${this.short(place)}\``, place);
  }

  protected truthOf(value: Value): boolean | undefined {
    switch (value.kind) {
      case "none":
        return false;
      case "bool":
        return value.value;
      case "int":
      case "float":
        return value.value !== 0;
      case "string":
        return value.value !== "";
      case "list":
      case "tuple":
        return value.items.length > 0;
      case "dict":
        return value.entries.size > 0;
      case "instance": {
        if (plainOf(value) !== value) return this.truthOf(plainOf(value));
        const own = this.inClass(value.type, "__bool__") ?? this.inClass(value.type, "__len__");
        if (own) return this.truthOf(this.callValue(own, noArguments(nowhere, [value]), nowhere));
        if (this.unknownBase(value)) return undefined;
        const isSized = value.type.mro.some(
          (entry) => entry.kind === "native" && entry.type.instanceIterate !== undefined,
        );
        if (!isSized) return true;
        const items = this.itemsOf(value, nowhere);
        return items && items.length > 0;
      }
      case "native":
        return value.type.truth ? value.type.truth(value) : value.type.isClass ? true : undefined;
      case "unknown":
        return undefined;
      default:
        return true;
    }
  }

  protected instanceOf(value: Value, type: Value): boolean | undefined {
    if (type.kind === "tuple") {
      let known: boolean | undefined = false;
      for (const each of type.items) {
        const is = this.instanceOf(value, each);
        if (is) return true;
        if (is === undefined) known = undefined;
      }
      return known;
    }
    if (value.kind === "unknown" || type.kind === "unknown") return undefined;
    if (type.kind === "none") return value.kind === "none";
    if (value.kind === "instance" && value.type.mro.some((entry) => entry === type || (type.kind === "native" && identical(entry, type)))) return true; // prettier-ignore
    if (value.kind === "instance" && this.unknownBase(value)) return undefined;
    if (type.kind === "class") return value.kind === "native" && value.type.isClass === undefined ? undefined : false;
    if (type.kind !== "native") return undefined;
    if (type.type.hasInstance) return type.type.hasInstance(type, value);
    if (value.kind === "native") return undefined;
    return value.kind === "instance" && value.type.mro.some(({ kind }) => kind === "native") ? undefined : false;
  }
}

export const nowhere: Place = { from: 0, to: 0 };
export const placeAt = ({ from, to }: Place): Place => ({ from, to });
/** Why a value, or a part of it, is unknown. */
export const unknownOf = (value: Value): Unknown | undefined =>
  value.kind === "unknown"
    ? value
    : value.kind === "native"
      ? value.type.problem?.(value)
      : value.kind === "slice"
        ? (unknownOf(value.start) ?? unknownOf(value.stop) ?? unknownOf(value.step))
        : undefined;
const nothing = nativeFunction("a method of every object", () => none);

const rawSetter = nativeFunction("object.__setattr__", ({ positional: [self, name, value] }) => {
  if (self?.kind === "instance" && name?.kind === "string" && value) self.attributes.set(name.value, value);
  return none;
});
const bareMaker = nativeFunction("object.__new__", ({ positional: [type] }, { place }) =>
  type?.kind === "class" ? { kind: "instance", type, attributes: new Map() } : unknown("a new object", place),
);

/** The unknown value that an exception leaves; `who` raised it. */
export const raised = ({ value, place }: PythonRaise, who: string): Unknown => {
  const name = exceptionName(value);
  return unknown(`${who}, which raises ${name === undefined ? "an exception" : `\`${name}\``}`, place);
};
