/** The architectures of the paper's table and of docs/theory.md, sections 3 to 5, at up to 16 tokens; test/unit/paper-table.test.ts has the verdicts. */
import {
  architectureSchema,
  type Architecture,
  type ArchitectureInput,
} from "../../extension/theory/architecture/schema";

type Layers = ArchitectureInput["layers"];

/**
 * Named architectures, certified and refuted ones among them.
 * @param lengths of the circular windows and convolutions, of the least and of the largest size inside the paper's bound.
 */
export function* paperFixtures(lengths: readonly number[] = [5, 8, 11, 16]): Generator<[string, Architecture]> {
  const make = (name: string, tokens: number, layers: Layers, rest: Partial<ArchitectureInput> = {}): [string, Architecture] => [`${name}, n = ${tokens}`, architectureSchema.parse({ name, tokens, width: 8, layers, ...rest })]; // prettier-ignore
  const window = (left: number, right: number) => ({ pattern: { window: { left, right, circular: true } } });

  for (const kernel of [
    "softmax",
    "gaussian",
    "performer",
    "exponential-additive",
    "linear-elu",
    "linear-relu",
    "polynomial",
    "cosine",
    "sigmoid",
  ] as const)
    // prettier-ignore
    for (const tokens of [2, 3, 8, 16]) yield make(kernel, tokens, [{ attention: { kernel } }]);

  const cycle = [0, 1, 2, 3, 4].map((i): [number, number] => [i, (i + 1) % 5]);
  const withSelf = (edges: [number, number][]) => ({ pattern: { any: [{ window: 0 }, { edges }] } });
  yield make("a directed cycle", 5, [{ repeat: 6, attention: withSelf(cycle) }]);
  yield make("a broken cycle", 5, [{ repeat: 6, attention: withSelf(cycle.slice(1)) }]);
  const ringAndGlobal: Layers = [
    { attention: window(1, 1) },
    { attention: { pattern: { any: [{ window: 0 }, { global: [0] }] } } },
  ];
  yield make("patterns that differ by layer", 6, [...ringAndGlobal, ...ringAndGlobal]);

  for (const [name, pattern] of Object.entries({
    BigBird: { bigbird: { block: 2 } },
    "Longformer with a global token": { longformer: { window: 2, globals: [0] } },
    "Longformer without": { longformer: { window: 4 } },
    strided: { strided: 4 },
    fixed: { fixed: 4 },
    star: { any: [{ star: 0 }, { window: 0 }] },
  }))
    for (const repeat of [1, 2, 3]) yield make(`${name}, ${repeat} layers`, 16, [{ repeat, attention: { pattern: pattern as never } }]); // prettier-ignore

  yield make("Linformer", 12, [{ attention: { projection: { linformer: { rank: 4 } } } }]);
  for (const tokens of lengths)
    for (const w of new Set([1, Math.floor((tokens - 1) / 2) - 1])) {
      yield make(`a circular window of ${w}`, tokens, [{ repeat: 12, attention: window(w, w) }]);
      yield make(`a one-sided circular window of ${w}`, tokens, [{ repeat: 16, attention: window(0, w) }]);
      yield make(`a circular convolution of ${w + 1} taps`, tokens, [{ repeat: 16, convolution: { taps: w + 1 } }]);
    }
  for (const position of ["absolute", "sinusoidal"] as const) {
    yield make(`${position} positions`, 16, [{ attention: {} }], { position });
    yield make(`a ring with ${position} positions`, 16, [{ repeat: 8, attention: window(2, 2) }], { position });
  }

  const tree = [[0, 1], [1, 2], [1, 3], [1, 4], [1, 5], [2, 3], [3, 4]].flatMap(([a, b]): [number, number][] => [[a, b], [b, a]]); // prettier-ignore
  for (const repeat of [2, 3]) yield make(`the hop count is not enough, ${repeat} layers`, 6, [{ repeat, attention: withSelf(tree) }]); // prettier-ignore
  yield make("a window wider than the dihedral bound", 6, [{ repeat: 8, attention: window(2, 2) }]);
  yield make("a window that sees everything", 7, [{ repeat: 8, attention: window(3, 3) }]);
  yield make("a window on a line", 12, [{ repeat: 8, attention: { pattern: { window: 2 } } }]);
  yield make("a wide window on a line", 10, [{ repeat: 8, attention: { pattern: { window: 6 } } }]);
  for (const position of [{ relative: "signed" }, { relative: "unsigned" }, "alibi", "rotary"] as const)
    yield make("relative positions", 7, [{ repeat: 8, attention: {} }], { position });

  const even: number[][] = [];
  for (const a of [0, 1, 2, 3])
    for (const b of [0, 1, 2, 3])
      for (const c of [0, 1, 2, 3]) {
        const p = [a, b, c, 6 - a - b - c];
        const inversions = p.flatMap((x, i) => p.slice(i + 1).filter((y) => y < x)).length;
        if (new Set(p).size === 4 && inversions % 2 === 0) even.push(p);
      }
  const side = 4 + even.length;
  const pairs = Array.from({ length: side }, (_, q) =>
    Array.from({ length: side }, (_, k) =>
      q < 4 === k < 4 ? (q < 4 ? 0 : 1) : 2 + even[Math.max(q, k) - 4].indexOf(Math.min(q, k)),
    ),
  );
  yield make("A_4 by registers", 4, [{ repeat: 3, attention: { bias: { pairs } } }], { registers: even.length });
  yield make("A_4 without", 4, [{ repeat: 3, attention: {} }], { target: { symmetry: "A_4" } });

  for (const repeat of [1, 2]) {
    const layers: Layers = [{ repeat, attention: { pattern: "causal" } }];
    yield make(`causal, ${repeat} layers`, 8, layers);
    yield make(`causal and meant so, ${repeat} layers`, 8, layers, { target: { visibility: "causal" } });
  }
}
