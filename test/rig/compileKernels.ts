/** `npm run build:kernels`: compiles the WASM kernels' source into the module that the runtime loads, which is kept in the repository. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const folder = path.join(__dirname, "..", "..", "extension", "runtime", "backends");
const compiled = path.join(folder, "kernelsBinary.ts");

/** The compiler's interface as far as it is used; its own declarations change the types of Node's globals. */
interface Compiler {
  main(
    this: void,
    args: string[],
    io: { writeFile: (name: string, contents: Uint8Array | string) => void },
  ): Promise<{ error: Error | null; stderr: { toString: () => string } }>;
}

/** What the compiled module should contain, and what it does. */
export async function compileKernels(): Promise<{ expected: string; kept: string }> {
  const compiler = "assemblyscript/asc";
  const { main } = (await import(compiler)) as Compiler;
  const options = [
    "-O3",
    "--runtime=stub",
    "--enable=simd,threads",
    "--importMemory",
    "--maximumMemory=65536",
    "--noAssert",
    "--outFile=kernels.wasm",
  ];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await main(["kernels.assembly.ts", `--baseDir=${folder}`, ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm") && typeof contents !== "string") binary = contents;
    },
  });
  if (error !== null || binary === undefined)
    throw new Error(`The kernels do not compile: ${stderr.toString()}`, { cause: error });
  const text = Buffer.from(binary).toString("base64");
  const expected = `/** Compiled from kernels.assembly.ts by \`npm run build:kernels\`. */\nexport const kernelsBinary =\n  "${text}";\n`;
  return { expected, kept: readFileSync(compiled, "utf8") };
}

if (process.argv[1] === __filename)
  void compileKernels().then(({ expected }) => {
    writeFileSync(compiled, expected);
  });
