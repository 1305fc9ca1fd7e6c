/** Equivariance errors, generator by generator and precision by precision, on a log scale. */
import type { MeasuredGenerator } from "../../extension/runtime/measuring/symmetry";
import { element, svgElement } from "../controls/element";
import { cycles } from "../words";

/** Decades of the scale; what is below counts as the lowest. */
const [lowest, highest] = [-17, 1];
const width = 640;
const left = 190;
const right = 18;
const rowHeight = 44;

const x = (error: number): number => {
  const decade = error <= 0 ? lowest : Math.min(highest, Math.max(lowest, Math.log10(error)));
  return left + ((width - left - right) * (decade - lowest)) / (highest - lowest);
};

const short = (permutation: readonly (readonly number[])[]): string => {
  const text = cycles(permutation);
  return text.length <= 24 ? text : `${text.slice(0, 22)} …`;
};

export function errorChart(generators: readonly MeasuredGenerator[]): HTMLElement {
  const height = generators.length * rowHeight + 42;
  const decades = Array.from({ length: 10 }, (_, i) => lowest + 1 + 2 * i).filter((decade) => decade <= highest);
  const rows = generators.map(({ permutation, symmetry, float32, float64 }, i) => {
    const top = i * rowHeight + 8;
    const kind = symmetry === null ? "undecided" : symmetry ? "symmetry" : "broken";
    const bar = (error: number, at: number, name: string, precision: string) =>
      svgElement(
        "g",
        { class: `bar ${kind} ${precision}` },
        svgElement("title", {}, `${name}: ${error.toExponential(1)}`),
        svgElement("rect", { x: String(left), y: String(at), width: Math.max(2, x(error) - left).toFixed(1), height: "10" }), // prettier-ignore
        svgElement("text", { x: (Math.max(left + 2, x(error)) + 5).toFixed(1), y: String(at + 9), class: "value" }, error === 0 ? "0" : error.toExponential(1)), // prettier-ignore
      );
    return svgElement(
      "g",
      {},
      svgElement("text", { x: "0", y: String(top + 11), class: "name" }, short(permutation)),
      svgElement("text", { x: "0", y: String(top + 27), class: "note" }, symmetry === null ? "not decided" : symmetry ? "a symmetry by theory" : "none by theory"), // prettier-ignore
      bar(float32.max, top + 1, "float32", "single"),
      ...(float64 === null ? [] : [bar(float64.max, top + 15, "float64", "double")]),
      // As much as rounding may amount to in float32.
      svgElement("path", { d: `M${x(float32.rounding).toFixed(1)} ${top - 2}V${top + 14}`, class: "rounding" }, svgElement("title", {}, `rounding explains up to ${float32.rounding.toExponential(1)} in float32`)), // prettier-ignore
    );
  });
  const label = generators
    .map(
      ({ permutation, float32, float64 }) =>
        `${short(permutation)}: ${float32.max.toExponential(1)} in float32${float64 === null ? "" : `, ${float64.max.toExponential(1)} in float64`}`,
    ) // prettier-ignore
    .join("; ");
  return element(
    "figure",
    { class: "errors" },
    svgElement(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Equivariance errors. ${label.slice(0, 400)}` },
      ...decades.map((decade) =>
        svgElement(
          "g",
          { class: "axis" },
          svgElement("path", { d: `M${x(10 ** decade).toFixed(1)} 2V${height - 30}` }),
          svgElement("text", { x: x(10 ** decade).toFixed(1), y: String(height - 14), "text-anchor": "middle" }, `1e${decade}`), // prettier-ignore
        ),
      ),
      ...rows,
    ),
    element("figcaption", {}, "Upper bar float32, lower bar float64. The mark on a float32 bar is as much as rounding explains."), // prettier-ignore
  );
}
