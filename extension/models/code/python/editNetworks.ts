/** Edits that give feed-forward networks a bias, an activation, training, or a place in the model. */
import type { Splice } from "../../spec/edit";
import type { Place } from "../graph/nodes";
import type { Syntax } from "../syntax";
import type { Edited } from "./edit";
import { argumentsOf, calleeName, type SourceText } from "./sourceText";
import { one, parts } from "./trees";

/** Most statements and calls that are tried one by one. */
const most = 6;

const linears = /^(Linear|LazyLinear|Dense|DenseGeneral)$/;

function networksOf({ lowered }: Edited) {
  return lowered.blocks.flatMap((block) => block.flatMap(({ feedForwards }) => feedForwards));
}

const distinct = (places: readonly Place[]): Place[] =>
  [...new Map(places.map((place) => [`${place.from} ${place.to}`, place])).values()].sort((a, b) => a.from - b.from);

/** Every `bias=False` of the networks' linear maps. */
export function* biasEdits(edited: Edited): Iterable<Splice[]> {
  const { source } = edited;
  const places = (inner: boolean) =>
    distinct(networksOf(edited).flatMap((network) => (inner ? network.inner : network.linears).flatMap(({ bias, biasPlace }) => (bias ? [] : [biasPlace])))); // prettier-ignore
  for (const inner of [false, true]) {
    const splices = places(inner).flatMap((place) => {
      const node = source.at(place);
      if (node.type === "false") return [source.replace(node, "True")];
      const flag = node.type === "call" && [...argumentsOf(node).named].find(([name]) => /^(use_)?bias$|^ff_no_bias$/.test(name))?.[1]; // prettier-ignore
      const value = flag ? one(flag, "value") : undefined;
      return value && /^(true|false)$/.test(value.type) ? [source.replace(value, value.type === "false" ? "True" : "False")] : []; // prettier-ignore
    });
    if (splices.length > 0) yield splices;
  }
}

/** Whatever keeps weights from being trained, one by one, then all of it. */
export function* trainingEdits({ source }: Edited): Iterable<Splice[]> {
  const found: Splice[][] = [];
  const taken = new Set<Syntax>();
  for (const node of source.all()) {
    const isFreezing = (code: string) => /requires_grad(_\(\s*False\s*\)|\s*=\s*False)|trainable\s*=\s*False|requires_grad_\(False\)/.test(code); // prettier-ignore
    if (
      node.type === "for_statement" &&
      isFreezing(source.code(node)) &&
      parts(one(node, "body") ?? node).length === 1
    ) {
      taken.add(node);
      found.push(source.without(node) ?? []);
    }
    if ([...source.around(node)].some((each) => taken.has(each))) continue;
    if (node.type === "keyword_argument" && /^(requires_grad|trainable)$/.test(one(node, "name")?.text ?? "") && one(node, "value")?.type === "false") found.push([source.withoutItem(node)]); // prettier-ignore
    if (
      node.type === "expression_statement" &&
      node.children[0]?.type === "assignment" &&
      isFreezing(source.code(node)) &&
      one(node.children[0], "right")?.type === "false"
    )
      // prettier-ignore
      found.push(source.without(node) ?? []);
    if (node.type === "call" && /^(requires_grad_|stop_gradient|detach)$/.test(calleeName(source, node))) {
      const callee = one(node, "function");
      const of = callee?.type === "attribute" ? one(callee, "object") : undefined;
      const statement = source.statement(node);
      const [first] = argumentsOf(node).positional;
      if (calleeName(source, node) === "stop_gradient" && first) found.push([source.replace(node, source.code(first))]);
      else if (of && statement?.children[0] === node) found.push(source.without(statement) ?? []);
      else if (of) found.push([{ from: of.to, to: node.to, newText: "" }]);
    }
  }
  const edits = found.filter((splices) => splices.length > 0);
  yield* edits.slice(0, most);
  if (edits.length > 1) yield edits.flat();
}

/** An activation between two linear maps: in a Sequential, around the first one's result, or in place of none. */
export function* activationEdits(edited: Edited): Iterable<Splice[]> {
  const { source } = edited;
  for (const node of source.all()) {
    if (
      node.type === "keyword_argument" &&
      /^(activation|act)$/.test(one(node, "name")?.text ?? "") &&
      /^["'](linear|identity)["']$/.test(source.code(one(node, "value") ?? node))
    ) {
      // prettier-ignore
      const value = one(node, "value")!;
      yield [source.replace(value, source.code(value).replace(/\w+/, "gelu"))];
    }
    if (node.type === "call" && calleeName(source, node) === "Identity") yield [source.replace(node, source.code(node).replace(/Identity\s*\(.*\)$/s, "GELU()"))]; // prettier-ignore
  }
  for (const node of source.all()) {
    const isSequence = node.type === "call" && calleeName(source, node) === "Sequential";
    const splices = isSequence ? inSequence(source, parts(one(node, "arguments") ?? node)) : undefined;
    if (splices) yield splices;
  }
  const places = distinct(networksOf(edited).flatMap((network) => network.linears.map(({ place }) => place)));
  for (const place of places.slice(0, most)) {
    const node = source.at(place);
    const callee = node.type === "call" ? one(node, "function") : undefined;
    if (!callee) continue;
    // Keras: the layer's own activation.
    const made = callee.type === "call" ? callee : undefined;
    if (made && calleeName(source, made) === "Dense" && source.imported("keras") !== undefined) {
      const list = one(made, "arguments")!;
      yield [{ from: list.to - 1, to: list.to - 1, newText: ', activation="gelu"' }];
    }
    const gelu = source.imported("torch.nn.functional") ?? source.imported("flax.linen") ?? source.written("jax.nn") ?? source.written("torch.nn.functional"); // prettier-ignore
    if (gelu) yield [source.replace(node, `${gelu}.gelu(${source.code(node)})`)];
  }
}

/** `nn.GELU()` after the first of two linear maps of a list, between them as the list's items are written. */
function inSequence(source: SourceText, items: readonly Syntax[]): Splice[] | undefined {
  const isLinear = (node: Syntax | undefined) => node?.type === "call" && linears.test(calleeName(source, node));
  const first = items.findIndex(isLinear);
  const [linear, next] = [items.at(first), items.at(first + 1)];
  if (first < 0 || !linear || !next || !items.slice(first + 1).some(isLinear)) return undefined;
  const callee = source.code(one(linear, "function")!);
  const name = callee.includes(".") ? callee.replace(/\w+$/, "GELU") : (source.written("torch.nn.GELU") ?? undefined);
  if (!name) return undefined;
  const gap = source.text.slice(linear.to, next.from).replace(/#.*/g, "");
  return [{ from: linear.to, to: linear.to, newText: `${gap}${name}()` }];
}

/** A feed-forward network where a flag or a list of layers leaves it out. */
export function* networkEdits({ source }: Edited): Iterable<Splice[]> {
  for (const node of source.all()) {
    const name = one(node, "name")?.text ?? "";
    if (node.type === "keyword_argument" && name === "custom_layers") yield [source.withoutItem(node)];
    const value = /^(keyword_argument|(typed_)?default_parameter)$/.test(node.type) ? one(node, "value") : undefined;
    if (value && /^(true|false)$/.test(value.type) && /ff|mlp|feed|only_attn|attn_only/i.test(name)) yield [source.replace(value, value.type === "false" ? "True" : "False")]; // prettier-ignore
  }
}
