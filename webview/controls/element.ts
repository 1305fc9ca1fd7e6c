/** DOM without markup in strings: text is always text. */
export type Child = Node | string | null;

const svgNamespace = "http://www.w3.org/2000/svg";

export function element(tag: string, attributes: Record<string, string>, ...children: Child[]): HTMLElement {
  return fill(document.createElement(tag), attributes, children);
}

export function svgElement(tag: string, attributes: Record<string, string>, ...children: Child[]): SVGElement {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children);
}

function fill<E extends Element>(node: E, attributes: Record<string, string>, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}
