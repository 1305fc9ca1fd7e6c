/** Which files are model files, certificates and grids of sweeps. Light: the extension host needs it without the readers. */

import { limits } from "../theory/architecture/limits";

export const specification = /([^/\\]*)\.uap\.(json|ya?ml)$/i;
/** Configurations in Hugging Face's layout; only those that name a model type are models. */
const configuration = /(^|[/\\.])config\.json$/i;
const modelType = /"model_type"\s*:/;

/** Model code: whether there is a model in it is known only after reading it. */
const code = /\.(py|ipynb|[cm]?[jt]s|[jt]sx)$/i;
const declarations = /\.d\.[cm]?ts$/i;
/** Words one of which is in every text that a model can be found in; cheap, and wrong only in that a text with them may have none. */
const pythonWords = /attention|attn|softmax|multi_?head|transformer|mask_mod|score_mod|block_mask|kv_idx|\buap:/i;
const scriptWords = /uap-lens|@tensorflow\/|\btf\.(softmax|matMul|layers|sequential|model)\b|\buap:/;

/** Files with a specification or a configuration. */
const specificationGlob = "*.uap.json,*.uap.yaml,*.uap.yml,config.json,*.config.json";
const codeNames = "*.py,*.ipynb,*.ts,*.mts,*.cts,*.tsx,*.js,*.mjs,*.cjs,*.jsx";
export const codeFileGlob = `**/{${codeNames}}`;
/** All files that may be model files. */
export const modelFileGlob = `**/{${specificationGlob},${codeNames}}`;

/** What a search through a folder looks for: files, and folders that it does not enter. Code of others and what was built is not looked at. */
const others = ["node_modules", ".git"];
export const searches = [
  { glob: `**/{${specificationGlob}}`, outside: others },
  {
    glob: `**/{${codeNames}}`,
    outside: [...others, "venv", ".venv", "site-packages", "__pycache__", ".ipynb_checkpoints", "dist", "build"],
  },
] as const;

export const isCodeFile = (fileName: string): boolean => code.test(fileName) && !declarations.test(fileName);
export const isNotebook = (fileName: string): boolean => /\.ipynb$/i.test(fileName);

/** Whether a file can be a model file, by its name alone. */
export function mayBeModelFile(fileName: string): boolean {
  return specification.test(fileName) || configuration.test(fileName) || isCodeFile(fileName);
}

/** Whether a file is read as a model file. In model code there may still be no model. */
export function isModelFile(fileName: string, text: () => string): boolean {
  if (specification.test(fileName)) return true;
  if (configuration.test(fileName)) return modelType.test(text());
  return isCodeFile(fileName) && (/\.(py|ipynb)$/i.test(fileName) ? pythonWords : scriptWords).test(text());
}

/** A notebook holds its outputs too, pictures among them. */
const notebookBytes = 2 ** 24;
/** Bytes of a model file past which it is not read. */
export const mostBytes = (fileName: string): number => (isNotebook(fileName) ? notebookBytes : limits.fileBytes);

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

/** Whether a file is the grid of a sweep, by its name alone. */
export const isGrid = (fileName: string): boolean => /\.sweep\.(ya?ml|json)$/i.test(fileName);

/** Certificates with more bytes are not read. */
export const mostCertificateBytes = 2 ** 24;
