/** Designs in words. */
import type { Architecture } from "../theory/architecture/schema";

/** What tokens are told apart by beside the classes of their pairs; null where by nothing. */
export function positionWords({ position, tokens }: Pick<Architecture, "position" | "tokens">): string | null {
  if (position.kind === "absolute") return "Besides, every token has a learned vector of its own, by its position.";
  if (position.kind !== "classes") return null;
  const members = new Map<number, number[]>();
  position.classes.forEach((one, place) => members.set(one, [...(members.get(one) ?? []), place]));
  const listed = [...members.values()].map((places) => {
    const named = places.map((place) => (place < tokens ? `${place}` : `register ${place - tokens}`));
    return `{${named.join(", ")}}`;
  });
  return `Besides, tokens have a learned vector by their position class: ${listed.join(" ")}.`;
}
