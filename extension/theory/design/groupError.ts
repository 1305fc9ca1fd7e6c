/** A symmetry that cannot be had. The message is a sentence for people. */
export class GroupError extends Error {
  override readonly name = "GroupError";
}
