/** Which files are model files. */

/** Architecture specifications, whatever they contain. */
const specification = /\.uap\.(json|ya?ml)$/i;
/** Configurations in Hugging Face's layout; only those that name a model type are ours. */
const configuration = /(^|[/\\.])config\.json$/i;
const modelType = /"model_type"\s*:/;

/** All files that may be model files, as a glob. */
export const modelFileGlob = "**/{*.uap.json,*.uap.yaml,*.uap.yml,config.json,*.config.json}";

export function mayBeModelFile(path: string): boolean {
  return specification.test(path) || configuration.test(path);
}

export function isModelFile(path: string, text: () => string): boolean {
  return specification.test(path) || (configuration.test(path) && modelType.test(text()));
}
