/** The tokens on a ring or on a line, coloured by orbit, with generators as arcs from each token to where it goes. */
import { element, svgElement } from "../controls/element";
import { cycles } from "../words";
import { seriesCount, seriesDashes, seriesVariable } from "./series";

export type Layout = "ring" | "line";

/** Most tokens that are drawn: more would touch. */
export const drawnTokens = 128;
/** Most tokens that bear their number. */
const numbered = 64;

export interface TokenPicture {
  tokens: number;
  generators: readonly (readonly (readonly number[])[])[];
  orbits: readonly (readonly number[])[];
  layout: Layout;
  /** The one generator that is drawn; all where it is null. */
  shown: number | null;
}

const variable = (index: number): string => `var(${seriesVariable(index)})`;

export function tokenPicture({ tokens, generators, orbits, layout, shown }: TokenPicture): HTMLElement {
  const moved = orbits.filter((orbit) => orbit.length > 1);
  const orbitOf = new Map(moved.flatMap((orbit, i) => orbit.map((token) => [token, i] as const)));
  const steps = generators
    .flat()
    .flatMap((cycle) => cycle.map((from, i) => Math.abs(from - cycle[(i + 1) % cycle.length])));
  const places = layout === "ring" ? ring(tokens) : line(tokens, Math.max(0, ...steps));
  const drawn = generators
    .map((generator, index) => ({ generator, index }))
    .filter(({ index }) => shown === null || index === shown);
  const arcs = drawn.flatMap(({ generator, index }) =>
    generator.flatMap((cycle) =>
      // A swap is one arc with two ends.
      (cycle.length === 2 ? [cycle] : cycle.map((from, i) => [from, cycle[(i + 1) % cycle.length]])).map(([from, to]) =>
        svgElement("path", {
          d: places.arc(from, to),
          fill: "none",
          stroke: variable(index),
          "stroke-width": "1.5",
          "stroke-dasharray": seriesDashes[index % seriesCount].join(" "),
          "marker-end": `url(#head-${index % seriesCount})`,
          ...(cycle.length === 2 ? { "marker-start": `url(#head-${index % seriesCount})` } : {}),
          opacity: "0.85",
        }),
      ),
    ),
  );
  const radius = places.radius;
  const dots = Array.from({ length: tokens }, (_, token) => {
    const { x, y } = places.at(token);
    const orbit = orbitOf.get(token);
    return svgElement(
      "g",
      {},
      svgElement("title", {}, orbit === undefined ? `token ${token}, not moved` : `token ${token}, orbit ${orbit}`),
      svgElement("circle", {
        cx: x.toFixed(1),
        cy: y.toFixed(1),
        r: String(radius),
        fill: "var(--vscode-editor-background)",
        stroke: orbit === undefined ? "var(--vscode-descriptionForeground)" : variable(orbit),
        "stroke-width": orbit === undefined ? "1" : "3",
      }),
      tokens <= numbered
        ? svgElement(
            "text",
            { x: x.toFixed(1), y: (y + radius * 0.4).toFixed(1), "text-anchor": "middle", "font-size": (radius * 1.05).toFixed(1), fill: "var(--vscode-foreground)" },
            String(token),
          )
        : null,
    ); // prettier-ignore
  });
  const heads = [...new Set(drawn.map(({ index }) => index % seriesCount))].map((index) =>
    svgElement(
      "marker",
      { id: `head-${index}`, viewBox: "0 0 8 8", refX: "7", refY: "4", markerWidth: "7", markerHeight: "7", orient: "auto-start-reverse" },
      svgElement("path", { d: "M0 0L8 4L0 8z", fill: variable(index) }),
    ),
  ); // prettier-ignore
  const label =
    moved.length === 0
      ? `${tokens} tokens on a ${layout}; the symmetry moves none of them`
      : `${tokens} tokens on a ${layout} in ${orbits.length} orbits; ${drawn.map(({ generator }) => cycles(generator)).join(" and ").slice(0, 200)}`; // prettier-ignore
  return element(
    "figure",
    { class: `tokens ${layout}` },
    svgElement(
      "svg",
      { viewBox: `0 0 ${places.width} ${places.height}`, role: "img", "aria-label": label },
      svgElement("defs", {}, ...heads),
      ...arcs,
      ...dots,
    ),
    element(
      "figcaption",
      {},
      moved.length === 0
        ? "No token is moved."
        : `Tokens of one colour are moved onto each other${moved.length > seriesCount ? " (colours repeat: the lists below tell them apart)" : ""}. An arc takes a token to where a generator moves it.`,
    ),
  );
}

interface Places {
  width: number;
  height: number;
  radius: number;
  at(token: number): { x: number; y: number };
  arc(from: number, to: number): string;
}

/** A point at a distance from `a` on the way to `b`. */
function towards(a: { x: number; y: number }, b: { x: number; y: number }, distance: number): { x: number; y: number } {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  return { x: a.x + ((b.x - a.x) * distance) / length, y: a.y + ((b.y - a.y) * distance) / length };
}

const point = ({ x, y }: { x: number; y: number }): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Token 0 at the top, then clockwise; arcs bend to the middle. */
function ring(tokens: number): Places {
  const side = 420;
  const centre = { x: side / 2, y: side / 2 };
  const circle = side / 2 - 26;
  const radius = Math.min(15, (Math.PI * circle) / tokens / 1.25);
  const at = (token: number) => {
    const angle = (2 * Math.PI * token) / tokens - Math.PI / 2;
    return { x: centre.x + circle * Math.cos(angle), y: centre.y + circle * Math.sin(angle) };
  };
  return {
    width: side,
    height: side,
    radius,
    at,
    arc: (from, to) => {
      const [a, b] = [at(from), at(to)];
      const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
      const bend = towards(middle, centre, 0.35 * Math.hypot(middle.x - centre.x, middle.y - centre.y) + 14);
      return `M${point(towards(a, bend, radius + 2))}Q${point(bend)} ${point(towards(b, bend, radius + 3))}`;
    },
  };
}

/** From left to right; arcs rise the higher the farther they go, at most over `reach` tokens. */
function line(tokens: number, reach: number): Places {
  const gap = Math.max(10, Math.min(44, 1000 / tokens));
  const radius = Math.min(15, gap / 2.4);
  const width = gap * tokens + 20;
  const height = reach === 0 ? 44 : Math.min(260, 60 + (gap * reach) / 2.1) + 30;
  const at = (token: number) => ({ x: 10 + gap * (token + 0.5), y: height - 22 });
  return {
    width,
    height,
    radius,
    at,
    arc: (from, to) => {
      const [a, b] = [at(from), at(to)];
      const rise = Math.min(height - 34, 18 + Math.abs(b.x - a.x) / 1.7);
      const bend = { x: (a.x + b.x) / 2, y: a.y - 1.6 * rise };
      const start = { x: a.x, y: a.y - radius - 2 };
      const end = { x: b.x, y: b.y - radius - 3 };
      return `M${point(start)}Q${point(bend)} ${point(end)}`;
    },
  };
}
