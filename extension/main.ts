/** The extension's entry: wires the features and nothing else. */
import { Worker } from "node:worker_threads";
import * as vscode from "vscode";
import { Checker } from "./editor/checker";
import { registerCommands } from "./editor/commands";
import { FindingPages } from "./editor/convert";
import { Diagnostics } from "./editor/diagnostics";
import { Hovers } from "./editor/hovers";
import { Lenses } from "./editor/lenses";
import { QuickFixes } from "./editor/quickFixes";
import { ReportDocuments } from "./editor/reportDocuments";
import { Reports } from "./editor/reports";
import { Runtime } from "./editor/runtime";
import { Status } from "./editor/status";
import { WorkspaceCheck } from "./editor/workspaceCheck";
import { modelFileGlob } from "./models/fileNames";
import { ReportPanels } from "./panels/reportPanel";
import { runtimePanelHost } from "./panels/runtimePanel";

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("UAP Lens", { log: true });
  const script = (name: string) => vscode.Uri.joinPath(context.extensionUri, "dist", name).fsPath;
  const checker = new Checker(
    () => new Worker(script("checkWorker.js")),
    (line) => log.error(line),
  );
  const pages = new FindingPages(context.extensionUri);
  const reports = new Reports(checker);
  const diagnostics = new Diagnostics(reports, pages);
  const workspaceCheck = new WorkspaceCheck(checker, reports, diagnostics);
  const documents = new ReportDocuments(reports);
  const panels = new ReportPanels(context.extensionUri, reports, pages);
  const files: vscode.DocumentSelector = { pattern: modelFileGlob };
  context.subscriptions.push(
    log,
    checker,
    reports,
    diagnostics,
    workspaceCheck,
    documents,
    panels,
    new Status(reports),
    new Runtime(script("runtime.js"), runtimePanelHost(context.extensionUri), log),
    vscode.languages.registerCodeActionsProvider(files, new QuickFixes(reports), QuickFixes.metadata),
    vscode.languages.registerCodeLensProvider(files, new Lenses(reports)),
    vscode.languages.registerHoverProvider(files, new Hovers(reports, pages)),
    ...registerCommands(reports, workspaceCheck, documents, panels),
  );
}
