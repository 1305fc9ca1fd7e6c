/**
 * The smallest changes that certify a refuted architecture. Sets of one, two or three single edits are searched breadth first: the findings that are left decide which
 * edits are tried next, an edit with a number in it (layers, window, links) takes the least one that does, and no repair is offered whose architecture was not examined.
 */
import type { Architecture } from "../architecture/schema";
import { PatternError } from "../patterns/build";
import { declaredGroup } from "../symmetry/naming";
import {
  analysed,
  connectedAt,
  declaredRegisters,
  examine,
  isConnected,
  type Analysis,
  type SkippedPart,
} from "../verdict/analyse";
import { hypotheses } from "../verdict/conditions";
import * as fixes from "../verdict/fixes";
import type { FindingCode, SpecChange, TheoryReport } from "../verdict/report";
import { count, list, uncapital } from "../verdict/words";
import { goalOf } from "../views/decide";
import { compileStack, withinReach } from "../views/stack";
import { limits } from "../architecture/limits";
import { attentionCost, type AttentionCost } from "./cost";

export interface Repair {
  /** Such as "Use 8 layers" or "Make token 0 global and use 2 layers". */
  title: string;
  /** How many single edits it takes. */
  edits: number;
  /** To be made in this order: a later one may replace what an earlier one wrote. */
  changes: SpecChange[];
  architecture: Architecture;
  /** Certified; supported where what the theorem does not cover (normalisation) was there before. */
  report: TheoryReport;
  cost: AttentionCost;
  /** What it costs against full attention in the layers and heads that the architecture had (1 is as much). */
  ofFull: number;
  /** Said where `ofFull` is above 1. */
  warning: string | null;
}

export interface RepairOutcome {
  before: { report: TheoryReport; cost: AttentionCost | null };
  /** The least attention first. */
  repairs: Repair[];
  /** Why there are none, in a sentence; null where there are, or where nothing is refuted. */
  none: string | null;
}

/** Most repairs in an outcome, and most that take the same kinds of edits. */
const mostRepairs = 10;
const mostAlike = 2;
/** Most single edits of a repair; two are tried only where one makes fewer repairs than `enough`, three only where two make none. */
const mostEdits = 3;
const enough = 3;
/** Further layers tried, one by one, once all tokens are connected: past a period or two every output probes everything. */
const furtherLayers = 4;
/** Blocks that are tried for being repeated. */
const triedBlocks = 4;
/** Most tokens for which links are drawn at random, and the numbers and seeds that are tried. */
const linkedTokens = 4096;
const degrees = [1, 2, 3, 4, 6, 8];
const seeds = [0, 1, 2];
/** Most tokens for which wider windows than connect all tokens are tried. */
const widenedTokens = 1024;

/** How many architectures a search may examine, so that it takes about a second. */
function allowed(tokens: number): number {
  if (tokens <= 128) return 240;
  if (tokens <= 512) return 120;
  if (tokens <= 2048) return 48;
  return tokens <= 8192 ? 32 : 16;
}

/**
 * Repairs of an architecture that is refuted, or has another error, for the target that it declares. What it declares nothing of stays as it is: a repair of a model that
 * looks back looks back, and has no symmetry that the architecture did not have. Never throws on a parsed architecture.
 */
export function repair(architecture: Architecture, skipped: readonly SkippedPart[] = []): RepairOutcome {
  const before = examine(architecture, skipped);
  const cost = attempt(() => attentionCost(architecture));
  const outcome = (repairs: Repair[], none: string | null): RepairOutcome => ({
    before: { report: before.report, cost },
    repairs,
    none,
  });
  if (before.report.verdict !== "refuted" && codesOf(before).length === 0) return outcome([], null);
  const unread = skipped.find(({ affects }) => affects === "everything");
  if (unread)
    return outcome(
      [],
      `What was not read may move information between tokens, so no repair is sure: ${unread.message}`,
    );
  if (cost === null) return outcome([], before.report.statement);
  if (architecture.tokens > analysed)
    return outcome([], `Repairs are searched up to ${analysed.toLocaleString("en")} tokens.`);
  const search = new Search(architecture, skipped, before, cost);
  const repairs = search.run();
  return outcome(repairs, repairs.length > 0 ? null : search.whyNone());
}

/** Of the findings that are errors. */
const codesOf = ({ findings }: Analysis): FindingCode[] =>
  findings.flatMap(({ code, severity }) => (severity === "error" ? [code] : []));

/** Null also where a pattern does not fit the tokens. */
function attempt<T>(work: () => T): T | null {
  try {
    return withinReach(work);
  } catch (error) {
    if (error instanceof PatternError) return null;
    throw error;
  }
}

type Kind =
  | "layers"
  | "window"
  | "global"
  | "links"
  | "tap"
  | "residual"
  | "shift"
  | "self"
  | "invert"
  | "positions"
  | "no positions"
  | "circular"
  | "one side"
  | "registers"
  | "orbits"
  | "feed-forward"
  | "full";

/** Edits that were made one after the other, and what is said of the result. */
interface Attempted extends fixes.Candidate {
  kinds: Kind[];
  titles: string[];
  analysis: Analysis;
}

/** What is left to be repaired: codes of errors, or that the outputs are not decided. */
type Left = FindingCode | "undecided";

/** An edit brings nothing but these with it: they may be repaired in turn. */
const repairable = new Set<Left>(["UAP101", "UAP102", "UAP104", "UAP201", "undecided"]);

class Search {
  private left: number;
  private readonly examined = new WeakMap<Architecture, Analysis>();
  private readonly looksBack: boolean;
  private readonly uncovered: boolean;
  private readonly kept: Attempted[] = [];
  /** What was tried with the fewest errors left. */
  private best: Attempted;

  constructor(
    private readonly architecture: Architecture,
    private readonly skipped: readonly SkippedPart[],
    private readonly before: Analysis,
    private readonly cost: AttentionCost,
  ) {
    this.left = allowed(architecture.tokens);
    this.looksBack = architecture.target.visibility === "causal" && goalOf(compileStack(architecture)) === "causal";
    this.uncovered = hypotheses(architecture, skipped).uncovered.length > 0;
    this.best = { title: "", changes: [], architecture, kinds: [], titles: [], analysis: before };
  }

  run(): Repair[] {
    let level: Attempted[] = [this.best];
    const seen = new Set<string>();
    for (let edits = 1; edits <= mostEdits && this.kept.length < (edits === mostEdits ? 1 : enough); edits++) {
      const next: Attempted[] = [];
      for (const from of level)
        for (const kind of this.kindsFor(from)) {
          if (this.left <= 0) break;
          const kinds = [...from.kinds, kind];
          const key = kinds.toSorted().join();
          // The same edits in another order, or more than are needed.
          if (seen.has(key) || this.kept.some((one) => one.kinds.every((each) => kinds.includes(each)))) continue;
          const candidates = attempt(() => this.edits(kind, from)) ?? [];
          const made = candidates.flatMap((candidate) => attempt(() => this.attempted(from, kind, candidate)) ?? []);
          if (made.length > 0) seen.add(key);
          for (const one of made) {
            if (this.accepts(one.analysis)) this.kept.push(one);
            else if (this.isProgress(from, one)) next.push(one);
          }
        }
      level = next;
    }
    const ranked = this.kept.map((one) => ({ kinds: one.kinds.toSorted().join(), repair: this.repairOf(one) }));
    ranked.sort(({ repair: a }, { repair: b }) => a.cost.scores - b.cost.scores || a.edits - b.edits || a.cost.layers - b.cost.layers || (a.title < b.title ? -1 : 1)); // prettier-ignore
    const alike = (i: number) => ranked.slice(0, i).filter(({ kinds }) => kinds === ranked[i].kinds).length;
    return ranked.filter((_, i) => alike(i) < mostAlike).slice(0, mostRepairs).map(({ repair }) => repair); // prettier-ignore
  }

  /** Why nothing was found, from what came closest. */
  whyNone(): string {
    const { symmetry } = this.architecture.target;
    if (this.looksBack && symmetry !== null && symmetry !== "trivial")
      return `Output t sees exactly the tokens 0..t of a causal target, which no permutation of the tokens keeps but the identity: the declared symmetry and causal visibility exclude each other.`;
    const { titles, analysis } = this.best;
    const tried =
      titles.length === 0 ? "No edit that is known changes what is wrong" : `Even with the edit "${joined(titles)}"`;
    const error = analysis.findings.find(({ severity }) => severity === "error");
    const rest = error === undefined ? analysis.report.statement : error.message;
    return `${tried}: ${uncapital(rest)}`;
  }

  // -------------------------------------------------------------------------------------------------------- what is good

  private examine(architecture: Architecture): Analysis {
    let analysis = this.examined.get(architecture);
    if (analysis === undefined) {
      this.left--;
      analysis = examine(architecture, this.skipped);
      this.examined.set(architecture, analysis);
    }
    return analysis;
  }

  private accepts(analysis: Analysis): boolean {
    return this.isCertified(analysis) && this.keepsClass(analysis) && this.keepsSymmetry(analysis);
  }

  private isCertified({ report, findings }: Analysis): boolean {
    const isPositive = report.verdict === "certified" || (report.verdict === "supported" && this.uncovered);
    return isPositive && findings.every(({ severity }) => severity !== "error");
  }

  private keepsClass({ report }: Analysis): boolean {
    if (this.looksBack) return report.class.visibility === "causal";
    return report.class.visibility === "full" || this.architecture.target.visibility === "causal";
  }

  /** Where no symmetry is declared, nothing is confused that the architecture could tell apart. */
  private keepsSymmetry({ symmetry }: Analysis): boolean {
    const own = this.before.symmetry;
    if (this.architecture.target.symmetry !== null || own === null || symmetry === null) return true;
    return symmetry.automorphisms.generators.every((generator) => own.contains(generator));
  }

  private leftOf(analysis: Analysis): Left[] {
    const codes = codesOf(analysis);
    if (codes.length > 0) return codes;
    if (!this.keepsSymmetry(analysis)) return ["UAP201"];
    if (!this.keepsClass(analysis)) return this.looksBack ? [] : ["UAP102"];
    return this.isCertified(analysis) ? [] : ["undecided"];
  }

  /** Whether something that was wrong is not any more, and nothing is wrong that cannot be repaired in turn. */
  private isProgress(from: Attempted, to: Attempted): boolean {
    const [before, after] = [this.leftOf(from.analysis), this.leftOf(to.analysis)];
    if (after.length === 0) return false;
    return before.some((code) => !after.includes(code)) && after.every((code) => before.includes(code) || repairable.has(code)); // prettier-ignore
  }

  // ------------------------------------------------------------------------------------------------------------- edits

  private attempted(from: Attempted, kind: Kind, candidate: fixes.Candidate): Attempted {
    const one: Attempted = {
      ...candidate,
      changes: [...from.changes, ...candidate.changes],
      kinds: [...from.kinds, kind],
      titles: [...from.titles, candidate.title],
      analysis: this.examine(candidate.architecture),
    };
    if (codesOf(one.analysis).length < codesOf(this.best.analysis).length) this.best = one;
    return one;
  }

  /** The kinds of edits that may help against what is left, the cheap ones first. */
  private kindsFor({ kinds, analysis }: Attempted): Kind[] {
    const wanted = this.leftOf(analysis).flatMap((code): readonly Kind[] => kindsAgainst[code] ?? []);
    return [...new Set(wanted)].filter((kind) => !kinds.includes(kind));
  }

  /** The candidates of a kind, those with a number at the least one that repairs, or else at the least at which all tokens are connected. */
  private edits(kind: Kind, { architecture, analysis }: Attempted): fixes.Candidate[] {
    switch (kind) {
      case "layers":
        return analysis.report.visibility.hops === null ? [] : this.layers(architecture);
      case "window":
        return this.window(architecture);
      case "links":
        return this.links(architecture);
      case "tap":
        return fixes.nextTap(architecture);
      case "residual":
        return fixes.addResiduals(architecture);
      case "global":
        return this.looksBack ? [] : fixes.globalToken(architecture);
      case "shift":
        return fixes.shiftBlocks(architecture);
      case "self":
        return fixes.seeSelf(architecture);
      case "invert":
        return fixes.invert(architecture);
      case "positions":
        return fixes.addPositions(architecture);
      case "no positions":
        return fixes.removePositions(architecture);
      case "circular":
        return this.looksBack ? [] : fixes.closeWindows(architecture);
      case "one side":
        return fixes.oneSided(architecture);
      case "registers":
        return declaredRegisters(architecture);
      case "orbits":
        return this.orbits(architecture);
      case "feed-forward":
        return fixes.feedForward(architecture);
      case "full":
        return fixes.fullAttention(architecture, this.looksBack);
    }
  }

  private layers(architecture: Architecture): fixes.Candidate[] {
    const connected = connectedAt(architecture);
    const mixers = architecture.layers.map(({ mixer }) => JSON.stringify(mixer));
    const blocks = [...mixers.keys()].filter((index) => mixers.indexOf(mixers[index]) === index).slice(0, triedBlocks);
    return blocks.flatMap((index) => {
      const least = fixes.leastRepeat(architecture, index, connected, limits.layers);
      if (least === null) return [];
      const tries = Array.from({ length: 1 + furtherLayers }, (_, more) =>
        fixes.repeatBlock(architecture, index, least + more),
      );
      return [tries.find((one) => this.repairs(one)) ?? tries[0]];
    });
  }

  private window(architecture: Architecture): fixes.Candidate[] {
    const most = architecture.tokens - 1;
    const at = (reach: number): fixes.Candidate[] => fixes.widerWindow(architecture, reach);
    const connects = (reach: number) => at(reach).some((one) => isConnected(one.architecture));
    if (most < 1 || at(most).length === 0 || !connects(most)) return [];
    const least = leastFrom(Math.max(1, fixes.reachFor(architecture)), most, connects);
    const [narrow] = at(least);
    const repairs = (reach: number) => at(reach).some((one) => this.repairs(one));
    if (repairs(least)) return [narrow];
    if (architecture.tokens > widenedTokens || !repairs(most)) return [narrow];
    return at(leastFrom(least + 1, most, repairs));
  }

  private links(architecture: Architecture): fixes.Candidate[] {
    // Links that are drawn have no symmetry.
    const { symmetry } = architecture.target;
    if (architecture.tokens > linkedTokens || (symmetry !== null && symmetry !== "trivial")) return [];
    for (const degree of degrees.filter((each) => each < architecture.tokens))
      for (const seed of architecture.tokens > widenedTokens ? [0] : seeds) {
        const [candidate] = fixes.randomLinks(architecture, { degree, seed }, this.looksBack);
        if (candidate === undefined || this.left <= 0) return [];
        if (isConnected(candidate.architecture) && this.repairs(candidate)) return [candidate];
      }
    return [];
  }

  private orbits(architecture: Architecture): fixes.Candidate[] {
    const { symmetry } = architecture.target;
    // A bias for every orbit is a last resort.
    if (symmetry === null || symmetry === "trivial" || this.kept.length > 0) return [];
    if (architecture.tokens > fixes.registerSide) return [];
    const group = declaredGroup(symmetry, architecture.tokens);
    return group.isTwoClosed() ? fixes.orbitBias(architecture, group.permutationGroup(), group.name) : [];
  }

  private repairs({ architecture }: fixes.Candidate): boolean {
    return this.left > 0 && attempt(() => this.accepts(this.examine(architecture))) === true;
  }

  // ------------------------------------------------------------------------------------------------------------ results

  private repairOf({ titles, changes, architecture, analysis }: Attempted): Repair {
    const cost = attentionCost(architecture);
    const ofFull = cost.scores / this.cost.fullScores;
    const layers = count(this.cost.layers, "layer");
    return {
      title: joined(titles),
      edits: titles.length,
      changes,
      architecture,
      report: analysis.report,
      cost,
      ofFull,
      warning:
        ofFull > 1
          ? `It computes ${timesFull(ofFull)} as many attention scores as full attention in the ${layers} of this architecture.`
          : null,
    };
  }
}

const kindsAgainst: Partial<Record<Left, readonly Kind[]>> = {
  UAP101: ["layers", "global", "window", "shift", "tap", "residual", "full", "links"],
  UAP102: ["shift", "global", "circular", "window", "tap", "full", "links"],
  UAP103: ["self", "invert", "global", "full"],
  UAP104: ["residual", "layers", "positions", "global", "window", "full", "links"],
  UAP201: ["positions", "one side", "orbits", "registers"],
  UAP202: ["no positions", "circular", "full", "orbits", "registers"],
  UAP301: ["feed-forward"],
  UAP302: ["feed-forward"],
  undecided: ["residual", "layers", "positions", "full"],
};

/** The least number from 1 to `most` for which it holds, near a guess; it holds for `most`, and for everything above the least. */
function leastFrom(guess: number, most: number, holds: (value: number) => boolean): number {
  let low = 0;
  let high = most;
  for (let at = Math.min(guess, most - 1), step = 1; low < at && at < high; step *= 2) {
    const does = holds(at);
    if (does) high = at;
    else low = at;
    at += does ? -step : step;
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** "Make token 0 global and use 2 layers". */
const joined = (titles: readonly string[]): string => {
  const [first, ...rest] = titles;
  return list([first, ...rest.map(uncapital)]);
};

/** A multiple in words: "41 %", "2.5 times". */
export function timesFull(ofFull: number): string {
  if (ofFull > 1) return `${ofFull.toLocaleString("en", { maximumFractionDigits: ofFull < 1.1 ? 2 : 1 })} times`;
  const percent = 100 * ofFull;
  return `${percent.toLocaleString("en", percent < 1 ? { maximumSignificantDigits: 1 } : { maximumFractionDigits: 0 })} %`;
}

/** "41 % of full attention", "2.5 times full attention". */
export const attentionInWords = (ofFull: number): string =>
  `${timesFull(ofFull)} ${ofFull > 1 ? "" : "of "}full attention`;
