/** Whether a model is being called: what is drawn at random then is drawn anew for every input. */
import type { At, Interpreter } from "../values";

const depths = new WeakMap<Interpreter, number>();

export function whileCalled<Result>({ interpreter }: At, run: () => Result): Result {
  const depth = depths.get(interpreter) ?? 0;
  depths.set(interpreter, depth + 1);
  try {
    return run();
  } finally {
    depths.set(interpreter, depth);
  }
}

export const isCalled = ({ interpreter }: At): boolean => (depths.get(interpreter) ?? 0) > 0;
