/** Sizes past which a specification is refused with an error instead of being analysed slowly. */
export const limits = {
  tokens: 1_048_576,
  width: 1_048_576,
  registers: 4096,
  /** Attention and convolution layers after `repeat` is unrolled. */
  layers: 4096,
  heads: 1024,
  /** Side of an explicit matrix of pair classes. */
  pairClasses: 512,
  edges: 131_072,
  /** Nesting of any / all / not, and of parentheses in an expression. */
  patternDepth: 32,
  expressionLength: 2000,
  /** Nesting of objects and lists in a model file; a pattern of `patternDepth` needs about 80. */
  nesting: 96,
  /** Values (objects, lists, numbers, ...) in a model file, YAML's aliases written out. */
  values: 600_000,
  /** Rows and runs of one materialised pattern, and of all heads of an architecture together; 2^22 runs are 32 MiB. */
  runs: 4_194_304,
  /** Bytes of a model file. */
  fileBytes: 2_097_152,
  /** UTF-16 code units of a YAML file, which takes far longer to read than JSON. */
  yamlCharacters: 65_536,
} as const;
