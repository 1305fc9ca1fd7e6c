/** Expression patterns against evaluating the same tree at every pair. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { limits } from "../../extension/theory/architecture/limits";
import { contains, countKeys } from "../../extension/theory/patterns/algebra";
import { ExpressionError, expressionRows, parseExpression } from "../../extension/theory/patterns/expression";
import { BeyondReach } from "../../extension/theory/patterns/rows";

const seed = 20_260_703;

/** An expression as text, and its value at a pair, in exact integers; undefined where it has none. */
interface Written<T> {
  text: string;
  value: (q: bigint, k: bigint, n: bigint) => T | undefined;
}

const safe = (value: bigint) => (value >= -(2n ** 53n) + 1n && value <= 2n ** 53n - 1n ? value : undefined);
/** Quotient rounded down, and the remainder that goes with it. */
function floored(a: bigint, b: bigint): { quotient: bigint; remainder: bigint } {
  const exact = a % b === 0n;
  const quotient = a / b - (!exact && a < 0n !== b < 0n ? 1n : 0n);
  return { quotient, remainder: a - quotient * b };
}

function both<A, B>(a: A | undefined, b: A | undefined, combine: (a: A, b: A) => B | undefined): B | undefined {
  return a === undefined || b === undefined ? undefined : combine(a, b);
}

const operations: Record<string, (a: bigint, b: bigint) => bigint | undefined> = {
  "+": (a, b) => safe(a + b),
  "-": (a, b) => safe(a - b),
  "*": (a, b) => safe(a * b),
  "/": (a, b) => (b === 0n ? undefined : floored(a, b).quotient),
  "//": (a, b) => (b === 0n ? undefined : floored(a, b).quotient),
  "%": (a, b) => (b === 0n ? undefined : floored(a, b).remainder),
};
const comparisons: Record<string, (a: bigint, b: bigint) => boolean> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

function integers(depth: number): fc.Arbitrary<Written<bigint>> {
  const leaves: fc.Arbitrary<Written<bigint>> = fc.oneof(
    fc.constantFrom<Written<bigint>>(
      { text: "q", value: (q) => q },
      { text: "k", value: (_, k) => k },
      { text: "kv", value: (_, k) => k },
      { text: "n", value: (_q, _k, n) => n },
    ),
    fc.integer({ min: 0, max: 9 }).map((value) => ({ text: String(value), value: () => BigInt(value) })),
    fc.constantFrom(4503599627370496, 9007199254740991).map((value) => ({ text: String(value), value: () => BigInt(value) })),
  ); // prettier-ignore
  if (depth === 0) return leaves;
  const inner = integers(depth - 1);
  return fc.oneof(
    leaves,
    fc.tuple(fc.constantFrom(...Object.keys(operations)), inner, inner).map(([op, left, right]) => ({
      text: `(${left.text} ${op} ${right.text})`,
      value: (q: bigint, k: bigint, n: bigint) => both(left.value(q, k, n), right.value(q, k, n), operations[op]),
    })),
    fc.tuple(fc.constantFrom("min", "max"), inner, inner).map(([name, left, right]) => ({
      text: `${name}(${left.text}, ${right.text})`,
      value: (q: bigint, k: bigint, n: bigint) =>
        both(left.value(q, k, n), right.value(q, k, n), (a, b) => (a < b === (name === "min") ? a : b)),
    })),
    inner.map((value) => ({
      text: `abs(${value.text})`,
      value: (q: bigint, k: bigint, n: bigint) => {
        const inside = value.value(q, k, n);
        return inside !== undefined && inside < 0n ? -inside : inside;
      },
    })),
    inner.map((value) => ({
      text: `(-${value.text})`,
      value: (q: bigint, k: bigint, n: bigint) => {
        const inside = value.value(q, k, n);
        return inside === undefined ? undefined : -inside;
      },
    })),
    fc.tuple(conditions(depth - 1), inner, inner).map(([condition, yes, no]) => ({
      text: `(${condition.text} ? ${yes.text} : ${no.text})`,
      value: (q: bigint, k: bigint, n: bigint) => {
        const holds = condition.value(q, k, n);
        return holds === undefined ? undefined : (holds ? yes : no).value(q, k, n);
      },
    })),
  );
}

function conditions(depth: number): fc.Arbitrary<Written<boolean>> {
  const operands = integers(Math.max(0, depth - 1));
  const compare = fc
    .tuple(fc.constantFrom(...Object.keys(comparisons)), operands, operands)
    .map(([op, left, right]): Written<boolean> => ({
      text: `(${left.text} ${op} ${right.text})`,
      value: (q, k, n) => both(left.value(q, k, n), right.value(q, k, n), comparisons[op]),
    }));
  if (depth === 0) return compare;
  const inner = conditions(depth - 1);
  return fc.oneof(
    { weight: 2, arbitrary: compare },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("&&", "and", "||", "or"), inner, inner).map(([op, left, right]): Written<boolean> => ({
        text: `(${left.text} ${op} ${right.text})`,
        value: (q, k, n) => {
          const first = left.value(q, k, n);
          const decided = op === "&&" || op === "and" ? first === false : first === true;
          return first === undefined || decided ? first : right.value(q, k, n);
        },
      })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("!", "not "), inner).map(([op, condition]): Written<boolean> => ({
        text: `(${op}${condition.text})`,
        value: (q, k, n) => {
          const holds = condition.value(q, k, n);
          return holds === undefined ? undefined : !holds;
        },
      })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("==", "!="), inner, inner).map(([op, left, right]): Written<boolean> => ({
        text: `(${left.text} ${op} ${right.text})`,
        value: (q, k, n) => both(left.value(q, k, n), right.value(q, k, n), (a, b) => (op === "==") === (a === b)),
      })),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(inner, inner, inner).map(([condition, yes, no]): Written<boolean> => ({
        text: `(${condition.text} ? ${yes.text} : ${no.text})`,
        value: (q, k, n) => {
          const holds = condition.value(q, k, n);
          return holds === undefined ? undefined : (holds ? yes : no).value(q, k, n);
        },
      })),
    },
  ); // prettier-ignore
}

const rowsOf = (text: string, tokens: number, size = tokens) => expressionRows(parseExpression(text), tokens, size);

/** Text in which the part in [brackets] is what an error must point at. */
function assertError(marked: string, message: RegExp, tokens = 8): void {
  const from = marked.indexOf("[");
  const text = marked.replace("[", "").replace("]", "");
  const to = marked.indexOf("]") - 1;
  assert.throws(
    () => rowsOf(text, tokens),
    (error) => {
      assert.ok(error instanceof ExpressionError, String(error));
      assert.match(error.message, message);
      assert.deepEqual([error.from, error.to], [from, to], `${text}: ${error.message}`);
      return true;
    },
  );
}

describe("expression patterns", () => {
  it("hold where evaluating them pair by pair says, and fail where some pair has no value", () => {
    let failed = 0;
    let mixed = 0;
    fc.assert(
      fc.property(conditions(3), fc.integer({ min: 1, max: 12 }), fc.nat(2), (condition, tokens, registers) => {
        const size = tokens + registers;
        const values = Array.from({ length: size }, (_, q) =>
          Array.from({ length: size }, (_, k) => condition.value(BigInt(q), BigInt(k), BigInt(tokens))),
        );
        if (values.flat().includes(undefined)) {
          failed++;
          assert.throws(() => rowsOf(condition.text, tokens, size), ExpressionError, condition.text);
          return;
        }
        if (new Set(values.flat()).size === 2) mixed++;
        const rows = rowsOf(condition.text, tokens, size);
        for (let q = 0; q < size; q++)
          for (let k = 0; k < size; k++)
            assert.equal(contains(rows, q, k), values[q][k], `${condition.text} at ${q}, ${k}`);
      }),
      { numRuns: 6000, seed },
    );
    assert.ok(failed > 500 && mixed > 500, `${failed} without a value, ${mixed} true and false`);
  });

  it("bind as in the languages models are written in", () => {
    const same: [string, string][] = [
      ["q + k * 2 == 5", "(q + (k * 2)) == 5"],
      ["q - k - 1 == 0", "((q - k) - 1) == 0"],
      ["q / 2 * 2 == q", "((q / 2) * 2) == q"],
      ["q < 2 || q > 3 && k < 2", "(q < 2) || ((q > 3) && (k < 2))"],
      ["not q < 2 and k < 2", "(!(q < 2)) && (k < 2)"],
      ["-q + 3 == k", "((0 - q) + 3) == k"],
      ["0 <= q - k < 3", "(0 <= (q - k)) && ((q - k) < 3)"],
      ["q < 3 ? k < 3 : k > 4 ? q > 5 : q < 5", "(q < 3) ? (k < 3) : ((k > 4) ? (q > 5) : (q < 5))"],
      ["max(q, k, 4) == 4", "max(max(q, k), 4) == 4"],
      ["q//3==k//3", "q / 3 == k / 3"],
      ["-7 / 2 == -4 && -7 % 2 == 1 && 7 % -2 == -1", "q >= 0"],
    ];
    for (const [left, right] of same) assert.deepEqual(rowsOf(left, 8), rowsOf(right, 8), `${left} is ${right}`);
  });

  it("say what is wrong and where", () => {
    assertError("q + [*] k < 3", /where a number, q, k, n or a parenthesis is expected/);
    assertError("q < 3 [)]", /an operator or the end/);
    assertError("(q < 3[]", /ends where `\)` is expected/);
    assertError("[]", /ends where/);
    assertError("q < [x]", /`x` is none of/);
    assertError("q < 3 [&] k < 2", /no meaning/);
    assertError("q < 3 [💥]", /no meaning/);
    assertError("[q + k]", /a condition is expected/);
    assertError("q + [(k < 3)] == 2", /an integer is expected/);
    assertError("q == [(k < 3)]", /an integer is expected/);
    assertError("q < 3 && [k]", /a condition is expected/);
    assertError("q < [9007199254740993]", /beyond/);
    assertError("[q * 9007199254740991] > 3", /beyond .* at q = 2, k = 0/);
    assertError("q / [(k - 3)] == 1", /division by zero, at q = 0, k = 3/);
    assertError("q % [0] == 1", /division by zero/);
    assertError("[constructor] == 1", /none of/);
    assertError("q[.]constructor", /no meaning/);
    assertError(`[${"q<1||".repeat(limits.expressionLength)}q<1]`, /at most/);
    const nested = (open: string, depth: number, inner: string, close: string) =>
      `${open.repeat(depth)}${inner}${close.repeat(depth)}`;
    const most = limits.patternDepth;
    assert.doesNotThrow(() => rowsOf(nested("(", most, "q < 3", ")"), 4));
    for (const text of [
      nested("(", 900, "q < 3", ")"),
      nested("!", 1900, "(q < 3)", ""),
      nested("not ", 400, "q < 3", ""),
      nested("abs(", 300, "q", ")"),
    ])
      // prettier-ignore
      assert.throws(() => rowsOf(text, 4), ExpressionError);
    assert.doesNotThrow(() => rowsOf(`q${"+q".repeat(990)} < 3`, 4));
  });

  it("do not evaluate what is decided", () => {
    assert.equal(countKeys(rowsOf("q == 0 || k % q == 0", 8)), 8 + 8 + 4 + 3 + 2 + 2 + 2 + 2);
    assert.equal(countKeys(rowsOf("n > 0 ? q == k : 1 / 0 == k", 8)), 8);
    assert.equal(countKeys(rowsOf("(n > 0 ? k : 1 / (q - q)) == 3", 8)), 8);
    assert.equal(countKeys(rowsOf("q >= 0 || 1 / 0 == 1", 8)), 64);
  });

  it("of piecewise simple conditions take far fewer steps than pairs", () => {
    assert.equal(countKeys(rowsOf("abs(q - k) <= 8", 1 << 17)), 17 * (1 << 17) - 72);
    assert.equal(countKeys(rowsOf("abs(q - k) <= 8 || k % 16 == 0", 4096)), 4096 * (17 + 256) - 72 - overlap(4096));
    assert.equal(countKeys(rowsOf("q / 64 == k / 64", 1 << 17)), 64 * (1 << 17));
    assert.equal(countKeys(rowsOf("q % 64 == k % 64", 4096)), 4096 * 64);
  });

  it("that take too many steps are refused", () => {
    assert.throws(() => rowsOf("k * k % (q + 1) == 3", 1 << 15), BeyondReach);
  });
});

/** Pairs within 8 of one another whose key is a multiple of 16. */
function overlap(n: number): number {
  let count = 0;
  for (let k = 0; k < n; k += 16) count += Math.min(n - 1, k + 8) - Math.max(0, k - 8) + 1;
  return count;
}
