import { attention, causal, transformer } from "uap-lens";

/** A decoder with learned positions. */
export const decoder = transformer({
  name: "decoder",
  tokens: 64,
  width: 64,
  position: "absolute",
  layers: [attention({ heads: 4, pattern: causal }).norm("pre").repeat(4)],
  target: { visibility: "causal" },
});
