/**
 * What every member of a family must respect: the maps f of samples X with f_s(X) = f_{pi(s)}(pi X) wherever the architecture forces it, and f_s a map of
 * the tokens that s sees (docs/theory.md, section 4). The distance of a target to these maps is its error floor (section 6).
 */
import type { Architecture } from "../../theory/architecture/schema";
import { seen } from "../../theory/patterns/reach";
import { BeyondReach } from "../../theory/patterns/rows";
import { type AutomorphismGroup, automorphisms, isomorphism } from "../../theory/symmetry/automorphisms";
import { PermutationGroup } from "../../theory/symmetry/group";
import { compose, identity, invert } from "../../theory/symmetry/permutation";
import type { Permutation } from "../../theory/symmetry/structure";
import { lift } from "../../theory/symmetry/twins";
import { decide, type Decision } from "../../theory/views/decide";
import { isPlain, type Rooted, type Structures, structuresAt } from "../../theory/views/structures";
import { Undecided } from "../../theory/views/stack";
import type { Random } from "../random";

/** Most tokens for which elements are drawn from a group that is no product of symmetric groups. */
const drawnDegree = 256;
/** Most tokens and registers for which all outputs are compared with one another. */
const comparedOutputs = 96;

export type Draw<T> = (random: Random) => T;

/** Outputs that must agree with others on rearranged samples, and the tokens that they see. */
export interface Agreement {
  outputs: readonly number[];
  /** Ascending; the other tokens have no influence. */
  sees: Int32Array;
  /**
   * Draws uniformly among the forced coincidences: f_s(X) = f_t(pi X) for s = outputs[i] and t = to[i], where token r of X, for every r seen, is token pi(r) of
   * pi X.
   */
  draw: Draw<{ to: ArrayLike<number>; permutation: Permutation }>;
}

export interface Attainable {
  /** An output in none of them may be any map of the whole sample. */
  agreements: Agreement[];
  /** Whether the agreements are exactly those that G forces on what each output sees. */
  byGroup: boolean;
  /** The symmetry G alone; null where it is trivial, or not known. */
  symmetry: Draw<Permutation> | null;
  /** The tokens that each output sees. */
  sees: Int32Array[];
  /** Null if the agreements are all there are. Otherwise why some may be missing: then floors are lower bounds, and may be too low. */
  incomplete: string | null;
}

/**
 * The agreements of an architecture at the depth written; a string says why there are none to be had.
 * @param route where G gives all agreements, they are taken from it; `outputs` compares output with output all the same. Tests compare the two.
 */
export function attainable(architecture: Architecture, route: "auto" | "outputs" = "auto"): Attainable | string {
  let decision: Decision;
  try {
    decision = decide(architecture);
  } catch (error) {
    if (error instanceof Undecided || error instanceof BeyondReach) return error.message;
    throw error;
  }
  const { stack, depth, rearrangements } = decision;
  const structures = structuresAtOrNull(decision);
  const sees = visible(decision, structures);
  const symmetry = drawSymmetry(decision);
  const known = { symmetry: typeof symmetry === "string" ? null : symmetry, sees };
  if (route === "auto" && rearrangements.status === "forced-only" && typeof symmetry !== "string")
    return { ...known, agreements: bySight(sees, symmetry), byGroup: true, incomplete: null };
  let why: string;
  if (stack.size > comparedOutputs) why = `outputs are compared with one another up to ${comparedOutputs} tokens`;
  else if (structures === null) why = `the structures of ${depth} layers are out of reach`;
  else {
    try {
      return { ...known, agreements: byOutput(structures, sees), byGroup: false, incomplete: null };
    } catch (error) {
      if (!(error instanceof BeyondReach)) throw error;
      why = error.message;
    }
  }
  return { ...known, agreements: bySight(sees, known.symmetry), byGroup: true, incomplete: why };
}

function structuresAtOrNull({ stack, depth }: Decision): Structures | null {
  try {
    return structuresAt(stack, depth, isPlain(stack));
  } catch (error) {
    if (error instanceof BeyondReach) return null;
    throw error;
  }
}

/** V_t for every output. Where tokens are dropped on the way, what the rows reach is an upper bound, and the views say exactly. */
function visible({ stack, depth }: Decision, structures: Structures | null): Int32Array[] {
  const { tokens, layers } = stack;
  const monotone = layers.every((layer) => layer.carriesOwn);
  const dependence = layers.map((layer) => layer.dependence);
  return Array.from({ length: tokens }, (_, t) => {
    if (!monotone && structures !== null) return tokensOf(structures.rooted(t));
    const runs = seen(dependence, depth, t);
    const found: number[] = [];
    for (let i = 0; i < runs.length; i += 2)
      for (let r = runs[i]; r < Math.min(runs[i + 1], tokens); r++) found.push(r);
    return Int32Array.from(found);
  });
}

const tokensOf = ({ vertexOf }: Rooted): Int32Array =>
  Int32Array.from(vertexOf.keys()).filter((token) => vertexOf[token] >= 0);

/** Uniform elements of G; null where it is trivial, a string says why it is not known or not drawn from. */
function drawSymmetry({ symmetry }: Decision): Draw<Permutation> | null | string {
  if ("unknown" in symmetry) return symmetry.unknown;
  const { automorphisms: group } = symmetry.group;
  if (group.isTrivial) return null;
  try {
    return uniform(group);
  } catch (error) {
    if (error instanceof BeyondReach) return error.message;
    throw error;
  }
}

/**
 * Uniform elements of a group of automorphisms: of the quotient by twins, lifted, after a shuffle of every class of twins.
 * @throws BeyondReach where what is left without twins is too large.
 */
function uniform(group: AutomorphismGroup): Draw<Permutation> {
  if (group.isTrivial) return () => identity(group.degree);
  if (group.twins !== null) {
    const { collapse, quotient } = group.twins;
    const { members, first } = collapse;
    const ofQuotient = uniform(quotient);
    return (random) => {
      const shuffled = identity(group.degree);
      for (let c = 0; c + 1 < first.length; c++) {
        const image = members.slice(first[c], first[c + 1]);
        for (let i = image.length - 1; i > 0; i--) {
          const j = random.below(i + 1);
          [image[i], image[j]] = [image[j], image[i]];
        }
        image.forEach((to, i) => (shuffled[members[first[c] + i]] = to));
      }
      return compose(lift(ofQuotient(random), collapse), shuffled);
    };
  }
  if (group.degree > drawnDegree)
    throw new BeyondReach(`elements of a symmetry on more than ${drawnDegree} tokens are not drawn`);
  const chain = PermutationGroup.generate(group.degree, group.generators, undefined, group.order.toBigInt());
  return (random) => chain.uniform((count) => random.below(count));
}

/** The coincidences that G forces: g takes s to g(s). Outputs that see the same tokens are asked together. */
export function bySight(sees: readonly Int32Array[], symmetry: Draw<Permutation> | null): Agreement[] {
  const alike = new Map<string, number[]>();
  sees.forEach((tokens, s) => {
    if (symmetry === null && tokens.length === sees.length) return;
    const key = tokens.join();
    const outputs = alike.get(key);
    if (outputs) outputs.push(s);
    else alike.set(key, [s]);
  });
  const one = identity(sees.length);
  return [...alike.values()].map((outputs) => ({
    outputs,
    sees: sees[outputs[0]],
    draw: (random) => {
      const permutation = symmetry?.(random) ?? one;
      return { to: outputs.map((s) => permutation[s]), permutation };
    },
  }));
}

/**
 * Output by output: E(s, t) is the set of isomorphisms from what s probes to what t probes. For a class of isomorphic outputs with representative r and
 * isomorphisms c_s from r to s, the elements of E(s, t) are c_t e c_s^-1 with e in E(r, r).
 * @throws BeyondReach
 */
function byOutput(structures: Structures, sees: readonly Int32Array[]): Agreement[] {
  const classes: { rooted: Rooted; members: { s: number; rooted: Rooted; from: Permutation }[] }[] = [];
  sees.forEach((_, s) => {
    const rooted = structures.rooted(s);
    for (const { rooted: representative, members } of classes) {
      const from = isomorphism(representative.structure, rooted.structure);
      if (from === null) continue;
      members.push({ s, rooted, from });
      return;
    }
    classes.push({ rooted, members: [{ s, rooted, from: identity(rooted.structure.size) }] });
  });
  return classes.flatMap(({ rooted, members }) => {
    const group = automorphisms(rooted.structure);
    if (members.length === 1 && group.isTrivial && rooted.vertexOf.every((vertex) => vertex >= 0)) return [];
    const element = uniform(group);
    const tokenAt = members.map((member) => {
      const tokens = new Int32Array(rooted.structure.size).fill(-1);
      member.rooted.vertexOf.forEach((vertex, token) => vertex >= 0 && (tokens[vertex] = token));
      return tokens;
    });
    return members.map(({ s, rooted: source, from }): Agreement => {
      const back = invert(from);
      return {
        outputs: [s],
        sees: tokensOf(source),
        draw: (random) => {
          const at = random.below(members.length);
          const target = members[at];
          const map = compose(target.from, compose(element(random), back));
          const permutation = source.vertexOf.map((vertex) => (vertex < 0 ? -1 : tokenAt[at][map[vertex]]));
          return { to: [target.s], permutation };
        },
      };
    });
  });
}
