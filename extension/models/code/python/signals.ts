/** What ends the evaluation of Python code out of turn. */
import type { Place } from "../graph/nodes";
import type { Value } from "./values";

/** More operations than the interpreter was given. */
export class OutOfSteps extends Error {
  constructor() {
    super("the code takes too many steps to read");
  }
}

/** An exception of the Python code. */
export class PythonRaise extends Error {
  constructor(
    readonly value: Value,
    readonly place: Place,
  ) {
    super("an exception of the code that is read");
  }
}
