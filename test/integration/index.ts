/** Entry of the tests that run inside VS Code's extension host, in a desktop VS Code and in the rig alike. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { format } from "node:util";
import Mocha from "mocha";
import { mochaHooks } from "../totals";
import { testOutput } from "./output";

export async function run(): Promise<void> {
  Mocha.reporters.Base.consoleLog = (...args: unknown[]) => {
    for (const line of format(...args).split("\n")) console.log(testOutput + line);
  };
  const mocha = new Mocha({ ui: "bdd", timeout: 180_000, rootHooks: mochaHooks });
  for (const file of readdirSync(__dirname)) if (file.endsWith(".test.js")) mocha.addFile(path.join(__dirname, file));
  await new Promise<void>((resolve, reject) => {
    mocha.run((failures) => {
      if (failures === 0) resolve();
      else reject(new Error(`${failures} integration tests failed`));
    });
  });
}
