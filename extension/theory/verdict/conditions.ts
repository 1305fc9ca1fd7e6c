/** The hypotheses of the theorems, one by one, as they stand for an architecture. */
import type { Architecture, Block, FeedForward, KernelName } from "../architecture/schema";
import type { Condition } from "./report";

export const paper = "arXiv 2506.23551";
export const section = (number: number) => `UAP Lens theory, section ${number}`;

/** What stands between a token-distinguishing architecture and a certificate. */
export interface Hypotheses {
  conditions: Condition[];
  /** Conditions that fail or are not covered, as noun phrases for a sentence. */
  failing: string[];
  uncovered: string[];
}

/** Kernels with the kernel limit condition (theory, section 3). */
const kernelLimit: Partial<Record<KernelName, string>> = {
  softmax: "softmax attention has the kernel limit",
  gaussian: "the Gaussian kernel has the kernel limit",
  performer: "positive random features have the kernel limit almost surely",
  "exponential-additive": "the additive kernel, which by itself ignores the query, has the kernel limit",
};

const layerList = (blocks: number[]): string =>
  blocks.length === 1 ? `block ${blocks[0]}` : `blocks ${blocks.join(", ")}`;

/** What is wrong with a feed-forward network, or null. */
export function feedForwardFault(feedForward: FeedForward | null): "absent" | "affine" | "frozen" | "no bias" | null {
  if (feedForward === null) return "absent";
  if (feedForward.activation === "linear") return "affine";
  if (feedForward.frozen) return "frozen";
  if (!feedForward.bias) return "no bias";
  return null;
}

const faultReason = {
  absent: "there is no feed-forward network, so nothing between the attention layers is free to move the tokens",
  affine: "the activation is affine, so the network contains no non-affine tokenwise map",
  frozen: "the weights are frozen, so the family is not closed under h -> W h(A x - b)",
  "no bias": "there is no bias, so the family is not closed under h -> W h(A x - b) for all b",
} as const;

/** Whether the theorem's feed-forward hypothesis is what is missing: with normalisation in the block it does not apply in the first place. */
export const biasMatters = (block: Block): boolean => block.norm === null;

function feedForwardCondition(architecture: Architecture): {
  condition: Condition;
  status: "holds" | "fails" | "not-covered";
} {
  const source = `${paper}; ${section(1)} (feed-forward condition)`;
  for (const [index, block] of architecture.layers.entries()) {
    const fault = feedForwardFault(block.feedForward);
    if (fault === null) continue;
    const status = fault === "no bias" && !biasMatters(block) ? "not-covered" : "fails";
    return {
      condition: { id: "feed-forward", status, reason: `Block ${index}: ${faultReason[fault]}.`, source },
      status,
    };
  }
  const activations = [...new Set(architecture.layers.map((block) => block.feedForward?.activation))].join(", ");
  const reason = `Every block has a trainable feed-forward network with bias and a non-affine activation (${activations}), whose maps include a non-affine Lipschitz one; its width and depth are free.`;
  return { condition: { id: "feed-forward", status: "holds", reason, source }, status: "holds" };
}

function kernelConditions(architecture: Architecture): Condition[] {
  const attentions = architecture.layers.flatMap((block) => (block.mixer.kind === "attention" ? [block.mixer] : []));
  const names = [...new Set(attentions.map((attention) => attention.kernel.name))];
  if (names.length === 0) {
    return [
      {
        id: "analytic",
        status: "holds",
        reason: "A convolution is linear in its taps.",
        source: `${paper}; ${section(2)}, theorem 2`,
      },
    ];
  }
  const silent = names.filter(
    (name) => kernelLimit[name] === undefined || attentions.some((a) => a.kernel.name === name && !a.normalized),
  );
  const conditions: Condition[] = [
    silent.length === 0
      ? {
          id: "kernel-limit",
          status: "holds",
          reason: `For every kernel used: ${names.map((name) => kernelLimit[name]).join("; ")}.`,
          source: `${paper}; ${section(3)} (kernel limit condition)`,
        }
      : {
          id: "kernel-limit",
          status: "not-covered",
          reason: `The kernel limit is not available for ${silent.join(", ")}${attentions.every((a) => a.normalized) ? "" : " without normalised rows"}; the paper is silent there and the labelled views decide instead.`,
          source: section(4),
        },
  ];
  conditions.push(
    names.includes("hard")
      ? {
          id: "analytic",
          status: "not-covered",
          reason:
            "Hard attention is not an analytic function of its parameters, so comparing pairs of samples is not enough.",
          source: `${paper}; ${section(2)}, theorem 2`,
        }
      : {
          id: "analytic",
          status: "holds",
          reason: names.some((name) => name.startsWith("linear-"))
            ? "The attention is analytic on the open, connected set of parameters and letters where every feature is positive."
            : "The attention is an analytic function of its parameters on a connected open set.",
          source: `${paper}; ${section(2)}, theorem 2`,
        },
  );
  return conditions;
}

/** All hypotheses that do not depend on the decision procedure. */
export function hypotheses(
  architecture: Architecture,
  skipped: readonly { message: string; affects: "nothing" | "certificate" | "everything" }[],
): Hypotheses {
  const failing: string[] = [];
  const uncovered: string[] = [];
  const { condition, status } = feedForwardCondition(architecture);
  const conditions = [condition];
  if (status === "fails") failing.push("the feed-forward condition");
  if (status === "not-covered") uncovered.push("feed-forward networks without bias");

  conditions.push(...kernelConditions(architecture));
  if (conditions.some((c) => c.id === "analytic" && c.status !== "holds")) uncovered.push("hard attention");

  const normed = architecture.layers.flatMap((block, index) => (block.norm ? [index] : []));
  if (normed.length > 0) {
    const kinds = [
      ...new Set(
        architecture.layers.flatMap((block) =>
          block.norm ? [`${block.norm.placement}-${block.norm.kind === "rms" ? "RMS" : "layer"} normalisation`] : [],
        ),
      ),
    ];
    conditions.push({
      id: "normalisation",
      status: "not-covered",
      reason: `${kinds.join(", ")} in ${normed.length === architecture.layers.length ? "every block" : layerList(normed)} is outside the theorem.`,
      source: `${paper}; ${section(3)} (out of scope)`,
    });
    uncovered.push("normalisation layers");
  } else {
    conditions.push({
      id: "normalisation",
      status: "holds",
      reason: "There is no normalisation layer.",
      source: `${paper}; ${section(3)} (out of scope)`,
    });
  }

  const projections = architecture.layers.flatMap((block) =>
    block.mixer.kind === "attention" ? [block.mixer.projection.kind] : [],
  );
  if (projections.includes("nystrom")) {
    conditions.push({
      id: "projection",
      status: "not-covered",
      reason:
        "Nystrom's landmark approximation is not analytic where its inner matrix loses rank; the paper covers the exact kernel only.",
      source: `${paper}; ${section(3)}`,
    });
    uncovered.push("the Nystrom approximation");
  } else if (projections.includes("linformer")) {
    conditions.push({
      id: "projection",
      status: "holds",
      reason: "The Linformer projections are trainable, one coefficient vector per token.",
      source: `${paper}; ${section(3)} (Linformer)`,
    });
  }

  if (architecture.width < 2) {
    conditions.push({
      id: "width",
      status: "not-covered",
      reason: "Tokens have one dimension; the theorem asks for at least two.",
      source: `${paper}; ${section(1)}`,
    });
    failing.push("a width of at least 2");
  } else {
    conditions.push({
      id: "width",
      status: "holds",
      reason: `Tokens have ${architecture.width} dimensions, at least the 2 that the theorem asks for.`,
      source: `${paper}; ${section(1)}`,
    });
  }

  for (const { message } of skipped.filter(({ affects }) => affects !== "nothing")) {
    conditions.push({ id: "reading", status: "not-covered", reason: message, source: "the model file" });
  }
  if (skipped.some(({ affects }) => affects === "certificate")) uncovered.push("what was not read");
  return { conditions, failing, uncovered };
}
