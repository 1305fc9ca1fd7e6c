/** Other places that a finding comes from: masks of further layers, networks with the same fault, the number of layers, where positions would be. */
import type { Range, Related, SpecPath, TheoryFinding } from "../../../theory/verdict/report";
import type { AttentionNode, Place } from "../graph/nodes";
import type { FeedForwardSource } from "../graph/tokenwise";
import type { EditedSubject, FileEdits } from "./edit";
import { isDepth } from "./running";
import { SourceText } from "./sourceText";

/** Most places of one finding: more than that is nothing to look through. */
const most = 8;

/** Never throws. */
export function relatedPlaces(file: FileEdits, subject: EditedSubject, finding: TheoryFinding): Related[] {
  const { lowered } = subject;
  const own = lowered.locate(finding.path);
  const seen = new Set([key(own)]);
  const found: Related[] = [];
  for (const { place, message } of placesOf(file, subject, finding.code)) {
    if (seen.has(key(place)) || found.length >= most) continue;
    seen.add(key(place));
    found.push({ message, range: rangeOf(file, place) });
  }
  return found;
}

interface Placed {
  place: Place;
  message: string;
}

const key = ({ from, to }: Place): string => `${from} ${to}`;
const rangeOf = ({ lines }: FileEdits, { from, to }: Place): Range => lines.range(from, to);

function placesOf(file: FileEdits, subject: EditedSubject, code: TheoryFinding["code"]): Placed[] {
  switch (code) {
    case "UAP101":
    case "UAP102":
    case "UAP103":
    case "UAP104":
      return [...masks(subject), ...depth(file, subject)];
    case "UAP201":
    case "UAP202":
    case "UAP601":
      return [...positions(subject), ...target(subject)];
    case "UAP301":
    case "UAP302":
      return networks(subject);
    default:
      return [];
  }
}

/** `layer 2`, `layers 0 to 3`, of layers one after another. */
function named(layers: readonly number[]): string {
  const [first, last] = [layers[0], layers[layers.length - 1]];
  if (layers.length === 1) return `layer ${first}`;
  return last - first === layers.length - 1 ? `layers ${first} to ${last}` : `layers ${layers.join(", ")}`;
}

/** The masks that take part, where layers have different ones. */
function masks({ lowered }: EditedSubject): Placed[] {
  const users = new Map<string, { place: Place; layers: number[]; masked: boolean }>();
  for (const [layer, { attentions }] of lowered.blocks.flat().entries())
    for (const attention of attentions) {
      const place = maskOf(attention);
      const at = place ?? attention.place;
      const known = users.get(key(at));
      if (!known) users.set(key(at), { place: at, layers: [layer], masked: place !== undefined });
      else if (known.layers.at(-1) !== layer) known.layers.push(layer);
    }
  return [...users.values()].map(({ place, layers, masked }) => ({
    place,
    message: masked ? `the mask of ${named(layers)}` : `${named(layers)} ${layers.length > 1 ? "attend" : "attends"} to every token here`, // prettier-ignore
  }));
}

function maskOf({ mask, biases }: AttentionNode): Place | undefined {
  return mask?.place ?? biases.find(({ kind }) => kind === "fixed")?.place;
}

/** The number of layers, where one number of the code is called so. */
function depth(file: FileEdits, { lowered, known }: EditedSubject): Placed[] {
  const { layers } = lowered.architecture;
  const total = layers.reduce((sum, { repeat }) => sum + repeat, 0);
  const message = `the number of layers: ${total}`;
  const path: SpecPath = ["layers", 0, "repeat"];
  if (known.kind === "mask") return [{ place: lowered.locate(path), message }];
  file.source ??= new SourceText(file.program.text, file.program.root);
  const called = file.source
    .numbers()
    .filter(({ name, value, isArgument }) => value === total && !isArgument && isDepth(name));
  return called.length === 1 ? [{ place: called[0].node, message }] : [];
}

function positions({ lowered }: EditedSubject): Placed[] {
  const { position, registers } = lowered.architecture;
  if (position.kind === "none" && registers > 0) return [];
  const message = position.kind === "none" ? "no positions are added to the tokens" : "where positions come in";
  return [{ place: lowered.locate(["position"]), message }];
}

function target({ lowered }: EditedSubject): Placed[] {
  const place = lowered.locate(["target"]);
  // Where nothing is declared, the place is that of the model.
  if (key(place) === key(lowered.locate(["name"]))) return [];
  return [{ place, message: "the target is declared here" }];
}

/** Every network with a fault, and the attention that none follows. */
function networks({ lowered }: EditedSubject): Placed[] {
  return lowered.blocks.flatMap((sources, block) => {
    const { feedForward } = lowered.architecture.layers[block];
    if (!feedForward) return sources.flatMap(({ attentions }) => attentions.slice(0, 1)).map(({ place }) => ({ place, message: "no feed-forward network follows this attention" })); // prettier-ignore
    return sources.flatMap(({ feedForwards }) => feedForwards.flatMap(faults));
  });
}

function faults({ bias, linears, activation, activationPlace, frozen, place }: FeedForwardSource): Placed[] {
  const found: Placed[] = [];
  if (!bias) for (const linear of linears) if (!linear.bias) found.push({ place: linear.biasPlace, message: "no bias here" }); // prettier-ignore
  if (activation === "linear") found.push({ place: activationPlace, message: "no activation here" });
  if (frozen) found.push({ place, message: "a network that is not trained" });
  return found;
}
