/** Of `.graphql` files: a module of typed documents, and the manifest of them, for one role. */

import { createHash } from "node:crypto";

import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  TypeInfo,
  type ValidationRule,
  isAbstractType,
  parse,
  print,
  specifiedRules,
  validate,
  visit,
  visitWithTypeInfo,
} from "graphql";

import { Types } from "./types.js";

/** A file of operations, and its name for what is said about it. */
export interface File {
  readonly name: string;
  readonly text: string;
}

/** A module's text, and each document under its SHA-256, in hex. */
export interface Generated {
  readonly module: string;
  readonly manifest: Readonly<Record<string, string>>;
}

// A fragment that another operation uses, or another role, is no mistake.
const RULES: readonly ValidationRule[] = specifiedRules.filter(({ name }) => name !== "NoUnusedFragmentsRule");

/**
 * `client`: what the module imports `Document` from. Throws Error, with file and line, where an
 * operation does not fit the schema, has no name, or has the name of another.
 */
export function generate(schema: GraphQLSchema, files: readonly File[], client: string): Generated {
  const operations = new Map<string, OperationDefinitionNode>();
  const fragments = new Map<string, FragmentDefinitionNode>();
  const documents = files.map(({ name, text }) => parseFile(schema, name, text));
  for (const definition of documents.flatMap((document) => document.definitions)) {
    if (definition.kind === "OperationDefinition") {
      const name = definition.name?.value;
      if (!name) throw new Error(`${placeOf(definition)}: an operation needs a name.`);
      if (operations.has(name)) throw new Error(`${placeOf(definition)}: ${name} is there already.`);
      operations.set(name, definition);
    } else if (definition.kind === "FragmentDefinition") {
      const { value } = definition.name;
      if (fragments.has(value)) throw new Error(`${placeOf(definition)}: ${value} is there already.`);
      fragments.set(value, definition);
    }
  }
  const whole = { kind: "Document", definitions: [...operations.values(), ...fragments.values()] };
  const [error] = validate(schema, whole as DocumentNode, RULES);
  if (error) throw new Error(`${placeOf(error.nodes?.[0])}: ${error.message}`);

  const types = new Types(schema, fragments);
  const manifest: Record<string, string> = {};
  const parts: string[] = [];
  for (const [name, fragment] of fragments) {
    parts.push(`export type ${name}Fragment = ${types.fragment(fragment)};\n`);
  }
  for (const [name, operation] of operations) {
    const text = [operation, ...usedBy(operation, fragments)].map((one) => print(one)).join("\n\n");
    const hash = createHash("sha256").update(text).digest("hex");
    manifest[hash] = text;
    parts.push(
      `export type ${name}Answer = ${types.answer(operation)};\n\n` +
        `export type ${name}Variables = ${types.variables(operation)};\n\n` +
        `export const ${name} = /* @__PURE__ */ new Document<${name}Answer, ${name}Variables>(\n` +
        `  ${JSON.stringify(text)},\n  "${hash}",\n);\n`,
    );
  }
  const head = `// Made of .graphql files; do not edit.\n\nimport { Document } from "${client}";\n`;
  return { module: [head, ...parts, types.declarations()].join("\n"), manifest };
}

function parseFile(schema: GraphQLSchema, name: string, text: string): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new Error(`${name}:${error.locations?.[0]?.line ?? 1}: ${error.message}`);
  }
  const info = new TypeInfo(schema);
  const placed = visit(
    document,
    visitWithTypeInfo(info, {
      enter(node) {
        if (node.loc) places.set(node, `${name}:${node.loc.startToken.line}`);
        return undefined;
      },
      // What it is of several types is told by its name alone.
      SelectionSet(node) {
        const type = info.getParentType();
        const named = node.selections.some((one) => one.kind === "Field" && one.name.value === "__typename");
        if (!isAbstractType(type) || named) return undefined;
        const typename = { kind: "Field", name: { kind: "Name", value: "__typename" } } as const;
        return { ...node, selections: [typename, ...node.selections] };
      },
    }),
  );
  for (const definition of placed.definitions) {
    const before = document.definitions.find(({ loc }) => loc === definition.loc);
    if (before && places.has(before)) places.set(definition, places.get(before)!);
  }
  return placed;
}

const places = new WeakMap<object, string>();

function placeOf(node: { readonly loc?: unknown } | undefined): string {
  return (node && places.get(node)) ?? "an operation";
}

/** The fragments that an operation uses, each once, in order. */
function usedBy(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): FragmentDefinitionNode[] {
  const used = new Map<string, FragmentDefinitionNode>();
  const look = (node: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread({ name: { value } }) {
        const fragment = fragments.get(value);
        if (fragment && !used.has(value)) {
          used.set(value, fragment);
          look(fragment);
        }
      },
    });
  };
  look(operation);
  return [...used.values()];
}
