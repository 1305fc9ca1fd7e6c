/**
 * What is checked as one: a text document, or the Python cells of a notebook. A report's ranges are in the subject's text; a placement leads from there to
 * the documents in which a person reads.
 */
import * as vscode from "vscode";
import { JoinedCells } from "../models/code/cells";
import { isCodeFile, isModelFile, isNotebook, mayBeModelFile, mostBytes } from "../models/fileNames";
import type { Range, TextEdit } from "../theory/verdict/report";
import { toRange } from "./convert";

/** Where the ranges of one version of a subject's text are. */
export interface Placement {
  /** All that a range can be in. */
  readonly documents: readonly vscode.Uri[];
  locate(range: Range): vscode.Location;
  /** Undefined where an edit would change two cells at once. */
  edit(edits: readonly TextEdit[]): vscode.WorkspaceEdit | undefined;
}

export interface Subject {
  /** Of the file. */
  readonly uri: vscode.Uri;
  /** Another one for every text. */
  readonly version: number;
  readonly isClosed: boolean;
  text(): string;
  placement(): Placement;
}

class DocumentSubject implements Subject {
  constructor(private readonly document: vscode.TextDocument) {}

  get uri(): vscode.Uri {
    return this.document.uri;
  }

  get version(): number {
    return this.document.version;
  }

  get isClosed(): boolean {
    return this.document.isClosed;
  }

  text(): string {
    return this.document.getText();
  }

  placement(): Placement {
    return placementIn(this.document.uri);
  }
}

/** The placement of a text that is a whole file's. */
export function placementIn(uri: vscode.Uri): Placement {
  return {
    documents: [uri],
    locate: (range) => new vscode.Location(uri, toRange(range)),
    edit: (edits) => editOf(edits.map((edit) => ({ uri, edit }))),
  };
}

class NotebookSubject implements Subject {
  #version = 0;
  /** The cells and their versions, and what they are as one text. */
  #known: { key: string; documents: vscode.Uri[]; joined: JoinedCells } | undefined;

  constructor(private readonly notebook: vscode.NotebookDocument) {}

  get uri(): vscode.Uri {
    return this.notebook.uri;
  }

  get version(): number {
    this.#join();
    return this.#version;
  }

  get isClosed(): boolean {
    return this.notebook.isClosed;
  }

  text(): string {
    return this.#join().joined.text;
  }

  placement(): Placement {
    const { documents, joined } = this.#join();
    return {
      documents,
      locate: (range) => {
        const placed = joined.inCell(range);
        // Without a cell there is no text that a range could be in.
        if (placed === undefined) return new vscode.Location(this.uri, toRange(range));
        return new vscode.Location(documents[placed.cell], toRange(placed.range));
      },
      edit: (edits) => {
        const placed = joined.edits(edits);
        return placed && editOf(placed.map(({ cell, edit }) => ({ uri: documents[cell], edit })));
      },
    };
  }

  #join() {
    const cells = this.notebook
      .getCells()
      .filter(({ kind, document }) => kind === vscode.NotebookCellKind.Code && document.languageId === "python");
    // The notebook's own version grows with every output.
    const key = cells.map(({ document }) => `${document.uri.toString()} ${document.version}`).join("\n");
    if (this.#known?.key !== key) {
      this.#version++;
      const documents = cells.map(({ document }) => document.uri);
      this.#known = { key, documents, joined: new JoinedCells(cells.map(({ document }) => document.getText())) };
    }
    return this.#known;
  }
}

function editOf(edits: readonly { uri: vscode.Uri; edit: TextEdit }[]): vscode.WorkspaceEdit {
  const all = new vscode.WorkspaceEdit();
  for (const { uri, edit } of edits) all.replace(uri, toRange(edit.range), edit.newText);
  return all;
}

const subjects = new WeakMap<vscode.TextDocument | vscode.NotebookDocument, Subject>();

function remembered<T extends vscode.TextDocument | vscode.NotebookDocument>(
  source: T,
  made: (source: T) => Subject,
): Subject {
  let subject = subjects.get(source);
  if (subject === undefined) {
    subject = made(source);
    subjects.set(source, subject);
  }
  return subject;
}

export const subjectOfNotebook = (notebook: vscode.NotebookDocument): Subject =>
  remembered(notebook, (source) => new NotebookSubject(source));

/** What a document belongs to; undefined for a cell whose notebook is gone, and for the text of a file that is open as a notebook. */
export function subjectOf(document: vscode.TextDocument): Subject | undefined {
  const { uri } = document;
  if (uri.scheme === "vscode-notebook-cell") {
    const notebook = vscode.workspace.notebookDocuments.find((open) =>
      open.getCells().some((cell) => cell.document === document),
    );
    return notebook && subjectOfNotebook(notebook);
  }
  if (isNotebook(uri.path) && notebookAt(uri) !== undefined) return undefined;
  return remembered(document, (source) => new DocumentSubject(source));
}

const notebookAt = (uri: vscode.Uri): vscode.NotebookDocument | undefined =>
  vscode.workspace.notebookDocuments.find((open) => open.uri.toString() === uri.toString());

/** The subject of a file that is open. */
export function subjectAt(uri: vscode.Uri): Subject | undefined {
  const notebook = notebookAt(uri);
  if (notebook !== undefined) return subjectOfNotebook(notebook);
  const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === uri.toString());
  return document && subjectOf(document);
}

/** Opens a file, which is what makes it checked. @throws Error where it cannot be opened */
export async function openSubject(uri: vscode.Uri): Promise<Subject> {
  const open = subjectAt(uri);
  if (open !== undefined) return open;
  if (isNotebook(uri.path)) return subjectOfNotebook(await vscode.workspace.openNotebookDocument(uri));
  return remembered(await vscode.workspace.openTextDocument(uri), (source) => new DocumentSubject(source));
}

/** What the active editor shows. */
export function activeSubject(): Subject | undefined {
  const document = vscode.window.activeTextEditor?.document;
  const subject = document && subjectOf(document);
  if (subject !== undefined) return subject;
  const notebook = vscode.window.activeNotebookEditor?.notebook;
  return notebook && subjectOfNotebook(notebook);
}

const looked = new WeakMap<Subject, { version: number; is: boolean }>();

/** Whether a person can edit a file: the old side of a diff is none. */
export const isEditable = ({ scheme }: vscode.Uri): boolean =>
  scheme === "untitled" || vscode.workspace.fs.isWritableFileSystem(scheme) === true;

/** Whether a subject is read: a file that may have a model in it, and that a person can edit. */
export function isRead(subject: Subject): boolean {
  const { uri, version } = subject;
  if (!mayBeModelFile(uri.path) || !isEditable(uri)) return false;
  let known = looked.get(subject);
  if (known?.version !== version) {
    const text = subject.text();
    // A longer text of code is not read; one of a specification is refused with words.
    const tooLong = isCodeFile(uri.path) && text.length > mostBytes(uri.path);
    known = { version, is: !tooLong && isModelFile(uri.path, () => text) };
    looked.set(subject, known);
  }
  return known.is;
}

/** Where a range is in a document; undefined where it is in another one. */
export function rangeIn(document: vscode.TextDocument, placement: Placement, range: Range): vscode.Range | undefined {
  const location = placement.locate(range);
  return location.uri.toString() === document.uri.toString() ? location.range : undefined;
}

/** Shows a place. */
export async function reveal({ uri, range }: vscode.Location, viewColumn?: vscode.ViewColumn): Promise<void> {
  const options: vscode.TextDocumentShowOptions = { selection: range, viewColumn };
  // A cell is shown in its notebook.
  if (uri.scheme === "vscode-notebook-cell") await vscode.commands.executeCommand("vscode.open", uri, options);
  else await vscode.window.showTextDocument(uri, options);
}
