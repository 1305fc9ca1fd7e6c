/** The modules that are imported, as values. */
import type { Place } from "../graph/nodes";
import { standardLibrary } from "./standardLibrary";
import { unknown, type Library, type Native, type NativeType, type Value } from "./values";

export interface ModuleData {
  name: string;
  library: Library | undefined;
  known: Map<string, Value>;
}

const moduleType: NativeType = { name: "a module", truth: () => true };
export const isModule = (value: Value): value is Native & { data: ModuleData } =>
  value.kind === "native" && value.type === moduleType;

export class Modules {
  private readonly known = new Map<string, Native>();

  constructor(private readonly libraries: (module: string) => Library | undefined) {}

  private libraryOf(name: string): Library | undefined {
    return this.libraries(name) ?? standardLibrary(name);
  }

  isKnown(name: string): boolean {
    if (this.libraryOf(name)) return true;
    const dot = name.lastIndexOf(".");
    return dot > 0 && this.libraryOf(name.slice(0, dot))?.(name.slice(dot + 1)) !== undefined;
  }

  /** `always`: also where only modules in it are known. */
  get(name: string, place: Place, always = false): Value {
    const known = this.known.get(name);
    if (known) return known;
    const library = this.libraryOf(name);
    if (!library && !always) {
      const dot = name.lastIndexOf(".");
      const found = dot > 0 ? this.libraryOf(name.slice(0, dot))?.(name.slice(dot + 1)) : undefined;
      return found ?? unknown(`\`${name}\`, which is imported`, place);
    }
    const made: Native = {
      kind: "native",
      type: moduleType,
      data: { name, library, known: new Map() } satisfies ModuleData,
    };
    if (library) this.known.set(name, made);
    return made;
  }

  /** A name of a module: its own, or a module in it. */
  attribute({ data: module }: Native & { data: ModuleData }, name: string, place: Place): Value | undefined {
    const known = module.known.get(name);
    if (known) return known;
    const whole = `${module.name}.${name}`;
    const found = module.library?.(name) ?? (this.libraryOf(whole) ? this.get(whole, place) : undefined);
    if (found) module.known.set(name, found);
    return found;
  }
}
