/** Repairs of a refuted architecture as quick fixes: searched off the extension host when somebody asks, once for every version of a text. */
import * as vscode from "vscode";
import type { Studies } from "../panels/studies";
import type { Repairs } from "../repairs";
import type { Repair } from "../theory/design/repair";
import type { TextEdit } from "../theory/verdict/report";
import type { Checked } from "./reports";

/** Milliseconds that the cursor rests before a search starts that nobody asked for by hand. */
const rest = 400;

export interface RepairFix {
  repair: Repair;
  edits: TextEdit[];
}

export class RepairFixes {
  private readonly known = new WeakMap<Checked, Map<number, Repairs>>();

  constructor(private readonly studies: Pick<Studies, "repairs">) {}

  /** The repairs that can be made in the file, the least attention first; none where they are not wanted any more. */
  async of(
    checked: Checked,
    architecture: number,
    trigger: vscode.CodeActionTriggerKind,
    token: vscode.CancellationToken,
  ): Promise<RepairFix[]> {
    const repairs = this.known.get(checked)?.get(architecture) ?? (await this.search(checked, architecture, trigger, token)); // prettier-ignore
    return (repairs?.outcome.repairs ?? []).flatMap((repair, i) => {
      const edits = repairs?.edits[i];
      return edits ? [{ repair, edits }] : [];
    });
  }

  private async search(
    checked: Checked,
    architecture: number,
    trigger: vscode.CodeActionTriggerKind,
    token: vscode.CancellationToken,
  ): Promise<Repairs | undefined> {
    const stop = new AbortController();
    const subscription = token.onCancellationRequested(() => stop.abort());
    try {
      if (trigger === vscode.CodeActionTriggerKind.Automatic) await resting(stop.signal);
      if (token.isCancellationRequested) return undefined;
      // What the thread died of it has logged; the finding's own fixes are offered all the same.
      const repairs = await this.studies.repairs(checked, architecture, stop.signal).catch(() => undefined);
      if (repairs !== undefined) {
        const ofText = this.known.get(checked) ?? new Map<number, Repairs>();
        this.known.set(checked, ofText.set(architecture, repairs));
      }
      return repairs;
    } finally {
      subscription.dispose();
    }
  }
}

/** After a while, or once it is stopped. */
function resting(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, rest);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
