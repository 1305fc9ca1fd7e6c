/** What every page does: talk with its host, draw anew only what changed, and say changes to a screen reader. */
import { typing } from "./controls/controls";
import { element } from "./controls/element";

/** A part of a page: equal data, equal drawing. */
export interface Section {
  name: string;
  data: unknown;
  draw: () => HTMLElement;
}

/** A section that is drawn from its data. */
export const section = <Data>(name: string, data: Data, draw: (data: Data) => HTMLElement): Section => ({
  name,
  data,
  draw: () => draw(data),
});

/** A section that looks after its own drawing. */
export const live = (name: string, node: HTMLElement): Section => ({ name, data: null, draw: () => node });

/** An open dropdown, or a field whose text is being typed. */
const inUse = `vscode-dropdown[open], [${typing}]`;

export interface Page<State, ToHost> {
  send(this: void, message: ToHost): void;
  /** Shows these sections, from top to bottom. Those that were on view with the same data stay as they are, with their scroll position, focus and open details. */
  show(sections: Section[]): void;
  /** What a screen reader says when it changes. */
  announce(text: string): void;
  /** What survives a reload of the window; everything else comes from the host. */
  remember(state: State): void;
  recall(): State | undefined;
}

/** Connects the page with its host and tells it that the page listens. */
export function openPage<State, ToHost extends { kind: string }, ToPage>(
  receive: (message: ToPage) => void,
  ready: ToHost,
): Page<State, ToHost> {
  const host = acquireVsCodeApi<State>();
  const page = document.getElementById("page")!;
  const announcer = element("div", { class: "visually-hidden", role: "status" });
  page.before(announcer);
  let drawn: { name: string; signature: string; node: HTMLElement }[] = [];
  let wanted: Section[] = [];
  const show = (sections: Section[]) => {
    wanted = sections;
    const focused = document.activeElement?.getAttribute("data-key");
    const kept = drawn;
    drawn = sections.map(({ name, data, draw }) => {
      const signature = JSON.stringify(data);
      const old = kept.find((one) => one.name === name);
      // What a person is in the middle of is not taken from under their hand; its section is drawn anew afterwards.
      return old && (old.signature === signature || old.node.querySelector(inUse))
        ? old
        : { name, signature, node: draw() };
    });
    const nodes = drawn.map(({ node }) => node);
    for (const old of [...page.children]) if (!nodes.includes(old as HTMLElement)) old.remove();
    nodes.forEach((node, index) => {
      if (page.children[index] !== node) page.insertBefore(node, page.children[index] ?? null);
    });
    if (focused && document.activeElement === document.body)
      page.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  };
  new MutationObserver(() => {
    if (!page.querySelector(inUse)) show(wanted);
  }).observe(page, { subtree: true, attributeFilter: ["open", typing] });
  window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => receive(data));
  // After the caller has what is returned here.
  queueMicrotask(() => host.postMessage(ready));
  return {
    send: (message) => host.postMessage(message),
    show,
    announce: (text) => {
      if (announcer.textContent !== text) announcer.textContent = text;
    },
    remember: (state) => host.setState(state),
    recall: () => host.getState(),
  };
}
