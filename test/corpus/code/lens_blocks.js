import { any, attention, block, transformer, where } from "uap-lens";

const within = block(8);
// the second kind of layer sees the same blocks, and the tokens of the same parity in them
const layers = [attention({ pattern: within }), attention({ pattern: any(within, where("q // 8 == k // 8 and (q - k) % 2 == 0")) })];

export const blocks = transformer({ tokens: 32, width: 16, position: "learned", layers });
