import type { ArchitectureReport, FileReport, Finding, Position, Range, TextEdit } from "../theory/verdict/report";

/** Offsets (UTF-16 code units) to lines and characters of one text. */
export class LineMap {
  private readonly starts: number[] = [0];

  constructor(private readonly text: string) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) this.starts.push(i + 1);
    }
  }

  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low, character: at - this.starts[low] };
  }

  offset({ line, character }: Position): number {
    return line >= this.starts.length ? this.text.length : this.starts[line] + character;
  }

  range(from: number, to: number): Range {
    return { start: this.position(from), end: this.position(to) };
  }

  get all(): Range {
    return this.range(0, this.text.length);
  }
}

function contains(outer: Range, inner: Range): boolean {
  const before =
    outer.start.line < inner.start.line ||
    (outer.start.line === inner.start.line && outer.start.character <= inner.start.character);
  const after =
    outer.end.line > inner.end.line ||
    (outer.end.line === inner.end.line && outer.end.character >= inner.end.character);
  return before && after;
}

/** The architecture in which a finding is written, if it is in one. */
export function architectureOf(report: FileReport, finding: Finding): ArchitectureReport | undefined {
  return report.architectures.find((architecture) => contains(architecture.range, finding.range));
}

/** The text with edits of it made. */
export function applied(text: string, edits: readonly TextEdit[]): string {
  const lines = new LineMap(text);
  return [...edits]
    .map(({ range, newText }) => ({ from: lines.offset(range.start), to: lines.offset(range.end), newText }))
    .sort((a, b) => b.from - a.from)
    .reduce((changed, { from, to, newText }) => changed.slice(0, from) + newText + changed.slice(to), text);
}
