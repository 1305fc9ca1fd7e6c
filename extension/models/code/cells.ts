/**
 * The code cells of a notebook joined to one Python text, and what is found in it brought back to the cells. Lines of IPython's (`%magic`, `!command`, `help?`)
 * become an unknown name of the same length. Light: the extension host needs it without the readers.
 */
import type { Range, TextEdit } from "../../theory/verdict/report";
import { LineMap } from "../ranges";

/** Where a cell is in the joined text. */
interface Cell {
  from: number;
  to: number;
  /** The line that it begins on. */
  line: number;
}

export interface CellRange {
  cell: number;
  /** In the cell's own lines. */
  range: Range;
}

/** The code cells of a notebook as one text. */
export class JoinedCells {
  readonly text: string;
  readonly #cells: Cell[] = [];
  readonly #lines: LineMap;

  constructor(sources: readonly string[]) {
    let text = "";
    let line = 0;
    for (const source of sources) {
      const { python, closing } = asPython(source);
      this.#cells.push({ from: text.length, to: text.length + python.length, line });
      // A cell that is being typed ends where it ends.
      const added = `${python}${closing}\n`;
      text += added;
      line += new LineMap(added).position(added.length).line;
    }
    this.text = text;
    this.#lines = new LineMap(text);
  }

  /** A range of the joined text in the cell that it begins in; what is beyond the cell's end is left out. */
  inCell(range: Range): CellRange | undefined {
    const from = this.#lines.offset(range.start);
    const index = this.#cells.findLastIndex((cell) => cell.from <= from);
    if (index < 0) return undefined;
    const cell = this.#cells[index];
    const local = (offset: number) => {
      const { line, character } = this.#lines.position(Math.min(offset, cell.to));
      return { line: line - cell.line, character };
    };
    return { cell: index, range: { start: local(from), end: local(this.#lines.offset(range.end)) } };
  }

  /** The edits by cell; undefined where one would change more than one cell. */
  edits(edits: readonly TextEdit[]): { cell: number; edit: TextEdit }[] | undefined {
    const inCells = edits.map(({ range, newText }) => {
      const placed = this.inCell(range);
      return placed && this.#lines.offset(range.end) <= this.#cells[placed.cell].to
        ? { cell: placed.cell, edit: { range: placed.range, newText } }
        : undefined;
    });
    return inCells.every((each) => each !== undefined) ? inCells : undefined;
  }
}

// ------------------------------------------------------------------------------------------------------------ IPython

/** Cell magics whose cell is Python that runs as if it were not there. */
const plainMagics = /^%%(time|capture|prun)\b/;
/** At the start of a statement. */
const lineMagic = /^(%{1,2}[A-Za-z]|!|\?{1,2}[A-Za-z])/;
const assigned = /^([A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_]\w*)*\s*=\s*)([!%][^\r\n=]+)$/;
const helpBehind = /^[A-Za-z_][\w.]*\?{1,2}\s*$/;

/**
 * A cell as Python: of the same length, and what closes the brackets and the text that are open at its end. A line of IPython's becomes an unknown name, for
 * what it gives is not known and a block may hold nothing else.
 */
function asPython(source: string): { python: string; closing: string } {
  const cellMagic = /^\s*%%/.test(source);
  if (cellMagic && !plainMagics.test(source.trimStart())) return { python: blank(source), closing: "" };
  let python = "";
  const open: string[] = [];
  let quote = "";
  let continued = false;
  let magicGoesOn = false;
  for (const line of source.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []) {
    const content = line.replace(/[\r\n]+$/, "");
    const begins = quote === "" && open.length === 0 && !continued;
    const indent = /^\s*/.exec(content)![0];
    const statement = content.slice(indent.length);
    if (begins && (magicGoesOn || lineMagic.test(statement) || helpBehind.test(statement))) {
      magicGoesOn = statement.endsWith("\\");
      python += indent + unknown(statement) + line.slice(content.length);
      continue;
    }
    const [, target, command] = (begins && assigned.exec(statement)) || [];
    if (command !== undefined) {
      python += indent + target + unknown(command) + line.slice(content.length);
      continue;
    }
    python += line;
    continued = false;
    for (let at = 0; at < content.length;) {
      if (quote !== "") {
        if (content[at] === "\\") at += 2;
        else if (content.startsWith(quote, at)) {
          at += quote.length;
          quote = "";
        } else at++;
        continue;
      }
      const character = content[at];
      if (character === "#") break;
      if (character === '"' || character === "'") {
        quote = content.startsWith(character.repeat(3), at) ? character.repeat(3) : character;
        at += quote.length;
        continue;
      }
      if ("([{".includes(character)) open.push(character === "(" ? ")" : character === "[" ? "]" : "}");
      else if (open.at(-1) === character) open.pop();
      continued = character === "\\" && at === content.length - 1;
      at++;
    }
    // A text in single quotes ends with its line.
    if (quote.length === 1) quote = "";
  }
  const closing = quote + open.reverse().join("");
  return { python, closing: closing === "" ? "" : `${quote === "" ? "\n" : ""}${closing}` };
}

const blank = (text: string): string => text.replace(/[^\r\n]/g, " ");
const unknown = (text: string): string => "_".padEnd(text.length).slice(0, text.length);
