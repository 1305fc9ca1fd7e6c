/** Model files: the reader of each. */
import { readCode } from "./code";
import { isCodeFile, isModelFile, mostBytes, specification } from "./fileNames";
import { readHuggingFace } from "./huggingface";
import type { ModelFile, ReadError } from "./modelFile";
import { LineMap } from "./ranges";
import { readSpec } from "./spec";

/**
 * Reads a model file by its name. Undefined where it is not one; never throws on any text.
 * Model code needs `prepareReading` first.
 */
export function readModelFile(fileName: string, text: string): ModelFile | undefined {
  const spec = specification.exec(fileName);
  if (spec) return readSpec(text, spec[2].toLowerCase() === "json" ? "json" : "yaml", spec[1]);
  if (!isModelFile(fileName, () => text)) return undefined;
  return isCodeFile(fileName) ? readCode(fileName, text) : readHuggingFace(text, fileName);
}

/**
 * The text of a model file, or why its bytes are none: more than `mostBytes` of them, or not UTF-8. A byte-order mark is left out. Code is lenient with other
 * encodings, in which its comments may be.
 */
export function decode(bytes: Uint8Array, fileName = ""): { text: string } | { error: ReadError } {
  const most = mostBytes(fileName);
  if (bytes.length > most) {
    const message = `a model file of more than ${most} bytes is not read`;
    return { error: { message, range: new LineMap("").all } };
  }
  if (isCodeFile(fileName)) return { text: new TextDecoder().decode(bytes) };
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { error: { message: "the file is in UTF-16; save it in UTF-8", range: new LineMap("").all } };
  }
  const text = decodePrefix(bytes, bytes.length, false);
  if (text !== undefined) return { text };
  // The longest prefix that could go on as UTF-8 ends where the text does not.
  let valid = 0;
  let invalid = bytes.length;
  while (valid + 1 < invalid) {
    const middle = (valid + invalid) >> 1;
    if (decodePrefix(bytes, middle, true) === undefined) invalid = middle;
    else valid = middle;
  }
  const before = decodePrefix(bytes, valid, true)!;
  const { line, character } = new LineMap(before).position(before.length);
  const message = `line ${line + 1} is not UTF-8: the byte 0x${bytes[valid].toString(16).padStart(2, "0")} has no meaning there`;
  return { error: { message, range: { start: { line, character }, end: { line, character: character + 1 } } } };
}

/** @param open whether a character may be cut off at the end. */
function decodePrefix(bytes: Uint8Array, length: number, open: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length), { stream: open });
  } catch {
    return undefined;
  }
}
