/** Reports in SARIF 2.1.0 (OASIS standard), as code-scanning services read them. */
import type { Log, Region, ReportingDescriptor, Result } from "sarif";
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  findingCodes,
  type FileReport,
  type Finding,
  type FindingCode,
  type Range,
  type Severity,
} from "../theory/verdict/report";

const levels: Record<Severity, "error" | "warning" | "note"> = { error: "error", warning: "warning", info: "note" };
const pages = path.resolve(__dirname, "../docs/findings");

/**
 * The SARIF log of the reports.
 * @param failures what could not be checked at all, in words; the run then counts as not successful.
 */
export function sarifReport(results: readonly FileReport[], version: string, failures: readonly string[]): Log {
  const driver = { name: "UAP Lens", version, rules: findingCodes.map(rule) };
  const invocation = {
    executionSuccessful: failures.length === 0,
    toolExecutionNotifications: failures.map((text) => ({ level: "error" as const, message: { text } })),
  };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver },
        invocations: [invocation],
        columnKind: "utf16CodeUnits",
        results: results.flatMap(({ file, findings }) => findings.map((finding) => result(file, finding))),
      },
    ],
  };
}

/** A finding's code, with the page that explains it: the page's title is the rule's description. */
function rule(code: FindingCode): ReportingDescriptor {
  const page = path.join(pages, `${code}.md`);
  const [title] = readFileSync(page, "utf8").split("\n", 1);
  return {
    id: code,
    shortDescription: { text: title.replace(/^# UAP\d+: /, "") },
    helpUri: pathToFileURL(page).href,
  };
}

function result(file: string, { code, severity, message, range, fixes, related }: Finding): Result {
  const artifactLocation = { uri: uriOf(file) };
  return {
    ruleId: code,
    ruleIndex: findingCodes.indexOf(code),
    level: levels[severity],
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation, region: region(range) } }],
    ...(related && {
      relatedLocations: related.map((other, id) => ({
        id,
        message: { text: other.message },
        physicalLocation: { artifactLocation, region: region(other.range) },
      })),
    }),
    fixes: fixes.map(({ title, edits }) => ({
      description: { text: title },
      artifactChanges: [
        {
          artifactLocation,
          replacements: edits.map((edit) => ({
            deletedRegion: region(edit.range),
            insertedContent: { text: edit.newText },
          })),
        },
      ],
    })),
  };
}

/** SARIF counts lines and columns from one; the end column is excluded, as ours is. */
function region({ start, end }: Range): Region {
  return {
    startLine: start.line + 1,
    startColumn: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
  };
}

function uriOf(file: string): string {
  if (path.isAbsolute(file)) return pathToFileURL(file).href;
  return file.split(path.sep).map(encodeURIComponent).join("/");
}
