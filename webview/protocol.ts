/**
 * The messages between a panel's host (extension/panels) and its page. To the report's page: complete snapshots only. The runtime's page speaks the
 * runtime's own protocol.
 */
import type { FromRuntime } from "../extension/runtime/process/protocol";
import type { FileReport, FindingCode, Range } from "../extension/theory/verdict/report";

/** How the report relates to the text as it is now. */
export type Freshness = "current" | "checking" | "closed";

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
  | { kind: "open-json" }
  | { kind: "check-again" };

/** What survives a reload of the window. Everything else comes from the host. */
export interface PageState {
  uri: string;
  architecture: number;
}

export function isPageState(value: unknown): value is PageState {
  const state = value as Partial<PageState> | null | undefined;
  return typeof state?.uri === "string" && typeof state.architecture === "number";
}

/** From the runtime's page; it listens from `listening` on, which it says once. */
export type FromRuntimePage = { kind: "listening" } | FromRuntime;
