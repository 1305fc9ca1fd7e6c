/** Edits of the numbers that say how many layers there are and how far windows reach. */
import type { Architecture, Pattern } from "../../../theory/architecture/schema";
import type { Splice } from "../../spec/edit";
import type { Syntax } from "../syntax";
import type { Edited } from "./edit";
import { masksOf } from "./editMasks";
import { isDepth } from "./running";
import { calleeName, type SourceText, type WrittenNumber } from "./sourceText";
import { identifiers, one, parts } from "./trees";

/** Most numbers of the same value that are tried. */
const mostNumbers = 6;

/** What a name in the code may not be if its number is one of layers. */
const otherSizes = /vocab|dim|head|width|embd|hidden|features|window|radius|tokens|len|size|channels|classes/i;

/** Ways to stack the blocks as often as asked. */
export function* depthEdits({ source, lowered }: Edited, wanted: Architecture): Iterable<Splice[]> {
  const { layers } = lowered.architecture;
  const index = layers.findIndex(({ repeat }, i) => wanted.layers[i]?.repeat !== repeat);
  if (index < 0) return;
  const [from, to] = [layers[index].repeat, wanted.layers[index].repeat];
  const total = layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const place = lowered.locate(["layers", index, "repeat"]);
  // A comment says it.
  if (source.code(place) === String(from)) yield [source.replace(place, String(to))];
  const ranked = source
    .numbers()
    .flatMap((number) => {
      const isRange = /^range$|_range$/.test(number.name);
      const rank = isDepth(number.name) ? 0 : isRange ? 1 : number.isArgument || number.name === "" ? 2 : otherSizes.test(number.name) ? 4 : 3; // prettier-ignore
      if (number.value === from) return [{ number, rank, value: to }];
      if (number.value === total) return [{ number, rank, value: total - from + to }];
      return number.value === from + 1 && isRange ? [{ number, rank: rank + 1, value: to + 1 }] : [];
    })
    .filter(({ rank }) => rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, mostNumbers);
  for (const { number, value } of ranked) yield [source.replace(number.node, String(value))];
  // Several lists of layers, each as long.
  const together = ranked.filter(({ rank, value }) => rank < 2 && value === ranked[0].value);
  if (together.length > 1) yield together.map(({ number, value }) => source.replace(number.node, String(value)));
}

// ------------------------------------------------------------------------------------------------------------- windows

const windowNames = /window|radius|band|span|reach|^w$|local|look|past|left|right|distance|diag|width|neighbo|kernel|context|dilat|stride|step|gap/i; // prettier-ignore

interface Sides {
  /** Of the old window, and of the new one. */
  old: number;
  wanted: number;
  dilation: number;
}

/** Numbers as windows are written: how far they reach, how many tokens that is, and the same for both sides together. */
const spellings: readonly ((side: number) => number)[] = [
  (side) => side,
  (side) => side + 1,
  (side) => 2 * side + 1,
  (side) => 2 * side,
];

/** Ways to make windows as wide as asked. */
export function* windowEdits(edited: Edited, wanted: Architecture): Iterable<Splice[]> {
  const { source, lowered } = edited;
  const sides = new Map<string, Sides>();
  const heads: Sides[] = [];
  for (const [i, { mixer }] of lowered.architecture.layers.entries()) {
    const other = wanted.layers[i]?.mixer;
    if (mixer.kind !== "attention" || other?.kind !== "attention") return;
    for (const [group, { pattern, count }] of mixer.heads.entries()) {
      const found = [...sidesOf(pattern, other.heads[group]?.pattern ?? other.heads[0].pattern)];
      for (const each of found) sides.set(JSON.stringify(each), each);
      if (found.length > 0 && i === 0) for (let head = 0; head < count; head++) heads.push(found[0]);
    }
  }
  const moved = [...sides.values()].filter(({ old, wanted, dilation }) => old !== wanted || dilation !== 1);
  if (moved.length === 0) return;
  const masks = masksOf(edited).map(({ place }) => place);
  const makers = masks.map((place) => makersOf(source, source.at(place)));
  const numbers = source.numbers();
  const rank = ({ node, name }: WrittenNumber) => {
    if (masks.some(({ from, to }) => from <= node.from && node.to <= to)) return 0;
    if (windowNames.test(name)) return 1;
    const isMade = ({ names, assignments }: (typeof makers)[number]) =>
      names.has(name) || assignments.some(({ from, to }) => from <= node.from && node.to <= to);
    return makers.some(isMade) ? 2 : 3;
  };
  const ranked = numbers.map((number) => ({ number, rank: rank(number) })).filter((each) => each.rank < 3).sort((a, b) => a.rank - b.rank); // prettier-ignore
  /** All that are in the mask, then one, then all that are called the same. */
  const written = (from: number, to: number): Splice[][] => {
    const same = from === to ? [] : ranked.filter(({ number }) => number.value === from);
    const inMask = same.filter((each) => each.rank === 0);
    const named = [...new Set(same.map(({ number }) => number.name))].map((name) => same.filter((each) => each.number.name === name)); // prettier-ignore
    const several = (groups: (typeof same)[]) => groups.filter(({ length }) => length > 1);
    return [...several([inMask]), ...same.map((each) => [each]), ...several(named)].map((group) => group.map(({ number }) => source.replace(number.node, String(to)))); // prettier-ignore
  };
  const waysFor = ({ old, wanted, dilation }: Sides): Splice[][] => {
    const stretches = dilation === 1 ? [1] : [1, dilation];
    const ways = stretches.flatMap((stretch) => spellings.flatMap((spelt) => written(spelt(old * stretch), spelt(wanted)))); // prettier-ignore
    if (dilation === 1) return ways;
    // Without gaps, and as wide.
    const overlap = (a: Splice[], b: Splice[]) => a.some(({ from }) => b.some((other) => other.from === from));
    return written(dilation, 1)
      .flatMap((step) => [step, ...ways.filter((way) => !overlap(way, step)).map((way) => [...way, ...step])])
      .sort((a, b) => a.length - b.length);
  };
  if (moved.length === 1) yield* waysFor(moved[0]).slice(0, 2 * mostNumbers);
  else yield* perHead(source, heads);
  // One number for each side, or for the windows of different layers.
  if (moved.length === 2) {
    const [first, second] = moved.map(waysFor);
    let tries = 0;
    for (const a of first)
      for (const b of second) if (a[0].from !== b[0].from && ++tries <= mostNumbers) yield [...a, ...b];
  }
}

/** The assignments in a function that what is in an expression is made by, and the names that these use. */
function makersOf(source: SourceText, node: Syntax): { names: Set<string>; assignments: Syntax[] } {
  const scope = source.enclosing(node, "function_definition");
  const names = new Set(identifiers(node));
  const all = scope ? [...source.all(scope)].filter(({ type }) => type === "assignment") : [];
  const assignments = all.toReversed().filter((assignment) => {
    const left = one(assignment, "left");
    const makes = left !== undefined && identifiers(left).some((name) => names.has(name));
    for (const name of makes ? identifiers(assignment) : []) names.add(name);
    return makes;
  });
  return { names, assignments };
}

/** The windows of all heads in one list. */
function* perHead(source: SourceText, heads: readonly Sides[]): Iterable<Splice[]> {
  for (const node of source.all()) {
    if (node.type !== "tuple" && node.type !== "list") continue;
    const items = parts(node);
    if (items.length !== heads.length || !items.every(({ type }) => type === "integer")) continue;
    for (const spelt of spellings)
      if (items.every(({ text }, head) => Number(text) === spelt(heads[head].old)))
        yield items.flatMap((item, head) => {
          const text = String(spelt(heads[head].wanted));
          return item.text === text ? [] : [source.replace(item, text)];
        });
  }
}

/** The windows of two patterns that are otherwise built alike. */
function* sidesOf(pattern: Pattern, wanted: Pattern): Iterable<Sides> {
  if ((pattern.kind === "any" || pattern.kind === "all") && pattern.kind === wanted.kind) {
    for (const [i, inner] of pattern.patterns.entries())
      if (i < wanted.patterns.length) yield* sidesOf(inner, wanted.patterns[i]);
    return;
  }
  if (pattern.kind === "longformer" && wanted.kind === "longformer") {
    yield { old: pattern.window, wanted: wanted.window, dilation: pattern.dilation };
    return;
  }
  if (pattern.kind !== "window" || wanted.kind !== "window" || pattern.circular !== wanted.circular) return;
  const dilation = wanted.dilation === 1 ? pattern.dilation : 1;
  for (const side of ["left", "right"] as const)
    if (pattern[side] !== 0 || wanted[side] !== 0) yield { old: pattern[side], wanted: wanted[side], dilation };
}

// ---------------------------------------------------------------------------------------------------------- see itself

const opposite: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };

/** Small changes of a mask's comparisons and triangles that let tokens see themselves. */
export function* diagonalEdits(edited: Edited): Iterable<Splice[]> {
  const { source } = edited;
  for (const { place } of masksOf(edited)) {
    const node = source.at(place);
    const [all, inFunction] = [[...source.all(node)], [...source.all(source.enclosing(node, "function_definition") ?? node)]]; // prettier-ignore
    for (const call of all) if (call.type === "call" && /^tri[lu]$/.test(calleeName(source, call))) yield* triangleEdits(source, call); // prettier-ignore
    const comparisons = [...new Set([...all, ...inFunction])].filter(({ type }) => type === "comparison_operator");
    for (const comparison of comparisons.slice(0, mostNumbers)) {
      const operators = comparison.fields.operators ?? [];
      for (const operator of operators) {
        const other = opposite[source.code(operator)];
        if (other) yield [source.replace(operator, other)];
      }
    }
  }
}

/** The triangle that begins or ends one further. */
function* triangleEdits(source: SourceText, call: Syntax): Iterable<Splice[]> {
  const list = one(call, "arguments");
  if (!list) return;
  const given = parts(list);
  const isMethod = one(call, "function")?.type === "attribute" && given.every(({ type }) => type !== "call" && type !== "identifier"); // prettier-ignore
  const named = given.find((each) => each.type === "keyword_argument" && /^(diagonal|k)$/.test(one(each, "name")?.text ?? "")); // prettier-ignore
  const written = (named && one(named, "value")) ?? given.at(isMethod ? 0 : 1);
  const value = written ? Number(source.code(written)) : 0;
  if (!Number.isInteger(value)) return;
  for (const next of calleeName(source, call) === "tril" ? [value + 1] : [value + 1, value - 1]) {
    if (written) yield [source.replace(written, String(next))];
    else yield [{ from: list.to - 1, to: list.to - 1, newText: `${given.length > 0 ? ", " : ""}${/\bnp\.|\bjnp\./.test(source.code(call)) ? "k" : "diagonal"}=${next}` }]; // prettier-ignore
  }
}
