/** The page of the compact view: the verdict of the file in the active editor, and its training runs as they go. */
import { button, link, progress } from "../controls/controls";
import { element } from "../controls/element";
import { verdictWord } from "../controls/parts";
import { openPage, section, type Section } from "../page";
import type { LiveSnapshot, ToLiveHost, ToLivePage } from "../protocol";
import { layerMeter } from "../report/drawings";
import "../base.css";
import "./live.css";

const page = openPage<never, ToLiveHost, ToLivePage>(
  ({ snapshot }) => {
    page.show(sections(snapshot));
    if (snapshot.kind === "live")
      page.announce(snapshot.architectures.map(({ name, verdict }) => `${name}: ${verdict}`).join(". "));
  },
  { kind: "ready" },
);

function sections(snapshot: LiveSnapshot): Section[] {
  switch (snapshot.kind) {
    case "empty":
      return [section("empty", null, () => element("p", { class: "quiet" }, "No model file is open."))];
    case "checking":
      return [section("checking", snapshot.file, () => progress(`Checking ${snapshot.file} …`))];
    case "failed":
      return [
        section("failed", snapshot, () =>
          element("p", { class: "problem" }, `${snapshot.file} could not be checked: ${snapshot.message}`),
        ),
      ];
    case "live":
      return [
        ...(snapshot.freshness === "checking"
          ? [section("stale", null, () => element("p", { class: "stale", role: "status" }, "Changed; checking again."))]
          : []),
        ...snapshot.architectures.map((architecture, index) =>
          section(`architecture ${index}`, architecture, () => architectureCard(architecture, index)),
        ),
        section("panels", null, panelButtons),
        ...(snapshot.runs.length === 0 ? [] : [section("runs", snapshot.runs, () => runList(snapshot.runs))]),
      ];
  }
}

type Live = Extract<LiveSnapshot, { kind: "live" }>;

function architectureCard(
  { name, verdict, lens, statement, written, needed }: Live["architectures"][number],
  index: number,
): HTMLElement {
  return element(
    "section",
    { class: `card ${verdict}`, "aria-label": name },
    element("h2", {}, verdictWord(verdict)),
    element("p", { class: "quiet" }, name),
    element(
      "p",
      {},
      lens.replace(/^\S+ \S+?(:| for) /, (_, end: string) => (end === ":" ? "" : "for ")),
    ),
    needed === null ? null : layerMeter(written, needed),
    link(`explain-${index}`, "Report", () => page.send({ kind: "explain", architecture: index })),
    element("span", { class: "visually-hidden" }, statement),
  );
}

function panelButtons(): HTMLElement {
  const open = (panel: "training" | "distinguishability" | "symmetry", label: string) =>
    button(panel, "secondary", label, () => page.send({ kind: "open-panel", panel }));
  return element(
    "div",
    { class: "actions" },
    open("training", "Train"),
    open("distinguishability", "Tokens"),
    open("symmetry", "Symmetry"),
  );
}

function runList(runs: Live["runs"]): HTMLElement {
  return element(
    "section",
    { "aria-labelledby": "runs" },
    element("h2", { id: "runs" }, "Training"),
    ...runs.map(({ title, status, step, steps, loss, floor }) =>
      element(
        "div",
        { class: "run" },
        element("div", {}, title),
        element("progress", { max: String(steps), value: String(step), "aria-label": title }),
        element(
          "div",
          { class: "quiet" },
          [
            status === "running" ? `step ${step} of ${steps}` : status,
            ...(loss === null ? [] : [`loss ${loss.toPrecision(3)}`]),
            ...(floor === null ? [] : [`floor ${floor < 1e-9 ? "0" : floor.toPrecision(3)}`]),
          ].join(" · "),
        ),
      ),
    ),
  );
}
