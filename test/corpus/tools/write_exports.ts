/**
 * Writes the architectures that measure_exports.py measures, as PyTorch, flex_attention and JAX, with what the theory says of them.
 *
 *     npx tsx test/corpus/tools/write_exports.ts DIRECTORY
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { measuredExports } from "../../reference/exportedDesigns";

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
const manifest = measuredExports().map(({ id, architecture, order, sees, texts }) => {
  const files = Object.entries(texts).map(([format, text]) => {
    const file = `${id.replace(/\W+/g, "_")}.${format.replace("-", "_")}.py`;
    writeFileSync(path.join(folder, file), text);
    return [format, file];
  });
  return { id, tokens: architecture.tokens, width: architecture.width, order, sees, files: Object.fromEntries(files) };
});
writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest, null, 2));
