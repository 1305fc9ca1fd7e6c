/** An architecture as a model file that a person can go on with. */
import type * as vscode from "vscode";
import { openUntitled } from "../editor/untitled";
import type { Architecture } from "../theory/architecture/schema";
import type { Studies } from "./studies";

/** Opens it as an unsaved specification: YAML, or JSON where that would be longer than a YAML file may be. */
export async function openAsModelFile(
  studies: Studies,
  architecture: Architecture,
  viewColumn: vscode.ViewColumn,
): Promise<void> {
  const { signal } = new AbortController();
  const yaml = await studies.written(architecture, "yaml", signal);
  const written = yaml !== undefined && "exported" in yaml ? yaml : await studies.written(architecture, "json", signal);
  if (written !== undefined && "exported" in written)
    await openUntitled(written.exported.fileName, written.exported.text, viewColumn);
}
