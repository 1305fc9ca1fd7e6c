/** The short words of the editor: CodeLens, status item, hover. Everything they say comes from the report. */
import { architectureOf } from "../models/ranges";
import type { ArchitectureReport, FileReport, Finding, FindingCode, Verdict } from "../theory/verdict/report";

export const verdictMarks: Record<Verdict, string> = { certified: "✓", refuted: "✗", supported: "≈", unknown: "?" };
/** From the one that needs attention most to the one that needs it least. */
const byConcern: Verdict[] = ["refuted", "unknown", "supported", "certified"];

/** The maps that the verdict of the class is about, for example "all S_16-equivariant maps". */
export function mapsOfClass(architecture: ArchitectureReport): string {
  const { visibility } = architecture.class;
  if (visibility === "causal") return "all causal maps";
  const maps = equivariantMaps(architecture.symmetry?.name ?? "trivial");
  return visibility === "full" ? `all ${maps}` : `${maps} of what each token sees`;
}

function equivariantMaps(symmetry: string): string {
  if (symmetry === "trivial") return "maps";
  return symmetry.startsWith("group") ? `maps equivariant under a ${symmetry}` : `${symmetry}-equivariant maps`;
}

/** One line above an architecture. */
export function lensTitle(architecture: ArchitectureReport): string {
  const { verdict } = architecture;
  const head = `${verdictMarks[verdict]} ${verdict}`;
  switch (verdict) {
    case "certified":
    case "supported":
      return `${head} for ${mapsOfClass(architecture)}`;
    case "refuted":
      return `${head}: ${shortfall(architecture)} · ${remainder(architecture)}`;
    case "unknown":
      return `${head}: ${undecided(architecture)} · ${symmetryPart(architecture)}`;
  }
}

/** Whether the report says what the tokens see; where nothing could be decided its fields are placeholders. */
export function visibilityDecided(architecture: ArchitectureReport): boolean {
  return architecture.conditions.some((condition) => condition.id === "visibility");
}

/** Whether there is something to repair: a refuted architecture, or an error about one that is certified for less than it is meant for. */
export const isRepairable = (report: FileReport, architecture: ArchitectureReport): boolean =>
  architecture.verdict === "refuted" ||
  report.findings.some(
    (finding) =>
      finding.severity === "error" && architectureOf(report, finding) === architecture && finding.code < "UAP500",
  );

function failing(architecture: ArchitectureReport, id: string): boolean {
  return architecture.conditions.some((condition) => condition.id === id && condition.status === "fails");
}

/** Why an architecture is refuted, in a few words. */
function shortfall(architecture: ArchitectureReport): string {
  const { attentionLayers: written, family, visibility } = architecture;
  const needed = family.attentionLayersNeeded;
  if (needed !== null && needed > written) return `${layers(written)}, ${needed} needed`;
  if (failing(architecture, "visibility")) {
    return visibility.hops === null ? "no depth connects every pair" : "not every pair is connected";
  }
  if (failing(architecture, "token-distinguishability")) return "tokens it cannot tell apart";
  return architecture.class.visibility === "causal" ? "causal maps only" : "symmetry beyond the target";
}

/** What a refuted architecture can still do, or else what it is stuck with. */
function remainder(architecture: ArchitectureReport): string {
  const { verdict } = architecture.class;
  return verdict === "certified" || verdict === "supported"
    ? `${verdict} for ${mapsOfClass(architecture)}`
    : symmetryPart(architecture);
}

function undecided(architecture: ArchitectureReport): string {
  const failed = architecture.conditions.find((condition) => condition.status === "fails");
  return failed === undefined ? "a part could not be read or decided" : `the ${failed.id} condition fails`;
}

function symmetryPart(architecture: ArchitectureReport): string {
  return `symmetry ${architecture.symmetry?.name ?? "not decided"}`;
}

function layers(count: number): string {
  return count === 1 ? "1 layer" : `${count} layers`;
}

/** The lens that offers a comment with what code cannot tell. */
export const questionLens = (missing: readonly string[]): string =>
  `UAP Lens: add ${missing.map((key) => `${key}=…`).join(" ")}`;

/** How an architecture stands to the certificate file that is there for it. */
export type CertificateBadge = "none" | "current" | "stale" | "unreadable";

/** The lens of a certificate: its title, and what a click on it does. */
export const certificateLens: Record<CertificateBadge, { title: string; tooltip: string }> = {
  none: {
    title: "issue certificate",
    tooltip: "Writes down a proof of the verdict that anyone can verify",
  },
  current: { title: "✓ certificate", tooltip: "Verifies the certificate and shows it" },
  stale: {
    title: "certificate is stale",
    tooltip: "It is of another architecture than the file describes now; issues it again",
  },
  unreadable: { title: "certificate is unreadable", tooltip: "Says what is wrong with it" },
};

/** The verdict of a file for the status item: the worst of its architectures. */
export interface FileSummary {
  verdict: Verdict | "unreadable" | "open";
  /** A word or two. */
  text: string;
  /** A line. */
  detail: string;
}

export function summarize(report: FileReport): FileSummary {
  const { architectures } = report;
  const verdict = byConcern.find((candidate) => architectures.some((each) => each.verdict === candidate));
  if (verdict === undefined) {
    const [question] = report.questions ?? [];
    const wrong = report.findings.find(({ severity }) => severity === "error");
    if (wrong !== undefined) return { verdict: "unreadable", text: "unreadable", detail: wrong.message };
    if (question !== undefined) return { verdict: "open", text: `${question.missing.join(", ")}?`, detail: question.message }; // prettier-ignore
    return { verdict: "open", text: "not read", detail: report.findings[0]?.message ?? "no architecture found" };
  }
  const worst = architectures.filter((each) => each.verdict === verdict);
  return {
    verdict,
    text: architectures.length === 1 ? verdict : `${worst.length} of ${architectures.length} ${verdict}`,
    detail: worst[0].statement,
  };
}

/** What the theory says where a finding bites (arXiv 2506.23551 and its extension), and the condition of the report that it is about. */
interface Behind {
  condition: string | null;
  says: string;
}

const connected: Behind = {
  condition: "visibility",
  says: "Every ordered pair of tokens must be linked by attention through the layers in order.",
};
const affineInvariant: Behind = {
  condition: "feed-forward",
  says: "The tokenwise maps h must be closed under h -> W h(A x - b) for all W, A and b, and contain a non-affine Lipschitz map.",
};
const symmetric: Behind = {
  condition: null,
  says: "A model commutes with its symmetry whatever the parameters: rearranged inputs give equally rearranged outputs (theory, section 5).",
};

const behind: Partial<Record<FindingCode, Behind>> = {
  UAP101: connected,
  UAP102: connected,
  UAP103: { condition: "rows", says: "Every query must have at least one key." },
  UAP104: {
    condition: "token-distinguishability",
    says: "For any finitely many samples, some attention layers must make all tokens of samples in different orbits of the symmetry pairwise distinct.",
  },
  UAP105: connected,
  UAP201: symmetric,
  UAP202: symmetric,
  UAP203: {
    condition: null,
    says: "Attention between pairs of tokens has exactly a given symmetry only if the group is determined by its orbits on ordered pairs (theory, section 5).",
  },
  UAP301: affineInvariant,
  UAP302: affineInvariant,
  UAP401: {
    condition: "analytic",
    says: "Where attention is analytic in its parameters, distinguishing every pair of samples is enough.",
  },
  UAP403: { condition: "normalisation", says: "The theorem is about blocks without normalisation layers." },
  UAP502: {
    condition: null,
    says: "The verdict is about samples of distinct tokens, which are almost all samples in L^p; a discrete vocabulary repeats tokens (theory, section 4).",
  },
};

/** The condition of the report that a finding is about, if it is about one. */
export const conditionOf = (code: FindingCode): string | null => behind[code]?.condition ?? null;

/** Findings whose evidence is the witness of the verdict. */
const witnessed: ReadonlySet<FindingCode> = new Set<FindingCode>(["UAP101", "UAP102", "UAP104", "UAP201"]);

export interface Background {
  label: string;
  text: string;
}

/** What stands behind a finding, beyond its own message: what the theory says, a target that is ruled out, what else is open. */
export function findingBackground(report: FileReport, finding: Finding): Background[] {
  const architecture = architectureOf(report, finding);
  if (architecture === undefined) return [];
  const theory = behind[finding.code];
  const condition = architecture.conditions.find(({ id }) => id === theory?.condition);
  const others = architecture.conditions.filter(({ id, status }) => status !== "holds" && id !== condition?.id);
  const lines: Background[] = [];
  if (theory !== undefined) {
    lines.push({
      label: "Theory:",
      text: condition === undefined ? theory.says : `${theory.says} (${condition.source})`,
    });
  }
  if (witnessed.has(finding.code) && architecture.witness !== null) {
    lines.push({ label: "Out of reach:", text: architecture.witness.target });
  }
  if (others.length > 0) {
    const list = others.map(({ id, status }) => `${id} (${status === "fails" ? "fails" : "not covered"})`).join(", ");
    lines.push({ label: "Also open:", text: list });
  }
  return lines;
}
