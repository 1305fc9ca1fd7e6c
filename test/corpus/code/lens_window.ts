import { attention, transformer, window } from "uap-lens";

const RADIUS = 4;
const DEPTH = 5;

const local = attention({ pattern: window(RADIUS), heads: 2 })
  .feedForward({ hidden: 128, activation: "relu" })
  .repeat(DEPTH);

export default transformer({ tokens: 48, width: 32, position: "sinusoidal", layers: [local] });
