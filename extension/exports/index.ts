/** An architecture written out for other tools: as a specification, as builder code, as PyTorch, as JAX. */
import type { Architecture } from "../theory/architecture/schema";
import { builderCode } from "./builderCode";
import { ExportError } from "./exportError";
import { slugOf } from "./names";
import { jaxText } from "./python/jax";
import { torchText } from "./python/torch";
import { jsonText, yamlText } from "./specification";

export { ExportError };

export const exportFormats = ["json", "yaml", "typescript", "pytorch", "flex-attention", "jax"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface Exported {
  /** Such as "ring.py". */
  fileName: string;
  /** The editor's name of the language. */
  languageId: "json" | "yaml" | "typescript" | "python";
  text: string;
}

/**
 * @throws ExportError where the format has no way to say a part of the architecture.
 */
export function exportArchitecture(architecture: Architecture, format: ExportFormat): Exported {
  const slug = slugOf(architecture.name);
  switch (format) {
    case "json":
      return { fileName: `${slug}.uap.json`, languageId: "json", text: jsonText(architecture) };
    case "yaml":
      return { fileName: `${slug}.uap.yaml`, languageId: "yaml", text: yamlText(architecture) };
    case "typescript":
      return { fileName: `${slug}.ts`, languageId: "typescript", text: builderCode(architecture) };
    case "pytorch":
    case "flex-attention":
      return { ...torchText(architecture, format === "flex-attention"), languageId: "python" };
    case "jax":
      return { ...jaxText(architecture), languageId: "python" };
  }
}
