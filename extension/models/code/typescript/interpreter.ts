/**
 * Runs JavaScript and TypeScript code abstractly: literals, functions, classes, loops and what the language has built in, exactly; all else
 * is unknown, with a reason. Nothing is executed.
 *
 * Where a condition is unknown both branches run, and whatever existed before them and is changed in one of them is unknown afterwards.
 * Whatever is given to code that is not in the file may be changed by it. So a known value is the value that the code has.
 */
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import { arrayMember, globalValue, objectMember, textMember } from "./builtins";
import {
  boolean,
  fromPrimitive,
  native,
  number,
  placeOf,
  primitive,
  string,
  truth,
  undefinedValue,
  unknown,
  type Arguments,
  type ArrayValue,
  type Binding,
  type ClassValue,
  type Form,
  type FunctionValue,
  type Interpreter as InterpreterInterface,
  type ObjectValue,
  type Scope,
  type Slot,
  type Unknown,
  type Value,
  type Written,
} from "./values";

/** Steps of one file, and calls inside calls. */
const mostSteps = 200_000;
const deepestCall = 100;

/** The bound on the work is reached. */
export class TooMuchWork extends Error {}
/** The code throws. */
class Thrown extends Error {}

type Completion =
  | undefined
  | { kind: "return"; value: Value }
  | { kind: "break" | "continue"; label: string | undefined }
  /** It may have returned, broken off or gone on; what follows may not run. */
  | { kind: "maybe"; reason: Unknown };

const functionTypes = new Set([
  "function_declaration",
  "function_expression",
  "arrow_function",
  "method_definition",
  "generator_function",
  "generator_function_declaration",
]);

export const withoutComments = (node: Syntax): Syntax[] => node.children.filter(({ type }) => type !== "comment");
export const field = (node: Syntax, name: string): Syntax | undefined => node.fields[name]?.[0];

/** What is missing in code that is not complete. */
const hole = ({ from }: Syntax): Syntax => ({ type: "missing", from, to: from, children: [], fields: {}, text: "" });
const need = (node: Syntax, name: string): Syntax => field(node, name) ?? hole(node);
const firstOf = (node: Syntax): Syntax => withoutComments(node)[0] ?? hole(node);

export interface Surroundings {
  /** What an import gives; undefined for modules that are not known. */
  module(specifier: string): Value | undefined;
  /** A name that the file does not declare. */
  global(name: string): Value | undefined;
  /** The value of a parameter that a comment tells. */
  told(name: string, callee: Syntax): Value | undefined;
}

export class Interpreter implements InterpreterInterface {
  private steps = 0;
  private clock = 0;
  private depth = 0;
  /** The branch that may not run, if one is being run. */
  private speculation: { since: number; reason: Unknown } | undefined;
  /** Changes that speculation made unknown. */
  private spoilt = 0;
  /** Set while functions run that nobody calls in the file: when this began. */
  private later: number | undefined;
  private readonly entered = new Set<Syntax>();
  private readonly functions = new Map<Syntax, FunctionValue>();
  private readonly classes = new Map<Syntax, ClassValue>();
  private readonly constructed = new Set<Syntax>();
  private readonly parents = new Map<Syntax, Syntax>();
  /** The functions whose arguments are not known, by where these are written. */
  readonly asked = new Map<number, Syntax>();
  /** For every name, the innermost functions in which it is assigned. */
  private readonly assignments = new Map<string, Place[]>();
  readonly globals: Scope = { names: new Map(), parent: undefined, isFunction: true };

  constructor(
    readonly text: string,
    private readonly program: Syntax,
    private readonly surroundings: Surroundings,
  ) {
    this.prepare(program, undefined);
  }

  /**
   * Runs the module, then every function and every class in it that nobody has called, with its arguments unknown but for their defaults.
   * @throws TooMuchWork
   */
  run(): void {
    this.quietly(() => this.block(withoutComments(this.program), this.globals));
    this.later = ++this.clock;
    // Running one makes others known.
    for (let found = true; found;) {
      found = false;
      for (const made of [...this.classes.values()]) {
        if (this.constructed.has(made.node) || (made.base && this.isNative(made))) continue;
        found = true;
        const reason = unknown(`the time at which \`${made.name}\` is made`, placeOf(made.node));
        this.speculate(reason, () => this.construct(made, this.noArguments(made.node)));
      }
      for (const one of [...this.functions.values()]) {
        if (this.entered.has(one.node) || (one.home && this.isNative(one.home))) continue;
        found = true;
        const self = one.self ?? (one.home && this.blank(one.home));
        this.tried({ ...one, self }, one.node);
      }
    }
  }

  /** Runs a function with unknown arguments as code that may or may not run. */
  private tried(one: FunctionValue, place: Place): void {
    const reason = unknown(`the time at which \`${one.name}\` is called`, placeOf(place));
    this.speculate(reason, () => this.invoke(one, this.noArguments(one.node), one.self, true));
  }

  private noArguments(node: Syntax): Arguments {
    return { values: [], places: [], node: undefined, list: undefined, callee: placeOf(node) };
  }

  /** Whether a library calls the methods of the class. */
  private isNative(made: ClassValue): boolean {
    return this.nativeBase(made) !== undefined;
  }

  nativeBase(made: ClassValue): Extract<Value, { kind: "native" }> | undefined {
    for (let base = made.base; base; base = base.kind === "class" ? base.base : undefined)
      if (base.kind === "native") return base;
    return undefined;
  }

  private blank(type: ClassValue): ObjectValue {
    const instance = this.object([]);
    instance.type = type;
    instance.lost = unknown(`an instance of \`${type.name}\``, placeOf(type.node));
    return instance;
  }

  // ------------------------------------------------------------------------------------------------------- preparation

  private prepare(node: Syntax, inside: Syntax | undefined): void {
    for (const child of node.children) {
      this.parents.set(child, node);
      this.prepare(child, functionTypes.has(node.type) ? node : inside);
    }
    const target =
      node.type === "assignment_expression" || node.type === "augmented_assignment_expression"
        ? field(node, "left")
        : node.type === "update_expression"
          ? field(node, "argument")
          : node.type === "for_in_statement" && !node.fields.kind
            ? field(node, "left")
            : undefined;
    if (!target || !inside) return;
    for (const name of namesIn(target)) this.assignments.set(name, [...(this.assignments.get(name) ?? []), inside]);
  }

  nameOf(node: Syntax): string | undefined {
    for (let at = node, parent = this.parents.get(at); parent; at = parent, parent = this.parents.get(at)) {
      switch (parent.type) {
        case "await_expression":
        case "parenthesized_expression":
        case "as_expression":
        case "satisfies_expression":
        case "non_null_expression":
        case "return_statement":
        case "statement_block":
        case "export_statement":
          continue;
        case "member_expression":
        case "call_expression":
          // The receiver of a call: `transformer({}).build()`.
          if (field(parent, "object") === at || field(parent, "function") === at) continue;
          return undefined;
        case "variable_declarator":
        case "public_field_definition":
        case "field_definition":
        case "function_declaration":
        case "method_definition": {
          const name = field(parent, "name") ?? field(parent, "property");
          return name && /identifier$/.test(name.type) ? name.text : undefined;
        }
        case "pair":
          return field(parent, "key")?.text || undefined;
        case "assignment_expression": {
          const left = need(parent, "left");
          return (left.type === "member_expression" ? field(left, "property") : left)?.text || undefined;
        }
        case "arrow_function":
        case "function_expression":
          continue;
        default:
          return undefined;
      }
    }
    return undefined;
  }

  // ------------------------------------------------------------------------------------------------------------- bounds

  work(amount: number): void {
    this.steps += amount;
    if (this.steps > mostSteps) throw new TooMuchWork();
  }

  /** Runs what may throw; undefined where it did. */
  quietly<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Thrown)) throw error;
      return undefined;
    }
  }

  private speculate<T>(reason: Unknown, run: () => T): T | undefined {
    const before = this.speculation;
    this.speculation = { since: ++this.clock, reason };
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Thrown)) throw error;
      return undefined;
    } finally {
      this.speculation = before;
    }
  }

  private mayNotRun(birth: number): Unknown | undefined {
    return this.speculation && birth <= this.speculation.since ? this.speculation.reason : undefined;
  }

  // ------------------------------------------------------------------------------------------------------------- values

  object(entries: Iterable<readonly [string, Slot]>, form?: Form): ObjectValue {
    return { kind: "object", entries: new Map(entries), form, type: undefined, birth: ++this.clock };
  }

  array(items: Slot[], form?: Form): ArrayValue {
    this.work(items.length);
    return { kind: "array", items, form, birth: ++this.clock };
  }

  put(object: ObjectValue, name: string, slot: Slot): void {
    if (object.frozen || object.lost) return;
    const reason = this.mayNotRun(object.birth);
    if (reason && object.entries.get(name)?.value.kind !== "unknown") this.spoilt++;
    object.entries.set(name, reason ? { value: reason, written: undefined } : slot);
  }

  changes(array: ArrayValue): boolean {
    if (array.frozen || array.lost) return false;
    const reason = this.mayNotRun(array.birth);
    if (!reason) return true;
    this.spoilt++;
    array.lost = reason;
    return false;
  }

  private assign(binding: Binding, value: Value): void {
    if (binding.constant) return;
    const reason = this.mayNotRun(binding.birth);
    if (reason && binding.value.kind !== "unknown") this.spoilt++;
    binding.value = reason ?? value;
  }

  escape(value: Value, reason: string, place: Place): void {
    this.work(1);
    switch (value.kind) {
      case "array":
        if (value.frozen || value.lost) return;
        value.lost = unknown(reason, place);
        for (const item of value.items) this.escape(item.value, reason, place);
        return;
      case "object":
        if (value.frozen || value.lost) return;
        value.lost = unknown(reason, place);
        for (const slot of value.entries.values()) this.escape(slot.value, reason, place);
        return;
      case "function":
        if (!this.entered.has(value.node)) this.tried(value, place);
        return;
      default:
        return;
    }
  }

  iterate(value: Value, place: Place): readonly Slot[] | undefined {
    if (value.kind === "array") return value.lost ? undefined : value.items;
    if (value.kind === "string") return [...value.value].map((character) => ({ value: string(character), written: undefined })); // prettier-ignore
    return value.kind === "native" ? value.type.iterate?.(value, { place, interpreter: this }) : undefined;
  }

  callWith(callee: Value, values: readonly Value[], place: Place): Value {
    return this.call(callee, { values, places: [], node: undefined, list: undefined, callee: place }, undefined, place);
  }

  member(value: Value, name: string, place: Place): Value {
    this.work(1);
    switch (value.kind) {
      case "unknown":
        return value;
      case "undefined":
      case "null":
        throw new Thrown();
      case "object": {
        const found = value.lost ? undefined : value.entries.get(name);
        if (found) return found.value;
        const inherited = value.type && this.inherited(value, value.type, name, place);
        if (inherited) return inherited;
        return value.lost ?? objectMember(value, name) ?? undefinedValue;
      }
      case "array":
        if (value.lost) return value.lost;
        if (name === "length") return number(value.items.length);
        if (/^\d+$/.test(name)) return value.items[Number(name)]?.value ?? undefinedValue;
        return arrayMember(value, name, this) ?? undefinedValue;
      case "string":
        if (name === "length") return number(value.value.length);
        if (/^\d+$/.test(name)) return fromPrimitive(value.value[Number(name)]);
        return textMember(value.value, name, this) ?? undefinedValue;
      case "number":
      case "boolean":
        return textMember(value.value, name, this) ?? undefinedValue;
      case "class": {
        for (let at: Value | undefined = value; at; at = at.kind === "class" ? at.base : undefined) {
          if (at.kind !== "class") return this.member(at, name, place);
          const found = at.statics.get(name);
          if (found) return found.value;
        }
        return name === "name" ? string(value.name) : undefinedValue;
      }
      case "function": {
        if (name === "name") return string(value.name);
        if (name === "call") return native("call", (args) => this.call({ ...value, self: args.values[0] ?? undefinedValue }, { ...args, values: args.values.slice(1), places: args.places.slice(1) }, undefined, place)); // prettier-ignore
        if (name === "bind") return native("bind", (args) => args.values.length > 1 ? unknown(`a function bound to arguments`, place) : { ...value, self: args.values[0] ?? undefinedValue }); // prettier-ignore
        return unknown(`\`${name}\` of the function \`${value.name}\``, place);
      }
      case "native":
        return (
          value.type.get?.(value, name, { place, interpreter: this }) ??
          unknown(`\`${name}\` of ${value.type.name}`, place)
        );
    }
  }

  private inherited(self: ObjectValue, type: ClassValue, name: string, place: Place): Value | undefined {
    for (let at: Value | undefined = type; at; at = at.kind === "class" ? at.base : undefined) {
      if (at.kind === "native") return at.type.member?.(at, self, name, { place, interpreter: this });
      if (at.kind === "unknown") return unknown(`\`${name}\` of the class \`${type.name}\`, which extends ${at.reason}`, place); // prettier-ignore
      if (at.kind !== "class") return undefined;
      const getter = at.getters.get(name);
      if (getter) return this.invoke({ ...getter, self }, this.noArguments(getter.node), self, false);
      const method = at.methods.get(name);
      if (method) return { ...method, self };
    }
    return undefined;
  }

  // -------------------------------------------------------------------------------------------------------------- calls

  call(callee: Value, args: Arguments, self: Value | undefined, place: Place): Value {
    this.work(1);
    switch (callee.kind) {
      case "function":
        return this.invoke(callee, args, callee.self ?? self, false);
      case "native":
        if (callee.type.call) return callee.type.call(callee, args, { place, interpreter: this });
        return unknown(`a call of ${callee.type.name}`, place);
      case "unknown":
        for (const value of args.values) this.escape(value, `a value given to ${callee.reason}`, place);
        if (self) this.escape(self, `a value given to ${callee.reason}`, place);
        return callee;
      default:
        throw new Thrown();
    }
  }

  /** @param unsure whether nobody is known to call it: arguments that are left out are not `undefined` but unknown. */
  private invoke(one: FunctionValue, args: Arguments, self: Value | undefined, unsure: boolean): Value {
    const { node } = one;
    this.entered.add(node);
    if (this.isGenerator(node)) return unknown(`what the generator \`${one.name}\` yields`, placeOf(node));
    if (this.depth >= deepestCall) throw new TooMuchWork();
    const scope: Scope = { names: new Map(), parent: one.scope, isFunction: true };
    if (node.type !== "arrow_function") {
      this.declare(scope, "this", self ?? undefinedValue, true, node.from);
      if (one.home) this.declare(scope, "super", one.home, true, node.from);
    }
    this.depth++;
    try {
      this.bindParameters(one, args, scope, unsure);
      const body = field(node, "body");
      if (!body) return unknown(`\`${one.name}\`, which has no body`, placeOf(node));
      if (body.type !== "statement_block") return this.evaluate(body, scope);
      const completion = this.block(withoutComments(body), scope);
      if (completion?.kind === "return") return completion.value;
      return completion?.kind === "maybe" ? completion.reason : undefinedValue;
    } finally {
      this.depth--;
    }
  }

  private isGenerator({ type, from, fields }: Syntax): boolean {
    if (type.startsWith("generator")) return true;
    return type === "method_definition" && this.text.slice(from, fields.name?.[0].from).includes("*");
  }

  private bindParameters(one: FunctionValue, args: Arguments, scope: Scope, unsure: boolean): void {
    const { node } = one;
    const single = field(node, "parameter");
    const list = field(node, "parameters");
    const parameters = single ? [single] : list ? withoutComments(list) : [];
    let i = 0;
    for (const parameter of parameters) {
      const isTyped = parameter.type === "required_parameter" || parameter.type === "optional_parameter";
      const pattern = isTyped ? need(parameter, "pattern") : parameter;
      if (pattern.type === "this") continue;
      if (pattern.type === "rest_pattern") {
        const rest = args.values.slice(i).map((value): Slot => ({ value, written: undefined }));
        const value = unsure ? this.argument(one, pattern) : this.array(rest);
        this.bind(firstOf(pattern), value, scope, false);
        break;
      }
      const otherwise = isTyped ? field(parameter, "value") : undefined;
      let value: Value = args.values[i++] ?? undefinedValue;
      const target = pattern.type === "assignment_pattern" ? need(pattern, "left") : pattern;
      if (unsure) {
        const hasDefault = otherwise !== undefined || pattern.type === "assignment_pattern";
        const told = target.type === "identifier" ? this.surroundings.told(target.text, node) : undefined;
        value = told ?? (hasDefault ? undefinedValue : this.argument(one, target));
      }
      if (otherwise && value.kind === "undefined") value = this.evaluate(otherwise, scope);
      this.bind(pattern, value, scope, false);
      // TypeScript's `constructor(private width: number)`.
      if (isTyped && target.type === "identifier" && one.name === "constructor") {
        const isField = /^(private|public|protected|readonly|override)\b/.test(this.text.slice(parameter.from, pattern.from)); // prettier-ignore
        const self = this.lookup("this", scope)?.value;
        if (isField && self?.kind === "object") this.put(self, target.text, { value, written: undefined });
      }
    }
  }

  /** What an argument is that nobody gives: of an object that is taken apart, each of its entries. */
  private argument(one: FunctionValue, pattern: Syntax): Value {
    const parts = pattern.type === "object_pattern" ? withoutComments(pattern) : [];
    if (parts.length > 0 && parts.every(({ type }) => type !== "rest_pattern")) {
      const entries = parts.flatMap((part): [string, Slot][] => {
        const name = field(part, "key") ?? field(part, "left") ?? part;
        const told = this.surroundings.told(name.text, one.node);
        const target = field(part, "value") ?? part;
        if (!told && /assignment_pattern$/.test(target.type)) return [];
        return [[name.text, { value: told ?? this.argument(one, name), written: undefined }]];
      });
      return this.object(entries);
    }
    this.asked.set(pattern.from, one.node);
    return unknown(
      `the argument \`${this.text.slice(pattern.from, pattern.to)}\` of \`${one.name}\``,
      placeOf(pattern),
    );
  }

  /** Classes that derive from a library's and of which the code makes no instance, nor a class. */
  get unused(): ClassValue[] {
    const all = [...this.classes.values()];
    return all.filter((made) => this.nativeBase(made) && !this.constructed.has(made.node) && !all.some(({ base }) => base === made)); // prettier-ignore
  }

  /** A new instance whose constructor's arguments nobody gives. */
  instance(made: ClassValue): Value {
    const result = this.quietly(() => this.construct(made, this.noArguments(made.node)));
    return result ?? unknown(`an instance of \`${made.name}\``, placeOf(made.node));
  }

  /** The nodes around a node, from the outermost. */
  ancestors(node: Syntax): Syntax[] {
    const all: Syntax[] = [];
    for (let at = this.parents.get(node); at; at = this.parents.get(at)) all.unshift(at);
    return all;
  }

  construct(callee: Value, args: Arguments): Value {
    this.work(1);
    const place = args.node ?? args.callee;
    if (callee.kind === "native") {
      const at = { place: placeOf(place), interpreter: this as InterpreterInterface };
      return callee.type.construct?.(callee, args, at) ?? unknown(`an instance of ${callee.type.name}`, placeOf(place));
    }
    if (callee.kind !== "class") {
      const reason = callee.kind === "unknown" ? callee.reason : "an object made by a function";
      for (const value of args.values) this.escape(value, `a value given to ${reason}`, placeOf(place));
      return unknown(reason, placeOf(place));
    }
    const instance = this.object([]);
    instance.type = callee;
    this.initialise(instance, callee, args);
    return instance;
  }

  /** What `new` and `super(...)` do: the fields of the class after its base's constructor, then the rest of its own. */
  private initialise(instance: ObjectValue, type: Value, args: Arguments): void {
    if (type.kind === "native") {
      type.type.initialise?.(type, instance, args, { place: placeOf(args.node ?? args.callee), interpreter: this });
      return;
    }
    if (type.kind !== "class") {
      const reason = `an instance of ${type.kind === "unknown" ? type.reason : "a function"}`;
      for (const value of args.values) this.escape(value, `a value given to ${reason}`, args.callee);
      instance.lost = unknown(reason, args.callee);
      return;
    }
    this.constructed.add(type.node);
    const own = type.methods.get("constructor");
    if (!type.base || !own) {
      if (type.base) this.initialise(instance, type.base, args);
      this.initialiseFields(instance, type);
    }
    if (own) this.invoke({ ...own, self: instance }, args, instance, args.node === undefined && args.values.length === 0 && this.later !== undefined); // prettier-ignore
  }

  private initialiseFields(instance: ObjectValue, type: ClassValue): void {
    const scope: Scope = { names: new Map(), parent: type.scope, isFunction: true };
    this.declare(scope, "this", instance, true, type.node.from);
    this.declare(scope, "super", type, true, type.node.from);
    for (const { name, value } of type.fields)
      this.put(instance, name, { value: value ? this.evaluate(value, scope) : undefinedValue, written: undefined });
  }

  private arguments(node: Syntax, scope: Scope): Arguments | Unknown {
    const list = field(node, "arguments");
    const name = field(node, "function") ?? field(node, "constructor") ?? node;
    const callee = placeOf(field(name, "property") ?? name);
    const values: Value[] = [];
    const places: (Place | undefined)[] = [];
    let lost: Unknown | undefined;
    for (const argument of list && list.type !== "template_string" ? withoutComments(list) : []) {
      if (argument.type !== "spread_element") {
        values.push(this.evaluate(argument, scope));
        places.push(placeOf(argument));
        continue;
      }
      const spread = this.evaluate(firstOf(argument), scope);
      const items = this.iterate(spread, argument);
      if (!items) lost ??= spread.kind === "unknown" ? spread : unknown("arguments that are spread", argument);
      for (const item of items ?? []) {
        values.push(item.value);
        places.push(item.written?.value);
      }
    }
    if (lost) {
      for (const value of values) this.escape(value, lost.reason, lost.place);
      return lost;
    }
    return { values, places, node, list, callee };
  }

  // --------------------------------------------------------------------------------------------------------- statements

  private block(statements: readonly Syntax[], scope: Scope): Completion {
    for (const statement of statements) {
      const inner = statement.type === "export_statement" ? field(statement, "declaration") : statement;
      if (inner && (inner.type === "function_declaration" || inner.type === "generator_function_declaration"))
        this.declareFunction(inner, scope);
    }
    for (const [i, statement] of statements.entries()) {
      const completion = this.statement(statement, scope);
      if (completion?.kind === "maybe") {
        const { reason } = completion;
        this.speculate(reason, () => this.block(statements.slice(i + 1), scope));
        return completion;
      }
      if (completion) return completion;
    }
    return undefined;
  }

  private declareFunction(node: Syntax, scope: Scope): void {
    const name = field(node, "name")?.text ?? "default";
    this.declare(scope, name, this.makeFunction(node, name, scope), false, node.from);
  }

  private makeFunction(node: Syntax, name: string, scope: Scope, home?: ClassValue): FunctionValue {
    const made: FunctionValue = { kind: "function", name, node, scope, self: undefined, home };
    if (!this.functions.has(node)) this.functions.set(node, made);
    return made;
  }

  private statement(node: Syntax, scope: Scope): Completion {
    this.work(1);
    switch (node.type) {
      case "expression_statement":
        for (const expression of withoutComments(node)) this.evaluate(expression, scope);
        return undefined;
      case "lexical_declaration":
      case "variable_declaration": {
        const kind = field(node, "kind")?.text ?? "var";
        for (const declarator of withoutComments(node)) this.variable(declarator, scope, kind);
        return undefined;
      }
      case "export_statement": {
        const declaration = field(node, "declaration");
        const value = field(node, "value");
        if (declaration) return this.statement(declaration, scope);
        if (value) this.evaluate(value, scope);
        return undefined;
      }
      case "import_statement":
        this.import(node, scope);
        return undefined;
      case "class_declaration":
      case "abstract_class_declaration": {
        const made = this.makeClass(node, scope);
        this.declare(scope, made.kind === "class" ? made.name : (field(node, "name")?.text ?? ""), made, false, node.from); // prettier-ignore
        return undefined;
      }
      case "enum_declaration":
        this.enumeration(node, scope);
        return undefined;
      case "statement_block":
        return this.block(withoutComments(node), this.inner(scope));
      case "if_statement": {
        const condition = this.evaluate(need(node, "condition"), scope);
        const consequence = need(node, "consequence");
        const alternative = field(node, "alternative");
        return this.branches(condition, [
          () => this.nested(consequence, scope),
          () => (alternative ? this.nested(firstOf(alternative), scope) : undefined),
        ]);
      }
      case "return_statement": {
        const [value] = withoutComments(node);
        return { kind: "return", value: value ? this.evaluate(value, scope) : undefinedValue };
      }
      case "break_statement":
      case "continue_statement":
        return { kind: node.type === "break_statement" ? "break" : "continue", label: field(node, "label")?.text };
      case "throw_statement":
        for (const value of withoutComments(node)) this.evaluate(value, scope);
        throw new Thrown();
      case "labeled_statement": {
        const completion = this.nested(need(node, "body"), scope);
        const isOwn = completion?.kind === "break" && completion.label === need(node, "label").text;
        return isOwn ? undefined : completion;
      }
      case "for_statement":
        return this.forLoop(node, scope);
      case "for_in_statement":
        return this.forOf(node, scope);
      case "while_statement":
      case "do_statement":
        return this.whileLoop(node, scope);
      case "switch_statement":
        return this.switch(node, scope);
      case "try_statement":
        return this.try(node, scope);
      case "function_declaration":
      case "generator_function_declaration":
      case "function_signature":
      case "interface_declaration":
      case "type_alias_declaration":
      case "ambient_declaration":
      case "empty_statement":
      case "comment":
      case "hash_bang_line":
      case "debugger_statement":
        return undefined;
      default: {
        // Not understood: whatever it assigns is unknown.
        for (const name of namesIn(node)) {
          const binding = this.lookup(name, scope);
          if (binding) binding.value = unknown(`\`${name}\` after a statement that is not understood`, placeOf(node));
        }
        return undefined;
      }
    }
  }

  private inner(scope: Scope): Scope {
    return { names: new Map(), parent: scope, isFunction: false };
  }

  private nested(node: Syntax, scope: Scope): Completion {
    return node.type === "statement_block" ? this.block(withoutComments(node), this.inner(scope)) : this.statement(node, scope); // prettier-ignore
  }

  /** Runs the branch that the condition chooses, or both as code that may not run. */
  private branches(condition: Value, [yes, no]: readonly [() => Completion, () => Completion]): Completion {
    const known = truth(condition);
    if (known !== undefined) return known ? yes() : no();
    const reason = condition as Unknown;
    const ends = [this.speculate(reason, yes), this.speculate(reason, no)];
    return ends.some((end) => end !== undefined) ? { kind: "maybe", reason } : undefined;
  }

  private variable(node: Syntax, scope: Scope, kind: string): void {
    const pattern = need(node, "name");
    const written = field(node, "value");
    // A `var` is the function's own.
    let at = scope;
    while (kind === "var" && !at.isFunction && at.parent) at = at.parent;
    if (kind === "var" && pattern.type === "identifier" && at.names.has(pattern.text)) {
      if (written) this.assign(at.names.get(pattern.text)!, this.evaluate(written, scope));
      return;
    }
    this.bind(pattern, written ? this.evaluate(written, scope) : undefinedValue, at, kind === "const", scope);
  }

  /** How a round of a loop ended: whether another one follows. */
  private after(completion: Completion): "on" | "stop" | { ends: Completion } {
    if (!completion) return "on";
    if (completion.kind === "maybe" || completion.kind === "return") return { ends: completion };
    if (completion.label !== undefined) return { ends: completion };
    return completion.kind === "continue" ? "on" : "stop";
  }

  /** Rounds of a loop; `next` says whether there is one. */
  private rounds(next: () => Value | boolean, round: () => Completion): Completion {
    for (;;) {
      this.work(1);
      const more = next();
      const goesOn = typeof more === "boolean" ? more : truth(more);
      if (goesOn === undefined) return this.unknownRounds(more as Unknown, next, round);
      if (!goesOn) return undefined;
      const end = this.after(round());
      if (end === "stop") return undefined;
      if (end === "on") continue;
      if (end.ends?.kind !== "maybe") return end.ends;
      const { reason } = end.ends;
      return this.unknownRounds(reason, next, round);
    }
  }

  /** Nobody knows how often: what a round changes is unknown, and what that makes unknown in another round. */
  private unknownRounds(reason: Unknown, next: () => Value | boolean, round: () => Completion): Completion {
    for (let goesOn = true; goesOn;) {
      const before = this.spoilt;
      let more: Value | boolean = false;
      this.speculate(reason, () => {
        more = next();
        if ((typeof more === "boolean" ? more : truth(more)) !== false) round();
      });
      // Of what is gone through one by one nothing is left out; otherwise another round may bring nothing new.
      goesOn = typeof more === "boolean" ? more : before !== this.spoilt;
    }
    return { kind: "maybe", reason };
  }

  private forLoop(node: Syntax, scope: Scope): Completion {
    let own = this.inner(scope);
    const initializer = field(node, "initializer");
    if (initializer) this.statement(initializer, own);
    const condition = field(node, "condition");
    const increment = field(node, "increment");
    let first = true;
    return this.rounds(
      () => {
        if (!first) {
          // Every round has variables of its own, which functions made in it keep.
          own = { ...own, names: new Map([...own.names].map(([name, binding]) => [name, { ...binding }])) };
          if (increment) this.evaluate(increment, own);
        }
        first = false;
        if (!condition || condition.text === ";") return boolean(true);
        return condition.type === "expression_statement"
          ? this.evaluate(firstOf(condition), own)
          : this.evaluate(condition, own);
      },
      () => this.nested(need(node, "body"), own),
    );
  }

  private forOf(node: Syntax, scope: Scope): Completion {
    const right = this.evaluate(need(node, "right"), scope);
    const left = need(node, "left");
    const kind = field(node, "kind")?.text;
    const isOf = field(node, "operator")?.text === "of";
    const items = isOf
      ? this.iterate(right, node)
      : right.kind === "object" && !right.lost
        ? [...right.entries.keys()].map((key): Slot => ({ value: string(key), written: undefined }))
        : undefined;
    const item = (value: Value): Completion => {
      const own = this.inner(scope);
      if (kind) this.bind(left, value, own, kind === "const");
      else this.assignTo(left, value, scope);
      return this.nested(need(node, "body"), own);
    };
    if (!items) {
      const reason = right.kind === "unknown" ? right : unknown("what the loop goes through", placeOf(node));
      return this.unknownRounds(reason, () => reason, () => item(reason)); // prettier-ignore
    }
    let i = 0;
    return this.rounds(
      () => i < items.length,
      () => item(items[i++].value),
    );
  }

  private whileLoop(node: Syntax, scope: Scope): Completion {
    let first = node.type === "do_statement";
    return this.rounds(
      () => {
        if (first) {
          first = false;
          return boolean(true);
        }
        return this.evaluate(need(node, "condition"), scope);
      },
      () => this.nested(need(node, "body"), scope),
    );
  }

  private switch(node: Syntax, scope: Scope): Completion {
    const value = this.evaluate(need(node, "value"), scope);
    const cases = withoutComments(need(node, "body"));
    const own = this.inner(scope);
    let chosen: number | undefined;
    for (const [i, one] of cases.entries()) {
      if (one.type !== "switch_case") continue;
      const same = this.binary("===", value, this.evaluate(need(one, "value"), own), placeOf(one));
      const known = truth(same);
      if (known === undefined) {
        const reason = same as Unknown;
        const ends = cases.map((each) => this.speculate(reason, () => this.block(each.fields.body ?? [], own)));
        return ends.some((end) => end && end.kind !== "break") ? { kind: "maybe", reason } : undefined;
      }
      if (known) {
        chosen = i;
        break;
      }
    }
    chosen ??= cases.findIndex(({ type }) => type === "switch_default");
    if (chosen < 0) return undefined;
    const completion = this.block(cases.slice(chosen).flatMap((one) => one.fields.body ?? []), own); // prettier-ignore
    return completion?.kind === "break" && completion.label === undefined ? undefined : completion;
  }

  private try(node: Syntax, scope: Scope): Completion {
    const body = need(node, "body");
    const handler = field(node, "handler");
    const finalizer = field(node, "finalizer");
    const reason = unknown("whether an error is thrown", placeOf(node));
    let completion: Completion;
    if (!handler) completion = this.nested(body, scope);
    else {
      // Anything that is not read may throw at any time, so the block runs as code that may not.
      const own = this.inner(scope);
      completion = this.speculate(reason, () => this.block(withoutComments(body), own));
      const caught = this.inner(scope);
      const parameter = field(handler, "parameter");
      if (parameter) this.bind(parameter, unknown("an error that is caught", placeOf(parameter)), caught, false);
      const handled = this.speculate(reason, () => this.block(withoutComments(need(handler, "body")), caught));
      if (completion ?? handled) completion = { kind: "maybe", reason };
    }
    if (finalizer) this.nested(need(finalizer, "body"), scope);
    return completion;
  }

  private enumeration(node: Syntax, scope: Scope): void {
    const made = this.object([]);
    let next: Value = number(0);
    for (const member of withoutComments(need(node, "body"))) {
      const isAssigned = member.type === "enum_assignment";
      const name = isAssigned ? need(member, "name") : member;
      const value: Value = isAssigned ? this.evaluate(need(member, "value"), scope) : next;
      this.put(made, this.keyText(name), { value, written: undefined });
      next = value.kind === "number" ? number(value.value + 1) : unknown("a member of an enumeration", placeOf(member));
    }
    made.frozen = true;
    this.declare(scope, need(node, "name").text, made, true, node.from);
  }

  // ------------------------------------------------------------------------------------------------------------- imports

  private import(node: Syntax, scope: Scope): void {
    const clause = node.children.find(({ type }) => type === "import_clause" || type === "import_require_clause");
    const source = field(node, "source") ?? (clause && field(clause, "source"));
    if (!clause || !source) return;
    const specifier = this.stringText(source);
    const declare = (name: Syntax, value: Value) => this.declare(scope, name.text, value, true, name.from);
    for (const part of withoutComments(clause)) {
      if (part.type === "identifier")
        declare(part, clause.type === "import_clause" ? this.imported(specifier, "default", part) : this.module(specifier, part)); // prettier-ignore
      else if (part.type === "namespace_import") declare(part.children[0], this.module(specifier, part));
      else if (part.type === "named_imports") {
        for (const one of withoutComments(part)) {
          const name = need(one, "name");
          declare(field(one, "alias") ?? name, this.imported(specifier, this.keyText(name), one));
        }
      }
    }
  }

  private module(specifier: string, node: Syntax): Value {
    return this.surroundings.module(specifier) ?? unknown(`the import "${specifier}"`, placeOf(node));
  }

  private imported(specifier: string, name: string, node: Syntax): Value {
    const module = this.surroundings.module(specifier);
    if (!module) return unknown(`\`${name}\` of "${specifier}"`, placeOf(node));
    return name === "default" && module.kind === "native" && !module.type.get
      ? module
      : this.member(module, name, placeOf(node));
  }

  // ------------------------------------------------------------------------------------------------------------ bindings

  private declare(scope: Scope, name: string, value: Value, constant: boolean, declared: number): void {
    scope.names.set(name, { value, constant, birth: ++this.clock, declared });
  }

  private lookup(name: string, scope: Scope): Binding | undefined {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      const found = at.names.get(name);
      if (found) return found;
    }
    return undefined;
  }

  private read(node: Syntax, scope: Scope): Value {
    const name = node.text;
    const binding = this.lookup(name, scope);
    if (binding) {
      const { later } = this;
      const isShared = later !== undefined && !binding.constant && binding.birth < later;
      const assigned = isShared ? this.assignments.get(name) : undefined;
      if (assigned?.some(({ from, to }) => binding.declared < from || binding.declared >= to))
        return unknown(`\`${name}\`, which a function assigns`, placeOf(node));
      return binding.value;
    }
    return (
      this.surroundings.global(name) ??
      globalValue(name) ??
      unknown(`\`${name}\`, which this file does not define`, placeOf(node))
    );
  }

  /**
   * Declares the names of a pattern.
   * @param reading where defaults are evaluated, if that is another scope.
   */
  private bind(pattern: Syntax, value: Value, scope: Scope, constant: boolean, reading = scope): void {
    this.destructure(pattern, value, reading, (node, one) => this.declare(scope, node.text, one, constant, node.from));
  }

  private destructure(pattern: Syntax, value: Value, scope: Scope, give: (name: Syntax, value: Value) => void): void {
    this.work(1);
    const otherwise = (one: Value, written: Syntax | undefined) => {
      if (one.kind === "undefined" && written) return this.evaluate(written, scope);
      return one;
    };
    switch (pattern.type) {
      case "assignment_pattern":
      case "object_assignment_pattern":
        return this.destructure(need(pattern, "left"), otherwise(value, field(pattern, "right")), scope, give);
      case "object_pattern": {
        const taken: string[] = [];
        for (const part of withoutComments(pattern)) {
          if (part.type === "rest_pattern") {
            give(firstOf(part), this.without(value, taken, part));
          } else if (part.type === "pair_pattern") {
            const key = need(part, "key");
            const name = key.type === "computed_property_name" ? undefined : this.keyText(key);
            if (name !== undefined) taken.push(name);
            const one = name === undefined ? unknown("a computed property", placeOf(key)) : this.member(value, name, placeOf(part)); // prettier-ignore
            this.destructure(need(part, "value"), one, scope, give);
          } else {
            const name = part.type === "object_assignment_pattern" ? need(part, "left") : part;
            taken.push(name.text);
            const one = this.member(value, name.text, placeOf(part));
            give(name, otherwise(one, field(part, "right")));
          }
        }
        return;
      }
      case "array_pattern": {
        const items = this.iterate(value, pattern);
        const lost = value.kind === "unknown" ? value : unknown("what is taken apart", placeOf(pattern));
        // Holes have no node: elements are counted by their commas.
        const holes = this.elementIndices(pattern);
        for (const [i, part] of withoutComments(pattern).entries()) {
          const at = holes[i];
          if (part.type === "rest_pattern")
            this.destructure(firstOf(part), items ? this.array(items.slice(at)) : lost, scope, give);
          else this.destructure(part, items ? (items[at]?.value ?? undefinedValue) : lost, scope, give);
        }
        return;
      }
      default:
        give(pattern, value);
    }
  }

  /** The index of each element of an array or a pattern, holes counted. */
  private elementIndices(node: Syntax): number[] {
    let at = node.from + 1;
    let index = 0;
    return node.children.flatMap((child) => {
      index += this.text.slice(at, child.from).split(",").length - 1;
      at = child.to;
      return child.type === "comment" ? [] : [index];
    });
  }

  private without(value: Value, taken: readonly string[], node: Syntax): Value {
    if (value.kind !== "object")
      return value.kind === "unknown" ? value : unknown("the rest of a value", placeOf(node));
    if (value.lost) return value.lost;
    return this.object([...value.entries].filter(([key]) => !taken.includes(key)));
  }

  private assignTo(target: Syntax, value: Value, scope: Scope, written?: Place): void {
    switch (target.type) {
      case "identifier":
      case "shorthand_property_identifier_pattern": {
        const binding = this.lookup(target.text, scope);
        if (binding) this.assign(binding, value);
        return;
      }
      case "object_pattern":
      case "array_pattern":
        return this.destructure(target, value, scope, (name, one) => this.assignTo(name, one, scope));
      case "member_expression":
      case "subscript_expression": {
        const object = this.evaluate(need(target, "object"), scope);
        const name = this.propertyName(target, scope);
        const key = field(target, "property") ?? need(target, "index");
        const slot: Slot = { value, written: written && { in: target, entry: written, key: placeOf(key), value: written } }; // prettier-ignore
        if (object.kind === "object") {
          if (name !== undefined) this.put(object, name, slot);
          else this.escape(object, "an object of which a computed property is set", placeOf(target));
        } else if (object.kind === "array") {
          const index = name === undefined ? NaN : Number(name);
          if (!(Number.isInteger(index) && index >= 0 && index <= object.items.length))
            this.escape(object, "an array that is set at an index that is not known", placeOf(target)); // prettier-ignore
          else if (this.changes(object)) object.items[index] = slot;
        } else if (object.kind === "class" && name !== undefined) {
          object.statics.set(name, slot);
        } else {
          this.escape(value, "a value that is stored in another that is not known", placeOf(target));
        }
        return;
      }
      case "parenthesized_expression":
      case "non_null_expression":
      case "as_expression":
        return this.assignTo(firstOf(target), value, scope, written);
      default:
        return;
    }
  }

  // --------------------------------------------------------------------------------------------------------- expressions

  evaluate(node: Syntax, scope: Scope): Value {
    this.work(1);
    switch (node.type) {
      case "parenthesized_expression":
      case "await_expression":
      case "non_null_expression":
      case "satisfies_expression":
      case "instantiation_expression":
        return this.evaluate(firstOf(node), scope);
      case "as_expression": {
        const value = this.evaluate(firstOf(node), scope);
        if (/\bas\s+const$/.test(this.text.slice(node.from, node.to))) freeze(value);
        return value;
      }
      case "type_assertion":
        return this.evaluate(withoutComments(node).at(-1) ?? hole(node), scope);
      case "sequence_expression":
        return withoutComments(node).map((one) => this.evaluate(one, scope)).at(-1)!; // prettier-ignore
      case "number":
        return this.number(node);
      case "string":
        return string(this.stringText(node), placeOf(node));
      case "template_string":
        return this.template(node, scope);
      case "true":
      case "false":
        return boolean(node.type === "true", placeOf(node));
      case "null":
        return { kind: "null", literal: placeOf(node) };
      case "undefined":
        return undefinedValue;
      case "identifier":
      case "shorthand_property_identifier":
        return node.text === "undefined" ? undefinedValue : this.read(node, scope);
      case "this":
        return this.lookup("this", scope)?.value ?? undefinedValue;
      case "object":
        return this.objectLiteral(node, scope);
      case "array":
        return this.arrayLiteral(node, scope);
      case "arrow_function":
      case "function_expression":
      case "generator_function": {
        const own = field(node, "name");
        const inside = own ? this.inner(scope) : scope;
        const made = this.makeFunction(node, own?.text ?? this.nameOf(node) ?? "a function", inside);
        if (own) this.declare(inside, own.text, made, true, node.from);
        return made;
      }
      case "class":
        return this.makeClass(node, scope);
      case "unary_expression":
        return this.unary(node, scope);
      case "binary_expression":
        return this.binaryExpression(node, scope);
      case "ternary_expression": {
        const condition = this.evaluate(need(node, "condition"), scope);
        const [yes, no] = [need(node, "consequence"), need(node, "alternative")];
        const known = truth(condition);
        if (known !== undefined) return this.evaluate(known ? yes : no, scope);
        for (const branch of [yes, no]) this.speculate(condition as Unknown, () => this.evaluate(branch, scope));
        return condition;
      }
      case "assignment_expression": {
        const right = need(node, "right");
        const value = this.evaluate(right, scope);
        this.assignTo(need(node, "left"), value, scope, placeOf(right));
        return value;
      }
      case "augmented_assignment_expression":
        return this.augmented(node, scope);
      case "update_expression": {
        const target = need(node, "argument");
        const before = this.evaluate(target, scope);
        const by = field(node, "operator")?.text === "++" ? 1 : -1;
        const after = before.kind === "number" ? number(before.value + by) : unknown("a count", placeOf(node));
        this.assignTo(target, before.kind === "unknown" ? before : after, scope);
        const isPrefix = (field(node, "operator")?.from ?? node.from) < target.from;
        return before.kind !== "number" || isPrefix ? after : number(before.value);
      }
      case "member_expression":
      case "subscript_expression":
        return this.access(node, scope).value;
      case "call_expression":
        return this.callExpression(node, scope);
      case "new_expression": {
        const callee = this.evaluate(need(node, "constructor"), scope);
        const args = this.arguments(node, scope);
        return "kind" in args ? args : this.construct(callee, args);
      }
      default: {
        const [line] = this.text.slice(node.from, Math.min(node.to, node.from + 40)).split("\n");
        const reason = `\`${line}\`, which is not understood`;
        // Its parts run all the same.
        for (const part of withoutComments(node)) this.escape(this.evaluate(part, scope), reason, placeOf(node));
        return unknown(reason, placeOf(node));
      }
    }
  }

  private number(node: Syntax): Value {
    if (/n$/.test(node.text) && !/^0x/i.test(node.text))
      return unknown(`the big integer \`${node.text}\``, placeOf(node));
    return number(Number(node.text.replaceAll("_", "")), placeOf(node));
  }

  stringText(node: Syntax): string {
    return node.children
      .map((part) => {
        const source = this.text.slice(part.from, part.to);
        return part.type === "escape_sequence" ? unescape(source) : source;
      })
      .join("");
  }

  private keyText(node: Syntax): string {
    if (node.type === "string") return this.stringText(node);
    return node.type === "number" ? String(Number(node.text.replaceAll("_", ""))) : node.text;
  }

  private template(node: Syntax, scope: Scope): Value {
    let text = "";
    let lost: Unknown | undefined;
    for (const part of node.children) {
      if (part.type !== "template_substitution") {
        const source = this.text.slice(part.from, part.to);
        text += part.type === "escape_sequence" ? unescape(source) : source;
        continue;
      }
      const value = this.evaluate(firstOf(part), scope);
      const known = primitive(value);
      if (known) text += String(known.value);
      else lost ??= value.kind === "unknown" ? value : unknown("an object as text", placeOf(part));
    }
    const isPlain = !node.children.some(({ type }) => type === "template_substitution");
    return lost ?? string(text, isPlain ? placeOf(node) : undefined);
  }

  private objectLiteral(node: Syntax, scope: Scope): Value {
    const made = this.object([], { kind: "literal", node });
    const set = (name: string, value: Value, entry: Syntax, key: Syntax, at: Syntax, shorthand?: true) => {
      // A key that is given again keeps its place in the order and takes the later one's text.
      const written: Written = { in: node, entry: placeOf(entry), key: placeOf(key), value: placeOf(at), shorthand };
      made.entries.set(name, { value, written });
    };
    for (const entry of withoutComments(node)) {
      switch (entry.type) {
        case "pair": {
          const key = need(entry, "key");
          const written = need(entry, "value");
          const value = this.evaluate(written, scope);
          const computed = key.type === "computed_property_name" ? this.evaluate(firstOf(key), scope) : undefined; // prettier-ignore
          const name = computed ? primitive(computed)?.value : this.keyText(key);
          if (name === undefined)
            made.lost = computed?.kind === "unknown" ? computed : unknown("a computed key", placeOf(key)); // prettier-ignore
          else set(String(name), value, entry, key, written);
          break;
        }
        case "shorthand_property_identifier":
          set(entry.text, this.evaluate(entry, scope), entry, entry, entry, true);
          break;
        case "spread_element": {
          const spread = this.evaluate(firstOf(entry), scope);
          if (spread.kind === "object" && !spread.lost) {
            for (const [key, slot] of spread.entries) made.entries.set(key, slot);
          } else if (spread.kind === "array" && !spread.lost) {
            for (const [i, item] of spread.items.entries()) made.entries.set(String(i), item);
          } else if (spread.kind === "object" || spread.kind === "array") made.lost = spread.lost;
          else if (spread.kind === "unknown") made.lost = spread;
          else if (spread.kind === "native") made.lost = unknown(`the entries of ${spread.type.name}`, placeOf(entry));
          break;
        }
        case "method_definition": {
          const name = need(entry, "name");
          const isAccessor = /^\s*(async\s+)?(get|set)\s/.test(this.text.slice(entry.from, name.from));
          const method = this.makeFunction(entry, name.text, scope);
          const value: Value = isAccessor ? unknown(`the accessor \`${name.text}\``, placeOf(entry)) : { ...method, self: made }; // prettier-ignore
          set(this.keyText(name), value, entry, name, entry);
          break;
        }
        default:
          made.lost = unknown("an object that is not understood", placeOf(entry));
      }
    }
    this.work(made.entries.size);
    return made;
  }

  private arrayLiteral(node: Syntax, scope: Scope): Value {
    const items: Slot[] = [];
    let lost: Unknown | undefined;
    const indices = this.elementIndices(node);
    let spread = 0;
    for (const [i, element] of withoutComments(node).entries()) {
      while (items.length < indices[i] + spread) items.push({ value: undefinedValue, written: undefined });
      if (element.type === "spread_element") {
        const value = this.evaluate(firstOf(element), scope);
        const more = this.iterate(value, element);
        if (more) items.push(...more);
        else lost ??= value.kind === "unknown" ? value : value.kind === "array" ? value.lost : unknown("what is spread", placeOf(element)); // prettier-ignore
        spread += (more?.length ?? 0) - 1;
        continue;
      }
      const written: Written = { in: node, entry: placeOf(element), key: undefined, value: placeOf(element) };
      items.push({ value: this.evaluate(element, scope), written });
    }
    const made = this.array(items, { kind: "literal", node });
    if (lost) made.lost = lost;
    return made;
  }

  private propertyName(node: Syntax, scope: Scope): string | undefined {
    const property = field(node, "property");
    if (property) return property.text;
    const index = primitive(this.evaluate(need(node, "index"), scope));
    return index && String(index.value);
  }

  /** The value of `a.b` or `a[b]`, and `a` for a call. */
  private access(node: Syntax, scope: Scope): { value: Value; self: Value | undefined } {
    const object = need(node, "object");
    const place = placeOf(node);
    if (object.type === "super") {
      const home = this.lookup("super", scope)?.value;
      const self = this.lookup("this", scope)?.value;
      const base = home?.kind === "class" ? home.base : undefined;
      const name = this.propertyName(node, scope);
      if (base === undefined || self?.kind !== "object" || name === undefined) return { value: unknown("`super`", place), self }; // prettier-ignore
      if (base.kind === "native") {
        const at = { place, interpreter: this as InterpreterInterface };
        return { value: base.type.member?.(base, self, name, at) ?? undefinedValue, self };
      }
      return { value: base.kind === "class" ? (this.inherited(self, base, name, place) ?? undefinedValue) : base, self }; // prettier-ignore
    }
    const self = this.evaluate(object, scope);
    if ((self.kind === "undefined" || self.kind === "null") && field(node, "optional_chain")) {
      return { value: undefinedValue, self };
    }
    const name = this.propertyName(node, scope);
    if (self.kind === "unknown") {
      // `process.env.WIDTH` says more than `process`.
      const isName = /which this file does not define$/.test(self.reason) && /^[\w.$]+$/.test(this.text.slice(node.from, node.to)); // prettier-ignore
      return { value: isName ? unknown(`\`${this.text.slice(node.from, node.to)}\`, which this file does not define`, place) : self, self }; // prettier-ignore
    }
    if (name === undefined) return { value: unknown("a computed property", place), self };
    return { value: this.member(self, name, place), self };
  }

  private callExpression(node: Syntax, scope: Scope): Value {
    const callee = need(node, "function");
    const place = placeOf(node);
    if (callee.type === "super") {
      const home = this.lookup("super", scope)?.value;
      const self = this.lookup("this", scope)?.value;
      const args = this.arguments(node, scope);
      if (home?.kind !== "class" || self?.kind !== "object") return undefinedValue;
      if ("kind" in args) self.lost = args;
      else if (home.base) this.initialise(self, home.base, args);
      this.initialiseFields(self, home);
      return undefinedValue;
    }
    const isImport = callee.type === "import" || (callee.type === "identifier" && callee.text === "require" && !this.lookup("require", scope)); // prettier-ignore
    if (isImport) {
      const args = this.arguments(node, scope);
      const specifier = "kind" in args ? args : args.values[0];
      if (specifier?.kind === "string") return this.module(specifier.value, node);
      return unknown("a module whose name is not known", place);
    }
    const isAccess = callee.type === "member_expression" || callee.type === "subscript_expression";
    const { value, self } = isAccess ? this.access(callee, scope) : { value: this.evaluate(callee, scope), self: undefined }; // prettier-ignore
    const args = this.arguments(node, scope);
    if ((value.kind === "undefined" || value.kind === "null") && this.isOptional(node, callee)) return undefinedValue;
    if ("kind" in args) {
      this.escape(value, args.reason, place);
      return args;
    }
    // A promise is what it resolves to.
    const name = isAccess ? field(callee, "property")?.text : undefined;
    const isPromise = self && self.kind !== "unknown" && value.kind !== "function";
    if (isPromise && name && /^(then|catch|finally)$/.test(name)) {
      if (name === "then" && args.values[0]) return this.callWith(args.values[0], [self], place);
      for (const one of args.values) this.escape(one, "", place);
      return self;
    }
    if (value.kind === "undefined" && self && isAccess) {
      // A method that is not known may change what it is called on.
      const reason = `what \`${name ?? "a method"}\` does`;
      this.escape(self, reason, place);
      for (const one of args.values) this.escape(one, reason, place);
      return unknown(reason, place);
    }
    return this.call(value, args, self, place);
  }

  private isOptional(node: Syntax, callee: Syntax): boolean {
    return field(node, "optional_chain") !== undefined || (field(callee, "optional_chain") !== undefined); // prettier-ignore
  }

  private unary(node: Syntax, scope: Scope): Value {
    const operator = need(node, "operator").text;
    const argument = need(node, "argument");
    if (operator === "delete") {
      if (argument.type === "member_expression" || argument.type === "subscript_expression") {
        const object = this.evaluate(need(argument, "object"), scope);
        const name = this.propertyName(argument, scope);
        if (object.kind === "object" && name !== undefined && !this.mayNotRun(object.birth))
          object.entries.delete(name);
        else this.escape(object, "an object of which a property is deleted", placeOf(node));
      }
      return boolean(true);
    }
    const value = this.evaluate(argument, scope);
    if (operator === "void") return undefinedValue;
    if (value.kind === "unknown") return value;
    if (operator === "!") return boolean(!truth(value));
    if (operator === "typeof") return string(typeOf(value));
    const known = primitive(value);
    if (!known) return unknown("arithmetic on an object", placeOf(node));
    const operand = Number(known.value);
    // A negative number is written with its sign.
    const literal = value.kind === "number" && value.literal && argument.type === "number" ? placeOf(node) : undefined;
    if (operator === "-") return number(-operand, literal);
    if (operator === "+") return number(operand);
    if (operator === "~") return number(~operand);
    return unknown(`the operator \`${operator}\``, placeOf(node));
  }

  private binaryExpression(node: Syntax, scope: Scope): Value {
    const operator = need(node, "operator").text;
    const left = this.evaluate(need(node, "left"), scope);
    const right = need(node, "right");
    if (operator === "&&" || operator === "||" || operator === "??") {
      const takesRight = this.takesRight(operator, left);
      if (takesRight === undefined) {
        this.speculate(left as Unknown, () => this.evaluate(right, scope));
        return left;
      }
      return takesRight ? this.evaluate(right, scope) : left;
    }
    return this.binary(operator, left, this.evaluate(right, scope), placeOf(node));
  }

  private takesRight(operator: string, left: Value): boolean | undefined {
    if (left.kind === "unknown") return undefined;
    if (operator === "??") return left.kind === "undefined" || left.kind === "null";
    return truth(left) === (operator === "&&");
  }

  private binary(operator: string, left: Value, right: Value, place: Place): Value {
    if (left.kind === "unknown") return left;
    if (right.kind === "unknown") return right;
    const [a, b] = [primitive(left), primitive(right)];
    if (!a || !b) {
      if (operator === "===" || operator === "==") return this.same(left, right, place);
      const same = operator === "!==" || operator === "!=" ? truth(this.same(left, right, place)) : undefined;
      if (same !== undefined) return boolean(!same);
      return unknown(`the operator \`${operator}\` on objects`, place);
    }
    const result = apply(operator, a.value as never, b.value as never);
    if (typeof result === "string") this.work(result.length);
    return result === undefined ? unknown(`the operator \`${operator}\``, place) : fromPrimitive(result);
  }

  private same(left: Value, right: Value, place: Place): Value {
    if (left.kind !== right.kind) return boolean(false);
    if (left.kind === "object" || left.kind === "array") return boolean(left === right);
    return unknown("whether two objects are the same", place);
  }

  private augmented(node: Syntax, scope: Scope): Value {
    const operator = need(node, "operator").text.slice(0, -1);
    const [target, right] = [need(node, "left"), need(node, "right")];
    const left = this.evaluate(target, scope);
    let value: Value;
    if (operator === "&&" || operator === "||" || operator === "??") {
      const takesRight = this.takesRight(operator, left);
      if (takesRight === false) return left;
      if (takesRight === undefined) {
        this.speculate(left as Unknown, () => this.evaluate(right, scope));
        return left;
      }
      value = this.evaluate(right, scope);
    } else value = this.binary(operator, left, this.evaluate(right, scope), placeOf(node));
    this.assignTo(target, value, scope, placeOf(right));
    return value;
  }

  // -------------------------------------------------------------------------------------------------------------- classes

  private makeClass(node: Syntax, scope: Scope): Value {
    const name = field(node, "name")?.text ?? this.nameOf(node) ?? "a class";
    if (node.fields.decorator) return unknown(`the decorated class \`${name}\``, placeOf(node));
    const heritage = node.children.find(({ type }) => type === "class_heritage");
    const clause = heritage?.children.find(({ type }) => type === "extends_clause");
    const extended = clause ? field(clause, "value") : heritage && withoutComments(heritage).find(({ type }) => type !== "implements_clause"); // prettier-ignore
    const own = this.inner(scope);
    const made: ClassValue = {
      kind: "class",
      name,
      node,
      scope: own,
      base: extended && this.evaluate(extended, scope),
      methods: new Map(),
      getters: new Map(),
      statics: new Map(),
      fields: [],
    };
    if (!this.classes.has(node)) this.classes.set(node, made);
    this.declare(own, name, made, true, node.from);
    for (const member of withoutComments(need(node, "body"))) {
      const key = field(member, "name") ?? field(member, "property");
      if (!key) continue;
      const modifiers = this.text.slice(member.from, key.from);
      const isStatic = /\bstatic\b/.test(modifiers);
      const memberName = this.keyText(key);
      if (member.type === "method_definition") {
        const method = this.makeFunction(member, memberName, own, made);
        if (/\bset\s*$/.test(modifiers)) continue;
        if (/\bget\s*$/.test(modifiers)) {
          if (isStatic)
            made.statics.set(memberName, { value: this.invoke(method, this.noArguments(member), made, false), written: undefined }); // prettier-ignore
          else made.getters.set(memberName, method);
        } else if (isStatic) made.statics.set(memberName, { value: { ...method, self: made }, written: undefined });
        else made.methods.set(memberName, method);
      } else if (member.type === "public_field_definition" || member.type === "field_definition") {
        const value = field(member, "value");
        if (!isStatic) made.fields.push({ name: memberName, value });
        else made.statics.set(memberName, { value: value ? this.evaluate(value, own) : undefinedValue, written: undefined }); // prettier-ignore
      }
    }
    return made;
  }
}

/** The names that a node mentions, all of them. */
function* namesIn(node: Syntax): Iterable<string> {
  if (node.type === "identifier" || node.type === "shorthand_property_identifier_pattern") yield node.text;
  for (const child of node.children) yield* namesIn(child);
}

function freeze(value: Value): void {
  if ((value.kind !== "object" && value.kind !== "array") || value.frozen) return;
  value.frozen = true;
  for (const slot of value.kind === "array" ? value.items : value.entries.values()) freeze(slot.value);
}

function typeOf(value: Value): string {
  if (value.kind === "null" || value.kind === "array") return "object";
  return value.kind === "class" || value.kind === "native" ? "function" : value.kind;
}

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", v: "\v", "0": "\0" };

/** The character of an escape sequence. */
function unescape(source: string): string {
  const hexadecimal = /^\\(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]+)\})$/i.exec(source);
  if (hexadecimal) {
    const code = parseInt(hexadecimal[1] ?? hexadecimal[2] ?? hexadecimal[3], 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  }
  const rest = source.slice(1);
  return /^[\r\n\u2028\u2029]/.test(rest) ? "" : (escapes[rest] ?? rest);
}

/* The operators of JavaScript on primitives, as JavaScript has them. */
function apply(operator: string, a: never, b: never): string | number | boolean | undefined {
  switch (operator) {
    case "+": return (a as number) + (b as number); // prettier-ignore
    case "-": return (a as number) - (b as number); // prettier-ignore
    case "*": return (a as number) * (b as number); // prettier-ignore
    case "/": return (a as number) / (b as number); // prettier-ignore
    case "%": return (a as number) % (b as number); // prettier-ignore
    case "**": return (a as number) ** (b as number); // prettier-ignore
    case "<": return a < b; // prettier-ignore
    case "<=": return a <= b; // prettier-ignore
    case ">": return a > b; // prettier-ignore
    case ">=": return a >= b; // prettier-ignore
    case "===": return a === b; // prettier-ignore
    case "!==": return a !== b; // prettier-ignore
    case "==": return looselyEqual(a, b); // prettier-ignore
    case "!=": return !looselyEqual(a, b); // prettier-ignore
    case "&": return a & b; // prettier-ignore
    case "|": return a | b; // prettier-ignore
    case "^": return a ^ b; // prettier-ignore
    case "<<": return a << b; // prettier-ignore
    case ">>": return a >> b; // prettier-ignore
    case ">>>": return a >>> b; // prettier-ignore
    default: return undefined; // prettier-ignore
  }
}

// eslint-disable-next-line eqeqeq -- the operator that the code has
const looselyEqual = (a: unknown, b: unknown): boolean => a == b;
