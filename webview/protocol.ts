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
import type { DesignOutcome } from "../extension/theory/design/design";
import type { SymmetryRequest } from "../extension/theory/design/groups";
import type { PairClasses } from "../extension/theory/design/pairClasses";
import type { Origin, SweepRow } from "../extension/sweep/row";
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
  | { kind: "design" }
  | { kind: "open-json" }
  | { kind: "check-again" };

/** The panels of which each model file has its own. */
export type PanelName = "training" | "distinguishability" | "symmetry" | "repair";

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
  /** To the designer, with the symmetry that is asked for. */
  | { kind: "design" }
  | { kind: "go-to-position" };

// ------------------------------------------------------------------------------------------------------------- design

/** How a symmetry is given. */
export type SymmetryKind = SymmetryRequest["kind"] | "target";

/** What a person has typed and chosen in the designer: all that survives a reload of the window. */
export interface DesignInputs {
  by: SymmetryKind;
  /** For each way of giving a symmetry, so that looking at another one loses nothing. `tokens` may be empty. */
  given: Record<SymmetryKind, GivenSymmetry>;
  /** Whether the edges of a graph have a direction. */
  directed: boolean;
  width: string;
}

/** As typed. Of a target `text` is a name of the library, or the path of a module of the person's own. */
export interface GivenSymmetry {
  text: string;
  tokens: string;
}

/** What is wrong with what was typed, by its field: what is needed in its place. */
export type DesignProblems = Partial<Record<"text" | "tokens" | "width", string>>;

export interface DesignPageState {
  inputs: DesignInputs;
  selected: number;
  format: string;
}

/** One row of the table. */
export interface DesignRow {
  title: string;
  pairsPerLayer: number;
  layers: number;
  parameters: number;
  registers: number;
  verdict: Verdict;
}

export interface DesignSnapshot {
  /** Where the symmetry is from, where the person has not typed it. */
  origin: string | null;
  inputs: DesignInputs;
  problems: DesignProblems;
  targets: { name: string; description: string }[];
  /** Whether a target of the person's own, which is code, may be run. */
  trusted: boolean;
  progress: Progress;
  /** Why the symmetry cannot be had, in a sentence. */
  refused: string | null;
  outcome: (Pick<DesignOutcome, "group" | "notes"> & { designs: DesignRow[] }) | null;
  selected: number;
  /** What the selected design can be written as, and as what it is. */
  formats: { value: string; label: string }[];
  format: string;
  /** The selected design in the format chosen. */
  shown: ShownDesign | null;
  /** Something that could not be done, such as writing to a full disk. */
  notice: string | null;
}

export interface ShownDesign {
  title: string;
  reason: string;
  tokens: number;
  registers: number;
  /** What tokens are told apart by beside pairs, in a sentence. */
  positions: string | null;
  /** Null while it is being written. */
  text: { content: string; fileName: string; cut: boolean } | { problem: string } | null;
}

export type ToDesignPage =
  | { kind: "snapshot"; snapshot: DesignSnapshot }
  /** Of the selected design; null where cells would be too small. */
  | { kind: "classes"; classes: PairClasses[] | null };

export type ToDesignHost =
  | { kind: "ready" }
  | { kind: "cancel" | "open-settings" }
  | { kind: "inputs"; change: Partial<Pick<DesignInputs, "by" | "directed" | "width">> & Partial<GivenSymmetry> }
  | { kind: "design" }
  /** Asks the person for a module of their own. */
  | { kind: "choose-target" }
  | { kind: "select"; design: number }
  | { kind: "format"; format: string }
  | { kind: "open-model" | "export" | "copy" };

// ------------------------------------------------------------------------------------------------------------- repair

/** The file as it is written, or a repair of it. */
export interface RepairRow {
  title: string;
  /** Single edits; null of the file as it is written. */
  edits: number | null;
  verdict: Verdict;
  layers: number;
  /** Null where the cost is not known. */
  pairsPerLayer: number | null;
  /** Of full attention in the layers and heads that the file has. */
  ofFull: number | null;
  symmetry: string | null;
}

export interface RepairSnapshot {
  kind: "repair";
  subject: Subject;
  progress: Progress;
  /** Null before they are found. The first row is the file as it is written. */
  rows: RepairRow[] | null;
  /** Why there is no repair, in a sentence: there is none, or none is needed. */
  none: string | null;
  /** The repair on view, from 1 on as its row. */
  selected: number;
  shown: ShownRepair | null;
}

export interface ShownRepair {
  title: string;
  statement: string;
  changes: ShownChange[];
  warning: string | null;
  /** Why it cannot be applied to the file; null where it can. */
  unwritable: string | null;
}

/** A place in the specification, such as "layers[0].repeat", and the value that it gets; null where it is removed. */
export interface ShownChange {
  place: string;
  value: string | null;
}

export interface ToRepairPage {
  kind: "snapshot";
  snapshot: RepairSnapshot | NothingYet;
}

export type ToRepairHost =
  | ToModelPanel
  | { kind: "search" }
  | { kind: "select"; repair: number }
  | { kind: "apply" | "show-difference" | "open-model" };

// -------------------------------------------------------------------------------------------------------------- sweep

/** A row as the page shows it. */
export interface SweepPoint extends Omit<SweepRow, "specification"> {
  /** Whether there is a specification to open. */
  opens: boolean;
}

export type SweepSnapshot =
  | { kind: "reading"; uri: string; file: string }
  /** Neither a grid nor a result can be read from the file: a line for each problem. */
  | { kind: "unread"; uri: string; file: string; problems: string[] }
  | {
      kind: "sweep";
      uri: string;
      file: string;
      /** Whether the file is a grid, which can be run here, or a result. */
      isGrid: boolean;
      axes: string[];
      points: number;
      /** Rows that are there. */
      done: number;
      /** What is measured beside verdict and cost, in words. */
      measures: string;
      backend: Origin["backend"];
      /** Why it is not run here, in a sentence. */
      tooLarge: string | null;
      progress: Progress;
      notice: string | null;
    };

export type ToSweepPage =
  | { kind: "snapshot"; snapshot: SweepSnapshot }
  /** The rows after the first `first` ones. With `first` 0 the table begins anew. */
  | { kind: "rows"; first: number; rows: SweepPoint[] };

export type ToSweepHost =
  | { kind: "ready" }
  | { kind: "run" | "cancel" | "start-anew" | "save" | "open-file" }
  /** Opens the specification of a point. */
  | { kind: "open"; point: number };

/** What survives a reload of the window. */
export interface SweepState {
  sweep: string;
}

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
