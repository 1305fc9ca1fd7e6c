/** Measuring as a request to the runtime process. */
import type { NotMeasured, NumericReport } from "../../theory/verdict/report";
import type { Handler } from "../process/protocol";
import { measure as measureModel, type MeasureParams, type MeasureProgress } from "./measure";

export const measure: Handler<MeasureParams, NumericReport | NotMeasured, MeasureProgress> = (
  params,
  { backend, pause, progress },
) => measureModel(params, { backend: backend.name, pause, progress });
