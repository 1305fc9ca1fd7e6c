/**
 * Labelled views (theory, section 4): a table that gives equal views equal numbers. F_s(X) = F_t(X') for all parameters iff the depth-L views are equal,
 * so two samples viewed in one table can be compared number by number. Letters may repeat; registers and blocks without a residual path are allowed.
 *
 * A view is (position class, letter) at depth 0. At depth l it is the own view (if there is a residual path, or if the weights feel the query) and, per head, a
 * collection of (key's view, coefficient), where a coefficient is the formal sum of pair labels over the keys with that view, reduced to what the head can know:
 *  - normalized: coefficients modulo one common factor. Labels that add: where all coefficients are proportional, only the rational proportions stay; otherwise a
 *    class shared by the whole row and the smallest fixed distance drop out (the bias shift of softmax). Labels inside the kernel: a rational factor only;
 *  - counting: as they are;
 *  - support: as normalized, with every count replaced by one.
 * A normalised row whose keys share one view has the constant value of that view: no coefficient is left, and no dependence on the query.
 *
 * Exactness: biases of different classes are independent variables, so linear forms in them share no factor but a rational one, or are all proportional. Biases of two codes add: a class
 * of either that the whole row shares drops out by itself. With two codes or fixed distances (ALiBi) and repeated views a common polynomial factor is not divided out: views that this table calls equal are equal, and `mayOverSplit` says that some that it calls
 * different may be equal.
 */
import { keyLabels, modShift, type Label } from "./labels";
import { feelsQuery, type Head, type MixLayer, type Stack } from "./stack";

export interface ViewNode {
  level: number;
  /** What the node is apart from its children: letter and class at level 0, the layer's shape above. */
  kind: string;
  /** The own view of the level below, or -1. */
  own: number;
  /** Per head: pairs (child view, coefficient). */
  heads: { child: number; coefficient: string }[][];
}

/** So many keys of one view with one label. */
interface Counted extends Label {
  count: number;
}

function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

const labelKey = (label: Label) => `${label.learned}.${label.fixed}`;

export class ViewTable {
  readonly nodes: ViewNode[] = [];
  mayOverSplit = false;
  private readonly ids = new Map<string, number>();

  constructor(private readonly stack: Stack) {}

  /**
   * The views of all N tokens of one sample at every depth 0..depth.
   * @param letters the letters of the n sequence tokens (equal numbers are equal letters).
   * @returns views[l][t], node numbers.
   */
  view(letters: ArrayLike<number>, depth: number): Int32Array[] {
    const { tokens, size, colours, layers } = this.stack;
    let views: Int32Array = Int32Array.from({ length: size }, (_, t) =>
      this.intern({
        level: 0,
        kind: t < tokens ? `letter ${letters[t]} class ${colours[t]}` : `register ${colours[t]}`,
        own: -1,
        heads: [],
      }),
    );
    const all = [views];
    for (let level = 1; level <= depth; level++) {
      views = this.step(layers[(level - 1) % layers.length], level, views);
      all.push(views);
    }
    return all;
  }

  private step(layer: MixLayer, level: number, below: Int32Array): Int32Array {
    const { size } = this.stack;
    const above = new Int32Array(size);
    const landmarks = layer.landmarks && this.landmarkViews(layer.landmarks, level, below);
    for (let query = 0; query < size; query++) {
      let feelsQuery = false;
      const heads = layer.heads.map((head) => {
        const collected = this.collect(head, query, below);
        feelsQuery ||= collected.feelsQuery;
        return collected.entries;
      });
      if (landmarks) {
        // The values reach the query through the landmarks alone; with landmarks all alike normalised weights do not feel the query.
        feelsQuery &&= landmarks.length > 1 || layer.heads.every(({ semantics }) => semantics === "counting");
        heads.push(landmarks);
      }
      above[query] = this.intern({
        level,
        kind: "token",
        own: layer.residual || feelsQuery ? below[query] : -1,
        heads,
      });
    }
    return above;
  }

  /** Landmarks are means of segments; what enters attention is their multiset. */
  private landmarkViews(
    boundaries: Int32Array,
    level: number,
    below: Int32Array,
  ): { child: number; coefficient: string }[] {
    const counts = new Map<number, number>();
    for (let i = 0; i + 1 < boundaries.length; i++) {
      const segment = new Map<number, Counted[]>();
      for (let t = boundaries[i]; t < boundaries[i + 1]; t++) addLabel(segment, below[t], 0, 0);
      const heads = [coefficients(segment, { semantics: "normalized", inside: true, labels: keyLabels }, () => undefined)]; // prettier-ignore
      const landmark = this.intern({ level, kind: "landmark", own: -1, heads });
      counts.set(landmark, (counts.get(landmark) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => a[0] - b[0]).map(([child, count]) => ({ child, coefficient: String(count) }));
  }

  private collect(head: Head, query: number, below: Int32Array) {
    const { rows, labels } = head;
    const byView = new Map<number, Counted[]>();
    const row = rows.rowOf[query];
    for (let run = rows.first[row]; run < rows.first[row + 1]; run++) {
      for (let key = rows.bounds[2 * run]; key < rows.bounds[2 * run + 1]; key++) {
        addLabel(byView, below[key], labels.learned(query, key), labels.fixed(query, key));
      }
    }
    const entries = coefficients(byView, head, () => (this.mayOverSplit = true));
    return { entries, feelsQuery: feelsQuery(head, query, byView.size) };
  }

  private intern(node: ViewNode): number {
    const key = `${node.level}|${node.kind}|${node.own}|${node.heads.map((head) => head.map((entry) => `${entry.child}:${entry.coefficient}`).join(",")).join("|")}`;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.nodes.length;
      this.ids.set(key, id);
      this.nodes.push(node);
    }
    return id;
  }
}

function addLabel(byView: Map<number, Counted[]>, view: number, learned: number, fixed: number): void {
  const labels = byView.get(view);
  if (!labels) byView.set(view, [{ learned, fixed, count: 1 }]);
  else {
    const same = labels.find((label) => label.learned === learned && label.fixed === fixed);
    if (same) same.count++;
    else labels.push({ learned, fixed, count: 1 });
  }
}

const byClass = (a: Counted, b: Counted) => a.learned - b.learned || a.fixed - b.fixed;

/** The reduced coefficients of a row, sorted by view. `onInexact` is called where a common polynomial factor may have stayed. */
function coefficients(
  byView: Map<number, Counted[]>,
  { semantics, inside, labels: code }: Pick<Head, "semantics" | "inside" | "labels">,
  onInexact: () => void,
): { child: number; coefficient: string }[] {
  const entries = [...byView].sort((a, b) => a[0] - b[0]);
  if (semantics === "support") for (const [, labels] of entries) for (const label of labels) label.count = 1;
  if (semantics !== "counting") {
    if (entries.length === 1) return [{ child: entries[0][0], coefficient: "1" }];
    divide(entries.flatMap(([, labels]) => labels));
  }
  for (const [, labels] of entries) labels.sort(byClass);
  const all = entries.flatMap(([, labels]) => labels);
  if (semantics !== "counting" && !inside) {
    const proportions = entries.map(([, labels]) => proportion(labels));
    if (proportions.every(({ shape }) => shape === proportions[0].shape)) {
      const counts = proportions.map(({ scale }) => ({ learned: 0, fixed: 0, count: scale }));
      divide(counts);
      return entries.map(([child], i) => ({ child, coefficient: String(counts[i].count) }));
    }
  }
  if (semantics !== "counting") {
    const oneClass = all.every((label) => label.learned === all[0].learned);
    const oneDistance = all.every((label) => label.fixed === all[0].fixed);
    const factors = inside
      ? (code.sum?.additive ?? []).length > 0
      : !oneDistance || (code.sum !== undefined && !oneClass);
    if (factors && all.length > entries.length) onInexact();
    const labelOf = modShift(code, inside, all);
    for (const label of all) Object.assign(label, labelOf(label));
    for (const [, labels] of entries) labels.sort(byClass);
  }
  return entries.map(([child, labels]) => ({
    child,
    coefficient: labels.map((label) => `${labelKey(label)}x${label.count}`).join("+"),
  }));
}

function divide(labels: Counted[]): void {
  const common = labels.reduce((divisor, label) => gcd(divisor, label.count), 0);
  for (const label of labels) label.count /= common;
}

/** A formal sum as an integer times a primitive sum. */
function proportion(labels: Counted[]): { scale: number; shape: string } {
  const scale = labels.reduce((divisor, label) => gcd(divisor, label.count), 0);
  return { scale, shape: labels.map((label) => `${labelKey(label)}x${label.count / scale}`).join("+") };
}
