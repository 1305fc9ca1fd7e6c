/** From symmetry to architecture: architectures whose symmetry is exactly a group, certified universal for it. */
import { limits } from "../architecture/limits";
import type { Architecture, Bias, Pattern, Position, SymmetrySpec, Target } from "../architecture/schema";
import { BeyondReach } from "../patterns/rows";
import { AutomorphismGroup } from "../symmetry/automorphisms";
import { pairOrbits, twoClosure } from "../symmetry/closure";
import type { PermutationGroup } from "../symmetry/group";
import { declaredGroup, nameGroup } from "../symmetry/naming";
import { GroupOrder } from "../symmetry/order";
import { cycles } from "../symmetry/permutation";
import { decide } from "../views/decide";
import { withinReach } from "../views/stack";
import { examine } from "../verdict/analyse";
import type { TheoryReport } from "../verdict/report";
import { capital, count, list } from "../verdict/words";
import {
  architectureOf,
  attentionBlock,
  choiceArchitecture,
  convolutionBlock,
  type Choice,
  type Frame,
} from "./architectures";
import { attentionCost, type AttentionCost } from "./cost";
import { Ground } from "./ground";
import { fewGenerators, mostTokens, type TokenGroup } from "./groups";
import { parameterCount } from "./parameters";
import { elementSet, registerGrounds } from "./registers";
import { mergedClasses, searchOrbits } from "./search";

export interface Design {
  /** Such as "Circular window of 2", "2 of 5 orbits on pairs", "6 registers". */
  title: string;
  /** Why its symmetry is the group, with the source, in a sentence or two. */
  reason: string;
  /** `target.symmetry` is the group; the verdict is certified. */
  architecture: Architecture;
  report: TheoryReport;
  cost: AttentionCost;
  /** Numbers that are learned: of all layers with their feed-forward networks, position codes and registers. */
  parameters: number;
}

export interface DesignOutcome {
  group: {
    name: string;
    degree: number;
    order: string;
    generators: number[][][];
    orbits: number[][];
    pairOrbits: number;
    twoClosed: boolean;
    closure: string;
  };
  /** The cheapest first: pairs per layer, then layers, then parameters. */
  designs: Design[];
  /** What a person should know, in sentences: that registers were needed, what the search left out. */
  notes: string[];
}

export interface DesignOptions {
  /** d. */
  width: number;
}

/** Layers past the hop count that registers are given to make themselves felt. */
const registerLayers = 2;
/** Most registers that may all see all where sparser designs are found. */
const mostAveraged = 12;
/** Most designs of one group. */
const mostDesigns = 8;

/** @throws BeyondReach where the group is too large to be searched, with the limit in its message. */
export const design = (group: TokenGroup, options: DesignOptions): DesignOutcome => new Designer(group, options).run();

const paper = "arXiv 2506.23551";

/** An architecture at the depth that it needs, before its report is made. */
interface Candidate {
  title: string;
  reason: string;
  architecture: Architecture;
  cost: AttentionCost;
  layers: number;
  parameters: number;
  /** Kept beside the front: the paper's own, and the theory's. */
  kept: boolean;
}

class Designer {
  private readonly group: PermutationGroup;
  private readonly degree: number;
  private readonly order: GroupOrder;
  private readonly frame: Frame;
  private readonly candidates: Candidate[] = [];
  private readonly notes: string[] = [];

  constructor(
    private readonly asked: TokenGroup,
    { width }: DesignOptions,
  ) {
    this.group = asked.group;
    this.degree = asked.degree;
    this.order = new GroupOrder(asked.group.order);
    if (this.degree > limits.pairClasses)
      throw new BeyondReach(`designs for more than ${limits.pairClasses} tokens, the side of a matrix of pair classes`);
    const target: Target = { symmetry: symmetrySpec(asked.group), visibility: null, function: null };
    if (this.degree > mostTokens && typeof target.symmetry !== "string")
      throw new BeyondReach(`designs for a group other than S_n, C_n, D_n and the trivial one on more than ${mostTokens} tokens`);
    this.frame = { tokens: this.degree, width, target };
  } // prettier-ignore

  run(): DesignOutcome {
    const { group, degree, asked } = this;
    const orbits = pairOrbits(group);
    const pairs = 1 + orbits.reduce((most, row) => row.reduce((a, b) => Math.max(a, b), most), -1);
    const closure = degree > mostTokens ? group : twoClosure(group);
    const twoClosed = closure.order === group.order;
    this.published();
    if (twoClosed) this.withoutRegisters(pairs);
    else this.withRegisters(closure);
    return {
      group: {
        name: asked.name,
        degree,
        order: this.order.toString(),
        generators: fewGenerators(group).map(cycles),
        orbits: group.orbits(),
        pairOrbits: pairs,
        twoClosed,
        closure: twoClosed ? asked.name : nameOf(closure),
      },
      designs: this.certified(),
      notes: this.notes,
    };
  }

  // -------------------------------------------------------------------------------------------------------- by the paper

  /** The architectures that the paper proves for these groups, and what follows from them, at any number of tokens. */
  private published(): void {
    const { degree: n, frame } = this;
    const { symmetry } = frame.target;
    const name = typeof symmetry === "string" ? symmetry : "";
    const none: Position = { kind: "none" };
    const attend = (pattern: Pattern, position: Position = none, bias: Bias = { kind: "none" }) =>
      architectureOf(frame, attentionBlock(pattern, bias, 1), position, 0);
    const window = (left: number, right: number): Pattern => ({ kind: "window", left, right, circular: true, dilation: 1 }); // prettier-ignore
    const bound = Math.floor((n - 1) / 2) - 1;
    const reaches = [1, 2, 4, 8, 16, 32, 64, 128, bound].filter((w, i, all) => w <= bound && all.indexOf(w) === i);
    const hub: Pattern = { kind: "global", tokens: [n] };
    const withHub = (pattern: Pattern, position: Position = none) =>
      architectureOf(frame, attentionBlock(pattern, { kind: "none" }, 1), position, 1);
    if (name.startsWith("S_")) {
      this.propose("Full attention", `Every token attends to every token alike, so nothing tells them apart (${paper}, softmax attention: S_n in one layer).`, attend({ kind: "full" }), true); // prettier-ignore
      this.propose("A hub register", "Every token reads one register, and the register reads every token; nothing tells the tokens apart.", withHub(hub)); // prettier-ignore
    }
    if (name === "trivial") {
      const absolute: Position = { kind: "absolute", code: "learned" };
      const reason = `Every token has a position of its own, so that no rearrangement is a symmetry`;
      this.propose("Full attention with absolute positions", `${reason} (${paper}, fixed additive position codes).`, attend({ kind: "full" }, absolute), true); // prettier-ignore
      if (n > 1) this.propose("A ring with absolute positions", `${reason}; every token reads the next one.`, attend({ kind: "expression", expression: "(k - q + n) % n == 1" }, absolute)); // prettier-ignore
      this.propose("A one-sided circular window of 1 with absolute positions", `${reason}; the ring connects all tokens.`, attend(window(0, 1), absolute)); // prettier-ignore
      for (const w of reaches) this.propose(`A circular window of ${w} with absolute positions`, `${reason}; the ring connects all tokens.`, attend(window(w, w), absolute)); // prettier-ignore
      if (n > 2) this.propose("A star with absolute positions", `${reason}; the centre connects all tokens.`, attend({ kind: "star", centre: 0 }, absolute)); // prettier-ignore
      this.propose("A hub register with absolute positions", `${reason}; the register connects all tokens.`, withHub(hub, absolute)); // prettier-ignore
    }
    if (name.startsWith("C_") && n > 1) {
      this.propose("A ring", "Every token reads the next one; only rotations keep that.", attend({ kind: "expression", expression: "(k - q + n) % n == 1" })); // prettier-ignore
      for (const w of reaches)
        this.propose(`A one-sided circular window of ${w}`, `A rotation carries the window along, a reflection turns it around (${paper}, one-sided circular window: C_n).`, attend(window(0, w)), w === 1); // prettier-ignore
      this.propose("A circular convolution with 2 taps", `A rotation carries the taps along, a reflection turns them around (${paper}, circular convolution with scalar taps: C_n).`, architectureOf(frame, convolutionBlock([0, 1], 1), none, 0), true); // prettier-ignore
    }
    if (name.startsWith("D_"))
      for (const w of reaches)
        this.propose(`A circular window of ${w}`, `Rotations and reflections keep the window, and up to w = floor((n - 1) / 2) - 1 nothing else does (${paper}, circular window: D_n).`, attend(window(w, w)), w === 1); // prettier-ignore
  }

  // ------------------------------------------------------------------------------------------------------------- search

  private withoutRegisters(pairs: number): void {
    if (pairs > mostTokens ** 2 || this.degree > mostTokens) {
      this.notes.push(`The ${pairs.toLocaleString("en")} orbits on pairs of so many tokens were not searched; the designs are the known ones for this group.`); // prettier-ignore
      return;
    }
    const plain = new Ground(this.group);
    this.biasPerOrbit(plain);
    const complete = this.search(plain, new Set(), "");
    const hub = new Ground(this.group, { count: 1, generators: [] });
    const n = this.degree;
    const touching = Array.from({ length: hub.size }, (_, v) => [hub.orbitAt[n * hub.size + v], hub.orbitAt[v * hub.size + n]]); // prettier-ignore
    const completeHub = this.search(hub, new Set(touching.flat()), "a hub register");
    if (!complete || !completeHub)
      this.notes.push(
        `Of the subsets of the ${count(plain.orbits, "orbit")} on pairs some were left out of the search, so there may be cheaper designs.`,
      );
  }

  private withRegisters(closure: PermutationGroup): void {
    const { group, degree, asked } = this;
    const closureName = nameOf(closure);
    this.notes.push(
      `${asked.name} is not 2-closed: everything that pairs of tokens can tell apart has the symmetry ${closureName} of order ${new GroupOrder(closure.order).toString()} as well, so registers are needed (UAP Lens theory, section 5).`,
    );
    const room = limits.pairClasses - degree;
    if (group.order <= BigInt(room)) this.registerPerElement();
    const grounds = registerGrounds(group, 1);
    if (grounds.length === 0) {
      this.notes.push(
        `No set of at most ${room} registers was found on which ${asked.name} is determined; one register per element would take ${this.order.toString()}. Attention without registers can have ${closureName}, which is more symmetry than was asked for.`,
      );
    }
    for (const { set, ground } of grounds) {
      const complete = this.search(ground, new Set(), `registers for ${set.words}`);
      if (!complete)
        this.note(
          `Of the subsets of the ${count(ground.orbits, "orbit")} on pairs of tokens and ${set.count} registers some were left out of the search, so there may be cheaper designs.`,
        );
    }
  }

  /** The construction of theory, section 5, of which the search looks for sparser ones; the paper has its own for S_n and the trivial group. */
  private biasPerOrbit(ground: Ground): void {
    const { symmetry } = this.frame.target;
    if (symmetry === "trivial" || symmetry === `S_${this.degree}`) return;
    const attended = new Array<boolean>(ground.orbits).fill(true);
    this.proposeBiased(ground, attended, "Full attention, a bias for every orbit", "Every token attends to every token with a bias of the orbit of the pair; what keeps all orbits on pairs is the group's 2-closure, which is the group itself (UAP Lens theory, section 5)."); // prettier-ignore
  }

  /** The construction of theory, section 5, for other groups: more registers than others, but fewer layers, and a bias tells every register which token it reads. */
  private registerPerElement(): void {
    const { group, degree } = this;
    const ground = new Ground(group, elementSet(group));
    const attended = new Array<boolean>(ground.orbits).fill(false);
    ground.orbitAt.forEach((orbit, at) => {
      if (Math.floor(at / ground.size) < degree !== at % ground.size < degree) attended[orbit] = true;
    });
    this.proposeBiased(ground, attended, "One register per element", "Token i and the register of the element g read each other with a bias of their own for g^-1(i); a permutation of the tokens that goes with one of the registers is then an element of the group (UAP Lens theory, section 5)."); // prettier-ignore
  }

  /** Proposes the attended orbits with a bias for each, to be kept. */
  private proposeBiased(ground: Ground, attended: readonly boolean[], title: string, reason: string): void {
    const choice: Choice = { attended, classes: attended.map((_, orbit) => orbit), positions: false };
    this.propose(title, reason, choiceArchitecture(ground, choice, this.frame), true);
  }

  /** Searches the subsets of the orbits. Returns whether nothing was left out. */
  private search(ground: Ground, fixed: ReadonlySet<number>, registers: string): boolean {
    const layersOf = (choice: Choice, hops: number) =>
      this.layersNeeded(choiceArchitecture(ground, choice, this.frame), hops);
    const { found, complete } = searchOrbits(ground, fixed, layersOf);
    // Averages over many registers that all see all differ by less than double precision resolves, whatever holds of them exactly.
    const faint = ({ attended }: Choice) => ground.registers.count > mostAveraged && attended.every((used) => used);
    for (const each of found.every(faint) ? found : found.filter((choice) => !faint(choice))) {
      const choice = mergedClasses(ground, each, layersOf);
      const title = titleOf(ground, choice, choiceArchitecture(ground, choice, this.frame), registers);
      this.propose(title, this.reasonOf(ground, choice, registers), choiceArchitecture(ground, choice, this.frame), false, choice.layers); // prettier-ignore
    }
    return complete;
  }

  private reasonOf(ground: Ground, { attended, classes, positions }: Choice, registers: string): string {
    const what = [
      ...(attended.every((used) => used) ? [] : ["the attended pairs"]),
      ...(classes === null ? [] : ["the classes of biases"]),
      ...(positions ? ["the positions"] : []),
    ];
    const made = what.length === 0 ? "All tokens are alike" : `${capital(list(what))} are unions of orbits of the group${ground.registers.count > 1 ? " on tokens and registers" : ""}, so that its elements are symmetries`;
    const why = ground.registers.count > 1 ? `; there are ${registers}, and no other permutation of the tokens goes with one of them` : "; their automorphisms are no more";
    return `${made}${why} (UAP Lens theory, section 5).`;
  } // prettier-ignore

  // --------------------------------------------------------------------------------------------------------- candidates

  /** The layers that the architecture needs to be universal for exactly the group, or null where it has another symmetry or no depth is enough. */
  private layersNeeded(architecture: Architecture, start: number): number | null {
    const { group, order } = this;
    const decided = (depth: number) =>
      withinReach(() => {
        const decision = decide(withDepth(architecture, depth));
        if (!("group" in decision.symmetry)) return null;
        const found = decision.symmetry.group;
        return found.automorphisms.order.equals(order) && group.generators.every((p) => found.contains(p))
          ? decision
          : null;
      });
    if (architecture.registers === 0) {
      const needed = decided(start)?.needed;
      return typeof needed === "number" ? needed : null;
    }
    // What registers know takes layers to reach the tokens, and so the symmetry too depends on the depth.
    const shallowest = Math.max(2, start);
    for (let depth = shallowest; depth <= shallowest + registerLayers; depth++) {
      const decision = decided(depth);
      if (decision?.visibility.kind === "full" && decision.rearrangements.status === "forced-only") return depth;
    }
    return null;
  }

  private propose(title: string, reason: string, architecture: Architecture, kept = false, layers: number | null = null) {
    const needed = layers ?? this.layersNeeded(architecture, 1);
    if (needed === null) return;
    const built = withDepth(architecture, needed);
    const cost = withinReach(() => attentionCost(built));
    const parameters = withinReach(() => parameterCount(built));
    if (cost === null || parameters === null) return;
    this.candidates.push({ title, reason, architecture: built, cost, layers: needed, parameters, kept });
  } // prettier-ignore

  /** The front of the candidates that the theory certifies, and those that are kept. */
  private certified(): Design[] {
    const refused = new Set<Candidate>();
    const reports = new Map<Candidate, TheoryReport>();
    for (;;) {
      const front = this.front(this.candidates.filter((candidate) => !refused.has(candidate)));
      const failing = front.filter((candidate) => {
        if (reports.has(candidate)) return false;
        const report = this.reportOf(candidate);
        if (report !== null) reports.set(candidate, report);
        return report === null;
      });
      if (failing.length === 0)
        return front.map((candidate) => {
          const { title, reason, architecture, cost, parameters } = candidate;
          return { title, reason, architecture: this.titled(architecture, title), report: reports.get(candidate)!, cost, parameters }; // prettier-ignore
        });
      for (const candidate of failing) refused.add(candidate);
    }
  }

  private titled(architecture: Architecture, title: string): Architecture {
    return { ...architecture, name: `${this.asked.name}: ${title}`.slice(0, 200) };
  }

  /** The report, if it certifies the architecture for exactly the group. */
  private reportOf({ architecture, title }: Candidate): TheoryReport | null {
    const { report, symmetry } = examine(this.titled(architecture, title));
    const exact =
      symmetry !== null &&
      symmetry.automorphisms.order.equals(this.order) &&
      this.group.generators.every((generator) => symmetry.contains(generator));
    return report.verdict === "certified" && exact ? report : null;
  }

  /** Those that no other is at least as good as in pairs per layer, layers and parameters; at most `mostDesigns` of them, the ends of the front among them. */
  private front(candidates: readonly Candidate[]): Candidate[] {
    const sorted = [...candidates].sort(
      (a, b) => a.cost.pairsPerLayer - b.cost.pairsPerLayer || a.layers - b.layers || a.parameters - b.parameters || Number(b.kept) - Number(a.kept),
    ); // prettier-ignore
    const front: Candidate[] = [];
    const alike = new Set<string>();
    for (const candidate of sorted) {
      const shape = JSON.stringify(candidate.architecture);
      const beaten = front.some((better) => better.layers <= candidate.layers && better.parameters <= candidate.parameters);
      if (alike.has(shape) || (beaten && !candidate.kept)) continue;
      alike.add(shape);
      front.push(candidate);
    } // prettier-ignore
    const kept = front.filter((candidate) => candidate.kept);
    const others = front.filter((candidate) => !candidate.kept);
    const room = Math.max(1, mostDesigns - kept.length);
    const spread =
      others.length <= room
        ? others
        : Array.from({ length: room }, (_, i) => others[Math.round((i * (others.length - 1)) / Math.max(1, room - 1))]);
    if (spread.length < others.length)
      this.note(`${others.length - spread.length} more designs lie between those shown.`);
    return front.filter((candidate) => candidate.kept || spread.includes(candidate));
  }

  private note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }
}

const nameOf = ({ degree, generators, order }: PermutationGroup): string =>
  nameGroup(AutomorphismGroup.of(degree, [...generators], new GroupOrder(order)));

/** The group as a specification's target says it: by a name where that means exactly this group, otherwise by generators. */
function symmetrySpec(group: PermutationGroup): SymmetrySpec {
  const { degree, order } = group;
  const names = ["trivial", `S_${degree}`, `A_${degree}`, `C_${degree}`, `D_${degree}`];
  const meant = names.find((name) => {
    const declared = declaredGroup(name, degree);
    return declared.order.equals(new GroupOrder(order)) && declared.generators().every((p) => group.contains(p));
  });
  return meant ?? { generators: fewGenerators(group).map(cycles) };
}

const withDepth = (architecture: Architecture, repeat: number): Architecture => ({
  ...architecture,
  layers: [{ ...architecture.layers[0], repeat }],
});

/** What a choice is called. */
function titleOf(ground: Ground, choice: Choice, { layers: [{ mixer }] }: Architecture, registers: string): string {
  const { attended } = choice;
  const used = attended.filter((orbit) => orbit).length;
  const pattern = mixer.kind === "attention" ? mixer.heads[0].pattern : { kind: "full" as const };
  const withRegisters = registers === "" ? "" : ` with ${ground.registers.count === 1 ? registers : `${ground.registers.count} registers`}`;
  if (pattern.kind === "global" && ground.registers.count === 1) return `A hub register${extraOf(choice)}`;
  const what = patternTitle(pattern) ?? `${used} of ${count(ground.orbits, "orbit")} on pairs`;
  return `${what}${withRegisters}${extraOf(choice)}`;
} // prettier-ignore

function extraOf({ attended, classes, positions }: Choice): string {
  const biases = classes === null ? 0 : new Set(classes.filter((_, orbit) => attended[orbit])).size;
  return `${biases > 1 ? `, ${biases} classes of biases` : ""}${positions ? ", position classes" : ""}`;
}

function patternTitle(pattern: Pattern): string | null {
  switch (pattern.kind) {
    case "full":
      return "Full attention";
    case "window": {
      const { left, right, circular } = pattern;
      if (left + right === 0) return "Every token by itself";
      const sides = left === right ? `window of ${left}` : `window of ${left} before and ${right} after`;
      return circular ? `A circular ${sides}` : `A ${sides}`;
    }
    case "not":
      return "All tokens but itself";
    case "block":
      return `Blocks of ${pattern.size}`;
    case "axial":
      return `Rows and columns of ${pattern.rows} x ${pattern.columns}`;
    case "star":
      return "A star";
    case "causal":
      return "All tokens before";
    case "global":
      return "Registers alone";
    case "any":
      return patternTitle(pattern.patterns[0]);
    default:
      return null;
  }
}
