/** Checkpoints of training runs as files: what `train --checkpoint` writes and goes on from, and `check --trained` measures. */
import { readFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import type { Checkpoint } from "./runtime/training/train";
import { reasonOf, replaceFile } from "./terminal";
import type { Architecture } from "./theory/architecture/schema";

export interface CheckpointFile {
  architecture: Architecture;
  /** The run's name, which tells whether the checkpoint belongs to a run that is asked for. */
  run: string;
  checkpoint: Checkpoint;
}

/** Undefined where there is no such file; a string says why it is of no use. */
export async function readCheckpoint(file: string): Promise<CheckpointFile | undefined | string> {
  try {
    const content = deserialize(await readFile(file)) as Partial<CheckpointFile> | null;
    const { architecture, run, checkpoint } = content ?? {};
    if (architecture === undefined || run === undefined || checkpoint === undefined)
      return `${file}: not a checkpoint of this version`;
    return { architecture, run, checkpoint };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return `${file}: not a checkpoint (${reasonOf(error)})`;
  }
}

/** Replaces the file; what went wrong, if anything did. */
export async function writeCheckpoint(file: string, content: CheckpointFile): Promise<string | undefined> {
  try {
    await replaceFile(file, serialize(content));
    return undefined;
  } catch (error) {
    return `the checkpoint ${file} is not written: ${reasonOf(error)}`;
  }
}
