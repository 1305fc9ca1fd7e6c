import * as lens from "uap-lens";

const options: lens.AttentionInput = { pattern: lens.window({ left: 2, right: 2, circular: true }), heads: 4 };

export function ring(tokens: number, depth: number) {
  return lens.transformer({ tokens, width: 32, layers: [lens.attention(options).repeat(depth)], target: { symmetry: "D_n" } });
}

export const small = ring(16, 8);
