/** Certificates beside model files: issued, verified and shown, and how each stands to what its file says now. */
import path from "node:path";
import * as vscode from "vscode";
import type { Shown } from "../certificates";
import type { Answers, Question } from "../checkWorker";
import { certificateGlob, certificateName, certifiedName, isNotebook, mayBeModelFile, mostCertificateBytes, pathAsName } from "../models/fileNames"; // prettier-ignore
import type { ArchitectureReport } from "../theory/verdict/report";
import type { Checker } from "./checker";
import { nameInReport, type Reports } from "./reports";
import { openSubject, type Subject, subjectAt } from "./subjects";
import type { CertificateBadge } from "./words";

const scheme = "uap-lens-certificate";
const setting = "certificateFolder";

/** What the badge knows of a certificate file: the hash of the architecture that it speaks of, or null where it has none. */
interface Known {
  /** Tells one content of the file from the next. */
  stamp: string;
  architecture: string | null;
}

export class Certificates implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly known = new Map<string, Known>();
  /** The certificates shown, as Markdown, by the documents that show them. */
  private readonly rendered = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly filesChanged = new vscode.EventEmitter<void>();
  /** A certificate file has come, gone or changed, or they are looked for elsewhere. */
  readonly onDidChangeFiles = this.filesChanged.event;
  private readonly subscriptions: vscode.Disposable[];

  /** @param checker is used by nothing else: issuing takes seconds */
  constructor(
    private readonly checker: Checker,
    private readonly reports: Reports,
  ) {
    const watcher = vscode.workspace.createFileSystemWatcher(certificateGlob);
    const filesChanged = () => this.filesChanged.fire();
    this.subscriptions = [
      this.changed,
      this.filesChanged,
      watcher,
      watcher.onDidCreate(filesChanged),
      watcher.onDidChange(filesChanged),
      watcher.onDidDelete(filesChanged),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`uapLens.${setting}`)) filesChanged();
      }),
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
    ];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** How the architectures of a model file stand to their certificates. */
  async badges(model: vscode.Uri, architectures: readonly ArchitectureReport[]): Promise<CertificateBadge[]> {
    return Promise.all(
      architectures.map(async ({ sha256 }, index) => {
        const certified = await this.architectureOf(certificateFile(model, index, architectures.length));
        if (certified === undefined) return "none";
        if (certified === null) return "unreadable";
        return certified === sha256 ? "current" : "stale";
      }),
    );
  }

  /** Issues a certificate of an architecture of a model file as it is in the editor, writes it and shows it. */
  async issue(model: vscode.Uri, architecture: number): Promise<void> {
    if (model.scheme === "untitled") {
      void vscode.window.showWarningMessage("Save the model file first: its certificate is written next to it.");
      return;
    }
    const subject = await openSubject(model);
    const file = await this.fileOf(subject, architecture);
    if (file === undefined) return; // a squiggle says why
    const name = nameInReport(model);
    const question = { kind: "certificate", fileName: name, text: subject.text(), architecture } as const;
    const issued = await this.ask(`issuing a certificate of ${name}`, file, question);
    if (issued === undefined) return;
    if ("unavailable" in issued) {
      void vscode.window.showWarningMessage(`No certificate of ${name}: ${issued.unavailable}`);
      return;
    }
    try {
      await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(issued.text));
    } catch (error) {
      void vscode.window.showErrorMessage(`The certificate cannot be written: ${(error as Error).message}`);
      return;
    }
    this.filesChanged.fire();
    this.render(file, issued.shown.markdown);
    await showBeside(file);
  }

  /** The certificate file of an architecture of a model file, if it is there. */
  async find(model: vscode.Uri, architecture: number): Promise<vscode.Uri | undefined> {
    const file = await this.fileOf(await openSubject(model), architecture);
    return file !== undefined && (await statOf(file)) !== undefined ? file : undefined;
  }

  /**
   * Verifies a certificate file and shows it, or says which step fails.
   * @param model the file that it is compared with; if left out, the one that its name speaks of
   */
  async verify(file: vscode.Uri, model?: vscode.Uri): Promise<void> {
    if ((await this.verified(file, model)) !== undefined) await showBeside(file);
  }

  /** Verifies a certificate file, and copies what it says as LaTeX. */
  async copyLatex(file: vscode.Uri, model?: vscode.Uri): Promise<void> {
    const shown = await this.verified(file, model);
    if (shown === undefined) return;
    await vscode.env.clipboard.writeText(shown.latex);
    vscode.window.setStatusBarMessage(`UAP Lens: ${nameInReport(file)} is copied as LaTeX`, 10_000);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string | undefined> {
    // After a reload of the window what is on view is verified again.
    if (!this.rendered.has(uri.toString())) await this.verified(vscode.Uri.parse(uri.query, true));
    return this.rendered.get(uri.toString());
  }

  private render(file: vscode.Uri, markdown: string): void {
    const uri = uriOfShown(file);
    this.rendered.set(uri.toString(), markdown);
    this.changed.fire(uri);
  }

  /** Undefined where it is not accepted, which is said, or where nobody wants to know any more. */
  private async verified(file: vscode.Uri, model = modelNextTo(file)): Promise<Shown | undefined> {
    const name = nameInReport(file);
    const refuse = (message: string, ...actions: "Open the File"[]) => {
      this.render(file, message); // where it was accepted before, and is still shown
      void vscode.window.showErrorMessage(message, ...actions).then((action) => action && vscode.window.showTextDocument(file)); // prettier-ignore
    };
    let text: string;
    try {
      text = await readText(file);
    } catch (error) {
      refuse(`The certificate ${name} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
    const about = model && (await readModel(model));
    const answer = await this.ask(`verifying ${name}`, file, { kind: "verify", text, model: about });
    if (answer === undefined) return undefined;
    if (!("shown" in answer)) {
      refuse(`The certificate ${name} is rejected at the step "${answer.step}": ${answer.reason}.`, "Open the File"); // prettier-ignore
      return undefined;
    }
    this.render(file, answer.shown.markdown);
    return answer.shown;
  }

  /** Asks the thread while a notification says what it does and offers to end it. Undefined where it was ended, or failed, which is said. */
  private async ask<Kind extends "certificate" | "verify">(
    what: string,
    file: vscode.Uri,
    question: Extract<Question, { kind: Kind }>,
  ): Promise<Answers[Kind] | undefined> {
    const key = `${what}: ${file.toString()}`;
    const options = { location: vscode.ProgressLocation.Notification, title: `UAP Lens: ${what}`, cancellable: true };
    const outcome = await vscode.window.withProgress(options, async (_, token) => {
      const cancelled = token.onCancellationRequested(() => this.checker.cancel(key));
      const outcome = await this.checker.ask<Kind>(key, question);
      cancelled.dispose();
      return outcome;
    });
    if (outcome.kind === "failed") void vscode.window.showErrorMessage(`UAP Lens, ${what}: ${outcome.message}`);
    return outcome.kind === "answer" ? outcome.answer : undefined;
  }

  /** The certificate file of an architecture, there or not. Undefined where the model file has no such architecture. */
  private async fileOf(subject: Subject, architecture: number): Promise<vscode.Uri | undefined> {
    const checked = await this.reports.current(subject);
    const count = checked?.outcome.kind === "report" ? checked.outcome.report.architectures.length : 0;
    return architecture < count ? certificateFile(subject.uri, architecture, count) : undefined;
  }

  /** The architecture that a certificate file speaks of, by its hash; null where it cannot be read, undefined where there is no such file. */
  private async architectureOf(file: vscode.Uri): Promise<string | null | undefined> {
    const stat = await statOf(file);
    if (stat === undefined) return undefined;
    const stamp = `${stat.mtime} ${stat.size}`;
    let known = this.known.get(file.toString());
    if (known?.stamp !== stamp) {
      known = { stamp, architecture: await readHash(file) };
      this.known.set(file.toString(), known);
    }
    return known.architecture;
  }
}

/** The document that shows what a certificate file says. */
const uriOfShown = (file: vscode.Uri): vscode.Uri =>
  vscode.Uri.from({ scheme, path: file.path.replace(/json$/, "md"), query: file.toString() });

/** Shows what a certificate says beside the editor. The focus stays: an editor that loses it does not ask for its lenses again. */
async function showBeside(file: vscode.Uri): Promise<void> {
  const options = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true, preview: true };
  await vscode.commands.executeCommand("vscode.openWith", uriOfShown(file), "vscode.markdown.preview.editor", options);
}

/** Where the certificate of an architecture of a model file belongs. */
function certificateFile(model: vscode.Uri, architecture: number, architectures: number): vscode.Uri {
  const nextTo = vscode.Uri.joinPath(model, "..");
  const folder = vscode.workspace.getConfiguration("uapLens", model).get(setting, "").trim();
  if (folder === "")
    return vscode.Uri.joinPath(nextTo, certificateName(path.posix.basename(model.path), architecture, architectures));
  // Files of one name come together there.
  const name = certificateName(pathAsName(nameInReport(model)), architecture, architectures);
  if (path.isAbsolute(folder)) return vscode.Uri.joinPath(model.with({ path: vscode.Uri.file(folder).path }), name);
  return vscode.Uri.joinPath(vscode.workspace.getWorkspaceFolder(model)?.uri ?? nextTo, folder, name);
}

/** The model file next to a certificate that the certificate's name speaks of. */
function modelNextTo(certificate: vscode.Uri): vscode.Uri | undefined {
  const name = certifiedName(path.posix.basename(certificate.path));
  return name !== undefined && mayBeModelFile(name) ? vscode.Uri.joinPath(certificate, "..", name) : undefined;
}

async function statOf(file: vscode.Uri): Promise<vscode.FileStat | undefined> {
  try {
    return await vscode.workspace.fs.stat(file);
  } catch {
    return undefined;
  }
}

/** The text of a file, as it is in the editor where it was changed there. @throws Error that says why it cannot be read */
async function readText(file: vscode.Uri): Promise<string> {
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString());
  if (open?.isDirty) return open.getText();
  if ((await vscode.workspace.fs.stat(file)).size > mostCertificateBytes)
    throw new Error(`it has more than ${mostCertificateBytes} bytes`);
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
}

/** A model file, with the name that decides its reader; undefined where it cannot be read. */
async function readModel(file: vscode.Uri): Promise<{ fileName: string; text: string } | undefined> {
  try {
    const notebook = isNotebook(file.path) ? subjectAt(file) : undefined;
    return { fileName: nameInReport(file), text: notebook?.text() ?? (await readText(file)) };
  } catch {
    return undefined;
  }
}

async function readHash(certificate: vscode.Uri): Promise<string | null> {
  try {
    const { architecture } = JSON.parse(await readText(certificate)) as { architecture: { sha256: unknown } };
    return typeof architecture.sha256 === "string" ? architecture.sha256 : null;
  } catch {
    return null;
  }
}
