/**
 * The messages between a panel's host (extension/panels) and its page. To a page: complete snapshots, and beside them numbers in bulk as typed arrays, which cross as
 * buffers. The runtime's page speaks the runtime's own protocol.
 */
import type { FromRuntime } from "../extension/runtime/process/protocol";
import type { BackendName } from "../extension/runtime/backends/backend";
import type { Comparison } from "../extension/runtime/measuring/comparisons";
import type { GroupComparison, MeasuredGenerator } from "../extension/runtime/measuring/symmetry";
import type { TokenGap } from "../extension/runtime/measuring/distinguish";
import type { Estimate } from "../extension/runtime/training/estimate";
import type { Floor } from "../extension/runtime/training/floor";
import type { Pictures } from "../extension/theory/patterns/pictures";
import type {
  DeclaredSymmetry,
  FileReport,
  FindingCode,
  Range,
  SymmetryReport,
  Verdict,
} from "../extension/theory/verdict/report";

/** How what is on view relates to the text as it is now. */
export type Freshness = "current" | "checking" | "closed";

// ------------------------------------------------------------------------------------------------------------- report

export type Snapshot =
  /** No model file has been opened. */
  | { kind: "empty" }
  /** A file whose first check is under way. */
  | { kind: "checking"; uri: string; file: string }
  /** The check itself broke down. */
  | { kind: "failed"; uri: string; file: string; message: string }
  | { kind: "report"; uri: string; freshness: Freshness; report: FileReport; architecture: number };

export interface SnapshotMessage {
  kind: "snapshot";
  snapshot: Snapshot;
}
export type ToPage = SnapshotMessage;

export type ToHost =
  /** The page listens; what it missed while it was hidden may be sent. */
  | { kind: "ready" }
  | { kind: "select-architecture"; architecture: number }
  | { kind: "go-to"; range: Range }
  /** Finding and fix as indices in the report of the snapshot with this uri. */
  | { kind: "apply-fix"; finding: number; fix: number }
  | { kind: "open-page"; code: FindingCode }
  | { kind: "open-panel"; panel: PanelName }
  | { kind: "open-json" }
  | { kind: "check-again" };

/** The panels of which each model file has its own. */
export type PanelName = "training" | "distinguishability" | "symmetry";

/** What survives a reload of the window. Everything else comes from the host. */
export interface PageState {
  uri: string;
  architecture: number;
}

export function isPageState(value: unknown): value is PageState {
  const state = value as Partial<PageState> | null | undefined;
  return typeof state?.uri === "string" && typeof state.architecture === "number";
}

// -------------------------------------------------------------------------------------- panels of one model file each

/** The model file that a panel is about. */
export interface Subject {
  uri: string;
  file: string;
  freshness: Freshness;
  /** The names of the file's architectures, and the one on view. */
  architectures: string[];
  architecture: number;
}

/** A variant of the architecture (extension/study.ts) as a person chooses it. */
export interface VariantChoice {
  id: string;
  title: string;
  standsFor: string | null;
  tokens: number;
  width: number;
  layers: number;
  small: boolean;
}

/** What such a panel shows as long as there is nothing to show yet. */
export type NothingYet =
  /** The file is being read and decided. */
  | { kind: "reading"; subject: Subject }
  /** There is no architecture: the file is closed for good, cannot be read, or its check broke down. */
  | { kind: "unread"; subject: Subject; message: string };

/** Work that takes its time. */
export type Progress =
  | { kind: "idle" }
  /** `what` says what is being done. */
  | { kind: "working"; what: string }
  /** Ended by the person. */
  | { kind: "cancelled" }
  | { kind: "failed"; message: string };

/** What every page of such a panel may ask. */
export type ToModelPanel =
  | { kind: "ready" }
  | { kind: "select-architecture"; architecture: number }
  | { kind: "cancel" }
  | { kind: "open-settings" }
  | { kind: "open-report" };

/** At which parameters of the model something is measured: as drawn, at the largest margin found, or of a training run by its number. */
export type ParametersChoice = "initialisation" | "maximised" | `run-${number}`;

// ---------------------------------------------------------------------------------------------------------- training

export interface TrainingSetup {
  variant: string;
  /** A name of the library, or the path of a module of the user's own. */
  target: string;
  backend: BackendName | "auto";
  seed: number;
  steps: number;
  batch: number;
  rate: number;
}

/** What a person types, and may mistype. */
export type TypedField = "seed" | "steps" | "batch" | "rate";

export type RunStatus = "starting" | "running" | "pausing" | "paused" | "ended" | "cancelled" | "failed";

/** A training run without its curves. */
export interface RunView {
  id: number;
  /** What was trained on what: variant and target. */
  title: string;
  setup: TrainingSetup;
  status: RunStatus;
  /** Of a run that failed, why; of one that has been restarted, that. */
  message: string | null;
  /** What it computes on, once that is known. */
  backend: string | null;
  tokens: number;
  width: number;
  step: number;
  floor: Floor | string | null;
  loss: Estimate | null;
  /** Of the target, per coordinate. */
  variance: number | null;
  margin: number | null;
  stepsPerSecond: number | null;
  shown: boolean;
  /** The file has changed since, and the variant with it. */
  outdated: boolean;
  /** Which of the colours. */
  colour: number;
}

export interface TrainingSnapshot {
  kind: "training";
  subject: Subject;
  variants: VariantChoice[];
  noAnalogue: string | null;
  targets: { name: string; description: string }[];
  backends: { value: BackendName | "auto"; label: string }[];
  setup: TrainingSetup;
  /** The numbers of the setup as they were typed. */
  typed: Record<TypedField, string>;
  /** What is wrong with the setup, by its field. */
  problems: Partial<Record<keyof TrainingSetup, string>>;
  /** A quick fix of the file that the comparison takes: variant with and without. */
  comparison: { written: string; fixed: string; title: string } | null;
  runs: RunView[];
  /** The run whose sample is shown. */
  selected: number | null;
  /** Something that could not be done and is no run's fault, such as writing to a full disk. */
  notice: string | null;
}

export type ToTrainingPage =
  | { kind: "snapshot"; snapshot: TrainingSnapshot | NothingYet }
  /** Training losses of the steps after the first `first` ones. With `first` 0 the curve begins anew. */
  | { kind: "losses"; run: number; first: number; losses: Float32Array }
  /** All evaluations so far. */
  | {
      kind: "evaluations";
      run: number;
      steps: Float64Array;
      loss: Float64Array;
      low: Float64Array;
      high: Float64Array;
      /** NaN where it was not measured. */
      margin: Float64Array;
    }
  /** Target and output of one sample, [tokens, width] row by row. */
  | {
      kind: "sample";
      run: number;
      step: number;
      tokens: number;
      width: number;
      target: Float32Array;
      output: Float32Array;
    };

export type ToTrainingHost =
  | ToModelPanel
  | { kind: "setup"; setup: Partial<Omit<TrainingSetup, TypedField>> }
  | { kind: "type"; field: TypedField; text: string }
  | { kind: "start" }
  /** Starts both halves of the comparison. */
  | { kind: "compare" }
  /** Asks the person for a module of their own. */
  | { kind: "choose-target" }
  | { kind: "pause" | "resume" | "step" | "cancel-run" | "reset" | "remove" | "select"; run: number }
  | { kind: "show"; run: number; shown: boolean }
  | { kind: "export-csv" }
  | { kind: "export-script"; run: number }
  /** A picture that the page has made. */
  | { kind: "export-picture"; format: "png" | "svg"; content: Uint8Array };

// --------------------------------------------------------------------------------------------------- distinguishability

export type PairKind = "witness" | "worst-replacement" | "worst-rearrangement" | "replacement" | "rearrangement";

export interface DistinguishView {
  variant: string;
  parameters: ParametersChoice;
  pair: PairKind;
  /** Of the pair `replacement`: the token; of `rearrangement`: the cycles; as typed. */
  custom: string;
  seed: number;
}

export interface GapMeasurement {
  /** Tells measurements apart. */
  id: number;
  tokens: number;
  /** Layers passed by the last matrix. */
  layers: number;
  comparison: Comparison;
  /** Whether the theory says which tokens are equal. */
  theory: boolean;
  tolerance: number;
  /** Tokens that are equal after the last layer; some of them, and how many there are. */
  collapsed: TokenGap[];
  collapses: number;
  /** The closest of the others. */
  closest: TokenGap[];
  backend: string;
  /** The file has changed since. */
  outdated: boolean;
}

export interface DistinguishSnapshot {
  kind: "distinguishability";
  subject: Subject;
  variants: VariantChoice[];
  noAnalogue: string | null;
  view: DistinguishView;
  problem: string | null;
  parameters: { value: ParametersChoice; label: string }[];
  progress: Progress;
  measured: GapMeasurement | null;
}

export type ToDistinguishPage =
  | { kind: "snapshot"; snapshot: DistinguishSnapshot | NothingYet }
  | { kind: "gaps"; measurement: number; layer: number; gaps: Float32Array; theory: Uint8Array | null }
  /** Attention patterns and reach of the variant on view; none where cells would be too small. */
  | { kind: "pictures"; pictures: Pictures | null };

export type ToDistinguishHost =
  | ToModelPanel
  | { kind: "view"; view: Partial<DistinguishView> }
  | { kind: "measure" }
  | { kind: "layer"; measurement: number; layer: number }
  /** To the line of the file that is responsible for a pair of tokens after a layer. */
  | { kind: "go-to-cause"; layer: number };

// ----------------------------------------------------------------------------------------------------------- symmetry

export interface SymmetryView {
  variant: string;
  parameters: ParametersChoice;
  seed: number;
}

export interface SymmetrySnapshot {
  kind: "symmetry";
  subject: Subject;
  variants: VariantChoice[];
  noAnalogue: string | null;
  view: SymmetryView;
  parameters: { value: ParametersChoice; label: string }[];
  tokens: number;
  /** Of the variant; null where it is not decided. */
  symmetry: SymmetryReport | null;
  declared: DeclaredSymmetry | null;
  /** Titles of the changes that break the symmetry and of those that keep what is asked for. */
  actions: { break: string[]; keep: string[] };
  progress: Progress;
  measured: SymmetryMeasurement | null;
}

export interface SymmetryMeasurement {
  generators: MeasuredGenerator[];
  group: GroupComparison | null;
  notes: string[];
  backend: string;
  outdated: boolean;
}

export interface ToSymmetryPage {
  kind: "snapshot";
  snapshot: SymmetrySnapshot | NothingYet;
}

export type ToSymmetryHost =
  | ToModelPanel
  | { kind: "view"; view: Partial<SymmetryView> }
  | { kind: "measure" }
  | { kind: "act"; action: "break" | "keep"; index: number }
  | { kind: "go-to-position" };

// ----------------------------------------------------------------------------------------------------------- live view

/** The compact view beside the tree: the file in the active editor. */
export type LiveSnapshot =
  | { kind: "empty" }
  | { kind: "checking"; file: string }
  | { kind: "failed"; file: string; message: string }
  | {
      kind: "live";
      file: string;
      freshness: Freshness;
      architectures: { name: string; verdict: Verdict; lens: string; statement: string; written: number; needed: number | null }[]; // prettier-ignore
      /** Training runs of the file that go on or have ended, newest first. */
      runs: {
        title: string;
        status: RunStatus;
        step: number;
        steps: number;
        loss: number | null;
        floor: number | null;
      }[];
    };

export interface ToLivePage {
  kind: "snapshot";
  snapshot: LiveSnapshot;
}

export type ToLiveHost =
  { kind: "ready" } | { kind: "explain"; architecture: number } | { kind: "open-panel"; panel: PanelName };

/** From the runtime's page; it listens from `listening` on, which it says once. */
export type FromRuntimePage = { kind: "listening" } | FromRuntime;
