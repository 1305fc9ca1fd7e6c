/** The page of the report panel: draws the host's snapshots and sends back what the person asks for. */
import type { PageState, Snapshot, ToHost, ToPage } from "../protocol";
import { sectionsOf } from "./sections";
import "./report.css";

const host = acquireVsCodeApi<PageState>();
const page = document.getElementById("page")!;
const announcer = document.createElement("div");
announcer.className = "visually-hidden";
announcer.setAttribute("role", "status");
page.before(announcer);

const send = (message: ToHost): void => host.postMessage(message);

/** Sections on view, each with the data that it was drawn from. */
let drawn: { data: string; node: HTMLElement }[] = [];

/** Draws anew only what changed, so that scrolling, focus and open details survive. */
function draw(snapshot: Snapshot): void {
  const focused = document.activeElement?.getAttribute("data-key");
  const kept = drawn;
  drawn = sectionsOf(snapshot).map(({ data, draw }) => {
    const signature = JSON.stringify(data);
    return kept.find((section) => section.data === signature) ?? { data: signature, node: draw(send) };
  });
  const nodes = drawn.map(({ node }) => node);
  for (const old of [...page.children]) if (!nodes.includes(old as HTMLElement)) old.remove();
  nodes.forEach((node, index) => {
    if (page.children[index] !== node) page.insertBefore(node, page.children[index] ?? null);
  });
  if (focused && document.activeElement === document.body) {
    page.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
}

/** What a screen reader says when the verdict changes. */
function announcement(snapshot: Snapshot): string {
  switch (snapshot.kind) {
    case "empty":
      return "";
    case "checking":
      return `Checking ${snapshot.file}`;
    case "failed":
      return `${snapshot.file} could not be checked`;
    case "report": {
      const architecture = snapshot.report.architectures[snapshot.architecture];
      return architecture === undefined
        ? `${snapshot.report.file} could not be read`
        : `${architecture.verdict}. ${architecture.statement}`;
    }
  }
}

window.addEventListener("message", ({ data: { snapshot } }: MessageEvent<ToPage>) => {
  draw(snapshot);
  const said = announcement(snapshot);
  if (announcer.textContent !== said) announcer.textContent = said;
  if (snapshot.kind !== "empty") {
    host.setState({ uri: snapshot.uri, architecture: snapshot.kind === "report" ? snapshot.architecture : 0 });
  }
});
send({ kind: "ready" });
