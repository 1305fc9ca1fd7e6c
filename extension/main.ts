/** The extension's entry: wires the features and nothing else. */
import { Worker } from "node:worker_threads";
import * as vscode from "vscode";
import { ActiveModel } from "./editor/activeModel";
import { Certificates } from "./editor/certificates";
import { Checker } from "./editor/checker";
import { CommentCompletion } from "./editor/commentCompletion";
import { registerCommands } from "./editor/commands";
import { FindingPages } from "./editor/convert";
import { Diagnostics } from "./editor/diagnostics";
import { registerEvaluation } from "./editor/evaluation";
import { GridCheck } from "./editor/gridCheck";
import { Hovers } from "./editor/hovers";
import { Lenses } from "./editor/lenses";
import { QuickFixes } from "./editor/quickFixes";
import { RepairFixes } from "./editor/repairFixes";
import { ReportDocuments } from "./editor/reportDocuments";
import { Reports } from "./editor/reports";
import { Runtime } from "./editor/runtime";
import { Status } from "./editor/status";
import { WorkspaceCheck } from "./editor/workspaceCheck";
import { codeFileGlob, modelFileGlob } from "./models/fileNames";
import { DesignPanels } from "./panels/designPanel";
import { DistinguishabilityPanel, distinguishabilityViewType } from "./panels/distinguishabilityPanel";
import { LiveView } from "./panels/liveView";
import { ModelPanels, type PanelServices } from "./panels/modelPanel";
import { ModelTree } from "./panels/modelTree";
import { RepairedTexts } from "./panels/repairedTexts";
import { RepairPanel, repairViewType } from "./panels/repairPanel";
import { ReportPanels } from "./panels/reportPanel";
import { runtimePanelHost } from "./panels/runtimePanel";
import { Studies } from "./panels/studies";
import { SweepPanels } from "./panels/sweepPanel";
import { SymmetryPanel, symmetryViewType } from "./panels/symmetryPanel";
import { TrainingPanel, trainingViewType } from "./panels/trainingPanel";
import { TrainingRuns } from "./panels/trainingRuns";

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("UAP Lens", { log: true });
  const script = (name: string) => vscode.Uri.joinPath(context.extensionUri, "dist", name).fsPath;
  const newChecker = () =>
    new Checker(
      () => new Worker(script("checkWorker.js")),
      (line) => log.error(line),
    );
  const checker = newChecker();
  // Panels ask on a thread of their own, so that no check waits for them.
  const panelChecker = newChecker();
  // So do certificates, which take seconds, and searches for designs and repairs.
  const certificateChecker = newChecker();
  const searchChecker = newChecker();
  const pages = new FindingPages(context.extensionUri);
  const reports = new Reports(checker);
  const diagnostics = new Diagnostics(reports, pages);
  const workspaceCheck = new WorkspaceCheck(checker, reports, diagnostics);
  const documents = new ReportDocuments(reports);
  const panels = new ReportPanels(context.extensionUri, reports, pages);
  const model = new ActiveModel(reports);
  const certificates = new Certificates(certificateChecker, reports);
  const runtime = new Runtime(script("runtime.js"), runtimePanelHost(context.extensionUri), log);
  const storage = context.storageUri ?? context.globalStorageUri;
  const runs = new TrainingRuns(runtime, storage.scheme === "file" ? `${storage.fsPath}/runs` : undefined, log);
  const studies = new Studies(panelChecker, searchChecker);
  const repaired = new RepairedTexts();
  const services: PanelServices = { extensionUri: context.extensionUri, reports, studies, runtime, runs, repaired };
  const modelPanels = {
    training: new ModelPanels(trainingViewType, TrainingPanel, services),
    distinguishability: new ModelPanels(distinguishabilityViewType, DistinguishabilityPanel, services),
    symmetry: new ModelPanels(symmetryViewType, SymmetryPanel, services),
    repair: new ModelPanels(repairViewType, RepairPanel, services),
  };
  const designer = new DesignPanels(services);
  const sweeps = new SweepPanels({
    extensionUri: context.extensionUri,
    checker: searchChecker,
    entry: script("runtime.js"),
    version: (context.extension.packageJSON as { version: string }).version,
    folder: storage.scheme === "file" ? `${storage.fsPath}/sweeps` : undefined,
  });
  const lenses = new Lenses(reports, certificates);
  const files: vscode.DocumentSelector = { pattern: modelFileGlob };
  context.subscriptions.push(
    log,
    checker,
    panelChecker,
    certificateChecker,
    searchChecker,
    reports,
    diagnostics,
    workspaceCheck,
    new GridCheck(checker, diagnostics),
    documents,
    certificates,
    lenses,
    panels,
    model,
    runtime,
    runs,
    repaired,
    ...Object.values(modelPanels),
    designer,
    sweeps,
    new ModelTree(model, reports),
    new LiveView(context.extensionUri, model, reports, runs),
    new Status(reports, runtime),
    vscode.languages.registerCodeActionsProvider(
      files,
      new QuickFixes(reports, new RepairFixes(studies)),
      QuickFixes.metadata,
    ),
    vscode.languages.registerCodeLensProvider(files, lenses),
    vscode.languages.registerHoverProvider(files, new Hovers(reports, pages)),
    vscode.languages.registerCompletionItemProvider(
      { pattern: codeFileGlob },
      new CommentCompletion(reports),
      ...CommentCompletion.triggers,
    ),
    registerEvaluation(checker, reports, script("evaluation.js")),
    ...registerCommands(
      reports,
      workspaceCheck,
      documents,
      panels,
      model,
      modelPanels,
      designer,
      certificates,
      panelChecker,
    ),
  );
}
