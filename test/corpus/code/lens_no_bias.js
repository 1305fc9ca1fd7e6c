const { attention, transformer } = require("uap-lens");

const block = attention({ heads: 4 }).feedForward({ activation: "relu", bias: false });
const model = transformer({
  tokens: 20,
  width: 32,
  position: "absolute",
  layers: [block.repeat(3)],
});

console.log(model.spec);
