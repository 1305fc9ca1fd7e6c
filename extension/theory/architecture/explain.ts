/**
 * What is wrong with the structure of a specification, in words. It walks the JSON Schema that is generated from the one schema
 * (schema.ts), so it knows no field by itself; it picks the branch of a union that the author meant.
 */
import type { SpecPath } from "../verdict/report";
import { architectureJsonSchema, type SchemaNode } from "./jsonSchema";
import { clip, didYouMean, either, nameOf, show } from "./words";

export interface Problem {
  path: SpecPath;
  message: string;
  /** The key at `path` is at fault, not its value. */
  atKey?: true;
  /** The characters of the text at `path` that are at fault, `to` excluded. */
  within?: { from: number; to: number };
}

/** Problems past this many are left out: nobody reads them, and a file may hold a million. */
const mostProblems = 50;

/** The problems of the structure; empty where the value has the structure of a specification. `value` is a JSON value nested at most `limits.nesting` deep. */
export function explainStructure(value: unknown): Problem[] {
  const problems: Problem[] = [];
  explain(value, architectureJsonSchema(), [], problems);
  return problems;
}

type Dictionary = Record<string, unknown>;

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function resolve(node: SchemaNode): SchemaNode {
  const reference = node.$ref ?? node.allOf?.[0].$ref;
  if (reference === undefined) return node;
  return architectureJsonSchema().definitions![reference.slice("#/definitions/".length)];
}

function explain(value: unknown, unresolved: SchemaNode, path: SpecPath, problems: Problem[]): void {
  if (problems.length >= mostProblems) return;
  const node = resolve(unresolved);
  if (node.anyOf) return explainUnion(value, node.anyOf.map(resolve), path, problems);
  if (!hasType(value, node)) {
    problems.push({ path, message: mustBe(path, [node], value) });
    return;
  }
  if (Array.isArray(value)) return explainList(value, node, path, problems);
  if (isDictionary(value)) return explainObject(value, node, path, problems);
  if (!fits(value, node)) problems.push({ path, message: mustBe(path, [node], value) });
}

function hasType(value: unknown, { type }: SchemaNode): boolean {
  switch (type) {
    case "object":
      return isDictionary(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return typeof value === "number";
    case "null":
      return value === null;
    case "string":
    case "boolean":
      return typeof value === type;
    case undefined:
      return true;
  }
}

/** Whether a value of the node's type, neither list nor object, is allowed. */
function fits(value: unknown, node: SchemaNode): boolean {
  if (node.const !== undefined) return value === node.const;
  if (node.enum) return node.enum.includes(value);
  if (typeof value === "number") {
    return Number.isInteger(value) && value >= (node.minimum ?? -Infinity) && value <= (node.maximum ?? Infinity);
  }
  if (typeof value === "string") {
    return (
      value.length >= (node.minLength ?? 0) &&
      value.length <= (node.maxLength ?? Infinity) &&
      (node.pattern === undefined || new RegExp(node.pattern).test(value))
    );
  }
  return true;
}

function explainList(value: unknown[], node: SchemaNode, path: SpecPath, problems: Problem[]): void {
  const { minItems = 0, maxItems = Infinity, items } = node;
  if (value.length < minItems || value.length > maxItems) {
    problems.push({ path, message: mustBe(path, [node], value) });
    return;
  }
  for (let i = 0; i < value.length && problems.length < mostProblems; i++) {
    const item = Array.isArray(items) ? items[i] : items!;
    // The common case of a long list of numbers, without a path for each.
    if (item.type === "integer" && typeof value[i] === "number" && fits(value[i], item)) continue;
    explain(value[i], item, [...path, i], problems);
  }
}

function explainObject(value: Dictionary, node: SchemaNode, path: SpecPath, problems: Problem[]): void {
  const properties = node.properties!;
  let hints = "";
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) {
      explain(value[key], properties[key], [...path, key], problems);
    } else {
      const known = Object.keys(properties).filter((name) => !Object.hasOwn(value, name));
      const hint = didYouMean(key, known) || `; it knows ${list(Object.keys(properties))}`;
      hints += hint;
      problems.push({
        path: [...path, key],
        message: `${nameOf(path)} has no key \`${clip(key)}\`${hint}`,
        atKey: true,
      });
    }
    if (problems.length >= mostProblems) return;
  }
  for (const key of node.required ?? []) {
    // A misspelt key is one problem, not two.
    if (Object.hasOwn(value, key) || hints.includes(`mean \`${key}\``)) continue;
    const description = resolve(properties[key]).description;
    const meaning = description === undefined ? "" : `: ${lowerFirst(description)}`;
    problems.push({ path: [...path, key], message: sentence(`${nameOf(path)} lacks \`${key}\`${meaning}`) });
  }
}

/** A value of a union: the branch that the author meant, by the type of the value and, among objects, by its key. */
function explainUnion(value: unknown, branches: SchemaNode[], path: SpecPath, problems: Problem[]): void {
  const ofType = branches.filter((branch) => hasType(value, branch));
  if (!isDictionary(value)) {
    if (ofType.length === 1 && ofType[0].const === undefined) return explain(value, ofType[0], path, problems);
    if (ofType.some((branch) => fits(value, branch))) return;
    problems.push({ path, message: mustBe(path, branches, value) });
    return;
  }
  if (ofType.length === 1 && tagOf(ofType[0]) === undefined) return explainObject(value, ofType[0], path, problems);
  const meant = ofType.filter((branch) => Object.hasOwn(value, tagOf(branch)!));
  if (meant.length === 1) return explainObject(value, meant[0], path, problems);
  if (meant.length > 1) {
    const tags = meant.map((branch) => `\`${tagOf(branch)!}\``);
    const message = `${nameOf(path)} must have one of the keys ${either(tags)}, not several`;
    problems.push({ path: [...path, tagOf(meant[1])!], message, atKey: true });
    return;
  }
  const typed = Object.keys(value);
  if (typed.length === 0 || ofType.length === 0) {
    problems.push({ path, message: mustBe(path, branches, value) });
    return;
  }
  const hint = didYouMean(typed[0], candidates(branches)) || `; it must be ${describeAll(branches)}`;
  const message = `${nameOf(path)} has no kind \`${clip(typed[0])}\`${hint}`;
  problems.push({ path: [...path, typed[0]], message, atKey: true });
}

/** The one key that names a branch of a union, as `window` in `{"window": 64}`. */
function tagOf(branch: SchemaNode): string | undefined {
  const keys = Object.keys(branch.properties ?? {});
  return keys.length === 1 && branch.required?.[0] === keys[0] ? keys[0] : undefined;
}

/** The words that could stand in this place: values in quotes, and the keys that name a branch. */
function* candidates(branches: SchemaNode[]): Iterable<string> {
  for (const branch of branches) {
    for (const word of [branch.const, ...(branch.enum ?? []), tagOf(branch)]) {
      if (typeof word === "string") yield word;
    }
  }
}

function mustBe(path: SpecPath, branches: SchemaNode[], value: unknown): string {
  if (typeof value === "string") {
    if (branches.some((branch) => tagOf(branch) === value)) {
      return `${nameOf(path)} must say more than ${show(value)}: an object with the key \`${value}\``;
    }
    const hint = didYouMean(value, candidates(branches));
    if (hint !== "") return `${nameOf(path)} cannot be ${show(value)}${hint}`;
  }
  return `${nameOf(path)} must be ${describeAll(branches)}, got ${show(value)}`;
}

/** What the branches allow: the plain values first, then the objects by their keys. */
function describeAll(branches: SchemaNode[]): string {
  const words = branches.flatMap((branch) => (branch.const !== undefined ? [branch.const] : (branch.enum ?? [])));
  const tags = branches.flatMap((branch) => tagOf(branch) ?? []);
  const others = branches.filter((branch) => branch.const === undefined && !branch.enum && tagOf(branch) === undefined);
  return either([
    ...words.map((word) => JSON.stringify(word)),
    ...others.map(describe),
    ...(tags.length > 0 ? [`an object with ${tags.length > 1 ? "one of " : ""}${list(tags)}`] : []),
  ]);
}

function describe(node: SchemaNode): string {
  const { type, minimum, maximum, minItems = 0, maxItems, minLength, maxLength } = node;
  switch (type) {
    case "integer":
      return `a whole number from ${minimum ?? "-infinity"} to ${maximum ?? "infinity"}`;
    case "boolean":
      return "true or false";
    case "string":
      if (node.patternErrorMessage !== undefined) return node.patternErrorMessage;
      return maxLength === undefined ? "text" : `text of ${minLength ?? 0} to ${maxLength} characters`;
    case "array":
      if (maxItems === undefined) return "a list";
      return minItems === maxItems ? `a list of ${maxItems}` : `a list of ${minItems} to ${maxItems} entries`;
    case "object":
      return `an object with ${list(Object.keys(node.properties!))}`;
    case "null":
    case undefined:
      return "null";
  }
}

function list(names: string[]): string {
  return names
    .filter((name) => name !== "$schema")
    .map((name) => `\`${name}\``)
    .join(", ");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Descriptions end with a full stop, messages do not. */
function sentence(text: string): string {
  return text.replace(/\.$/, "");
}
