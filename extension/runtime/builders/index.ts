export { build } from "./build";
export type { Initialisation, Model, Parameters } from "./model";
