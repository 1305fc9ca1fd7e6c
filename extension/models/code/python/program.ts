/** A Python text as a program that was run abstractly as far as its module goes: its classes, functions, and the models that it makes. */
import type { Place } from "../graph/nodes";
import { syntaxOf, type Syntax } from "../syntax";
import { OutOfSteps, PythonInterpreter } from "./interpreter";
import { pythonLibraries } from "./libraries";
import { assumeTokens } from "./libraries/kerasModels";
import { identifiers, one, parametersOf } from "./trees";
import type { Arguments, PythonClass, PythonFunction, Value } from "./values";

/**
 * Steps for one statement of the module, for one function that is called to see what it makes and for all of them, for one run of a model, for one on more
 * tokens than it may take, and for everything that a text is read by.
 */
export const steps = { statement: 100_000, function: 100_000, functions: 400_000, model: 1_000_000, probe: 200_000, all: 8_000_000 }; // prettier-ignore

/** Words in functions that may make a model. */
const makes = /model|transformer|attention|encoder|decoder|_mask/i;

/** The first that are made tell with which arguments. */
const mostMade = 2000;

/** A model as it is made somewhere in the text. */
export interface Made {
  type: PythonClass;
  args: Arguments;
}

export class Program {
  readonly interpreter: PythonInterpreter;
  readonly root: Syntax;
  /** The calls of classes of the text, in the order in which they were made. */
  readonly made: Made[] = [];
  /** What functions of the module give that can be called without arguments. */
  readonly returned = new Map<string, Value>();
  /** Steps that are left. */
  private left = steps.all;

  private constructor(
    readonly text: string,
    root: Syntax,
  ) {
    this.root = root;
    this.interpreter = new PythonInterpreter(text, pythonLibraries, steps.statement);
    this.interpreter.onInstance = (type, args) => {
      if (this.made.length < mostMade) this.made.push({ type, args });
    };
  }

  /** Undefined where the text is nested too deep. The grammar has to be loaded. */
  static of(text: string): Program | undefined {
    const root = syntaxOf("python", text);
    if (!root) return undefined;
    const program = new Program(text, root);
    program.run();
    return program;
  }

  private run(): void {
    // Models that are made at the top of the module take the length that a comment says, where they leave it open.
    const tokens = /\buap:.*\btokens\s*=\s*(\d{1,7})\b/.exec(this.text)?.[1];
    if (tokens !== undefined) assumeTokens(this.interpreter, Number(tokens));
    for (const statement of this.root.children)
      this.within(steps.statement, () => this.interpreter.runModule([statement]));
    // What functions without arguments make, `main` among them, tells how models are made.
    const types = new Set(this.classes.map((type) => type.name));
    let left = steps.functions;
    for (const [name, value] of this.functions) {
      if (value.node.type !== "function_definition" || value.name !== name || left <= 0) continue;
      const text = this.interpreter.textOf(value.node);
      if (!makes.test(text) && !this.names.get(value).some((each) => types.has(each))) continue;
      const parameters = parametersOf(value.node);
      if (!parameters?.named.every((parameter) => parameter.default !== undefined)) continue;
      const result = this.within(Math.min(left, steps.function), () =>
        this.interpreter.callWith(value, [], value.node),
      );
      left -= steps.function - this.interpreter.steps;
      if (result) this.returned.set(name, result);
    }
  }

  /** Runs something with so many steps; undefined where they are not enough. */
  within<Result>(count: number, run: () => Result): Result | undefined {
    const given = Math.min(count, this.left);
    this.interpreter.steps = given;
    try {
      return run();
    } catch (error) {
      if (error instanceof OutOfSteps) return undefined;
      throw error;
    } finally {
      this.left -= given - Math.max(0, this.interpreter.steps);
    }
  }

  /** The classes of the module, each once. */
  get classes(): PythonClass[] {
    const classes = [...this.interpreter.module.names.values()].filter((value) => value.kind === "class");
    return [...new Set(classes)].filter(({ node }) => this.own(node));
  }

  /** Functions of the module and other names that are bound to functions. */
  get functions(): [name: string, value: PythonFunction][] {
    return [...this.interpreter.module.names].filter((entry): entry is [string, PythonFunction] => entry[1].kind === "function"); // prettier-ignore
  }

  private own(node: Syntax): boolean {
    return node.from >= this.root.from && node.to <= this.root.to;
  }

  /** Identifiers in a class's or function's code. */
  readonly names = new (class {
    private readonly known = new Map<Syntax, string[]>();
    get(value: PythonClass | PythonFunction): string[] {
      let names = this.known.get(value.node);
      if (!names) this.known.set(value.node, (names = [...new Set(identifiers(value.node))]));
      return names;
    }
  })();

  /** The statement of the module in which a place is. */
  statementAt(place: Place): Syntax | undefined {
    return this.root.children.find(({ from, to }) => from <= place.from && place.from < to);
  }

  /** The last statement of the module that gives a name its value. */
  assignment(name: string): Syntax | undefined {
    if (!this.assignments) {
      this.assignments = new Map();
      for (const statement of this.root.children) {
        const [assignment] = statement.type === "expression_statement" ? statement.children : [];
        const left = assignment?.type === "assignment" ? one(assignment, "left") : undefined;
        if (left) this.assignments.set(left.text, statement);
      }
    }
    return this.assignments.get(name);
  }
  private assignments: Map<string, Syntax> | undefined;

  value(name: string): Value | undefined {
    return this.interpreter.module.names.get(name);
  }
}

/** The name of a definition in the text. */
export const nameOf = (node: Syntax): Syntax => one(node, "name") ?? node;
