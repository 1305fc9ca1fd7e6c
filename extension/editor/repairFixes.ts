/** Repairs of a refuted architecture as quick fixes: searched off the extension host when somebody asks, once for every version of a text. */
import * as vscode from "vscode";
import type { Studies } from "../panels/studies";
import type { Repairs } from "../repairs";
import type { Repair } from "../theory/design/repair";
import type { TextEdit } from "../theory/verdict/report";
import type { Checked } from "./reports";

/** Milliseconds that the cursor rests before a search starts that nobody asked for by hand. */
const rest = 400;
/**
 * Milliseconds that a finding's own fixes wait for repairs; a search that takes longer goes on, and its repairs are there when fixes are asked for again. The editor drops
 * a menu that was asked for by hand when the cursor's rest makes it ask by itself, a quarter of a second after the cursor has moved.
 */
const patience = 100;

export interface RepairFix {
  repair: Repair;
  edits: TextEdit[];
}

type Search = Promise<Repairs | undefined>;

export class RepairFixes {
  private readonly searches = new WeakMap<Checked, Map<number, Search>>();
  /** Of the text that was asked about last; searches for an earlier one are stopped. */
  private last: { checked: Checked; stop: AbortController } | undefined;

  constructor(private readonly studies: Pick<Studies, "repairs">) {}

  /** The repairs that can be made in the file, the least attention first; none where they are not wanted any more, or are not found yet. */
  async of(
    checked: Checked,
    architecture: number,
    trigger: vscode.CodeActionTriggerKind,
    token: vscode.CancellationToken,
  ): Promise<RepairFix[]> {
    const known = this.searches.get(checked)?.get(architecture);
    if (known === undefined && trigger === vscode.CodeActionTriggerKind.Automatic) await after(rest);
    if (token.isCancellationRequested) return [];
    const search = this.searches.get(checked)?.get(architecture) ?? this.search(checked, architecture);
    const repairs = await Promise.race([search, after(patience)]);
    return (repairs?.outcome.repairs ?? []).flatMap((repair, i) => {
      const edits = repairs?.edits[i];
      return edits ? [{ repair, edits }] : [];
    });
  }

  private search(checked: Checked, architecture: number): Search {
    if (this.last?.checked !== checked) {
      this.last?.stop.abort();
      this.last = { checked, stop: new AbortController() };
    }
    // What the thread died of it has logged; the finding's own fixes are offered all the same.
    const search = this.studies.repairs(checked, architecture, this.last.stop.signal).catch(() => undefined);
    const ofText = this.searches.get(checked) ?? new Map<number, Search>();
    this.searches.set(checked, ofText.set(architecture, search));
    void search.then((repairs) => {
      if (repairs === undefined) ofText.delete(architecture);
    });
    return search;
  }
}

const after = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds));
