/** A user's own target: what loads, what is refused, and in which words. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Random } from "../../extension/runtime/random";
import { applyTarget, isTargetFile, libraryTarget, TargetError } from "../../extension/runtime/training/targets";
import { userTarget } from "../../extension/runtime/training/userTarget";

const shape = { tokens: 3, width: 2 };
const load = (text: string, file = "own.ts", trusted = true) => userTarget({ file, text }, shape, trusted);

const refused: [string, string, RegExp][] = [
  ["no default export", "export const f = (X: number[][]) => X;", /export default/],
  ["a default export that is no function", "export default 3;", /export default/],
  ["a syntax error", "export default (X: number[][]) => {\n  return X +;\n};", /does not load: line 2: /],
  ["a failing module", "throw new Error('no luck'); export default (X: number[][]) => X;", /does not load: no luck/],
  ["an import of a file", "import { f } from './other'; export default f;", /does not load/],
  ["a failing function", "export default () => { throw new Error('no luck'); };", /fails on a sample: no luck/],
  ["too few tokens", "export default (X: number[][]) => X.slice(1);", /must give 3 tokens, and gives a list of 2/],
  ["no tokens", "export default () => undefined;", /gives undefined/],
  ["too wide tokens", "export default (X: number[][]) => X.map((x) => [...x, 0]);", /token 0 .* 2 numbers, .* a list of 3/],
  ["numbers for tokens", "export default (X: number[][]) => X.map((x) => x[0]);", /token 0 .* must be 2 numbers/],
  ["NaN", "export default (X: number[][]) => X.map((x) => [x[0], Math.sqrt(-1)]);", /coordinate 1 of token 0 .* NaN/],
  ["strings", "export default (X: number[][]) => X.map((x) => x.map(String));", /coordinate 0 of token 0 .* finite number/],
  ["chance", "export default (X: number[][]) => X.map((x) => x.map(() => Math.random()));", /different outputs for the same/],
  ["memory", "let calls = 0; export default (X: number[][]) => (calls++, X.map((x) => x.map((v) => v + calls)));", /different outputs/],
]; // prettier-ignore

describe("training: a target of one's own", () => {
  it("in TypeScript and in JavaScript agrees with the library's", async () => {
    const samples = new Random(4).normals(new Float64Array(5 * 6));
    const expected = applyTarget(libraryTarget("reverse", shape), samples);
    const typed = "type M = number[][];\nexport default function reverse(X: M): M { return X.toReversed(); }";
    for (const [text, file] of [
      [typed, "own.ts"],
      [typed, "own.mts"],
      ["export default (X) => X.toReversed();", "own.mjs"],
      ["import { format } from 'node:util'; export default (X) => (format('%d', 1), X.slice().reverse());", "own.js"],
    ])
      assert.deepEqual(applyTarget(await load(text, file), samples), expected, file);
  });

  it("is loaded anew when it is edited", async () => {
    const samples = new Random(4).normals(new Float64Array(6));
    const first = applyTarget(await load("export default (X) => X;"), samples);
    const second = applyTarget(await load("export default (X) => X.map((x) => x.map((v) => 2 * v));"), samples);
    assert.deepEqual(
      second,
      first.map((value) => 2 * value),
    );
  });

  it("may change the sample that it is given", async () => {
    const target = await load("export default (X) => X.map((x) => (x.reverse(), x));");
    const samples = Float64Array.of(1, 2, 3, 4, 5, 6);
    assert.deepEqual([...applyTarget(target, samples)], [2, 1, 4, 3, 6, 5]);
    assert.deepEqual([...samples], [1, 2, 3, 4, 5, 6]);
  });

  it("is code, and does not run where code is not trusted", async () => {
    const ran = () => (globalThis as { targetRan?: boolean }).targetRan;
    const text = "globalThis.targetRan = true; export default (X) => X;";
    await assert.rejects(load(text, "own.js", false), /own\.js: .* trusted workspaces only/);
    assert.equal(ran(), undefined);
    await load(text, "own.js");
    assert.equal(ran(), true);
  });

  for (const [what, text, message] of refused)
    it(`refuses ${what}`, () =>
      assert.rejects(load(text), (error) => {
        assert.ok(error instanceof TargetError);
        assert.match(error.message, /^own\.ts: /);
        assert.match(error.message, message);
        return true;
      }));

  it("is told from a name by its extension", () => {
    assert.deepEqual(["./own.ts", "own.mjs", "reverse", "shift-2"].map(isTargetFile), [true, true, false, false]);
  });
});
