/** Running code to read it, where reading does not tell what it gives to `transformer`: when a person asks for it, in a trusted workspace, in a process of its own. */
import path from "node:path";
import * as vscode from "vscode";
import { keepEvaluation } from "../models/code/typescript/evaluated";
import { evaluateModule } from "../runtime/evaluation/evaluate";
import type { Checker } from "./checker";
import { commandIds } from "./commandIds";
import { nameInReport, type Reports } from "./reports";
import { activeSubject, subjectAt } from "./subjects";

export const runTitle = "Run This File to Read Its Architectures";

/** Whether the code of a file may run here. */
export const mayRun = (uri: vscode.Uri): boolean => vscode.workspace.isTrusted && uri.scheme === "file";

/** @param entry the script of the process in which code runs. */
export function registerEvaluation(checker: Checker, reports: Reports, entry: string): vscode.Disposable {
  return vscode.commands.registerCommand(commandIds.runToRead, async (given?: vscode.Uri) => {
    const subject = given ? subjectAt(given) : activeSubject();
    if (subject === undefined) return;
    const { uri } = subject;
    if (!mayRun(uri)) {
      void vscode.window.showErrorMessage("UAP Lens: code runs in trusted workspaces only, and from files on disk.");
      return;
    }
    const fileName = nameInReport(uri);
    const text = subject.text();
    const asked = await checker.ask(`run ${uri.toString()}`, { kind: "evaluable", fileName, text });
    if (asked.kind !== "answer") return;
    const { answer: evaluable } = asked;
    if (evaluable === undefined) {
      void vscode.window.showInformationMessage("UAP Lens: all that is read of this file is read without running it.");
      return;
    }
    const cwd = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? path.dirname(uri.fsPath);
    const progress = {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: `Running ${fileName}`,
    };
    const evaluation = await vscode.window.withProgress(progress, async (_, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort());
      return evaluateModule({ ...evaluable, file: uri.fsPath }, { entry, cwd, signal: stop.signal }).catch(() => undefined); // prettier-ignore
    });
    if (evaluation === undefined) return;
    keepEvaluation(fileName, text, evaluation);
    reports.recheck(subject);
  });
}
