/** Measuring as requests to the runtime process. */
import type { Architecture } from "../../theory/architecture/schema";
import type { NotMeasured, NumericReport } from "../../theory/verdict/report";
import type { Handler } from "../process/protocol";
import {
  distinguish as distinguishTokens,
  type Distinguished,
  type DistinguishParams,
  maximise as maximiseMargin,
} from "./distinguish";
import { initialMargins as initialMarginsOf, type InitialMargins, type InitialMarginsParams } from "./initialMargins";
import { measure as measureModel, type MeasureParams, type MeasureProgress } from "./measure";
import { type MeasuredSymmetry, measureSymmetry, type SymmetryParams, type SymmetryProgress } from "./symmetry";

export const measure: Handler<MeasureParams, NumericReport | NotMeasured, MeasureProgress> = (
  params,
  { backend, pause, progress },
) => measureModel(params, { backend: backend.name, pause, progress });

export const distinguish: Handler<DistinguishParams, Distinguished | NotMeasured> = (params, { pause }) =>
  distinguishTokens(params, pause);

export const maximise: Handler<
  { architecture: Architecture; seed: number },
  { parameters: Float32Array } | NotMeasured
> = (params, { pause }) => maximiseMargin(params, pause);

export const symmetry: Handler<SymmetryParams, MeasuredSymmetry | NotMeasured, SymmetryProgress> = (
  params,
  { pause, progress },
) => measureSymmetry(params, pause, progress);

export const initialMargins: Handler<InitialMarginsParams, InitialMargins | NotMeasured> = (params, { pause }) =>
  initialMarginsOf(params, pause);
