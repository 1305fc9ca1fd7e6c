/** Commands; those of the palette as package.json declares them. */
export const commandIds = {
  checkFile: "uapLens.checkFile",
  checkWorkspace: "uapLens.checkWorkspace",
  explain: "uapLens.explainVerdict",
  openJson: "uapLens.openReportAsJson",
  newModel: "uapLens.newModel",
  training: "uapLens.openTraining",
  distinguishability: "uapLens.openDistinguishability",
  symmetry: "uapLens.openSymmetry",
  design: "uapLens.design",
  repair: "uapLens.repair",
  sweep: "uapLens.openSweep",
  export: "uapLens.export",
  issueCertificate: "uapLens.issueCertificate",
  verifyCertificate: "uapLens.verifyCertificate",
  copyCertificate: "uapLens.copyCertificateAsLatex",
  runToRead: "uapLens.runToRead",
  showRuntime: "uapLens.showRuntime",
  /** Of a lens, and not in the palette. */
  answerQuestion: "uapLens.answerQuestion",
} as const;
