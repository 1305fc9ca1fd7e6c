/** Other places that a finding comes from: masks of further layers, networks with the same fault, the number of layers, where positions would be. */
import type { Range, Related, TheoryFinding } from "../../../theory/verdict/report";
import type { Place } from "../graph/nodes";
import type { EditedSubject } from "./edit";

export function relatedPlaces(
  _subject: EditedSubject,
  _finding: TheoryFinding,
  _range: (place: Place) => Range,
): Related[] {
  return [];
}
