/** What the pages of one model file have in common: whose page it is, what is chosen, what is under way. */
import { button, dropdown, field, link, progress, type Choice } from "./controls/controls";
import { element, type Child } from "./controls/element";
import { section, type Section } from "./page";
import type { NothingYet, Progress, Subject, ToModelPanel, VariantChoice } from "./protocol";

type Send = (message: ToModelPanel) => void;

const freshnessNotes = {
  current: null,
  checking: "The file has changed. What is below belongs to its earlier text; a new check is under way.",
  closed: "The file is closed. What is below belongs to its last text.",
} as const;

/** The head of a page. */
export function head(title: string, subject: Subject, send: Send): Section {
  return section("head", { title, subject }, () => {
    const { file, freshness, architectures, architecture } = subject;
    const note = freshnessNotes[freshness];
    return element(
      "header",
      {},
      element(
        "p",
        { class: "file" },
        file,
        " · ",
        link("report", "report", () => send({ kind: "open-report" })),
      ),
      element("h1", {}, title, architectures.length === 1 ? `: ${architectures[0]}` : ""),
      architectures.length > 1
        ? dropdown(
            "architecture",
            "Architecture of the file",
            architectures.map((label, index) => ({ value: String(index), label })),
            String(architecture),
            (value) => send({ kind: "select-architecture", architecture: Number(value) }),
          )
        : null,
      note === null ? null : element("p", { class: "stale", role: "status" }, note),
    );
  });
}

/** The page as long as there is nothing to show. */
export function nothing(title: string, state: NothingYet, send: Send): Section[] {
  return [
    head(title, state.subject, send),
    section("nothing", state, () =>
      element(
        "section",
        { class: "state" },
        state.kind === "reading"
          ? progress("Reading the file and deciding what the architecture can express")
          : element("p", {}, state.message),
      ),
    ),
  ];
}

const sizes = ({ tokens, width, layers }: VariantChoice): string =>
  `${tokens.toLocaleString("en")} tokens, width ${width.toLocaleString("en")}, ${layers} ${layers === 1 ? "layer" : "layers"}`;

export function variantField(
  variants: readonly VariantChoice[],
  selected: string,
  onSelect: (id: string) => void,
): HTMLElement {
  const options: Choice[] = variants.map((variant) => ({ value: variant.id, label: `${variant.title} (${sizes(variant)})` })); // prettier-ignore
  return field("Architecture", dropdown("variant", "Architecture", options, selected, onSelect));
}

/** What a small analogue stands for, or why there is none. */
export function variantNote(
  variants: readonly VariantChoice[],
  selected: string,
  noAnalogue: string | null,
): HTMLElement | null {
  const variant = variants.find(({ id }) => id === selected);
  if (variant === undefined) return null;
  const { standsFor, small } = variant;
  if (standsFor !== null) {
    return element(
      "p",
      { class: "quiet" },
      `A small analogue: ${standsFor}. By theory it has the same verdict, the same errors and the same kind of symmetry.`,
    );
  }
  return small || noAnalogue === null
    ? null
    : element("p", { class: "quiet" }, `There is no small analogue. ${noAnalogue}`);
}

/** Work under way, or how it ended, with what can be done about it. Null where there is nothing to say. */
export function progressLine(
  state: Progress,
  again: () => void,
  send: (message: { kind: "cancel" | "open-settings" }) => void,
  againLabel = "Measure Again",
): HTMLElement | null {
  const line = (...children: Child[]) => element("div", { class: "line", role: "status" }, ...children);
  switch (state.kind) {
    case "idle":
      return null;
    case "working":
      return line(
        progress(`${state.what} …`),
        button("cancel", "secondary", "Cancel", () => send({ kind: "cancel" })),
      );
    case "cancelled":
      return line(element("span", {}, "Cancelled."), button("again", "secondary", againLabel, again));
    case "failed":
      return line(
        element("span", { class: "problem" }, state.message),
        button("again", "secondary", "Try Again", again),
        /backend/i.test(state.message)
          ? button("settings", "secondary", "Open Settings", () => send({ kind: "open-settings" }))
          : null,
      );
  }
}
