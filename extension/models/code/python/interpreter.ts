/**
 * The interpreter of the Python language: it runs source code on what is known and never executes anything. What cannot be told is
 * an unknown value that says why; code that runs or not, nobody knows which, makes all unknown that it might change.
 *
 * It knows the language, its built-in functions and a part of the standard library; what else is imported is asked for.
 */
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import { builtins, superType, write, type SuperData } from "./builtins";
import { aroundComprehensions, forget, forgetCall, forgetValue, type EffectsHost } from "./effects";
import { isExceptionClass, raise } from "./exceptions";
import { iterator, iteratorOf } from "./iterators";
import { isModule } from "./modules";
import { isInteger } from "./numbers";
import { most, noArguments, nowhere, Objects, placeAt, raised, unknownOf } from "./objects";
import { binary, identical, plainOf, presentKey, sliceIndices, unary } from "./operators";
import { matches, type PatternHost } from "./patterns";
import { setOf } from "./sets";
import { PythonRaise } from "./signals";
import { decodeString, fString } from "./strings";
import { alwaysRaises, exitsOf, hasError, importsOf, isBroken, one, parametersOf, parts, sliceParts, yields } from "./trees"; // prettier-ignore
import { float, list, none, string, tuple, unknown, type Arguments, type At, type Library, type PythonClass, type PythonFunction, type PythonInstance, type Scope, type Unknown, type Value } from "./values"; // prettier-ignore

export { OutOfSteps } from "./signals";

type Completion =
  | undefined
  | { kind: "return"; value: Value; uncertain?: Unknown }
  | { kind: "break" | "continue"; uncertain?: Unknown };

type Statement = (interpreter: PythonInterpreter, node: Syntax, scope: Scope) => Completion;
type Expression = (interpreter: PythonInterpreter, node: Syntax, scope: Scope) => Value;

/** The parts of a class body's scope that other scopes lack. */
interface ClassScope extends Scope {
  annotations: Map<string, Syntax>;
}

export class PythonInterpreter extends Objects implements EffectsHost, PatternHost {
  readonly module: Scope = { kind: "module", names: new Map(), parent: undefined };
  /** Names of the module that were looked up, those that it does not have among them; to be cleared by who asks. */
  readonly used = new Set<string>();

  private handling: PythonRaise | undefined;
  /** Why an exception may have happened in a `try` statement that is running. */
  private doubt: Unknown | undefined;
  private generator: { items: Value[]; uncertain: Unknown | undefined } | undefined;
  private readonly stars: { library: Library | undefined; name: string; place: Place }[] = [];
  private readonly literals = new Map<Syntax, Value>();

  // ------------------------------------------------------------------------------------------- for who reads models

  /** Runs statements of the module; a statement that raises an exception makes what it binds unknown. */
  runModule(statements: readonly Syntax[]): void {
    for (const statement of statements) {
      this.enter(statement, () => {
        const raised = this.outcome(() => void this.execute(statement, this.module), statement);
        if (raised) this.forget([statement], this.module, raised);
        return none;
      });
    }
  }

  /** Evaluates an expression in the module, or in another scope. */
  evaluate(node: Syntax, scope: Scope = this.module): Value {
    return this.enter(node, () => this.eval(node, scope));
  }

  // ------------------------------------------------------------------------------------------------------- scopes

  lookUp(name: string, scope: Scope): Value | undefined {
    for (let at: Scope | undefined = scope; at; at = at.parent) {
      const elsewhere = at.elsewhere?.get(name);
      if (elsewhere) {
        if (elsewhere.kind === "module") break;
        const value = elsewhere.names.get(name);
        if (value) return value;
      }
      if (at.kind === "module") break;
      const value = at.names.get(name);
      if (value) return value;
    }
    this.used.add(name);
    const own = this.module.names.get(name);
    if (own) return own;
    for (let i = this.stars.length - 1; i >= 0; i--) {
      const value = this.stars[i].library?.(name);
      if (value) return value;
    }
    const builtin = builtins.get(name);
    if (builtin) return builtin;
    const star = this.stars.find(({ library }) => !library);
    return star && unknown(`\`${name}\`, perhaps imported from \`${star.name}\``, star.place);
  }

  assign(name: string, value: Value, scope: Scope): void {
    (scope.elsewhere?.get(name) ?? scope).names.set(name, value);
  }

  declare(statement: Syntax, scope: Scope): void {
    for (const { text: name } of parts(statement)) {
      let at: Scope | undefined = this.module;
      if (statement.type === "nonlocal_statement") {
        at = scope.parent;
        while (at && !(at.kind === "function" && at.names.has(name))) at = at.parent;
      }
      if (at && at !== scope) (scope.elsewhere ??= new Map()).set(name, at.elsewhere?.get(name) ?? at);
    }
  }

  mayRaise(why: Unknown): void {
    if (this.tries > 0) this.doubt ??= why;
  }

  mayYield(why: Unknown): void {
    if (this.generator) this.generator.uncertain ??= why;
  }

  private forget(nodes: readonly (Syntax | undefined)[], scope: Scope, why: Unknown): void {
    forget(nodes, scope, why, this);
  }

  /** Forgets what the nodes might change, and says how they may leave the code around them. */
  private skip(nodes: readonly (Syntax | undefined)[], scope: Scope, why: Unknown): Completion {
    this.forget(nodes, scope, why);
    const exits = nodes.map((node) => node && exitsOf(node));
    // Of code with a syntax error the tree need not tell.
    const mayReturn = (node: Syntax | undefined) => node && hasError(node) && /\breturn\b/.test(this.textOf(node));
    if (exits.some((exit) => exit?.return) || nodes.some(mayReturn))
      return { kind: "return", value: why, uncertain: why };
    if (exits.some((exit) => exit?.break)) return { kind: "break", uncertain: why };
    return exits.some((exit) => exit?.continue) ? { kind: "continue", uncertain: why } : undefined;
  }

  /** Why a value decides nothing. */
  private undecided(value: Value, node: Syntax): Unknown {
    return value.kind === "unknown" ? value : unknown(`the truth of \`${this.short(node)}\``, placeAt(node));
  }

  // ---------------------------------------------------------------------------------------------------- statements

  private execute(node: Syntax, scope: Scope): Completion {
    this.spend(1);
    const statement = PythonInterpreter.statements.get(node.type);
    if (isBroken(node) || !statement || this.depth >= most.nesting) {
      const why = unknown(
        isBroken(node) ? "a statement with a syntax error" : statement ? "code that is nested too deeply" : `a statement (${node.type.replaceAll("_", " ")}) that is not read`, // prettier-ignore
        placeAt(node),
      );
      return this.skip([node], scope, why);
    }
    this.depth++;
    const completion = statement(this, node, scope);
    this.depth--;
    return completion;
  }

  private block(node: Syntax | undefined, scope: Scope): Completion {
    if (!node) return undefined;
    const { children } = node;
    for (let i = 0; i < children.length; i++) {
      const completion = this.execute(children[i], scope);
      if (!completion) continue;
      const rest = completion.uncertain && this.skip(children.slice(i + 1), scope, completion.uncertain);
      return rest?.kind === "return" || completion.kind === "continue" ? (rest ?? completion) : completion;
    }
    return undefined;
  }

  private static readonly statements = new Map<string, Statement>([
    ["comment", () => undefined],
    ["line_continuation", () => undefined],
    ["pass_statement", () => undefined],
    ["assert_statement", () => undefined],
    ["future_import_statement", () => undefined],
    ["print_statement", () => undefined],
    ["block", (me, node, scope) => me.block(node, scope)],
    ["expression_statement", (me, node, scope) => me.expressionStatement(node, scope)],
    ["return_statement", (me, node, scope) => {
      const value = parts(node)[0];
      return { kind: "return", value: value ? me.eval(value, scope) : none };
    }],
    ["break_statement", () => ({ kind: "break" })],
    ["continue_statement", () => ({ kind: "continue" })],
    ["if_statement", (me, node, scope) => me.ifStatement(node, scope)],
    ["for_statement", (me, node, scope) => me.forStatement(node, scope)],
    ["while_statement", (me, node, scope) => me.whileStatement(node, scope)],
    ["try_statement", (me, node, scope) => me.tryStatement(node, scope)],
    ["with_statement", (me, node, scope) => me.withStatement(node, scope)],
    ["match_statement", (me, node, scope) => me.matchStatement(node, scope)],
    ["raise_statement", (me, node, scope) => me.raiseStatement(node, scope)],
    ["delete_statement", (me, node, scope) => {
      for (const target of parts(node)) me.remove(target, scope);
      return undefined;
    }],
    ["global_statement", (me, node, scope) => (me.declare(node, scope), undefined)],
    ["nonlocal_statement", (me, node, scope) => (me.declare(node, scope), undefined)],
    ["import_statement", (me, node, scope) => (me.importModules(node, scope), undefined)],
    ["import_from_statement", (me, node, scope) => (me.importFrom(node, scope), undefined)],
    ["type_alias_statement", (me, node, scope) => {
      const name = one(node, "left");
      if (name) me.forget([name], scope, unknown("a type", placeAt(node)));
      return undefined;
    }],
    ["function_definition", (me, node, scope) => {
      me.assign(one(node, "name")!.text, me.makeFunction(node, scope, []), scope);
      return undefined;
    }],
    ["class_definition", (me, node, scope) => {
      me.assign(one(node, "name")!.text, me.makeClass(node, scope), scope);
      return undefined;
    }],
    ["decorated_definition", (me, node, scope) => me.decorated(node, scope)],
  ]); // prettier-ignore

  private expressionStatement(node: Syntax, scope: Scope): Completion {
    for (const child of parts(node)) {
      const value = this.eval(child, scope);
      // A call whose result is not used is made for what it changes.
      if (value.kind !== "unknown" || child.type !== "call") continue;
      const written = one(child, "arguments");
      for (const arg of written?.type === "argument_list" ? parts(written) : []) {
        const given = arg.type === "identifier" ? this.lookUp(arg.text, scope) : undefined;
        if (given?.kind === "list" || given?.kind === "dict") forgetValue(given, value);
      }
    }
    return undefined;
  }

  private ifStatement(node: Syntax, scope: Scope): Completion {
    const clauses = [node, ...(node.fields.alternative ?? [])];
    for (let i = 0; i < clauses.length; i++) {
      const clause = clauses[i];
      if (clause.type === "else_clause") return this.block(one(clause, "body"), scope);
      const condition = one(clause, "condition");
      const body = one(clause, "consequence");
      if (!condition || !body) continue;
      const value = this.eval(condition, scope);
      const truth = this.truthOf(value);
      if (truth) return this.block(body, scope);
      if (truth === false) continue;
      // No exception is assumed to happen, but where it would be handled.
      if (alwaysRaises(body)) {
        this.mayRaise(this.undecided(value, condition));
        continue;
      }
      const rest = clauses.slice(i + 1);
      const blocks = rest.map((other) => one(other, "consequence") ?? one(other, "body"));
      if (rest.at(-1)?.type === "else_clause" && blocks.every((other) => other && alwaysRaises(other))) {
        this.mayRaise(this.undecided(value, condition));
        return this.block(body, scope);
      }
      return this.skip([body, ...rest], scope, this.undecided(value, condition));
    }
    return undefined;
  }

  private forStatement(node: Syntax, scope: Scope): Completion {
    const iterable = this.eval(one(node, "right"), scope);
    const target = one(node, "left")!;
    const body = one(node, "body");
    const items = this.itemsOf(iterable, placeAt(one(node, "right") ?? node));
    if (!items) {
      const why = unknownOf(iterable) ?? unknown(`the items of \`${this.short(one(node, "right")!)}\``, placeAt(one(node, "right")!)); // prettier-ignore
      return this.skip([node], scope, why);
    }
    for (const item of items) {
      this.spend(1);
      this.assignTo(target, item, scope);
      const completion = this.block(body, scope);
      if (!completion || completion.kind === "continue") continue;
      const rest = completion.uncertain && this.skip([node], scope, completion.uncertain);
      return completion.kind === "return" ? completion : rest;
    }
    return this.block(this.elseOf(node), scope);
  }

  private elseOf(node: Syntax): Syntax | undefined {
    const clause = one(node, "alternative");
    return clause && one(clause, "body");
  }

  private whileStatement(node: Syntax, scope: Scope): Completion {
    const condition = one(node, "condition")!;
    for (;;) {
      this.spend(1);
      const value = this.eval(condition, scope);
      const truth = this.truthOf(value);
      if (truth === undefined) return this.skip([node], scope, this.undecided(value, condition));
      if (!truth) return this.block(this.elseOf(node), scope);
      const completion = this.block(one(node, "body"), scope);
      if (!completion || completion.kind === "continue") continue;
      const rest = completion.uncertain && this.skip([node], scope, completion.uncertain);
      return completion.kind === "return" ? completion : rest;
    }
  }

  private raiseStatement(node: Syntax, scope: Scope): Completion {
    const written = parts(node)[0];
    if (!written) {
      if (this.handling) throw this.handling;
      raise("RuntimeError", "nothing to raise again", placeAt(node));
    }
    const value = this.eval(written, scope);
    throw new PythonRaise(isExceptionClass(value) ? this.callValue(value, noArguments(placeAt(node), []), placeAt(node)) : value, placeAt(node)); // prettier-ignore
  }

  private tryStatement(node: Syntax, scope: Scope): Completion {
    const { depth, calls, tries, generator } = this;
    const last = node.children.find(({ type }) => type === "finally_clause");
    let thrown: PythonRaise | undefined;
    let completion: Completion;
    try {
      completion = this.guarded(node, scope);
    } catch (error) {
      if (!(error instanceof PythonRaise)) throw error;
      Object.assign(this, { depth, calls, tries, generator });
      thrown = error;
    }
    const end = last && this.block(parts(last).at(-1), scope);
    if (end) return end;
    if (thrown) throw thrown;
    return completion;
  }

  /** A `try` statement but for its `finally`. */
  private guarded(node: Syntax, scope: Scope): Completion {
    const body = one(node, "body");
    const handlers = node.children.filter(({ type }) => type === "except_clause" || type === "except_group_clause");
    const otherwise = node.children.find(({ type }) => type === "else_clause");
    const isHandled = handlers.some((handler) => !alwaysRaises(parts(handler).at(-1)!));
    // Whether a library is there is not known.
    const missing = isHandled && body ? this.missingImport(body) : undefined;
    if (missing) return this.skip([body, ...handlers, otherwise], scope, missing);
    const { depth, calls, tries, generator, doubt: before } = this;
    this.doubt = undefined;
    if (handlers.length > 0) this.tries++;
    let completion: Completion;
    let error: PythonRaise | undefined;
    try {
      completion = this.block(body, scope);
    } catch (thrown) {
      if (!(thrown instanceof PythonRaise)) throw thrown;
      error = thrown;
    }
    Object.assign(this, { depth, calls, tries, generator });
    const { doubt } = this;
    this.doubt = before ?? (tries > 0 ? doubt : undefined);
    if (error) {
      const handled = this.handle(error, handlers, scope);
      if (handled === "not handled") throw error;
      completion = handled;
    } else completion ??= otherwise && this.block(one(otherwise, "body"), scope);
    return doubt && isHandled ? this.skip([body, ...handlers, otherwise], scope, doubt) : completion;
  }

  private missingImport(body: Syntax): Unknown | undefined {
    for (const statement of body.children) {
      const from = statement.type === "import_from_statement" ? one(statement, "module_name") : undefined;
      const names = statement.type === "import_statement" ? importsOf(statement).map(({ name }) => name) : from ? [this.textOf(from)] : []; // prettier-ignore
      for (const name of names) {
        if (!this.modules.isKnown(name)) return unknown(`whether \`${name}\` can be imported`, placeAt(statement));
      }
    }
    return undefined;
  }

  private handle(error: PythonRaise, handlers: readonly Syntax[], scope: Scope): Completion | "not handled" {
    for (const [index, handler] of handlers.entries()) {
      const own = parts(handler);
      const block = own.at(-1);
      let written = own.length > 1 ? own[0] : undefined;
      let name: string | undefined;
      if (written?.type === "as_pattern") {
        name = parts(one(written, "alias") ?? written)[0]?.text;
        written = parts(written)[0];
      } else name = one(handler, "alias")?.text;
      const is = written ? this.instanceOf(error.value, this.eval(written, scope)) : true;
      if (is === false) continue;
      if (is === undefined) return this.skip(handlers.slice(index), scope, unknown("whether an exception is handled", placeAt(handler))); // prettier-ignore
      if (name !== undefined) this.assign(name, error.value, scope);
      const before = this.handling;
      this.handling = error;
      try {
        return this.block(block, scope);
      } finally {
        this.handling = before;
        if (name !== undefined) (scope.elsewhere?.get(name) ?? scope).names.delete(name);
      }
    }
    return "not handled";
  }

  private withStatement(node: Syntax, scope: Scope): Completion {
    const clause = parts(node).find(({ type }) => type === "with_clause");
    const left: { manager: PythonInstance; place: Place }[] = [];
    for (const item of clause ? parts(clause) : []) {
      const written = one(item, "value");
      const isNamed = written?.type === "as_pattern";
      const expression = isNamed ? parts(written)[0] : written;
      const manager = this.eval(expression, scope);
      let value = manager;
      if (manager.kind === "instance") {
        value = this.callValue(this.attributeOf(manager, "__enter__", placeAt(item)), noArguments(placeAt(item), []), placeAt(item)); // prettier-ignore
        left.push({ manager, place: placeAt(item) });
      } else {
        // A generator under `contextmanager`.
        const iterator = iteratorOf(manager);
        if (iterator) value = iterator.next() ?? none;
      }
      const alias = isNamed ? one(written, "alias") : undefined;
      if (alias) this.assignTo(alias, value, scope);
    }
    const completion = this.block(one(node, "body"), scope);
    for (const { manager, place } of left.reverse()) {
      const method = this.find(manager, "__exit__", place);
      if (method) this.callValue(method, noArguments(place, [none, none, none]), place);
    }
    return completion;
  }

  private matchStatement(node: Syntax, scope: Scope): Completion {
    const subjects = (node.fields.subject ?? []).map((subject) => this.eval(subject, scope));
    const subject = subjects.length === 1 ? subjects[0] : tuple(subjects);
    const clauses = one(node, "body")?.fields.alternative ?? [];
    for (const [index, clause] of clauses.entries()) {
      const patterns = parts(clause).filter(({ type }) => type === "case_pattern");
      const bound = new Map<string, Value>();
      const guard = one(clause, "guard");
      let holds: boolean | undefined = patterns.length === 1 ? matches(patterns[0], subject, scope, bound, this) : undefined; // prettier-ignore
      let why = subject.kind === "unknown" ? subject : unknown(`whether \`${this.short(patterns[0] ?? clause)}\` matches`, placeAt(patterns[0] ?? clause)); // prettier-ignore
      if (holds) for (const [name, value] of bound) this.assign(name, value, scope);
      if (holds && guard) {
        const condition = parts(guard)[0];
        const value = this.eval(condition, scope);
        holds = this.truthOf(value);
        if (holds === undefined) why = this.undecided(value, condition);
      }
      if (holds) return this.block(one(clause, "consequence"), scope);
      if (holds === undefined) return this.skip(clauses.slice(index), scope, why);
    }
    return undefined;
  }

  private remove(target: Syntax, scope: Scope): void {
    if (target.type === "identifier") (scope.elsewhere?.get(target.text) ?? scope).names.delete(target.text);
    else if (target.type === "attribute") {
      const object = this.eval(one(target, "object"), scope);
      const name = one(target, "attribute")?.text;
      if ((object.kind === "instance" || object.kind === "class") && name !== undefined) object.attributes.delete(name);
    } else if (target.type === "subscript") {
      const of = plainOf(this.eval(one(target, "value"), scope));
      const index = this.eval(one(target, "subscript"), scope);
      const key = of.kind === "dict" ? this.keyOf(index) : undefined;
      if (of.kind === "dict" && key !== undefined) {
        if (!of.entries.delete(presentKey(of.entries, key))) raise("KeyError", "a key", placeAt(target));
      } else if (of.kind === "list" && isInteger(index)) {
        const at = +index.value < 0 ? +index.value + of.items.length : +index.value;
        if (of.items.splice(at, at < 0 ? 0 : 1).length === 0) raise("IndexError", "an index", placeAt(target));
      } else if (of.kind === "list" && index.kind === "slice") {
        const indices = new Set(sliceIndices(index, of.items.length));
        of.items.splice(0, of.items.length, ...of.items.filter((_, i) => !indices.has(i)));
      } else if (!this.isShared(of))
        forgetValue(of, unknown(`what \`${this.short(target)}\` removes`, placeAt(target)));
    } else for (const child of parts(target)) this.remove(child, scope);
  }

  // ------------------------------------------------------------------------------------------------------- imports

  private importModules(node: Syntax, scope: Scope): void {
    for (const { name, binds } of importsOf(node)) {
      const isAlias = binds !== name && binds !== name.split(".")[0];
      const whole = this.modules.get(name, placeAt(node));
      this.assign(
        binds,
        isAlias || !name.includes(".") ? whole : this.modules.get(name.split(".")[0], placeAt(node), true),
        scope,
      );
    }
  }

  private importFrom(node: Syntax, scope: Scope): void {
    const written = one(node, "module_name");
    const from = written ? this.textOf(written) : "";
    const module = written?.type === "dotted_name" ? this.modules.get(from, placeAt(node)) : undefined;
    if (node.children.some(({ type }) => type === "wildcard_import")) {
      const library = module && isModule(module) ? (name: string) => this.modules.attribute(module, name, placeAt(node)) : undefined; // prettier-ignore
      this.stars.push({ library, name: from, place: placeAt(node) });
      return;
    }
    for (const [index, { name, binds }] of importsOf(node).entries()) {
      const found =
        !module || module.kind === "unknown"
          ? undefined
          : isModule(module)
            ? this.modules.attribute(module, name, placeAt(node))
            : this.find(module, name, placeAt(node));
      this.assign(
        binds,
        found ?? unknown(`\`${name}\` imported from \`${from}\``, placeAt(node.fields.name![index])),
        scope,
      );
    }
  }

  // --------------------------------------------------------------------------------------------------- definitions

  private makeFunction(node: Syntax, scope: Scope, decorators: readonly Value[]): PythonFunction {
    const defaults = new Map<string, Value>();
    for (const parameter of parametersOf(node)?.named ?? []) {
      if (parameter.default) defaults.set(parameter.name, this.eval(parameter.default, scope));
    }
    const name = one(node, "name")?.text ?? "<lambda>";
    // What a class binds is no name of its methods.
    return {
      kind: "function",
      name,
      node,
      scope: scope.kind === "class" ? scope.parent! : scope,
      defaults,
      decorators,
    };
  }

  private decorated(node: Syntax, scope: Scope): Completion {
    const decorators = node.children.filter(({ type }) => type === "decorator").map((decorator) => ({ node: decorator, value: this.eval(parts(decorator)[0], scope) })); // prettier-ignore
    const definition = one(node, "definition");
    const name = definition && one(definition, "name");
    if (!name) return undefined;
    let value: Value =
      definition.type === "class_definition"
        ? this.makeClass(definition, scope)
        : this.makeFunction(definition, scope, decorators.map((decorator) => decorator.value)); // prettier-ignore
    for (const { node: written, value: decorator } of decorators.reverse()) value = this.decorate(decorator, value, placeAt(written)); // prettier-ignore
    this.assign(name.text, value, scope);
    return undefined;
  }

  /** What a decorator makes of a function or class. One that is not known is taken to leave it as it is. */
  private decorate(decorator: Value, target: Value, place: Place): Value {
    if (decorator.kind === "native") return decorator.type.decorate?.(decorator, target, { place, interpreter: this }) ?? target; // prettier-ignore
    if (decorator.kind === "unknown") return target;
    return this.callValue(decorator, noArguments(place, [target]), place);
  }

  private makeClass(node: Syntax, scope: Scope): PythonClass {
    const name = one(node, "name")!.text;
    const bases: Value[] = [];
    const written = one(node, "superclasses");
    for (const base of written ? parts(written) : []) {
      const place = placeAt(base);
      if (base.type === "keyword_argument") {
        const value = this.eval(one(base, "value"), scope);
        if (one(base, "name")?.text === "metaclass" && value.kind !== "native") bases.push(unknown(`the metaclass of \`${name}\``, place)); // prettier-ignore
      } else if (base.type.endsWith("splat")) bases.push(unknown(`the bases of \`${name}\``, place));
      else {
        const value = this.eval(base, scope);
        bases.push(value.kind === "class" || value.kind === "native" || value.kind === "unknown" ? value : unknown(`the base \`${this.short(base)}\` of \`${name}\``, place)); // prettier-ignore
      }
    }
    const outer = scope.kind === "class" ? scope.parent : scope;
    const cell: Scope = { kind: "function", names: new Map(), parent: outer };
    const attributes = new Map<string, Value>();
    const annotations = new Map<string, Syntax>();
    const type: PythonClass = { kind: "class", name, node, bases, mro: [], attributes, annotations, fields: undefined };
    type.mro = linearised(type) ?? [type, unknown(`the order of the bases of \`${name}\``, placeAt(node))];
    cell.names.set("__class__", type);
    const own: ClassScope = { kind: "class", names: attributes, parent: cell, annotations };
    this.block(one(node, "body"), own);
    for (const entry of type.mro) {
      if (entry.kind === "native") entry.type.derived?.(type, { place: placeAt(node), interpreter: this });
    }
    return type;
  }

  // ---------------------------------------------------------------------------------------------------- assignment

  private assignTo(target: Syntax, value: Value, scope: Scope): void {
    switch (target.type) {
      case "identifier":
        return this.assign(target.text, value, scope);
      case "attribute": {
        const object = this.eval(one(target, "object"), scope);
        return this.setAttributeOf(object, one(target, "attribute")!.text, value, placeAt(target));
      }
      case "subscript": {
        const object = this.eval(one(target, "value"), scope);
        return this.setItemOf(object, this.subscript(target, scope), value, placeAt(target));
      }
      case "parenthesized_expression":
      case "as_pattern_target":
        return this.assignTo(parts(target)[0], value, scope);
      case "pattern_list":
      case "tuple_pattern":
      case "list_pattern":
      case "tuple":
      case "list":
      case "expression_list":
        return this.unpack(parts(target), value, scope, placeAt(target));
      default:
        this.forget([target], scope, unknown("a target of an assignment that is not read", placeAt(target)));
    }
  }

  private unpack(targets: readonly Syntax[], value: Value, scope: Scope, place: Place): void {
    const items = this.itemsOf(value, place);
    const isStar = ({ type }: Syntax) => type === "list_splat_pattern" || type === "list_splat";
    const star = targets.findIndex(isStar);
    if (!items) {
      const why = unknownOf(value) ?? unknown(`the items of a value`, place);
      for (const target of targets) this.assignTo(isStar(target) ? parts(target)[0] : target, why, scope);
      return;
    }
    if (star < 0 ? items.length !== targets.length : items.length < targets.length - 1) {
      raise("ValueError", "too many or too few values to unpack", place);
    }
    // The items may be those of a list that the targets change.
    const given = [...items];
    const after = targets.length - star - 1;
    for (const [i, target] of targets.entries()) {
      if (i === star) this.assignTo(parts(target)[0], list(given.slice(star, given.length - after)), scope);
      else this.assignTo(target, given[star >= 0 && i > star ? given.length - (targets.length - i) : i], scope);
    }
  }

  private assignment(node: Syntax, scope: Scope): Value {
    const target = one(node, "left")!;
    const written = one(node, "right");
    const annotation = one(node, "type");
    if (annotation && scope.kind === "class" && target.type === "identifier") (scope as ClassScope).annotations.set(target.text, annotation); // prettier-ignore
    if (!written) return none;
    const value = this.eval(written, scope);
    this.assignTo(target, value, scope);
    return value;
  }

  private augmentedAssignment(node: Syntax, scope: Scope): Value {
    const target = one(node, "left")!;
    const op = one(node, "operator")!.text.slice(0, -1);
    const place = placeAt(node);
    const change = (before: Value): Value => {
      const by = this.eval(one(node, "right"), scope);
      return this.changed(op, before, by, place);
    };
    if (target.type === "attribute") {
      const object = this.eval(one(target, "object"), scope);
      const name = one(target, "attribute")!.text;
      this.setAttributeOf(object, name, change(this.attributeOf(object, name, placeAt(target))), placeAt(target));
    } else if (target.type === "subscript") {
      const object = this.eval(one(target, "value"), scope);
      const index = this.subscript(target, scope);
      this.setItemOf(object, index, change(this.itemOf(object, index, placeAt(target))), placeAt(target));
    } else this.assignTo(target, change(this.eval(target, scope)), scope);
    return none;
  }

  /** `before op= by`, which changes lists and tensors themselves. */
  private changed(op: string, before: Value, by: Value, place: Place): Value {
    if (before.kind === "list" && op === "+") {
      const items = this.itemsOf(by, place);
      if (!items) {
        forgetValue(before, by.kind === "unknown" ? by : unknown("the items of a value", place));
        return before;
      }
      this.spend(items.length);
      for (const item of [...items]) before.items.push(item);
      return before;
    }
    if (before.kind === "dict" && op === "|") {
      if (by.kind !== "dict") forgetValue(before, by.kind === "unknown" ? by : unknown("the items of a value", place));
      else for (const [key, value] of by.entries) before.entries.set(presentKey(before.entries, key), value);
      return before;
    }
    if (before.kind === "instance") {
      const method = this.methodOf(before, `__i${({ "+": "add", "-": "sub", "*": "mul", "/": "truediv", "|": "or", "&": "and" })[op] ?? op}__`); // prettier-ignore
      if (method) return this.callValue(method, noArguments(place, [before, by]), place);
    }
    const made = binary(op, before, by, place, this);
    if (before.kind !== "native" || !before.type.inPlace) return made;
    if (made.kind === "native" && made.type === before.type)
      before.type.inPlace(before, made, { place, interpreter: this });
    else forgetValue(before, made.kind === "unknown" ? made : unknown(`the result of \`${op}=\``, place));
    return before;
  }

  // ---------------------------------------------------------------------------------------------------- expressions

  private eval(node: Syntax | undefined, scope: Scope): Value {
    if (!node) return unknown("code with a syntax error", nowhere);
    this.spend(1);
    const expression = PythonInterpreter.expressions.get(node.type);
    if (!expression) return unknown(`\`${this.short(node)}\``, placeAt(node));
    if (this.depth >= most.nesting) return unknown("code that is nested too deeply", placeAt(node));
    this.depth++;
    const value = expression(this, node, scope);
    this.depth--;
    return value;
  }

  private static readonly expressions = new Map<string, Expression>([
    ["identifier", (me, node, scope) => me.nameValue(node.text, node, scope)],
    ["integer", (me, node) => me.literal(node, integerLiteral)],
    ["float", (me, node) => me.literal(node, floatLiteral)],
    ["true", (me, node) => me.literal(node, (literal) => ({ kind: "bool", value: true, literal: placeAt(literal) }))],
    ["false", (me, node) => me.literal(node, (literal) => ({ kind: "bool", value: false, literal: placeAt(literal) }))],
    ["none", () => none],
    ["ellipsis", () => ellipsis],
    ["string", (me, node, scope) => me.stringValue(node, scope)],
    ["concatenated_string", (me, node, scope) => me.joined(parts(node).map((part) => me.eval(part, scope)))],
    ["parenthesized_expression", (me, node, scope) => me.eval(parts(node)[0], scope)],
    ["tuple", (me, node, scope) => me.sequence(node, scope, tuple)],
    ["expression_list", (me, node, scope) => me.sequence(node, scope, tuple)],
    ["list", (me, node, scope) => me.sequence(node, scope, list)],
    ["set", (me, node, scope) => me.setValue(me.sequence(node, scope, list), node)],
    ["dictionary", (me, node, scope) => me.dictionary(node, scope)],
    ["list_comprehension", (me, node, scope) => me.comprehension(node, scope)],
    ["set_comprehension", (me, node, scope) => me.setValue(me.comprehension(node, scope), node)],
    ["generator_expression", (me, node, scope) => {
      const items = me.comprehension(node, scope);
      return items.kind === "list" ? iterator(items.items) : items;
    }],
    ["dictionary_comprehension", (me, node, scope) => me.comprehension(node, scope)],
    ["attribute", (me, node, scope) => me.attributeOf(me.eval(one(node, "object"), scope), one(node, "attribute")!.text, placeAt(node))],
    ["subscript", (me, node, scope) => me.itemOf(me.eval(one(node, "value"), scope), me.subscript(node, scope), placeAt(node))],
    ["slice", (me, node, scope) => {
      const [start, stop, step] = sliceParts(node, me.text).map((part) => (part ? me.eval(part, scope) : none));
      return { kind: "slice", start: start, stop: stop, step: step };
    }],
    // So the grammar has it at the end of a text.
    ["pattern_list", (me, node, scope) => me.sequence(node, scope, tuple)],
    ["tuple_pattern", (me, node, scope) => me.sequence(node, scope, tuple)],
    ["list_pattern", (me, node, scope) => me.sequence(node, scope, list)],
    ["list_splat_pattern", (me, node, scope) => me.eval(parts(node)[0], scope)],
    ["list_splat", (me, node, scope) => me.eval(parts(node)[0], scope)],
    ["parenthesized_list_splat", (me, node, scope) => me.eval(parts(node)[0], scope)],
    ["call", (me, node, scope) => me.callExpression(node, scope)],
    ["lambda", (me, node, scope) => me.makeFunction(node, scope, [])],
    ["conditional_expression", (me, node, scope) => me.conditional(node, scope)],
    ["boolean_operator", (me, node, scope) => me.booleanOperator(node, scope)],
    ["not_operator", (me, node, scope) => unary("not", me.eval(one(node, "argument"), scope), placeAt(node), me)],
    ["unary_operator", (me, node, scope) => unary(one(node, "operator")!.text as "-" | "+" | "~", me.eval(one(node, "argument"), scope), placeAt(node), me)],
    ["binary_operator", (me, node, scope) => {
      const left = me.eval(one(node, "left"), scope);
      return binary(one(node, "operator")!.text, left, me.eval(one(node, "right"), scope), placeAt(node), me);
    }],
    ["comparison_operator", (me, node, scope) => me.comparison(node, scope)],
    ["named_expression", (me, node, scope) => {
      const value = me.eval(one(node, "value"), scope);
      me.assign(one(node, "name")!.text, value, aroundComprehensions(scope));
      return value;
    }],
    ["assignment", (me, node, scope) => me.assignment(node, scope)],
    ["augmented_assignment", (me, node, scope) => me.augmentedAssignment(node, scope)],
    ["await", (me, node, scope) => me.eval(parts(node)[0], scope)],
    ["yield", (me, node, scope) => me.yieldExpression(node, scope)],
    ["type", (me, node, scope) => me.eval(parts(node)[0], scope)],
  ]); // prettier-ignore

  private literal(node: Syntax, make: (node: Syntax) => Value): Value {
    let value = this.literals.get(node);
    if (!value) this.literals.set(node, (value = make(node)));
    return value;
  }

  private nameValue(name: string, place: Place, scope: Scope): Value {
    return this.lookUp(name, scope) ?? unknown(`\`${name}\`, which is not defined here`, placeAt(place));
  }

  private stringValue(node: Syntax, scope: Scope): Value {
    if (!node.children.some(({ type }) => type === "interpolation")) return this.literal(node, (literal) => decodeString(literal, this.text)); // prettier-ignore
    const at: At = { place: placeAt(node), interpreter: this };
    return fString(node, this.text, (inner) => this.eval(inner, scope), (value, how) => write(value, how, at)); // prettier-ignore
  }

  private joined(values: readonly Value[]): Value {
    let text = "";
    for (const value of values) {
      if (value.kind !== "string") return value;
      text += value.value;
    }
    return string(text);
  }

  private sequence(node: Syntax, scope: Scope, make: (items: Value[]) => Value): Value {
    const items: Value[] = [];
    let why: Unknown | undefined;
    for (const child of parts(node)) {
      // The grammar takes the star of `[*f(x)]` to be inside, around `f`.
      if (this.text[child.from] !== "*") items.push(this.eval(child, scope));
      else {
        const value = this.eval(child, scope);
        const given = this.itemsOf(value, placeAt(child));
        if (given) for (const item of given) items.push(item);
        else
          why ??= value.kind === "unknown" ? value : unknown(`the items of \`${this.short(child)}\``, placeAt(child));
      }
    }
    return why ?? make(items);
  }

  private setValue(items: Value, node: Syntax): Value {
    return items.kind === "list" ? setOf(items.items, { place: placeAt(node), interpreter: this }) : items;
  }

  private dictionary(node: Syntax, scope: Scope): Value {
    const made: Value = { kind: "dict", entries: new Map() };
    let why: Unknown | undefined;
    for (const child of parts(node)) {
      if (child.type === "pair") {
        const key = this.eval(one(child, "key"), scope);
        why ??= this.put(made, key, this.eval(one(child, "value"), scope), placeAt(child));
      } else {
        const value = plainOf(this.eval(parts(child)[0], scope));
        if (value.kind === "dict")
          for (const [key, item] of value.entries) made.entries.set(presentKey(made.entries, key), item);
        else
          why ??= value.kind === "unknown" ? value : unknown(`the items of \`${this.short(child)}\``, placeAt(child));
      }
    }
    return why ?? made;
  }

  private comprehension(node: Syntax, scope: Scope): Value {
    const made: Value = node.type === "dictionary_comprehension" ? { kind: "dict", entries: new Map() } : list([]);
    const body = one(node, "body");
    const clauses = parts(node).filter((child) => child.type === "for_in_clause" || child.type === "if_clause");
    const inner: Scope = { kind: "comprehension", names: new Map(), parent: scope.kind === "class" ? scope.parent : scope, elsewhere: scope.elsewhere }; // prettier-ignore
    if (scope.self) inner.self = scope.self;
    /** Why the result is unknown. */
    const from = (index: number): Unknown | undefined => {
      const clause = clauses[index];
      if (!clause) {
        if (made.kind === "dict") {
          const key = this.eval(body && one(body, "key"), inner);
          return this.put(made, key, this.eval(body && one(body, "value"), inner), placeAt(node));
        }
        const value = this.eval(body, inner);
        if (made.kind === "list") made.items.push(value);
        return undefined;
      }
      if (clause.type === "if_clause") {
        const condition = parts(clause)[0];
        const value = this.eval(condition, inner);
        const truth = this.truthOf(value);
        if (truth === undefined) return this.undecided(value, condition);
        return truth ? from(index + 1) : undefined;
      }
      const written = one(clause, "right")!;
      const iterable = this.eval(written, index === 0 ? scope : inner);
      const items = this.itemsOf(iterable, placeAt(written));
      if (!items) return unknownOf(iterable) ?? unknown(`the items of \`${this.short(written)}\``, placeAt(written)); // prettier-ignore
      for (const item of items) {
        this.spend(1);
        this.assignTo(one(clause, "left")!, item, inner);
        const why = from(index + 1);
        if (why) return why;
      }
      return undefined;
    };
    const why = from(0);
    if (!why) return made;
    this.forget([body, ...clauses], inner, why);
    return why;
  }

  private subscript(node: Syntax, scope: Scope): Value {
    const written = node.fields.subscript ?? [];
    // `x[1,]` is a tuple of one, which the tree does not tell from `x[1]`.
    const isTuple =
      written.length > 1 || (written[0] !== undefined && /^\s*,/.test(this.text.slice(written[0].to, node.to)));
    if (!isTuple && written[0]?.type !== "list_splat") return this.eval(written[0], scope);
    return this.sequence({ ...node, children: written }, scope, tuple);
  }

  private conditional(node: Syntax, scope: Scope): Value {
    const [yes, condition, no] = parts(node);
    const value = this.eval(condition, scope);
    const truth = this.truthOf(value);
    if (truth !== undefined) return this.eval(truth ? yes : no, scope);
    const why = this.undecided(value, condition);
    this.forget([yes, no], scope, why);
    return why;
  }

  private booleanOperator(node: Syntax, scope: Scope): Value {
    const left = this.eval(one(node, "left"), scope);
    const truth = this.truthOf(left);
    const isAnd = one(node, "operator")!.text === "and";
    if (truth !== undefined) return truth === isAnd ? this.eval(one(node, "right"), scope) : left;
    // What is false however the left is, `unknown and False`, is false as a condition; as a value it is not known.
    const why = this.undecided(left, one(node, "left")!);
    this.forget([one(node, "right")], scope, why);
    return why;
  }

  private comparison(node: Syntax, scope: Scope): Value {
    const operands = parts(node);
    const operators = node.fields.operators ?? [];
    let left = this.eval(operands[0], scope);
    let result: Value = none;
    for (const [i, operator] of operators.entries()) {
      const right = this.eval(operands[i + 1], scope);
      const place = operators.length === 1 ? placeAt(node) : { from: operands[i].from, to: operands[i + 1].to };
      const op = operator.text === "<>" ? "!=" : operator.text.replace(/\s+/g, " ");
      result = binary(op, left, right, place, this);
      if (i + 1 === operators.length) break;
      const truth = this.truthOf(result);
      if (truth === undefined) {
        const why = this.undecided(result, node);
        this.forget(operands.slice(i + 2), scope, why);
        return why;
      }
      if (!truth) break;
      left = right;
    }
    return result;
  }

  private yieldExpression(node: Syntax, scope: Scope): Value {
    const { generator } = this;
    const written = parts(node)[0];
    const value = written ? this.eval(written, scope) : none;
    if (!generator) return none;
    const isFrom = /^yield\s+from\b/.test(this.text.slice(node.from, node.from + 40));
    const items = isFrom ? this.itemsOf(value, placeAt(node)) : [value];
    if (!items)
      generator.uncertain ??= value.kind === "unknown" ? value : unknown("the items of a value", placeAt(node));
    else for (const item of items) generator.items.push(item);
    if (generator.items.length > most.yields) {
      raise("RuntimeError", "a generator without an end", placeAt(node));
    }
    return isFrom ? none : unknown("what is sent to a generator", placeAt(node));
  }

  // ---------------------------------------------------------------------------------------------------------- calls

  private callExpression(node: Syntax, scope: Scope): Value {
    const callee = this.eval(one(node, "function"), scope);
    const written = one(node, "arguments");
    const place = placeAt(node);
    const args = this.argumentsOf(written, scope, place);
    if (args.kind === "unknown") {
      if (callee.kind === "unknown") return callee;
      const called = callee.kind === "bound" ? callee.callee : callee;
      if (called.kind === "function") forgetCall(called, callee.kind === "bound" ? [callee.self] : [], args, this);
      return args;
    }
    if (callee.kind === "native" && callee.type === superType && callee.data === undefined && args.positional.length === 0) {
      return this.superOf(scope, place);
    } // prettier-ignore
    return this.callValue(callee, args, place);
  }

  private argumentsOf(
    written: Syntax | undefined,
    scope: Scope,
    place: Place,
  ): (Arguments & { kind?: undefined }) | Unknown {
    const positional: Value[] = [];
    const named = new Map<string, Value>();
    const places = { positional: [] as (Place | undefined)[], named: new Map<string, Place>() };
    if (written?.type === "generator_expression") {
      positional.push(this.eval(written, scope));
      places.positional.push(placeAt(written));
      return { positional, named, place, places };
    }
    let why: Unknown | undefined;
    for (const child of written ? parts(written) : []) {
      switch (child.type) {
        case "keyword_argument": {
          const name = one(child, "name")?.text ?? "";
          const value = one(child, "value");
          named.set(name, this.eval(value, scope));
          places.named.set(name, placeAt(value ?? child));
          break;
        }
        case "list_splat":
        case "parenthesized_list_splat": {
          const value = this.eval(parts(child)[0], scope);
          const items = this.itemsOf(value, placeAt(child));
          if (items) for (const item of items) places.positional[positional.push(item) - 1] = placeAt(child);
          else
            why ??= value.kind === "unknown" ? value : unknown(`the items of \`${this.short(child)}\``, placeAt(child));
          break;
        }
        case "dictionary_splat": {
          const value = plainOf(this.eval(parts(child)[0], scope));
          if (value.kind !== "dict") {
            why ??= value.kind === "unknown" ? value : unknown(`the items of \`${this.short(child)}\``, placeAt(child));
            break;
          }
          for (const [key, item] of value.entries) {
            if (typeof key !== "string") continue;
            named.set(key, item);
            places.named.set(key, placeAt(child));
          }
          break;
        }
        default:
          places.positional[positional.push(this.eval(child, scope)) - 1] = placeAt(child);
      }
    }
    return why ?? { positional, named, place, places };
  }

  protected callFunction(callee: PythonFunction, args: Arguments, place: Place): Value {
    if (this.calls >= most.calls) {
      const why = unknown(`the recursion of \`${callee.name}\``, place);
      forgetCall(callee, args.positional, why, this);
      return why;
    }
    const scope = this.bind(callee, args);
    if (scope.kind === "unknown") {
      forgetCall(callee, args.positional, scope, this);
      return scope;
    }
    const body = one(callee.node, "body");
    const { depth, calls, tries, generator } = this;
    this.calls++;
    try {
      if (callee.node.type === "lambda") return this.eval(body, scope);
      if (!body || !yields(body)) {
        this.generator = undefined;
        const completion = this.block(body, scope);
        return completion?.kind === "return" ? completion.value : none;
      }
      const own = { items: [] as Value[], uncertain: undefined as Unknown | undefined };
      this.generator = own;
      const completion = this.block(body, scope);
      const why = own.uncertain ?? completion?.uncertain;
      return why ?? iterator(own.items);
    } catch (error) {
      if (!(error instanceof PythonRaise) || tries > 0) throw error;
      Object.assign(this, { depth, tries });
      return raised(error, `\`${callee.name}\``);
    } finally {
      this.calls = calls;
      this.generator = generator;
    }
  }

  /** A scope in which the parameters have their arguments; why not, where they do not fit. */
  private bind(callee: PythonFunction, args: Arguments): Scope | Unknown {
    const scope: Scope = { kind: "function", names: new Map(), parent: callee.scope };
    const parameters = parametersOf(callee.node);
    if (!parameters) return unknown(`the parameters of \`${callee.name}\``, placeAt(callee.node));
    const { names } = scope;
    const { positional, named } = args;
    let index = 0;
    let used = 0;
    for (const { name, by } of parameters.named) {
      if (by !== "name" && index < positional.length) {
        names.set(name, positional[index++]);
        if (by === "both" && named.has(name))
          return unknown(`a call of \`${callee.name}\` that gives \`${name}\` twice`, args.place);
        continue;
      }
      const given = by === "position" ? undefined : named.get(name);
      if (given) used++;
      const value = given ?? callee.defaults.get(name);
      if (!value) return unknown(`a call of \`${callee.name}\` without its argument \`${name}\``, args.place);
      names.set(name, value);
    }
    if (parameters.rest !== undefined) names.set(parameters.rest, tuple(positional.slice(index)));
    else if (index < positional.length)
      return unknown(`a call of \`${callee.name}\` with more arguments than it takes`, args.place);
    if (parameters.restNamed !== undefined) {
      const own = new Set(parameters.named.filter(({ by }) => by !== "position").map(({ name }) => name));
      names.set(parameters.restNamed, {
        kind: "dict",
        entries: new Map([...named].filter(([name]) => !own.has(name))),
      });
    } else if (used < named.size) {
      const extra = [...named.keys()].find(
        (name) => !parameters.named.some((own) => own.name === name && own.by !== "position"),
      );
      return unknown(`a call of \`${callee.name}\` with the argument \`${extra}\`, which it does not take`, args.place);
    }
    const self = positional[0];
    if (self) scope.self = self;
    return scope;
  }

  private superOf(scope: Scope, place: Place): Value {
    const start = this.lookUp("__class__", scope);
    let at: Scope | undefined = scope;
    while (at && !at.self) at = at.parent;
    if (start?.kind !== "class" || !at?.self) return unknown("`super()`", place);
    return { kind: "native", type: superType, data: { start, self: at.self } satisfies SuperData };
  }
}

const ellipsis: Value = { kind: "ellipsis" };
function integerLiteral(node: Syntax): Value {
  const text = node.text.replaceAll("_", "").toLowerCase();
  const value = /^0\d/.test(text) ? (/^0+$/.test(text) ? 0 : NaN) : Number(text);
  if (!Number.isSafeInteger(value)) return unknown(text.endsWith("j") ? "a complex number" : "an integer beyond 2^53", placeAt(node)); // prettier-ignore
  return { kind: "int", value, literal: placeAt(node) };
}

function floatLiteral(node: Syntax): Value {
  const value = Number(node.text.replaceAll("_", ""));
  return Number.isNaN(value) ? unknown("a complex number", placeAt(node)) : { ...float(value), literal: placeAt(node) } as Value; // prettier-ignore
}

/** The class and its bases in Python's order (C3); undefined where there is none. */
function linearised(type: PythonClass): Value[] | undefined {
  const lists = [...type.bases.map((base) => (base.kind === "class" ? [...base.mro] : [base])), [...type.bases]];
  const order: Value[] = [type];
  while (lists.some((each) => each.length > 0)) {
    const next = lists
      .map((each) => each[0])
      .find((head) => head && !lists.some((each) => each.slice(1).some((entry) => sameClass(entry, head))));
    if (!next) return undefined;
    order.push(next);
    for (const each of lists) if (each[0] && sameClass(each[0], next)) each.shift();
  }
  return order;
}
const sameClass = (left: Value, right: Value): boolean => left === right || (left.kind === "native" && identical(left, right) === true); // prettier-ignore
