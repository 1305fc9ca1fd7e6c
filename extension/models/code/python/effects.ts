/**
 * What code would change if it ran: where it cannot be told whether it does, everything that it might change becomes unknown. Lists,
 * dicts and objects become unknown themselves, for all who hold them.
 */
import type { Syntax } from "../syntax";
import { captures, importsOf, one, parametersOf, parts } from "./trees";
import type { PythonFunction, Scope, Unknown, Value } from "./values";

export interface EffectsHost {
  spend(steps: number): void;
  /** The whole source. */
  readonly text: string;
  lookUp(name: string, scope: Scope): Value | undefined;
  assign(name: string, value: Value, scope: Scope): void;
  /** The method of an instance's class, or a class's attribute. */
  classAttribute(value: Value, name: string): Value | undefined;
  /** A library's attribute that is known without running code. */
  libraryAttribute(value: Value, name: string): Value | undefined;
  /** Whether it is shared by all code: a module, a class or function of a library. */
  isShared(value: Value): boolean;
  declare(statement: Syntax, scope: Scope): void;
  /** A generator that is running yields something, or does not. */
  mayYield(why: Unknown): void;
  /** An exception happens, or does not. */
  mayRaise(why: Unknown): void;
}

/**
 * Makes a value unknown, for all who hold it. So are lists and dicts in a list or dict: once it is unknown, what is taken from it and
 * then changed is not known to be one of them.
 */
export function forgetValue(value: Value, why: Unknown): void {
  switch (value.kind) {
    case "list":
    case "dict": {
      const items = value.kind === "list" ? value.items : [...value.entries.values()];
      Object.assign(value, why);
      for (const item of items) if (item.kind !== "native" && item.kind !== "instance") forgetValue(item, why);
      return;
    }
    case "tuple":
      for (const item of value.items) if (item.kind !== "native" && item.kind !== "instance") forgetValue(item, why);
      return;
    case "native":
    case "instance":
      Object.assign(value, why);
      return;
    default:
      return;
  }
}

/** What a name or attribute held that becomes unknown: what is changed by that name later may be it. */
function forgetHeld(value: Value | undefined, why: Unknown): void {
  if (value?.kind === "list" || value?.kind === "dict" || value?.kind === "tuple") forgetValue(value, why);
}

/** Names of methods that change the object that they are called on. */
const mutators = new Set(
  "append extend insert pop remove clear sort reverse update setdefault popitem add discard appendleft popleft extendleft rotate difference_update intersection_update symmetric_difference_update add_module register_module register_parameter register_buffer requires_grad_ load_state_dict __setitem__ __setattr__ __delitem__".split(
    " ",
  ),
);
const changes = (method: string): boolean => mutators.has(method) || (method.endsWith("_") && !method.endsWith("__"));
const registers = new Set(["add_module", "register_module", "register_parameter", "register_buffer", "__setattr__"]);

/** What the line of a definition, import or loop begins with, then names. */
const line = /^\s*(?:async\s+)?(?:(def|class|import|for)\s+|(from)\s+\S+\s+import\s+)?([\w.]+(?:\s*,\s*[\w.]+)*)/;
const assigns = /(?<![=!<>])=(?!=)/;

/** The scope in which `:=` binds. */
export function aroundComprehensions(scope: Scope): Scope {
  let around = scope;
  while (around.kind === "comprehension" && around.parent) around = around.parent;
  return around;
}

/** Deepest chain of functions that is followed. */
const deepest = 6;

/** Forgets all that `nodes`, run in `scope`, might change. */
export function forget(nodes: readonly (Syntax | undefined)[], scope: Scope, why: Unknown, host: EffectsHost): void {
  new Forgetting(why, host).nodes(nodes, scope, 0);
}

/** Forgets all that a call of the function might change, its arguments as given. */
export function forgetCall(callee: PythonFunction, args: readonly Value[], why: Unknown, host: EffectsHost): void {
  new Forgetting(why, host).run(callee, args, 0);
}

class Forgetting {
  /** Bodies of functions that have been gone through, and with what arguments. */
  private readonly seen = new Map<Syntax, (readonly Value[])[]>();
  /** Functions that the code itself defines. */
  private readonly defined = new Set<string>();

  constructor(
    private readonly why: Unknown,
    private readonly host: EffectsHost,
  ) {}

  nodes(nodes: readonly (Syntax | undefined)[], scope: Scope, depth: number): void {
    for (const node of nodes) if (node) this.node(node, scope, depth);
  }

  private node(node: Syntax, scope: Scope, depth: number): void {
    this.host.spend(0.5);
    switch (node.type) {
      case "function_definition": {
        this.target(one(node, "name"), scope);
        // It may be called, here or later.
        const name = one(node, "name")?.text;
        if (name !== undefined) this.defined.add(name);
        return this.definition(node, scope, depth);
      }
      case "class_definition":
        return this.target(one(node, "name"), scope);
      case "lambda":
      case "comment":
      case "identifier":
      case "integer":
      case "float":
        return;
      case "assignment":
      case "augmented_assignment":
        this.target(one(node, "left"), scope);
        break;
      case "named_expression":
        this.target(one(node, "name"), aroundComprehensions(scope));
        break;
      case "for_statement":
        this.target(one(node, "left"), scope);
        break;
      case "delete_statement":
        for (const child of parts(node)) this.target(child, scope);
        break;
      case "as_pattern":
        this.target(one(node, "alias"), scope);
        break;
      case "import_statement":
      case "import_from_statement":
        for (const { binds } of importsOf(node)) this.host.assign(binds, this.why, scope);
        return;
      case "global_statement":
      case "nonlocal_statement":
        return this.host.declare(node, scope);
      case "case_clause":
        for (const child of parts(node)) {
          if (child.type === "case_pattern")
            for (const name of captures(child)) this.host.assign(name, this.why, scope);
        }
        break;
      case "raise_statement":
        this.host.mayRaise(this.why);
        break;
      case "yield":
        this.host.mayYield(this.why);
        break;
      case "ERROR":
        this.broken(node, scope);
        break;
      case "call":
        this.call(node, scope, depth);
        break;
    }
    for (const child of node.children) this.node(child, scope, depth);
  }

  /** In code with a syntax error, what lines begin with may be targets. */
  private broken(node: Syntax, scope: Scope): void {
    const { text } = this.host;
    const lineFrom = text.lastIndexOf("\n", node.from) + 1;
    const lineTo = text.indexOf("\n", node.to);
    for (const written of text.slice(lineFrom, lineTo < 0 ? text.length : lineTo).split("\n")) {
      const [, keyword, from, names] = line.exec(written) ?? [];
      if (names === undefined || !(keyword || from || assigns.test(written))) continue;
      for (const path of names.split(",")) {
        const [name, ...attributes] = path.trim().split(".");
        const last = attributes.pop();
        if (last === undefined) this.host.assign(name, this.why, scope);
        else {
          let object = this.host.lookUp(name, scope);
          for (const attribute of attributes)
            object = object?.kind === "instance" ? object.attributes.get(attribute) : undefined;
          if (object?.kind === "instance" || object?.kind === "class") object.attributes.set(last, this.why);
        }
      }
    }
  }

  private target(node: Syntax | undefined, scope: Scope): void {
    if (!node) return;
    switch (node.type) {
      case "identifier":
        forgetHeld((scope.elsewhere?.get(node.text) ?? scope).names.get(node.text), this.why);
        return this.host.assign(node.text, this.why, scope);
      case "attribute": {
        const object = this.peek(one(node, "object"), scope);
        const name = one(node, "attribute")?.text;
        if (!object || name === undefined) return;
        if (object.kind === "instance" || object.kind === "class") {
          forgetHeld(object.attributes.get(name), this.why);
          object.attributes.set(name, this.why);
        } else this.forgetObject(object);
        return;
      }
      case "subscript": {
        const object = this.peek(one(node, "value"), scope);
        if (object) this.forgetObject(object);
        return;
      }
      case "pattern_list":
      case "tuple_pattern":
      case "list_pattern":
      case "tuple":
      case "list":
      case "expression_list":
      case "list_splat_pattern":
      case "list_splat":
      case "as_pattern_target":
      case "parenthesized_expression":
        for (const child of parts(node)) this.target(child, scope);
    }
  }

  private forgetObject(object: Value): void {
    if (!this.host.isShared(object)) forgetValue(object, this.why);
  }

  private call(node: Syntax, scope: Scope, depth: number): void {
    const callee = one(node, "function");
    const written = one(node, "arguments");
    if (!callee || !written) return;
    const args = written.type === "argument_list" ? parts(written) : [];
    if (callee.type === "identifier") {
      if (callee.text === "setattr" || callee.text === "delattr") return this.register(args[0], args[1], scope);
      const value = this.host.lookUp(callee.text, scope);
      const given = args.map((arg) => this.argument(arg, scope));
      if (value?.kind === "function") this.run(value, given, depth);
      else if (this.defined.has(callee.text)) for (const arg of given) forgetHeld(arg, this.why);
      return;
    }
    if (callee.type !== "attribute") return;
    const object = this.peek(one(callee, "object"), scope);
    const name = one(callee, "attribute")?.text;
    if (!object || name === undefined) return;
    const given = () => args.map((arg) => this.argument(arg, scope));
    if (object.kind === "instance") {
      const method = object.attributes.get(name) ?? this.host.classAttribute(object, name);
      if (method?.kind === "function") this.run(method, [object, ...given()], depth);
      else if (registers.has(name)) this.register(one(callee, "object"), args[0], scope);
      else if (changes(name)) this.forgetObject(object);
    } else if (object.kind === "class") {
      const method = this.host.classAttribute(object, name);
      if (method?.kind === "function") this.run(method, given(), depth);
    } else if (changes(name)) this.forgetObject(object);
  }

  /** `setattr(object, name, ...)`: all of the object where the name is not written. */
  private register(objectNode: Syntax | undefined, nameNode: Syntax | undefined, scope: Scope): void {
    const object = this.peek(objectNode, scope);
    if (!object) return;
    const [, content, ...more] = nameNode?.type === "string" ? nameNode.children : [];
    if (object.kind === "instance" && content?.type === "string_content" && content.text !== "" && more.length === 1) {
      object.attributes.set(content.text, this.why);
    } else this.forgetObject(object);
  }

  private argument(node: Syntax, scope: Scope): Value {
    return (
      (node.type.endsWith("splat") || node.type === "keyword_argument" ? undefined : this.peek(node, scope)) ?? this.why
    );
  }

  private isSeen(body: Syntax, args: readonly Value[]): boolean {
    const seen = this.seen.get(body) ?? [];
    if (seen.some((others) => others.length === args.length && others.every((other, i) => other === args[i])))
      return true;
    this.seen.set(body, [...seen, args]);
    return false;
  }

  /** The body of a function that the code defines, whatever its arguments. */
  private definition(node: Syntax, scope: Scope, depth: number): void {
    const body = one(node, "body");
    if (!body || this.isSeen(body, [])) return;
    const inner: Scope = { kind: "function", names: new Map(), parent: scope.kind === "class" ? scope.parent : scope };
    for (const { name } of parametersOf(node)?.named ?? []) inner.names.set(name, this.why);
    this.nodes([body], inner, depth);
  }

  /** The body of a function with its parameters bound, as far as they are objects that it could change. */
  run(callee: PythonFunction, args: readonly Value[], depth: number): void {
    const body = one(callee.node, "body");
    if (!body || depth >= deepest || this.isSeen(body, args)) return;
    const scope: Scope = { kind: "function", names: new Map(), parent: callee.scope, self: args[0] };
    for (const [index, { name }] of (parametersOf(callee.node)?.named ?? []).entries()) {
      scope.names.set(name, args[index] ?? this.why);
    }
    this.nodes([body], scope, depth + 1);
  }

  /** The object that an expression names, without running anything. Of an element that is not known, what contains it. */
  private peek(node: Syntax | undefined, scope: Scope): Value | undefined {
    if (node?.type === "identifier") return this.host.lookUp(node.text, scope);
    if (node?.type === "parenthesized_expression") return this.peek(parts(node)[0], scope);
    if (node?.type === "attribute") {
      const object = this.peek(one(node, "object"), scope);
      const name = one(node, "attribute")?.text;
      if (!object || name === undefined) return undefined;
      if (object.kind === "instance" || object.kind === "class") {
        return object.attributes.get(name) ?? this.host.classAttribute(object, name);
      }
      return object.kind === "native" ? (this.host.libraryAttribute(object, name) ?? object) : object;
    }
    return node?.type === "subscript" ? this.peek(one(node, "value"), scope) : undefined;
  }
}
