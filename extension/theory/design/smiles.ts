/** Molecules in SMILES (Weininger, J. Chem. Inf. Comput. Sci. 28, 1988): the part of it that says atoms and bonds, without stereochemistry. */
import { GroupError } from "./groupError";
import type { Graph } from "./namedGraphs";

/** Molecules by name. */
export const molecules: Partial<Record<string, string>> = {
  methane: "C",
  water: "O",
  ammonia: "N",
  ethane: "CC",
  ethylene: "C=C",
  acetylene: "C#C",
  propane: "CCC",
  neopentane: "CC(C)(C)C",
  cyclopropane: "C1CC1",
  cyclobutane: "C1CCC1",
  cyclohexane: "C1CCCCC1",
  cubane: "C12C3C4C1C5C2C3C45",
  adamantane: "C1C2CC3CC1CC(C2)C3",
  benzene: "c1ccccc1",
  toluene: "Cc1ccccc1",
  naphthalene: "c1ccc2ccccc2c1",
  anthracene: "c1ccc2cc3ccccc3cc2c1",
  phosphorus: "P12P3P1P23",
  methanol: "CO",
  ethanol: "CCO",
  formaldehyde: "C=O",
  "sulfur-hexafluoride": "FS(F)(F)(F)(F)F",
};

/** Valences of the organic subset: hydrogens fill up to the next of them. */
const valences: Partial<Record<string, readonly number[]>> = {
  B: [3], C: [4], N: [3, 5], O: [2], P: [3, 5], S: [2, 4, 6], F: [1], Cl: [1], Br: [1], I: [1],
}; // prettier-ignore
/** The colour of aromatic bonds, apart from the orders 1 to 3. */
const aromaticBond = 4;
const bonds: Partial<Record<string, number>> = { "-": 1, "=": 2, "#": 3, ":": aromaticBond };

interface Atom {
  element: string;
  aromatic: boolean;
  /** Hydrogens that a bracket states; null where they follow from the valence. */
  hydrogens: number | null;
  /** Element, charge and isotope, which tell atoms apart. */
  kind: string;
}

/** Longest text that is read. */
const longest = 400;

/**
 * The molecular graph with its hydrogens, which are numbered after the atoms written, in the order of these.
 * @throws GroupError with the place in the text.
 */
export function parseSmiles(text: string): Graph {
  if (text.length > longest) throw new GroupError(`A molecule of more than ${longest} characters is not read.`);
  const atoms: Atom[] = [];
  const edges: [number, number, number][] = [];
  const branches: number[] = [];
  const rings = new Map<string, { atom: number; order: number | null }>();
  let last = -1;
  let order: number | null = null;
  const fail = (at: number, what: string): never => {
    throw new GroupError(`Character ${at + 1} of the molecule ${text}: ${what}.`);
  };
  const join = (a: number, b: number, stated: number | null, at: number): void => {
    if (a === b || edges.some(([x, y]) => (x === a && y === b) || (x === b && y === a)))
      fail(at, "this bond joins atoms that are joined already");
    edges.push([a, b, stated ?? (atoms[a].aromatic && atoms[b].aromatic ? aromaticBond : 1)]);
  };
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const atom = /^(?:\[(\d*)([A-Z][a-z]?|[bcnops])(@*)(H\d*)?([+-]+\d*)?\]|(Cl|Br|[BCNOPSFI]|[bcnops]))/.exec(rest);
    if (atom !== null) {
      const [whole, isotope = "", bracketed, , hydrogens, charge = "", plain] = atom;
      const symbol = bracketed ?? plain;
      const element = symbol[0].toUpperCase() + symbol.slice(1);
      const stated = hydrogens === undefined ? 0 : hydrogens === "H" ? 1 : Number(hydrogens.slice(1));
      if (stated > 8) fail(at, "an atom has at most 8 hydrogens");
      atoms.push({
        element,
        aromatic: symbol === symbol.toLowerCase(),
        hydrogens: bracketed === undefined ? null : stated,
        kind: `${isotope}${element}${charge}`,
      });
      if (last >= 0) join(last, atoms.length - 1, order, at);
      last = atoms.length - 1;
      order = null;
      at += whole.length;
      continue;
    }
    const ring = /^(?:\d|%\d\d)/.exec(rest)?.[0];
    if (ring !== undefined) {
      if (last < 0) fail(at, "a ring closes at no atom");
      const opened = rings.get(ring);
      if (opened === undefined) rings.set(ring, { atom: last, order });
      else {
        join(opened.atom, last, order ?? opened.order, at);
        rings.delete(ring);
      }
      order = null;
      at += ring.length;
      continue;
    }
    const [character] = rest;
    if (character === "(") {
      if (last < 0) fail(at, "a branch starts at no atom");
      branches.push(last);
    } else if (character === ")") last = branches.pop() ?? fail(at, "a branch is closed that was not opened");
    else if (character === ".") last = -1;
    else if (bonds[character] !== undefined) order = bonds[character];
    else fail(at, `${JSON.stringify(String.fromCodePoint(rest.codePointAt(0)!))} is no atom or bond that is read`);
    at++;
  }
  if (branches.length > 0) fail(text.length - 1, "a branch is not closed");
  if (rings.size > 0) fail(text.length - 1, `the ring ${[...rings.keys()][0]} is not closed`);
  if (atoms.length === 0) fail(0, "there is no atom");
  const ids = new Map<string, number>();
  const colourOf = (kind: string) => ids.get(kind) ?? ids.set(kind, ids.size).size - 1;
  const colours = atoms.map(({ kind }) => colourOf(kind));
  const written = edges.slice();
  atoms.forEach((atom, a) => {
    for (let h = hydrogensOf(atom, a, written); h > 0; h--) edges.push([a, colours.push(colourOf("H")) - 1, 1]);
  });
  return { vertices: colours.length, edges, colours };
}

function hydrogensOf({ element, aromatic, hydrogens }: Atom, atom: number, edges: readonly [number, number, number][]) {
  if (hydrogens !== null) return hydrogens;
  const own = edges.filter(([a, b]) => a === atom || b === atom);
  // An aromatic atom has one bond of the ring's system beside those to its neighbours.
  const used = own.reduce((sum, [, , order]) => sum + (order === aromaticBond ? 1 : order), aromatic ? 1 : 0);
  if (aromatic && element !== "C") return 0;
  return Math.max(0, (valences[element]!.find((valence) => valence >= used) ?? used) - used);
}
