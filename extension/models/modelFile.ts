/** What a reader makes of a model file: architectures whose parts know where they are written. */
import type { Architecture } from "../theory/architecture/schema";
import type {
  FileReport,
  Range,
  Related,
  SpecChange,
  SpecPath,
  TextEdit,
  TheoryFinding,
} from "../theory/verdict/report";

/** Something in the file that was not read, and what that leaves undecided. */
export interface Skipped {
  /** One sentence: what was skipped and what that leaves undecided. */
  message: string;
  range: Range;
  /**
   * nothing: the theory does not depend on it. certificate: what is certified would only be supported, refutations stand.
   * everything: it may move information between tokens, so no verdict stands.
   */
  affects: "nothing" | "certificate" | "everything";
}

export interface ReadArchitecture {
  architecture: Architecture;
  /** The whole architecture in the file (what a CodeLens sits on). */
  range: Range;
  skipped: Skipped[];
  /** The range of the value at `path`, or of the nearest written thing that decides it. Never throws. */
  locate(path: SpecPath): Range;
  /** The text edits that make the changes in this file, or undefined where the file cannot express them. */
  edit(changes: SpecChange[]): TextEdit[] | undefined;
  /** Other places that a finding comes from, each with what is there. Never throws. */
  related?(finding: TheoryFinding): Related[];
}

/** Text that could not be read as a model, or parts of it. */
export interface ReadError {
  message: string;
  range: Range;
}

export interface ModelFile {
  format: FileReport["format"];
  architectures: ReadArchitecture[];
  errors: ReadError[];
  /** What was not understood and so has no architecture: one line each, of no consequence to anything else. */
  notes?: ReadError[];
  questions?: Question[];
}

/** What code cannot tell and a comment can: offered above the code, not complained about. */
export interface Question {
  /** What is asked for and why, in a sentence. */
  message: string;
  /** The model or the mask that cannot be decided without it. */
  range: Range;
  /** The keys of the comment. */
  missing: string[];
  /** Inserts the comment, with values that the person then changes. */
  edit: TextEdit;
}
