/** The commands of the palette. */
import * as vscode from "vscode";
import type { PanelName } from "../../webview/protocol";
import type { DesignPanels } from "../panels/designPanel";
import type { ModelPanels } from "../panels/modelPanel";
import type { ReportPanels } from "../panels/reportPanel";
import type { ActiveModel } from "./activeModel";
import { isCertificate } from "../models/fileNames";
import type { Certificates } from "./certificates";
import type { ExportFormat } from "../exports";
import type { Checker } from "./checker";
import { commandIds } from "./commandIds";
import { openExported } from "./exports";
import type { ReportDocuments } from "./reportDocuments";
import type { Reports } from "./reports";
import { openUntitled } from "./untitled";
import { activeSubject, rangeIn, reveal, type Subject, subjectAt, subjectOf } from "./subjects";
import type { WorkspaceCheck } from "./workspaceCheck";

export function registerCommands(
  reports: Reports,
  workspaceCheck: WorkspaceCheck,
  documents: ReportDocuments,
  panels: ReportPanels,
  model: ActiveModel,
  modelPanels: Record<PanelName, ModelPanels>,
  designer: DesignPanels,
  certificates: Certificates,
  checker: Checker,
): vscode.Disposable[] {
  const modelOnView = () => subjectOnView(reports)?.uri ?? panels.shown ?? model.uri;
  const openPanel = (panel: PanelName) =>
    vscode.commands.registerCommand(commandIds[panel], (uri?: vscode.Uri, architecture?: number) => {
      const file = uri ?? modelOnView();
      if (file !== undefined) modelPanels[panel].open(file, architecture ?? architectureAtCursor(reports));
    });
  /** The certificate that a command is about, with the model file it was found by: the one in the editor, that of a model file, or one that is chosen. */
  const certificateOf = async (uri?: vscode.Uri, architecture?: number) => {
    const active = uri ?? activeSubject()?.uri;
    if (active !== undefined && isCertificate(active.path)) return { file: active };
    const of = uri ?? modelOnView();
    const found = of && (await certificates.find(of, architecture ?? architectureAtCursor(reports)));
    if (found) return { file: found, of };
    const filters = { Certificates: ["json"] };
    const [chosen] = (await vscode.window.showOpenDialog({ title: "UAP Lens: Choose a Certificate", filters })) ?? [];
    return chosen && { file: chosen };
  };
  return [
    vscode.commands.registerCommand(commandIds.issueCertificate, async (uri?: vscode.Uri, architecture?: number) => {
      const file = uri ?? modelOnView();
      if (file !== undefined) await certificates.issue(file, architecture ?? architectureAtCursor(reports));
    }),
    vscode.commands.registerCommand(commandIds.verifyCertificate, async (uri?: vscode.Uri, architecture?: number) => {
      const found = await certificateOf(uri, architecture);
      if (found !== undefined) await certificates.verify(found.file, found.of);
    }),
    vscode.commands.registerCommand(commandIds.copyCertificate, async (uri?: vscode.Uri, architecture?: number) => {
      const found = await certificateOf(uri, architecture);
      if (found !== undefined) await certificates.copyLatex(found.file, found.of);
    }),
    openPanel("training"),
    openPanel("distinguishability"),
    openPanel("symmetry"),
    openPanel("repair"),
    vscode.commands.registerCommand(commandIds.design, (uri?: vscode.Uri, architecture?: number) =>
      designer.open(uri ?? modelOnView(), architecture ?? architectureAtCursor(reports), uri !== undefined),
    ),
    vscode.commands.registerCommand(
      commandIds.export,
      async (uri?: vscode.Uri, architecture?: number, format?: ExportFormat) => {
        const file = uri ?? modelOnView();
        if (file !== undefined)
          await openExported(checker, file, architecture ?? architectureAtCursor(reports), format);
      },
    ),
    vscode.commands.registerCommand(commandIds.checkFile, async () => {
      const subject = subjectOnView(reports);
      if (subject === undefined) return;
      reports.recheck(subject);
      const outcome = (await reports.current(subject))?.outcome;
      if (outcome?.kind === "failed" || (outcome?.kind === "report" && outcome.report.findings.length > 0)) {
        await vscode.commands.executeCommand("workbench.actions.view.problems");
      }
    }),
    vscode.commands.registerCommand(commandIds.checkWorkspace, () => workspaceCheck.run()),
    vscode.commands.registerCommand(commandIds.explain, (uri?: vscode.Uri, architecture?: number) =>
      panels.explain(uri ?? activeSubject()?.uri, architecture ?? architectureAtCursor(reports)),
    ),
    vscode.commands.registerCommand(commandIds.newModel, newModel),
    vscode.commands.registerCommand(commandIds.openJson, async (uri?: vscode.Uri) => {
      const model = uri ?? subjectOnView(reports)?.uri ?? panels.shown;
      if (model !== undefined) await documents.open(model);
    }),
    vscode.commands.registerCommand(commandIds.answerQuestion, (uri: vscode.Uri, question: number) =>
      answerQuestion(reports, uri, question),
    ),
  ];
}

/** The model file that a command is about: the active one, else one beside it. */
function subjectOnView(reports: Reports): Subject | undefined {
  const others = vscode.window.visibleTextEditors.map(({ document }) => subjectOf(document));
  return [activeSubject(), ...others].find((subject) => reports.isModel(subject));
}

/** Writes the comment that a question asks for, and selects the first of its values. */
async function answerQuestion(reports: Reports, uri: vscode.Uri, question: number): Promise<void> {
  const subject = subjectAt(uri);
  const checked = await reports.current(subject);
  if (checked?.outcome.kind !== "report" || checked.version !== subject?.version) return;
  const edits = checked.outcome.report.questions?.[question]?.edits;
  const edit = edits && checked.placement.edit(edits);
  if (edit === undefined || !(await vscode.workspace.applyEdit(edit))) return;
  // The comment is inserted, in one line.
  const [{ range, newText }] = edits!;
  const [, before, value] = /^(.*?=)([^\s,]+)/.exec(newText) ?? [];
  if (before === undefined) return;
  const place = checked.placement.locate(range);
  const start = place.range.start.translate(0, before.length);
  await reveal(new vscode.Location(place.uri, new vscode.Range(start, start.translate(0, value.length))));
}

/** The architecture in which the cursor is, as an index in the report. */
function architectureAtCursor(reports: Reports): number {
  const editor = vscode.window.activeTextEditor;
  const subject = editor && subjectOf(editor.document);
  const checked = subject && reports.get(subject.uri);
  if (checked?.outcome.kind !== "report") return 0;
  const { line } = editor!.selection.active;
  const index = checked.outcome.report.architectures.findIndex(({ range }) => {
    const own = rangeIn(editor!.document, checked.placement, range);
    return own !== undefined && own.start.line <= line && line <= own.end.line;
  });
  return Math.max(0, index);
}

/** A small model with something to mend: the window does not reach across the sequence in two layers. */
const start = `{
  "name": "My transformer",
  "tokens": 16,
  "width": 64,
  "position": "absolute",
  "layers": [{ "repeat": 2, "attention": { "heads": 4, "pattern": { "window": 4 } } }]
}
`;

/** Opens an unsaved model file that can be edited and checked at once. */
const newModel = (): Promise<void> => openUntitled("model.uap.json", start);
