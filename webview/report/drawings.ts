/** The two pictures of the report. Both repeat in shape what the text says, so they are images with a name. */
import { element, svgElement } from "../controls/element";

/** Beyond this many layers the meter is drawn to scale instead of layer by layer. */
const separateLayers = 48;
/** Colours that a theme has for charts. */
const colours = 6;

/** Layers written against layers needed. */
export function layerMeter(written: number, needed: number): HTMLElement {
  const all = Math.max(written, needed);
  const missing = all - written;
  const label = missing > 0 ? `${written} of the ${needed} layers needed` : `${written} layers, ${needed} needed`;
  const unit = 100 / all;
  const gap = all <= separateLayers ? unit * 0.12 : 0;
  const bars =
    all <= separateLayers
      ? Array.from({ length: all }, (_, layer) => ({ from: layer, to: layer + 1 }))
      : [
          { from: 0, to: Math.min(written, needed) },
          { from: Math.min(written, needed), to: all },
        ].filter(({ from, to }) => to > from);
  const kind = (layer: number) => (layer >= written ? "missing" : layer >= needed ? "spare" : "used");
  return element(
    "figure",
    { class: "meter" },
    svgElement(
      "svg",
      { viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img", "aria-label": label },
      ...bars.map(({ from, to }) =>
        svgElement("rect", {
          class: kind(from),
          x: String(from * unit + gap / 2),
          width: String((to - from) * unit - gap),
          height: "4",
        }),
      ),
    ),
    element("figcaption", {}, label),
  );
}

/** Most tokens for which the strip is drawn: beyond it a cell would be narrower than a line. */
const stripTokens = 128;

/** The tokens in order, those of one orbit in one colour; null where there are too many of either to tell apart by eye. */
export function orbitStrip(orbits: number[][], tokens: number): HTMLElement | null {
  const moved = orbits.filter((orbit) => orbit.length > 1);
  if (tokens > stripTokens || moved.length > colours) return null;
  const colourOf = new Map(moved.flatMap((orbit, colour) => orbit.map((token) => [token, colour] as const)));
  const label =
    moved.length === 0
      ? `Tokens 0 to ${tokens - 1}. The symmetry moves none of them.`
      : `Tokens 0 to ${tokens - 1}. The symmetry moves tokens of one colour onto each other; grey ones stay where they are.`;
  return element(
    "figure",
    { class: "orbits" },
    element(
      "div",
      { class: "strip", role: "img", "aria-label": label },
      ...Array.from({ length: tokens }, (_, token) => {
        const colour = colourOf.get(token);
        const kind = colour === undefined ? "alone" : `orbit-${colour}`;
        return element("span", { class: `cell ${kind}`, title: `token ${token}` }, tokens <= 32 ? String(token) : "");
      }),
    ),
    element("figcaption", {}, label),
  );
}
