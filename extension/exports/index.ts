/** An architecture written out for other tools: as a specification, as builder code, as PyTorch, as JAX. */
import type { Architecture } from "../theory/architecture/schema";

export const exportFormats = ["json", "yaml", "typescript", "pytorch", "flex-attention", "jax"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Exported {
  /** Such as "ring.py". */
  fileName: string;
  /** The editor's name of the language. */
  languageId: "json" | "yaml" | "typescript" | "python";
  text: string;
}

/** What cannot be written in a format. The message is a sentence for people. */
export class ExportError extends Error {
  override readonly name = "ExportError";
}

/**
 * @throws ExportError where the format has no way to say a part of the architecture.
 */
export function exportArchitecture(architecture: Architecture, format: ExportFormat): Exported {
  throw new ExportError(`not yet: ${architecture.name} ${format}`);
}
