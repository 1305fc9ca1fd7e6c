/** The page of the report panel: draws the host's snapshots and sends back what the person asks for. */
import { openPage } from "../page";
import type { PageState, Snapshot, ToHost, ToPage } from "../protocol";
import { sectionsOf } from "./sections";
import "../base.css";
import "./report.css";

const page = openPage<PageState, ToHost, ToPage>(
  ({ snapshot }) => {
    page.show(sectionsOf(snapshot, page.send));
    page.announce(announcement(snapshot));
    if (snapshot.kind !== "empty")
      page.remember({ uri: snapshot.uri, architecture: snapshot.kind === "report" ? snapshot.architecture : 0 });
  },
  { kind: "ready" },
);

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
