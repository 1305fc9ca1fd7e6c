/** The report: what the CLI prints, the editor shows and the panels receive. Field names are a contract (docs/report.md). */

export interface Position {
  line: number;
  character: number;
}

/** Zero-based, in UTF-16 code units, end exclusive: the editor's own convention. */
export interface Range {
  start: Position;
  end: Position;
}

export type Verdict = "certified" | "refuted" | "supported" | "unknown";
export type Severity = "error" | "warning" | "info";

export const findingCodes = [
  "UAP001", "UAP002",
  "UAP101", "UAP102", "UAP103", "UAP104", "UAP105",
  "UAP201", "UAP202", "UAP203",
  "UAP301", "UAP302",
  "UAP401", "UAP403",
  "UAP501", "UAP502",
  "UAP601",
] as const; // prettier-ignore
export type FindingCode = (typeof findingCodes)[number];

/** A place in the architecture specification, as in `["layers", 0, "attention", "pattern"]`. */
export type SpecPath = (string | number)[];

/** A change of the specification: the value at `path` becomes `value` (in the specification's input syntax); undefined removes it. */
export interface SpecChange {
  path: SpecPath;
  value: unknown;
}

/** A finding of the theory, before the reader of the model file gives it a place in the text. */
export interface TheoryFinding {
  code: FindingCode;
  severity: Severity;
  message: string;
  path: SpecPath;
  fixes: { title: string; changes: SpecChange[] }[];
}

export interface TextEdit {
  range: Range;
  newText: string;
}

/** Another place that a finding comes from, and what is there. */
export interface Related {
  message: string;
  range: Range;
}

export interface Finding {
  code: FindingCode;
  severity: Severity;
  message: string;
  range: Range;
  fixes: { title: string; edits: TextEdit[] }[];
  /** Left out where there are none. */
  related?: Related[];
}

export interface Condition {
  id: string;
  status: "holds" | "fails" | "not-covered";
  reason: string;
  source: string;
}

/** F_s(X) = F_t(X') for all parameters, though a map of the class must tell them apart. */
export interface Witness {
  kind: "replacement" | "rearrangement" | "repeated";
  /** The output tokens compared. */
  s: number;
  t: number;
  /** replacement: the input token whose letter may be anything. */
  replaced: number | null;
  /** rearrangement: X' = pi X with pi in cycle notation, moved tokens only (abridged beyond 64 of them). */
  permutation: number[][] | null;
  /** repeated: the two samples as letters. */
  samples: [string, string] | null;
  statement: string;
  /** A target that needs them apart, in words. */
  target: string;
}

export interface SymmetryReport {
  /** "S_16", "D_16", "C_2 x S_3", "group of order 24", ... */
  name: string;
  /** Decimal digits, or a formula such as "4096!" where they would be more than 1,000. */
  order: string;
  /** Cycles of generators and orbits; null where the sequence is longer than `listedTokens`. */
  generators: number[][][] | null;
  orbits: number[][] | null;
}

/** The symmetry that the file declares for its target. */
export interface DeclaredSymmetry {
  name: string;
  order: string;
  generators: number[][][];
  /** How G relates to it; null where that is not decided. */
  relation: "equal" | "model has more" | "model lacks some" | "neither contains the other" | null;
}

/** Longest sequence for which generators and orbits are listed. */
export const listedTokens = 512;

/** What the theory says of one architecture. */
export interface TheoryReport {
  name: string;
  tokens: number;
  width: number;
  attentionLayers: number;
  verdict: Verdict;
  statement: string;
  family: { verdict: Verdict; attentionLayersNeeded: number | null };
  class: { visibility: "full" | "causal" | "partial"; verdict: Verdict };
  symmetry: SymmetryReport | null;
  /** `hops` is null where no depth connects every pair (that the class asks for). Lists of pairs are abridged. */
  visibility: { hops: number | null; unreachable: { from: number; to: number }[] };
  repeatedTokens: { verdict: Verdict; witness: Witness | null };
  conditions: Condition[];
  /** What no training run can go below, in words (theory, section 6); null where nothing is out of reach. */
  errorFloor: string | null;
  witness: Witness | null;
  /** Null where none was asked for. */
  certificate: CertificateReport | null;
  /** Null where nothing was asked to be measured. */
  numeric: NumericReport | NotMeasured | null;
}

/** The certificate that was issued (docs/certificates.md), or why none was, in a sentence. */
export type CertificateReport = { file: string; kind: "universal" | "refuted"; seal: string } | { unavailable: string };

/** Nothing could be measured, and why, in a sentence. */
export interface NotMeasured {
  unavailable: string;
}

/** What was measured on the built model, in float32 (docs/measuring.md). Gaps are relative to the root mean square of the tokens' norms. */
export interface NumericReport {
  backend: string;
  /** The other backends and why each was not taken; empty where the backend was asked for by name. */
  refused: { backend: string; reason: string }[];
  dtype: "float32";
  seed: number;
  /** Samples X' that X was compared with. */
  comparisons: number;
  /** Why something was not measured, in sentences. */
  notes: string[];
  /** The tokens before the first layer, then after every layer. */
  layers: NumericLayer[];
  /** The theory's coincidences against random draws; null where the theory predicts nothing. */
  coincidences: {
    /** Pairs of tokens that are equal, and that differ, by theory. */
    equal: number;
    different: number;
    draws: number;
    tolerance: number;
    /** The largest gap of equal tokens, and of different ones the smallest that was the largest in all draws. */
    largestEqual: number;
    smallestDifferent: number | null;
    /** Pairs different by theory that were not seen apart, where that is no sign of a defect. */
    unresolved: number;
  } | null;
  /** Permutations tested for being symmetries, and how many were, measured and by theory; null where the theory decides no group. */
  group: { tested: number; measured: number; theory: number; exhaustive: boolean } | null;
  equivariance: {
    /** Cycles. */
    permutation: number[][];
    /** Whether it is a symmetry by theory; null where that is not decided. */
    symmetry: boolean | null;
    at: ParametersKind;
    /** Over samples and outputs, relative to the outputs' scale; `rounding` is as much as rounding may amount to. */
    max: number;
    rms: number;
    rounding: number;
  }[];
  /** Where measurement and theory contradict each other: defects of UAP Lens. */
  disagreements: { kind: "coincidence" | "symmetry" | "equivariance"; statement: string; gap: number }[];
}

/** At which parameters something was measured: as drawn before training, after maximising the margin, or as given. */
export type ParametersKind = "initialisation" | "maximised" | "trained";

export interface NumericLayer {
  /** Layers passed; 0 are the tokens with their position codes. */
  layers: number;
  initialisation: NumericMargin | null;
  maximised: NumericMargin | null;
  trained: NumericMargin | null;
}

export interface NumericMargin {
  /** The smallest gap between token s of X and token t of X' that differ by theory; null where no two compared do. */
  margin: { gap: number; s: number; t: number; replaced: number | null; permutation: number[][] | null } | null;
  /** How far the tokens of X are from their mean, relative to their norm; 0 where all are equal. */
  spread: number;
}

export interface ArchitectureReport extends TheoryReport {
  range: Range;
  /** SHA-256 of the specification that the file was read as, every default written out: what certificates call the architecture. */
  sha256: string;
}

/** What model code cannot tell and a comment in it can. */
export interface QuestionReport {
  message: string;
  /** The model or the mask that cannot be decided without it. */
  range: Range;
  /** The keys of the comment. */
  missing: string[];
  /** Insert the comment, with values that the person then changes. */
  edits: TextEdit[];
}

export interface FileReport {
  file: string;
  format: "spec" | "huggingface" | "pytorch" | "keras" | "jax" | "typescript";
  architectures: ArchitectureReport[];
  findings: Finding[];
  /** Left out where there are none. */
  questions?: QuestionReport[];
}

export interface Report {
  version: 1;
  results: FileReport[];
}
