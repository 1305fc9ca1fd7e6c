/** Completion in `uap:` comments: keys, the arguments that a question asks for, and values. */
import * as vscode from "vscode";
import { commentKeys, commentPart, ignoreWord } from "../models/code/comments";
import { targetNames } from "../runtime/training/targets";
import type { Reports } from "./reports";
import { subjectOf } from "./subjects";

const ignoring = { name: ignoreWord, documentation: "Leaves the class, the function or the file unread." };

export class CommentCompletion implements vscode.CompletionItemProvider {
  static readonly triggers = [" ", "="];

  constructor(private readonly reports: Reports) {}

  provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): vscode.CompletionItem[] | undefined {
    const before = document.lineAt(position).text.slice(0, position.character);
    const part = commentPart(before);
    if (part === undefined) return undefined;
    const range = new vscode.Range(position.translate(0, part.from - before.length), position);
    const item = (label: string, kind: vscode.CompletionItemKind, documentation: string, order: number) => {
      const made = new vscode.CompletionItem(label, kind);
      made.range = range;
      made.documentation = documentation;
      made.sortText = String(order).padStart(3, "0");
      return made;
    };
    if (part.kind === "value") {
      const known = commentKeys.find(({ name }) => name === part.key);
      if (part.key === "function")
        return targetNames.map(({ name, description }, index) =>
          item(name, vscode.CompletionItemKind.Function, description, index),
        );
      return known?.offered.map((value, index) =>
        item(value, vscode.CompletionItemKind.Value, known.documentation, index),
      );
    }
    const keys = [...this.argumentsAsked(document), ...commentKeys, ignoring].filter(
      ({ name }) => !part.given.includes(name),
    );
    return keys.map(({ name, documentation }, index) => {
      const made = item(name, vscode.CompletionItemKind.Property, documentation, index);
      if (name === ignoring.name) return made;
      made.insertText = `${name}=`;
      made.command = { title: "Offer values", command: "editor.action.triggerSuggest" };
      return made;
    });
  }

  /** Names that the questions of the document ask for, beside the keys that there are anyway. */
  private argumentsAsked(document: vscode.TextDocument): { name: string; documentation: string }[] {
    const subject = subjectOf(document);
    const outcome = subject && this.reports.get(subject.uri)?.outcome;
    const questions = (outcome?.kind === "report" && outcome.report.questions) || [];
    const asked = questions.flatMap(({ message, missing }) =>
      missing.map((name) => ({ name, documentation: message })),
    );
    return asked.filter(
      ({ name }, index) =>
        !commentKeys.some((key) => key.name === name) && asked.findIndex((other) => other.name === name) === index,
    );
  }
}
