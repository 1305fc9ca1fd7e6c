/** Changes of the specification as edits of the Python that says it. */
import type { SpecChange, TextEdit } from "../../../theory/verdict/report";
import type { Lowered } from "../graph/lower";

export function editPython(
  _text: string,
  _fileName: string,
  _index: number,
  _lowered: Lowered,
  _changes: SpecChange[],
): TextEdit[] | undefined {
  // prettier-ignore
  return undefined;
}
