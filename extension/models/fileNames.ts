/** Which files are model files. Light: the extension host needs it without the readers. */

export const specification = /([^/\\]*)\.uap\.(json|ya?ml)$/i;
/** Configurations in Hugging Face's layout; only those that name a model type are models. */
const configuration = /(^|[/\\.])config\.json$/i;
const modelType = /"model_type"\s*:/;

/** All files that may be model files. */
export const modelFileGlob = "**/{*.uap.json,*.uap.yaml,*.uap.yml,config.json,*.config.json}";

/** Whether a file can be a model file, by its name alone. */
export function mayBeModelFile(fileName: string): boolean {
  return specification.test(fileName) || configuration.test(fileName);
}

export function isModelFile(fileName: string, text: () => string): boolean {
  return specification.test(fileName) || (configuration.test(fileName) && modelType.test(text()));
}
