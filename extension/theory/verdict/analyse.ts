/** The one entry to the theory: an architecture in, its report and findings out. */
import { codeName } from "../architecture/input";
import { limits } from "../architecture/limits";
import type { Architecture, Target } from "../architecture/schema";
import { hopsNeeded, type Goal } from "../patterns/reach";
import { BeyondReach, type Rows } from "../patterns/rows";
import { declaredGroup, nameGroup } from "../symmetry/naming";
import { cycles as cyclesOf } from "../symmetry/permutation";
import { decide, goalOf, type Coincidence, type Decision, type SymmetryGroup } from "../views/decide";
import { decideRepeated, type RepeatedDecision } from "../views/repeated";
import { Undecided, compileStack, withinReach } from "../views/stack";
import { biasMatters, feedForwardFault, hypotheses, paper, section, type Hypotheses } from "./conditions";
import * as fixes from "./fixes";
import type {
  Condition,
  FindingCode,
  Severity,
  SpecPath,
  SymmetryReport,
  TheoryFinding,
  TheoryReport,
  Verdict,
  Witness,
} from "./report";
import { listedTokens } from "./report";
import { capital, count, cycleText, list, token, uncapital } from "./words";

export interface Analysis {
  report: TheoryReport;
  findings: TheoryFinding[];
  /** G on the tokens; null where it is not decided. */
  symmetry: SymmetryGroup | null;
}

/** What a reader left out (models/modelFile.ts), as far as the theory cares. */
export interface SkippedPart {
  message: string;
  affects: "nothing" | "certificate" | "everything";
}

/** Most tokens for which a fix of what outputs see is analysed in full; beyond, it is checked to connect them. */
const fullyChecked = 8192;
/** Most tokens for which any other fix is analysed, and so offered. */
export const analysed = 262_144;
/** Cycles listed in a witness. */
const witnessCycles = 64;

/** A symmetry of the model that the declared target, of that name, does not have. */
interface BeyondTarget {
  name: string;
  permutation: Int32Array;
}

/**
 * Analyses an architecture: verdict at the depth written (feed-forward width and depth free), family, class, symmetry, visibility, repeated tokens, conditions, findings with fixes.
 * Sources: arXiv 2506.23551 (theorems 1 and 2); docs/theory.md, sections 4 to 6. Never throws on a parsed architecture.
 */
export function analyse(architecture: Architecture, skipped: readonly SkippedPart[] = []): Analysis {
  const analysis = examine(architecture, skipped);
  for (const finding of analysis.findings) finding.fixes = offeredFixes(architecture, skipped, finding, analysis);
  return analysis;
}

/** As `analyse`, without looking for fixes. */
export const examine = (architecture: Architecture, skipped: readonly SkippedPart[] = []): Analysis =>
  new Analyst(architecture, skipped).run();

// -------------------------------------------------------------------------------------------------------------- fixes

function offeredFixes(
  architecture: Architecture,
  skipped: readonly SkippedPart[],
  finding: TheoryFinding,
  { report, findings }: Analysis,
) {
  const before = new Set(findings.filter(({ severity }) => severity === "error").map(({ code }) => code));
  const mends = (candidate: fixes.Candidate): boolean => {
    if (architecture.tokens > fullyChecked && isVisibility(finding.code)) return isConnected(candidate.architecture);
    if (architecture.tokens > analysed) return false;
    const after = examine(candidate.architecture, skipped).findings;
    return after.every(({ code, severity }) => code !== finding.code && (severity !== "error" || before.has(code)));
  };
  // A fix that cannot be checked within reach is not offered.
  return (withinReach(() => candidatesFor(architecture, finding.code, report)) ?? [])
    .filter((candidate) => withinReach(() => mends(candidate)) ?? false)
    .map(({ title, changes }) => ({ title, changes }));
}

const isVisibility = (code: FindingCode): boolean => code === "UAP101" || code === "UAP102";

function connects(rows: readonly Rows[], tokens: number, goal: Goal): boolean {
  const { hops } = hopsNeeded(rows, tokens, goal);
  return hops !== null && hops <= rows.length;
}

/** Whether the outputs see what the target, or else the patterns themselves, ask for. @throws as compileStack */
export function isConnected(architecture: Architecture): boolean {
  const stack = compileStack(architecture);
  const rows = stack.layers.map((layer) => layer.dependence);
  return connects(rows, architecture.tokens, architecture.target.visibility ?? goalOf(stack));
}

/** Whether a stack with these repeats is connected; the rows of every block are made once. @throws as compileStack */
export function connectedAt(architecture: Architecture): (repeats: readonly number[]) => boolean {
  const stack = compileStack(architecture);
  const rows = stack.layers.map((layer) => layer.dependence);
  const goal = architecture.target.visibility ?? goalOf(stack);
  let at = 0;
  const rowsOf = architecture.layers.map(({ repeat }) => rows[(at += repeat) - 1]);
  return (repeats) => {
    const stacked = repeats.flatMap((repeat, block) => new Array<Rows>(repeat).fill(rowsOf[block]));
    return connects(stacked, architecture.tokens, goal);
  };
}

function toldApartAt(architecture: Architecture): (repeats: readonly number[]) => boolean {
  return (repeats) => decide(fixes.withRepeats(architecture, repeats)).rearrangements.status === "forced-only";
}

function candidatesFor(architecture: Architecture, code: FindingCode, report: TheoryReport): fixes.Candidate[] {
  const needed = report.family.attentionLayersNeeded;
  switch (code) {
    case "UAP101":
      return [
        ...(report.visibility.hops === null
          ? []
          : fixes.moreLayers(architecture, connectedAt(architecture), limits.layers)),
        ...fixes.globalToken(architecture),
        ...fixes.widerWindow(architecture),
      ];
    case "UAP102":
      return [
        ...fixes.shiftBlocks(architecture),
        ...fixes.globalToken(architecture),
        ...fixes.widerWindow(architecture),
        ...fixes.fullAttention(architecture),
      ];
    case "UAP103":
      return [...fixes.seeSelf(architecture), ...fixes.invert(architecture)];
    case "UAP104":
      return needed === null ? [] : fixes.moreLayers(architecture, toldApartAt(architecture), 2 * needed);
    case "UAP201":
      return [...fixes.addPositions(architecture), ...declaredRegisters(architecture)];
    case "UAP202":
      return [
        ...fixes.removePositions(architecture),
        ...fixes.closeWindows(architecture),
        ...fixes.fullAttention(architecture),
      ];
    case "UAP203":
      return declaredRegisters(architecture);
    case "UAP301":
    case "UAP302":
      return fixes.feedForward(architecture);
    default:
      return [];
  }
}

/** Registers for a declared group that pairs of tokens cannot express. */
export function declaredRegisters(architecture: Architecture): fixes.Candidate[] {
  const { symmetry } = architecture.target;
  if (symmetry === null || architecture.tokens > fixes.registerSide) return [];
  const declared = declaredGroup(symmetry, architecture.tokens);
  return declared.isTwoClosed() ? [] : fixes.registers(architecture, declared.permutationGroup());
}

// ------------------------------------------------------------------------------------------------------------ analyst

/** One analysis, without fixes. */
class Analyst {
  private readonly findings: TheoryFinding[] = [];
  private readonly hypotheses: Hypotheses;
  private readonly depth: number;

  constructor(
    private readonly architecture: Architecture,
    private readonly skipped: readonly SkippedPart[],
  ) {
    this.hypotheses = hypotheses(architecture, skipped);
    this.depth = architecture.layers.reduce((sum, block) => sum + block.repeat, 0);
  }

  run(): Analysis {
    this.hypothesisFindings();
    let decision: Decision;
    try {
      decision = decide(this.architecture);
    } catch (error) {
      if (error instanceof Undecided) return this.undecided(error.message, error.path);
      if (error instanceof BeyondReach) return this.undecided(error.message, ["layers"]);
      throw error;
    }
    return this.decided(decision);
  }

  // --------------------------------------------------------------------------------------------------------- verdicts

  /** The verdict for maps of the class that the outputs see, given that the views were decided. */
  private classVerdict(decision: Decision): Verdict {
    if (this.emptyRow(decision) !== null || this.skipped.some(({ affects }) => affects === "everything"))
      return "unknown";
    const { status } = decision.rearrangements;
    if (status === "beyond") return "refuted";
    if (status === "unknown") return "unknown";
    return this.underHypotheses();
  }

  /** What a positive answer of the views amounts to under the theorem's hypotheses. */
  private underHypotheses(): Verdict {
    if (this.hypotheses.failing.length > 0) return "unknown";
    return this.hypotheses.uncovered.length > 0 ? "supported" : "certified";
  }

  private emptyRow(decision: Decision): { layer: number; query: number; block: number } | null {
    for (const [layer, { emptyRow, block }] of decision.stack.layers.entries())
      if (emptyRow !== null) return { layer, query: emptyRow, block };
    return null;
  }

  /** Whether every output t sees the tokens 0..t, and perhaps more. */
  private seesThePast({ stack, depth }: Decision): boolean {
    if (!stack.layers.every((layer) => layer.carriesOwn)) return false;
    const { hops } = hopsNeeded(
      stack.layers.map((layer) => layer.dependence),
      stack.tokens,
      "causal",
    );
    return hops !== null && hops <= depth;
  }

  private decided(decision: Decision): Analysis {
    const { architecture } = this;
    const { target } = architecture;
    const classVerdict = this.classVerdict(decision);
    const { kind } = decision.visibility;
    // A causal target asks of a model that looks ahead only that it sees 0..t; what it confuses may lie ahead, so that refutes nothing.
    const looksAhead = target.visibility === "causal" && decision.goal === "full";
    const seesEnough =
      kind === "full" ||
      (kind === "causal" && target.visibility === "causal") ||
      (looksAhead && this.seesThePast(decision));
    const blind = this.skipped.some(({ affects }) => affects === "everything") || this.emptyRow(decision) !== null;
    const compared = this.symmetryFindings(decision, target);
    const beyondTarget = compared !== null && "permutation" in compared ? compared : null;
    const undecided = compared !== null && "undecided" in compared ? compared.undecided : null;
    const refuted = !seesEnough || beyondTarget !== null || (classVerdict === "refuted" && !looksAhead);
    const verdict: Verdict = blind
      ? "unknown"
      : refuted
        ? "refuted"
        : undecided !== null || (looksAhead && classVerdict === "refuted")
          ? "unknown"
          : classVerdict;
    const conditions = [...this.hypotheses.conditions, ...this.decisionConditions(decision)];
    const repeated = blind
      ? ({ status: "unknown", reason: "the model is not decided" } as const)
      : decideRepeated(decision);

    this.emptyRowFinding(decision);
    if (!blind) {
      if (!seesEnough) this.visibilityFindings(decision);
      if (!looksAhead) this.rearrangementFindings(decision);
      if (
        kind === "causal" &&
        target.visibility === null &&
        (classVerdict === "certified" || classVerdict === "supported")
      )
        this.add(
          "UAP105",
          "info",
          this.patternPath(),
          `Universal for causal maps only: output t sees the tokens 0..t, so no map whose output ${token(0)} depends on ${token(1)} is within reach (${section(4)}).`,
        );
      this.repeatedFinding(repeated, decision);
    }

    const witness = blind ? null : this.witness(decision, beyondTarget, seesEnough);
    const report: TheoryReport = {
      ...this.header(),
      verdict,
      statement:
        undecided !== null && verdict === "unknown"
          ? `Unknown: ${undecided}.`
          : this.statement(decision, verdict, classVerdict, witness, seesEnough ? beyondTarget : null),
      family: this.family(decision, seesEnough || kind !== "causal", blind),
      class: { visibility: kind, verdict: classVerdict },
      symmetry: this.symmetryReport(decision),
      visibility: { hops: decision.hops.hops, unreachable: decision.visibility.unreachable },
      repeatedTokens: this.repeatedReport(repeated, decision),
      conditions,
      errorFloor: blind ? null : this.errorFloor(decision),
      witness,
      certificate: null,
      numeric: null,
    };
    const symmetry = "group" in decision.symmetry ? decision.symmetry.group : null;
    return { report, findings: this.findings, symmetry };
  }

  private family(decision: Decision, goalCounts: boolean, blind: boolean): TheoryReport["family"] {
    const { needed, reachedInTheEnd } = decision;
    if (blind || reachedInTheEnd === "unknown" || !("group" in decision.symmetry))
      return { verdict: "unknown", attentionLayersNeeded: null };
    if (!reachedInTheEnd) return { verdict: "refuted", attentionLayersNeeded: null };
    const layers = typeof needed === "number" ? needed : null;
    return { verdict: goalCounts ? this.underHypotheses() : "refuted", attentionLayersNeeded: layers };
  }

  private header() {
    const { name, tokens, width } = this.architecture;
    return { name, tokens, width, attentionLayers: this.depth };
  }

  private undecided(reason: string, path: SpecPath): Analysis {
    this.add("UAP002", "info", path, `${capital(reason)}; the verdict is left undecided.`);
    const condition: Condition = {
      id: "token-distinguishability",
      status: "not-covered",
      reason: `${capital(reason)}.`,
      source: section(4),
    };
    return {
      report: {
        ...this.header(),
        verdict: "unknown",
        statement: `Unknown: ${reason}.`,
        family: { verdict: "unknown", attentionLayersNeeded: null },
        class: { visibility: "partial", verdict: "unknown" },
        symmetry: null,
        visibility: { hops: null, unreachable: [] },
        repeatedTokens: { verdict: "unknown", witness: null },
        conditions: [...this.hypotheses.conditions, condition],
        errorFloor: null,
        witness: null,
        certificate: null,
        numeric: null,
      },
      findings: this.findings,
      symmetry: null,
    };
  }

  // -------------------------------------------------------------------------------------------------------- sentences

  private statement(
    decision: Decision,
    verdict: Verdict,
    classVerdict: Verdict,
    witness: Witness | null,
    beyondTarget: BeyondTarget | null,
  ): string {
    const { tokens } = this.architecture;
    const { kind } = decision.visibility;
    const layers = this.layers(this.depth);
    const maps = this.mapClass(decision);
    const tells = this.depth === 1 ? "tells" : "tell";
    const positive = (v: Verdict): string => {
      if (v === "certified")
        return `With its ${layers} it approximates every ${maps} of ${count(tokens, "token")} as closely as one likes in L^p, feed-forward width and depth free (${paper}, theorem 1; ${section(4)}).`;
      if (v === "supported")
        return `Its ${layers} ${tells} apart everything that ${maps}s of ${count(tokens, "token")} need told apart (${section(4)}, exact), but no theorem covers ${list(this.hypotheses.uncovered)}: supported, not proved.`;
      return `Its ${layers} ${tells} apart everything that ${maps}s need told apart (${section(4)}), but ${list(this.hypotheses.failing)} is missing, and no theorem decides without it.`;
    };
    const empty = this.emptyRow(decision);
    if (empty)
      return `Unknown: in layer ${empty.layer} ${this.vertex(empty.query)} attends to nothing, and a softmax over no keys is undefined.`;
    const everything = this.skipped.find(({ affects }) => affects === "everything");
    if (everything) return `Unknown: ${everything.message}`;
    if (verdict === "refuted" && kind === "causal" && classVerdict !== "refuted") {
      const within = classVerdict === "unknown" ? this.unknownReason(decision, positive) : positive(classVerdict);
      return `Universal for causal maps at most: ${token(1)} cannot influence ${token(0)} at any depth. ${within}`;
    }
    if (verdict === "refuted")
      return `Refuted${beyondTarget === null ? "" : ` for the declared symmetry ${beyondTarget.name}`}: ${uncapital(witness?.statement ?? "the declared target is out of reach")}${this.remedy(decision)}`;
    if (verdict === "unknown") return this.unknownReason(decision, positive);
    return positive(verdict);
  }

  private unknownReason(decision: Decision, positive: (v: Verdict) => string): string {
    const { rearrangements } = decision;
    if (rearrangements.status === "unknown") return `Unknown: ${rearrangements.reason}.`;
    if (rearrangements.status === "beyond")
      return `Unknown: ${this.coincidenceText(rearrangements.coincidence)}, which a causal target may or may not need apart.`;
    return `Unknown: ${uncapital(positive("unknown"))}`;
  }

  private remedy(decision: Decision): string {
    const { needed, goal, visibility: seenNow } = decision;
    if (typeof needed !== "number" || needed <= this.depth) return "";
    const what =
      seenNow.kind === goal
        ? "would tell them apart"
        : goal === "causal"
          ? "would connect every earlier token to every later one"
          : "would connect every pair";
    return ` ${needed} layers ${what}.`;
  }

  private vertex(query: number): string {
    const { tokens } = this.architecture;
    return query < tokens ? token(query) : `register ${query - tokens}`;
  }

  private layers(n: number): string {
    return count(
      n,
      this.architecture.layers.every((block) => block.mixer.kind === "attention") ? "attention layer" : "mixing layer",
    );
  }

  /** "continuous causal map", "continuous D_16-equivariant map", ... */
  private mapClass(decision: Decision): string {
    const name = "group" in decision.symmetry ? nameGroup(decision.symmetry.group.automorphisms) : null;
    const equivariant =
      name === null || name === "trivial"
        ? ""
        : name.startsWith("group")
          ? `equivariant (${name}) `
          : `${name}-equivariant `;
    if (decision.visibility.kind === "causal") return "continuous causal map";
    if (decision.visibility.kind === "partial")
      return `continuous ${equivariant}map whose outputs depend on what they see`;
    return `continuous ${equivariant}map`;
  }

  private errorFloor(decision: Decision): string | null {
    const parts: string[] = [];
    const { kind } = decision.visibility;
    if (kind === "partial" || (kind === "causal" && this.architecture.target.visibility !== "causal"))
      parts.push(
        "the sum over outputs t of E Var(F_t | the tokens that t sees), which is the whole variance of F_t for a target that copies an unseen token",
      );
    if ("group" in decision.symmetry && !decision.symmetry.group.automorphisms.isTrivial)
      parts.push(`E|F - P_G F|^2 with P_G the average over G = ${nameGroup(decision.symmetry.group.automorphisms)}`);
    if (parts.length === 0) return null;
    return `For inputs X ~ mu and a target F no training run ends below ${parts.join(", nor below ")} (${section(6)}).`;
  }

  // -------------------------------------------------------------------------------------------------------- conditions

  private decisionConditions(decision: Decision): Condition[] {
    const conditions: Condition[] = [];
    const empty = this.emptyRow(decision);
    if (empty)
      conditions.push({
        id: "rows",
        status: "fails",
        reason: `Layer ${empty.layer}: ${this.vertex(empty.query)} attends to nothing, and a normalised row over no keys is undefined.`,
        source: section(3),
      });
    const { kind, unreachable } = decision.visibility;
    const { hops } = decision.hops;
    const missing = unreachable[0];
    conditions.push({
      id: "visibility",
      status: kind === "partial" ? "fails" : "holds",
      reason:
        kind === "full"
          ? `Every output sees every token within ${this.layers(this.depth)}${hops === null ? "" : ` (${hops} would do)`}.`
          : kind === "causal"
            ? `Every output t sees exactly the tokens 0..t${hops === null ? "" : ` (after ${this.layers(hops)})`}.`
            : `${capital(token(missing.from))} cannot influence ${token(missing.to)} within ${this.layers(this.depth)}.`,
      source: `${paper}; ${section(3)} (connected pattern)`,
    });
    const { rearrangements } = decision;
    conditions.push({
      id: "token-distinguishability",
      status:
        rearrangements.status === "forced-only"
          ? "holds"
          : rearrangements.status === "beyond"
            ? "fails"
            : "not-covered",
      reason:
        rearrangements.status === "forced-only"
          ? `Outputs confuse no two rearrangements of what they see beyond what the symmetry forces: ${rearrangements.reason}.`
          : rearrangements.status === "beyond"
            ? `${capital(this.coincidenceText(rearrangements.coincidence))}.`
            : `${capital(rearrangements.reason)}.`,
      source: section(4),
    });
    return conditions;
  }

  // ----------------------------------------------------------------------------------------------------------- findings

  private add(code: FindingCode, severity: Severity, path: SpecPath, message: string): void {
    this.findings.push({ code, severity, path, message, fixes: [] });
  }

  private hypothesisFindings(): void {
    const { layers } = this.architecture;
    const where = (blocks: number[]) => (blocks.length === layers.length ? "" : ` (block ${blocks.join(", ")})`);
    const faults = layers.map((block) => feedForwardFault(block.feedForward));
    const affine = faults.flatMap((fault, i) => (fault === "affine" ? [i] : []));
    if (affine.length > 0)
      this.add(
        "UAP302",
        "error",
        ["layers", affine[0], "feedForward", "activation"],
        `The feed-forward activation is affine${where(affine)}, so the tokenwise maps contain nothing non-affine and the universality theorem does not apply (${paper}, feed-forward condition).`,
      );
    const rest = faults.flatMap((fault, i) => (fault !== null && fault !== "affine" ? [i] : []));
    if (rest.length > 0) {
      const [first] = rest;
      const matters = faults[first] !== "no bias" || biasMatters(layers[first]);
      const key = faults[first] === "frozen" ? ["frozen"] : faults[first] === "no bias" ? ["bias"] : [];
      const what =
        faults[first] === "absent"
          ? "There is no feed-forward network"
          : faults[first] === "frozen"
            ? "The feed-forward weights are frozen"
            : "The feed-forward network has no bias";
      const consequence = matters
        ? "so the tokenwise maps are not closed under h -> W h(A x - b) and the universality theorem does not apply"
        : "which the theorem asks for; with normalisation in the block it does not apply in the first place";
      this.add(
        "UAP301",
        matters ? "error" : "info",
        ["layers", first, "feedForward", ...key],
        `${what}${where(rest)}, ${consequence} (${paper}, feed-forward condition).`,
      );
    }
    const hard = layers.flatMap((block, i) =>
      block.mixer.kind === "attention" && block.mixer.kernel.name === "hard" ? [i] : [],
    );
    if (hard.length > 0)
      this.add(
        "UAP401",
        "info",
        ["layers", hard[0], "attention", "kernel"],
        `Hard attention${where(hard)} is not analytic in its parameters, so theorem 2 is silent: distinguishing every pair of samples proves nothing more (${paper}).`,
      );
    const normed = layers.flatMap((block, i) => (block.norm ? [i] : []));
    if (normed.length > 0)
      this.add(
        "UAP403",
        "info",
        ["layers", normed[0], "norm"],
        `Normalisation layers${where(normed)} are outside the theorem: what the attention tells apart is still exact, universality is supported and not proved (${paper}).`,
      );
  }

  private emptyRowFinding(decision: Decision): void {
    const empty = this.emptyRow(decision);
    if (empty)
      this.add(
        "UAP103",
        "error",
        this.patternPath(empty.block),
        `${capital(this.vertex(empty.query))} attends to nothing in layer ${empty.layer}: a softmax over no keys is NaN (${section(3)}).`,
      );
  }

  private visibilityFindings(decision: Decision): void {
    const { goal, hops } = decision;
    const { kind, unreachable } = decision.visibility;
    const wantsFull = this.architecture.target.visibility === "full";
    if (kind === "causal" && !wantsFull) return;
    const monotone = decision.stack.layers.every((layer) => layer.carriesOwn);
    if (goal === "causal" && wantsFull) {
      this.add(
        "UAP102",
        "error",
        this.patternPath(),
        `No depth lets ${token(1)} influence ${token(0)}: the pattern only looks back, but the target asks for full visibility (${section(3)}).`,
      );
    } else if (hops.hops === null) {
      const { from, to } = hops.unconnected;
      this.add(
        "UAP102",
        "error",
        this.patternPath(),
        `No depth lets ${token(from)} influence ${token(to)}: the attention pattern is not strongly connected (${paper}; ${section(3)}).`,
      );
    } else if (monotone) {
      const { from, to } = hops.worst;
      this.add(
        "UAP101",
        "error",
        this.patternPath(),
        `${capital(token(from))} cannot influence ${token(to)} in ${this.layers(this.depth)}: it takes ${hops.hops} (${section(4)}).`,
      );
    } else {
      const { from, to } = unreachable[0];
      this.add(
        "UAP101",
        "error",
        this.patternPath(),
        `${capital(token(from))} cannot influence ${token(to)} in ${this.layers(this.depth)} (${section(4)}).`,
      );
    }
  }

  private rearrangementFindings(decision: Decision): void {
    const { rearrangements, needed, visibility: seenNow, goal } = decision;
    if (rearrangements.status === "unknown" && "group" in decision.symmetry && seenNow.kind === goal)
      this.add(
        "UAP002",
        "info",
        this.patternPath(),
        `${capital(rearrangements.reason)}: which rearrangements the outputs confuse is left undecided.`,
      );
    if ("unknown" in decision.symmetry)
      this.add(
        "UAP002",
        "info",
        this.patternPath(),
        `${capital(decision.symmetry.unknown)}: the symmetry is left undecided.`,
      );
    // Outputs that do not see enough are one finding; what they confuse among what they see would be a second one on the same cause.
    if (rearrangements.status !== "beyond" || seenNow.kind !== goal) return;
    const { s, t } = rearrangements.coincidence;
    const more =
      typeof needed === "number" && needed > this.depth
        ? ` ${capital(this.layers(needed))} would tell them apart.`
        : "";
    const what =
      s === t ? `output ${s} cannot tell rearrangements apart` : `outputs ${s} and ${t} agree on rearranged inputs`;
    this.add(
      "UAP104",
      "error",
      this.patternPath(),
      `Every token is seen, yet ${what}: ${this.coincidenceText(rearrangements.coincidence)}.${more} (${section(4)})`,
    );
  }

  /** UAP201 to UAP203. Returns a permutation of G outside the declared group if there is one, and why they could not be compared if so. */
  private symmetryFindings(decision: Decision, target: Target): BeyondTarget | { undecided: string } | null {
    if (target.symmetry === null || !("group" in decision.symmetry)) return null;
    const { group } = decision.symmetry;
    const path: SpecPath = ["target", "symmetry"];
    try {
      const declared = declaredGroup(target.symmetry, this.architecture.tokens);
      const beyond = group.automorphisms.generators.find((generator) => !declared.contains(generator)) ?? null;
      if (beyond)
        this.add(
          "UAP201",
          "error",
          path,
          `The model is stuck with the symmetry ${nameGroup(group.automorphisms)}, more than the declared ${declared.name}: it commutes with ${cycleText(cyclesOf(beyond))}, which the target does not (${section(5)}).`,
        );
      const broken = declared.generators().find((generator) => !group.contains(generator));
      if (broken)
        this.add(
          "UAP202",
          "error",
          path,
          `The declared symmetry ${declared.name} is broken: ${cycleText(cyclesOf(broken))} is no symmetry of the model, because ${this.whatBreaks(broken)} (${section(5)}).`,
        );
      if (this.architecture.registers === 0 && !declared.isTwoClosed())
        this.add(
          "UAP203",
          "warning",
          path,
          `${capital(declared.name)} on ${count(this.architecture.tokens, "token")} is not 2-closed: no attention pattern or pair code has exactly this symmetry, registers are needed (${section(5)}).`,
        );
      return beyond ? { name: declared.name, permutation: beyond } : null;
    } catch (error) {
      if (!(error instanceof BeyondReach)) throw error;
      this.add("UAP002", "info", path, `The declared symmetry was not compared with the model's: ${error.message}.`);
      return { undecided: `the declared symmetry was not compared with the model's: ${error.message}` };
    }
  }

  /** Which part of the architecture a declared permutation does not respect. */
  private whatBreaks(permutation: Int32Array): string {
    const { architecture } = this;
    if (architecture.position.kind !== "none") {
      const without = decide({ ...architecture, position: { kind: "none" } });
      if ("group" in without.symmetry && without.symmetry.group.contains(permutation))
        return `${codeName(architecture.position)} tell its tokens apart`;
    }
    for (const [index, block] of architecture.layers.entries()) {
      const alone = decide({ ...architecture, position: { kind: "none" }, layers: [block] });
      if ("group" in alone.symmetry && !alone.symmetry.group.contains(permutation))
        return `block ${index} (its ${block.mixer.kind === "attention" ? "attention pattern or bias" : "taps"}) changes under it`;
    }
    return "the blocks together change under it";
  }

  private repeatedFinding(repeated: RepeatedDecision, decision: Decision): void {
    if (repeated.status !== "coincide") return;
    const witness = this.repeatedWitness(repeated, decision);
    this.add(
      "UAP502",
      "warning",
      this.architecture.position.kind === "none" ? this.patternPath() : ["position"],
      `Repeated tokens: ${uncapital(witness.statement)} ${witness.target} (${section(4)}).`,
    );
  }

  // ---------------------------------------------------------------------------------------------------------- witnesses

  private witness(decision: Decision, beyondTarget: BeyondTarget | null, seesEnough: boolean): Witness | null {
    const { rearrangements, goal, hops, visibility: seenNow } = decision;
    if (!seesEnough && (seenNow.kind !== "causal" || rearrangements.status !== "beyond")) {
      const pair = seenNow.kind === "causal" ? { from: 1, to: 0 } : this.unseenPair(decision);
      const depth =
        seenNow.kind === "causal" || (goal === "full" && hops.hops === null)
          ? "at any depth"
          : `within ${this.layers(this.depth)}`;
      return {
        kind: "replacement",
        s: pair.to,
        t: pair.to,
        replaced: pair.from,
        permutation: null,
        samples: null,
        statement: `${capital(token(pair.from))} cannot influence ${token(pair.to)} ${depth}.`,
        target: `A map that copies ${token(pair.from)} to position ${pair.to} needs them connected.`,
      };
    }
    if (rearrangements.status === "beyond") return this.rearrangementWitness(rearrangements.coincidence);
    if (beyondTarget) {
      const { permutation, name } = beyondTarget;
      const s = permutation.findIndex((image, t) => image !== t);
      return {
        ...this.rearrangementWitness({ s, t: permutation[s], permutation }),
        target: `A map that commutes with ${name === "trivial" ? "no rearrangement" : `${name} alone`}, and so not with ${cycleText(cyclesOf(permutation))}, needs them apart.`,
      };
    }
    return null;
  }

  private unseenPair(decision: Decision): { from: number; to: number } {
    const { hops, visibility: seenNow } = decision;
    const monotone = decision.stack.layers.every((layer) => layer.carriesOwn);
    if (!monotone || (hops.hops !== null && hops.hops <= this.depth)) return seenNow.unreachable[0];
    return hops.hops === null ? hops.unconnected : hops.worst;
  }

  private rearrangementWitness(coincidence: Coincidence): Witness {
    const { s, t, permutation } = coincidence;
    const cycles = cyclesOf(permutation);
    return {
      kind: "rearrangement",
      s,
      t,
      replaced: null,
      permutation: cycles.slice(0, witnessCycles),
      samples: null,
      statement: `${capital(this.coincidenceText(coincidence))}.`,
      target:
        s === t
          ? `A map whose output ${s} depends on the order of the tokens that ${cycleText(cycles)} moves needs them apart.`
          : `A map whose outputs ${s} and ${t} differ on such samples needs them apart.`,
    };
  }

  private coincidenceText({ s, t, permutation }: Coincidence): string {
    const cycles = cyclesOf(permutation);
    if (cycles.length === 0) return `outputs ${s} and ${t} are equal on every sample`;
    const moved = `the sample rearranged by ${cycleText(cycles)}`;
    return s === t
      ? `output ${s} is the same on every sample and on ${moved}`
      : `output ${s} of every sample equals output ${t} of ${moved}`;
  }

  private repeatedReport(repeated: RepeatedDecision, decision: Decision): TheoryReport["repeatedTokens"] {
    if (repeated.status === "coincide")
      return { verdict: "refuted", witness: this.repeatedWitness(repeated, decision) };
    return { verdict: repeated.status === "told-apart" ? this.underHypotheses() : "unknown", witness: null };
  }

  private repeatedWitness(repeated: Extract<RepeatedDecision, { status: "coincide" }>, decision: Decision): Witness {
    const { s, t, samples } = repeated.coincidence;
    const letters = (sample: number[]) => sample.map((letter) => String.fromCharCode(97 + letter)).join("");
    const { tokens } = decision.stack;
    const constant = samples === "constant";
    const texts: [string, string] = constant
      ? tokens <= 64
        ? ["a".repeat(tokens), "a".repeat(tokens)]
        : [`a repeated ${tokens} times`, `a repeated ${tokens} times`]
      : [letters(samples[0]), letters(samples[1])];
    return {
      kind: "repeated",
      s,
      t,
      replaced: null,
      permutation: null,
      samples: texts,
      statement: constant
        ? `On a constant sequence outputs ${s} and ${t} are the same for all parameters.`
        : `Output ${s} of ${texts[0]} equals output ${t} of ${texts[1]} for all parameters.`,
      target: constant
        ? "Tasks that count repetitions or locate one, such as position parity on a constant sequence, are out of reach"
        : "Tasks that tell these sequences apart are out of reach",
    };
  }

  // ----------------------------------------------------------------------------------------------------------- symmetry

  private symmetryReport(decision: Decision): SymmetryReport | null {
    if (!("group" in decision.symmetry)) return null;
    const { automorphisms } = decision.symmetry.group;
    const listed = decision.stack.tokens <= listedTokens;
    const orbits = new Map<number, number[]>();
    if (listed)
      automorphisms.orbitOf.forEach((smallest, t) => orbits.set(smallest, [...(orbits.get(smallest) ?? []), t]));
    return {
      name: nameGroup(automorphisms),
      order: automorphisms.order.toString(),
      generators: listed ? automorphisms.generators.map(cyclesOf) : null,
      orbits: listed ? [...orbits.values()] : null,
    };
  }

  /** Where the attention pattern is written: the given block, or the first whose pattern is not full. */
  private patternPath(block?: number): SpecPath {
    const index =
      block ??
      Math.max(
        0,
        this.architecture.layers.findIndex(
          ({ mixer }) => mixer.kind !== "attention" || mixer.heads.some((head) => head.pattern.kind !== "full"),
        ),
      );
    const paths = fixes.patternPaths(this.architecture.layers[index], index);
    return paths.length > 0 ? paths[0].path : ["layers", index, "convolution"];
  }
}
