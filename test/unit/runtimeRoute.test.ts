import assert from "node:assert/strict";
import { backendNames } from "../../extension/runtime/backends/backend";
import { type Circumstances, routesTo } from "../../extension/runtime/process/route";

const server = { electron: false, systemNode: false };
const desktop = { electron: true, systemNode: false };
const desktopWithNode = { electron: true, systemNode: true };
const routes = (machine: Pick<Circumstances, "electron" | "systemNode">, rest: Partial<Circumstances> = {}) =>
  routesTo({ ...machine, backend: "webgpu", webgpu: "auto", ...rest }).join(", ");

describe("the route to the runtime", () => {
  it("is a process wherever a process can have WebGPU", () => {
    for (const machine of [server, desktopWithNode])
      for (const backend of ["auto", ...backendNames] as const)
        assert.equal(routes(machine, { backend }), "process", backend);
  });

  it("is a panel for WebGPU in a desktop without a Node of the system", () => {
    assert.equal(routes(desktop), "panel");
  });

  it("is a process first, then a panel, for the fastest there", () => {
    assert.equal(routes(desktop, { backend: "auto" }), "process, panel");
  });

  it("is a process for the backends that a panel has not", () => {
    for (const backend of backendNames.filter((name) => name !== "webgpu"))
      assert.equal(routes(desktop, { backend, webgpu: "panel" }), "process", backend);
  });

  it("is what the settings ask for", () => {
    assert.equal(routes(desktop, { webgpu: "process" }), "process");
    for (const machine of [server, desktopWithNode]) {
      assert.equal(routes(machine, { webgpu: "panel" }), "panel");
      assert.equal(routes(machine, { webgpu: "panel", backend: "auto" }), "process, panel");
    }
  });
});
