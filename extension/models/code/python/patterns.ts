/** Patterns of `match`. */
import type { Syntax } from "../syntax";
import { plainOf, presentKey } from "./operators";
import { captures, parts } from "./trees";
import { fieldsOf, list, type Interpreter, type Scope, type Value } from "./values";

/** What patterns ask of the interpreter beyond what libraries do. */
export interface PatternHost extends Interpreter {
  readonly text: string;
  evaluate(node: Syntax, scope: Scope): Value;
  unary(op: "-", value: Value, place: Syntax): Value;
}

/** Whether a pattern matches; `bound` are the names that it binds. */
export function matches(
  pattern: Syntax,
  value: Value,
  scope: Scope,
  bound: Map<string, Value>,
  host: PatternHost,
): boolean | undefined {
  const own = parts(pattern);
  const all = (results: Iterable<boolean | undefined>): boolean | undefined => {
    for (const result of results) if (result !== true) return result;
    return true;
  };
  switch (pattern.type) {
    case "case_pattern": {
      if (own.length === 0) return pattern.text === "_" ? true : undefined;
      const inner = own[0];
      if (host.text[pattern.from] === "-") return host.equal(host.unary("-", host.evaluate(inner, scope), pattern), value, pattern); // prettier-ignore
      return matches(inner, value, scope, bound, host);
    }
    case "dotted_name": {
      const [name, ...path] = own.map(({ text }) => text);
      if (path.length === 0) {
        bound.set(name, value);
        return true;
      }
      const of = path.reduce((at, part) => host.attribute(at, part, pattern), host.evaluate(own[0], scope)); // prettier-ignore
      return host.equal(of, value, pattern);
    }
    case "union_pattern": {
      for (const alternative of own) {
        const result = matches(alternative, value, scope, bound, host);
        if (result !== false) return result;
      }
      return false;
    }
    case "as_pattern": {
      const alias = own.at(-1);
      const result = matches(own[0], value, scope, bound, host);
      if (result && alias?.type === "identifier") bound.set(alias.text, value);
      return result;
    }
    case "list_pattern":
    case "tuple_pattern": {
      if (value.kind !== "list" && value.kind !== "tuple") return value.kind === "unknown" || value.kind === "native" || value.kind === "instance" ? undefined : false; // prettier-ignore
      const star = own.findIndex((child) => parts(child)[0]?.type === "splat_pattern");
      const { items } = value;
      if (star < 0 ? items.length !== own.length : items.length < own.length - 1) return false;
      const after = star < 0 ? 0 : own.length - star - 1;
      return all(
        own.map((child, i) => {
          if (i !== star) return matches(child, items[star >= 0 && i > star ? items.length - (own.length - i) : i], scope, bound, host); // prettier-ignore
          for (const name of captures(child)) bound.set(name, list(items.slice(star, items.length - after)));
          return true;
        }),
      );
    }
    case "dict_pattern": {
      const of = plainOf(value);
      if (of.kind !== "dict") return of.kind === "unknown" || of.kind === "native" || of.kind === "instance" ? undefined : false; // prettier-ignore
      const rest = new Map(of.entries);
      const results = (pattern.fields.key ?? []).map((written, i) => {
        const key = host.keyOf(host.evaluate(written, scope));
        const present = key === undefined ? undefined : presentKey(of.entries, key);
        const item = present === undefined ? undefined : of.entries.get(present);
        if (present === undefined || !item) return present === undefined ? undefined : false;
        rest.delete(present);
        const inner = pattern.fields.value?.[i];
        return inner && matches(inner, item, scope, bound, host);
      });
      const splat = own.find(({ type }) => type === "splat_pattern");
      for (const name of splat ? captures(splat) : []) bound.set(name, { kind: "dict", entries: rest });
      return all(results);
    }
    case "class_pattern": {
      const [name, ...inner] = own;
      const [first, ...path] = name ? parts(name).map(({ text }) => text) : [];
      if (first === undefined) return undefined;
      const type = path.reduce((at, part) => host.attribute(at, part, pattern), host.evaluate(parts(name)[0], scope));
      const is = host.isInstance(value, type);
      if (is !== true) return is;
      const names = value.kind === "instance" ? [...(fieldsOf(value.type)?.keys() ?? [])] : undefined;
      return all(
        inner.map((child, i) => {
          const [keyword, of] = parts(child)[0]?.type === "keyword_pattern" ? parts(parts(child)[0]) : [];
          if (keyword && of) {
            const attribute = host.findAttribute(value, keyword.text, child);
            return attribute ? matches(of, attribute, scope, bound, host) : false;
          }
          const attribute = names?.[i] === undefined ? undefined : host.attribute(value, names[i], child);
          if (attribute) return matches(child, attribute, scope, bound, host);
          return names === undefined && i === 0 ? matches(child, value, scope, bound, host) : undefined;
        }),
      );
    }
    case "integer":
    case "float":
    case "string":
    case "concatenated_string":
    case "true":
    case "false":
      return host.equal(host.evaluate(pattern, scope), value, pattern);
    case "none":
      return value.kind === "unknown" ? undefined : value.kind === "none";
    default:
      return undefined;
  }
}
