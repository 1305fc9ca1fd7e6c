/** Repairs in words. */
import type { ShownChange } from "../../webview/protocol";
import type { SpecChange, TheoryReport } from "../theory/verdict/report";

/** Longest value that is written out, in characters. */
const longest = 160;

/** A change of the specification: the place, and the value that it gets; null where it is removed. */
export function changeWords({ path, value }: SpecChange): ShownChange {
  const place = path.map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)).join("");
  if (value === undefined) return { place, value: null };
  const text = JSON.stringify(value).replaceAll(/[,:](?=\S)/g, "$& ");
  return { place, value: text.length > longest ? `${text.slice(0, longest)} …` : text };
}

/** Why there are no repairs of what is not refuted. */
export function noneWords({ verdict, statement }: TheoryReport): string {
  switch (verdict) {
    case "certified":
      return `There is nothing to repair: it is certified. ${statement}`;
    case "supported":
      return `Nothing is refuted: no theorem covers all of it, and nothing speaks against it. ${statement}`;
    case "unknown":
      return `Nothing is refuted: the verdict is unknown. ${statement}`;
    case "refuted":
      return `No repair was found. ${statement}`;
  }
}
