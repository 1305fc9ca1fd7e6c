/** Which files are model files and which are certificates. Light: the extension host needs it without the readers. */

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

/** All files that are certificates, by their names. */
export const certificateGlob = "**/*.certificate.json";

const certificate = /^(.*?)(\.\d+)?\.certificate\.json$/;

export const isCertificate = (fileName: string): boolean => certificate.test(fileName);

/**
 * The name of the certificate of an architecture of a model file: "ring.uap.yaml.certificate.json", or with the architecture's number where the file has
 * several.
 */
export const certificateName = (modelName: string, architecture: number, architectures: number): string =>
  `${modelName}${architectures === 1 ? "" : `.${architecture}`}.certificate.json`;

/** The model file whose certificate has this name. */
export const certifiedName = (fileName: string): string | undefined => certificate.exec(fileName)?.[1];

/** The path of a model file as one name, for a folder in which certificates of several folders come together. */
export const pathAsName = (file: string): string => file.replaceAll(/[\\/:]+/g, "__");

/** Certificates with more bytes are not read. */
export const mostCertificateBytes = 2 ** 24;
