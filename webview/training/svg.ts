/** A chart as an SVG document that stands alone, for papers: white ground, the curves' colours of the light theme. */
import { legend, logTicks, type Picture, thinned, tick } from "../drawing/ticks";
import { seriesDashes } from "../drawing/series";

/** Okabe and Ito's colours for colour-blind readers, in the order of the series. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const [width, height] = [760, 420];
const plot = { left: 70, top: 20, right: 20, bottom: 50 };

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const rounded = (x: number): string => x.toFixed(1);

export function chartSvg(picture: Picture, axis: string): string {
  const curves = picture.curves.map((curve) => ({ ...curve, ...thinned(curve) }));
  const bands = picture.bands.filter(({ value }) => value > 1e-12);
  const values = [...curves.flatMap(({ y }) => y), ...bands.flatMap(({ low, high }) => [low, high])].filter(
    (y) => y > 0,
  );
  const [least, most] = values.length === 0 ? [0.01, 1] : [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const last = Math.max(10, ...curves.map(({ x }) => x.at(-1) ?? 0));
  const [w, h] = [width - plot.left - plot.right, height - plot.top - plot.bottom];
  const X = (x: number) => plot.left + (w * x) / last;
  const Y = (y: number) => plot.top + h * (1 - Math.log(Math.max(y, least) / least) / Math.log(most / least));
  const colour = (index: number) => colours[index % colours.length];
  const dash = (index: number) => {
    const own = seriesDashes[index % seriesDashes.length];
    return own.length === 0 ? "" : ` stroke-dasharray="${own.join(" ")}"`;
  };
  const step = [1, 2, 5].flatMap((f) => [1, 10, 100, 1e3, 1e4, 1e5].map((p) => f * p)).sort((a, b) => a - b).find((s) => last / s <= 8) ?? last; // prettier-ignore
  const xTicks = Array.from({ length: Math.floor(last / step) + 1 }, (_, i) => i * step);
  const yTicks = logTicks(least, most);
  const lines = legend(picture);
  const body = [
    ...yTicks.map((y) => `<path d="M${plot.left} ${rounded(Y(y))}H${width - plot.right}" stroke="#ddd"/><text x="${plot.left - 8}" y="${rounded(Y(y) + 4)}" text-anchor="end">${tick(y)}</text>`),
    ...xTicks.map((x) => `<path d="M${rounded(X(x))} ${plot.top}V${height - plot.bottom}" stroke="#eee"/><text x="${rounded(X(x))}" y="${height - plot.bottom + 18}" text-anchor="middle">${x}</text>`),
    ...bands.map(({ value, low, high, colour: own }) => `<rect x="${plot.left}" y="${rounded(Y(high))}" width="${w}" height="${rounded(Math.max(1, Y(low) - Y(high)))}" fill="${colour(own)}" opacity="0.2"/><path d="M${plot.left} ${rounded(Y(value))}H${width - plot.right}" stroke="${colour(own)}" stroke-width="1.5" stroke-dasharray="6 4"/>`),
    ...curves.map(({ x, y, kind, colour: own }) => `<polyline fill="none" stroke="${colour(own)}" ${kind === "trace" ? 'stroke-width="1" opacity="0.35"' : `stroke-width="2"${dash(own)}`} points="${x.map((at, i) => `${rounded(X(at))},${rounded(Y(y[i]))}`).join(" ")}"/>`),
    `<rect x="${plot.left}" y="${plot.top}" width="${w}" height="${h}" fill="none" stroke="#666"/>`,
    `<text x="${plot.left + w / 2}" y="${height - 10}" text-anchor="middle">step</text>`,
    `<text transform="translate(16 ${plot.top + h / 2}) rotate(-90)" text-anchor="middle">${escaped(axis)}</text>`,
    ...lines.map(({ text, colour: own }, i) => `<rect x="${plot.left}" y="${height + 20 * i + 2}" width="18" height="4" fill="${colour(own)}"/><text x="${plot.left + 26}" y="${height + 20 * i + 8}">${escaped(text)}</text>`),
  ]; // prettier-ignore
  const total = height + 20 * lines.length + 10;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${body.join("\n")}
</svg>
`;
}
