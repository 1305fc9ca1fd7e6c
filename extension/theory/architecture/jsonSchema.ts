/** The JSON Schema of a specification file, generated from the schema that validates it. */
import { z } from "zod";
import { architectureSchema } from "./schema";

/** The part of JSON Schema (draft-07) that the generated schema uses. */
export interface SchemaNode {
  $ref?: string;
  type?: "object" | "array" | "string" | "integer" | "boolean" | "null";
  const?: unknown;
  enum?: unknown[];
  anyOf?: SchemaNode[];
  allOf?: SchemaNode[];
  oneOf?: SchemaNode[];
  properties?: Record<string, SchemaNode>;
  required?: string[];
  additionalProperties?: boolean;
  items?: SchemaNode | SchemaNode[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  /** What VS Code says where `pattern` does not match. */
  patternErrorMessage?: string;
  description?: string;
  markdownDescription?: string;
  default?: unknown;
  definitions?: Record<string, SchemaNode>;
}

let generated: SchemaNode | undefined;

/**
 * The JSON Schema (draft-07, the one that VS Code completes and hovers from) of a specification as a person writes it: shorthands and left-out
 * defaults allowed. It cannot say what relates several fields, such as an edge past the last token; `parseArchitecture` can.
 */
export function architectureJsonSchema(): SchemaNode {
  generated ??= z.toJSONSchema(architectureSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      const node = jsonSchema as SchemaNode;
      // Descriptions quote names in backticks, which VS Code renders in Markdown only.
      if (node.description !== undefined) node.markdownDescription = node.description;
      if (node.properties?.attention && node.properties.convolution) {
        node.oneOf = [{ required: ["attention"] }, { required: ["convolution"] }];
      }
    },
  }) as SchemaNode;
  return generated;
}
