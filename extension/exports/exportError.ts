/** What cannot be written in a format. The message is a sentence for people. */
export class ExportError extends Error {
  override readonly name = "ExportError";
}
