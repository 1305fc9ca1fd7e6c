/** What the commands of the command line share: reading, printing, progress, and how they fail. */
import { createReadStream } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { type BackendName, backendNames } from "./runtime/backends/backend";
import { limits } from "./theory/architecture/limits";

/** Misuse of the command: the message is all there is to say. */
export class Misuse extends Error {}

/** The options and the other arguments of a command. @throws Misuse */
export function parse<const Options extends NonNullable<ParseArgsConfig["options"]>>(args: string[], options: Options) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new Misuse((error as Error).message);
  }
}

/** The backend that `--backend` asks for. @throws Misuse */
export function backendOf(name = "auto"): BackendName | "auto" {
  const known = (["auto", ...backendNames] as const).find((backend) => backend === name);
  if (known === undefined) throw new Misuse(`there is no backend ${name}`);
  return known;
}

/** The bytes of a file, and of one that has more than `most` just enough to say so. */
export async function read(file: string, most: number = limits.fileBytes): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: most })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Replaces a file in one piece, on the disk before the old one goes. @throws what the system says */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const beside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(beside, content, { flush: true });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined); // what went wrong is said once
    throw error;
  }
}

/** One line on the terminal, which the next one replaces. */
export function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
}

/** A message on the standard error stream, in place of the progress. */
export function complain(message: string): void {
  showProgress("");
  process.stderr.write(`uap-lens: ${message}\n`);
}

export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    EACCES: "permission denied",
    EEXIST: "a file is in its place",
    EFBIG: "the file would be too large",
    EISDIR: "this is a directory",
    ENOENT: "there is no such file",
    ENOSPC: "no space left on the device",
    ENOTDIR: "a part of its path is not a directory",
    EROFS: "nothing can be written there",
  };
  return known[code ?? ""] ?? message;
}

/** Prints, and gives the exit code once everything is written. */
export function print(text: string, code: number): Promise<number> {
  return new Promise((resolve) => {
    // The error comes to the callback too; without a listener it would end the process first.
    process.stdout.on("error", () => {});
    process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      // Whoever read the output has seen enough, as in `uap-lens check ... | head`.
      if (!error || error.code === "EPIPE") return resolve(code);
      complain(`cannot write the output: ${reasonOf(error)}`);
      resolve(2);
    });
  });
}
