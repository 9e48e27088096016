/** TypeScript types of what a document answers and of what it is given. */

import {
  type FragmentDefinitionNode,
  type GraphQLInputType,
  type GraphQLNamedType,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLString,
  type OperationDefinitionNode,
  type SelectionSetNode,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  typeFromAST,
} from "graphql";

const SCALARS: Readonly<Record<string, string>> = {
  ID: "string",
  String: "string",
  Int: "number",
  Float: "number",
  Boolean: "boolean",
  Base64: "string",
  Date: "string",
  DateTime: "string",
  UUID: "string",
  Decimal: "string",
};

const TYPENAME = new GraphQLNonNull(GraphQLString);

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

interface Selected {
  readonly name: string;
  readonly type: GraphQLOutputType;
  readonly below: SelectionSetNode[];
  /** Left out by a directive, at times. */
  optional: boolean;
  readonly deprecated: string | null | undefined;
}

/** Writes types for one role; `used` collects the enumerations and inputs that they name. */
export class Types {
  readonly used = new Map<string, GraphQLNamedType>();

  constructor(
    readonly schema: GraphQLSchema,
    readonly fragments: Fragments,
  ) {}

  /** The type of an operation's `data`. */
  answer(operation: OperationDefinitionNode): string {
    const root = this.schema.getRootType(operation.operation)!;
    return this.#selected(root, [operation.selectionSet], "");
  }

  /** The type of a fragment, on whatever its condition allows. */
  fragment(fragment: FragmentDefinitionNode): string {
    const type = this.schema.getType(fragment.typeCondition.name.value);
    return this.#selected(type as GraphQLObjectType, [fragment.selectionSet], "");
  }

  /** The type of an operation's variables. */
  variables(operation: OperationDefinitionNode): string {
    const all = (operation.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => {
      const known = typeFromAST(this.schema, type) as GraphQLInputType;
      return this.#given(variable.name.value, known, defaultValue !== undefined);
    });
    return all.length ? `{ ${all.join("; ")} }` : "Record<string, never>";
  }

  /** Everything in `used`, declared, and what those name in turn. */
  declarations(): string {
    const declared = new Map<string, string>();
    for (;;) {
      const type = [...this.used.values()].find(({ name }) => !declared.has(name));
      if (!type) break;
      declared.set(type.name, this.#declared(type));
    }
    return [...declared].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, text]) => text).join("\n");
  }

  #declared(type: GraphQLNamedType): string {
    const told = comment(type.description, "");
    if (isEnumType(type)) {
      return `${told}export type ${type.name} = ${type.getValues().map(({ name }) => `"${name}"`).join(" | ")};\n`;
    }
    if (!isInputObjectType(type)) throw new Error(`${type.name} is no input`);
    const fields = Object.values(type.getFields());
    const lines = (one?: string): string =>
      fields
        .map((field) => {
          const said = comment(field.description, "  ", field.deprecationReason);
          if (one !== undefined && field.name !== one) return `  ${field.name}?: never;`;
          return `${said}  ${this.#given(field.name, field.type, field.defaultValue !== undefined, one !== undefined)};`;
        })
        .join("\n");
    if (!type.isOneOf) return `${told}export type ${type.name} = {\n${lines()}\n};\n`;
    return `${told}export type ${type.name} =\n${fields.map(({ name }) => `| {\n${lines(name)}\n}`).join("\n")};\n`;
  }

  #given(name: string, type: GraphQLInputType, hasDefault: boolean, exactly = false): string {
    if (exactly) return `${name}: ${this.#input(type)}`;
    if (!isNonNullType(type)) return `${name}?: ${this.#input(type)} | null | undefined`;
    return hasDefault ? `${name}?: ${this.#input(type)} | undefined` : `${name}: ${this.#input(type)}`;
  }

  #input(type: GraphQLInputType): string {
    if (isNonNullType(type)) return this.#input(type.ofType);
    if (isListType(type)) {
      const of = this.#input(type.ofType);
      return isNonNullType(type.ofType) ? `readonly ${of}[]` : `readonly (${of} | null)[]`;
    }
    return this.#named(getNamedType(type));
  }

  #named(type: GraphQLNamedType): string {
    if (isEnumType(type) || isInputObjectType(type)) {
      this.used.set(type.name, type);
      return type.name;
    }
    return SCALARS[type.name] ?? "unknown";
  }

  #output(type: GraphQLOutputType, below: readonly SelectionSetNode[], indent: string): string {
    if (isNonNullType(type)) return this.#present(type.ofType, below, indent);
    return `${this.#present(type, below, indent)} | null`;
  }

  #present(type: GraphQLOutputType, below: readonly SelectionSetNode[], indent: string): string {
    if (isListType(type)) {
      const of = this.#output(type.ofType, below, indent);
      return isUnion(of) ? `(${of})[]` : `${of}[]`;
    }
    const named = getNamedType(type);
    return below.length ? this.#selected(named as GraphQLObjectType, below, indent) : this.#named(named);
  }

  #selected(type: GraphQLNamedType, sets: readonly SelectionSetNode[], indent: string): string {
    const possible = isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type as GraphQLObjectType];
    const shapes = new Map<string, string[]>();
    for (const one of possible) {
      const fields = [...this.#fields(one, sets, new Map()).values()];
      const shape = fields
        .filter(({ name }) => name !== "__typename")
        .map((field) => this.#line(field, `${indent}  `))
        .join("\n");
      const key = fields.some(({ name }) => name === "__typename") ? `+${shape}` : shape;
      shapes.set(key, [...(shapes.get(key) ?? []), one.name]);
    }
    const written = [...shapes].map(([shape, names]) => {
      const named = shape.startsWith("+");
      const typename = names.map((name) => `"${name}"`).join(" | ");
      const lines = [named ? `${indent}  __typename: ${typename};` : "", named ? shape.slice(1) : shape];
      const text = lines.filter(Boolean).join("\n");
      return text ? `{\n${text}\n${indent}}` : "{}";
    });
    return written.join(" | ");
  }

  #line(field: Selected, indent: string): string {
    const told = comment(null, indent, field.deprecated);
    const type = this.#output(field.type, field.below, indent);
    return `${told}${indent}${field.name}${field.optional ? "?" : ""}: ${type};`;
  }

  #fields(
    type: GraphQLObjectType,
    sets: readonly SelectionSetNode[],
    found: Map<string, Selected>,
    optional = false,
  ): Map<string, Selected> {
    for (const selection of sets.flatMap((set) => set.selections)) {
      const perhaps = optional || (selection.directives ?? []).some(({ name }) => /^(skip|include)$/.test(name.value));
      if (selection.kind === "Field") {
        const name = selection.alias?.value ?? selection.name.value;
        const definition = type.getFields()[selection.name.value]; // none: it is __typename
        const before = found.get(name);
        found.set(name, {
          name,
          type: definition?.type ?? TYPENAME,
          below: [...(before?.below ?? []), ...(selection.selectionSet ? [selection.selectionSet] : [])],
          optional: perhaps && (before?.optional ?? true),
          deprecated: definition?.deprecationReason,
        });
        continue;
      }
      const part = selection.kind === "InlineFragment" ? selection : this.fragments.get(selection.name.value)!;
      const condition = part.typeCondition && this.schema.getType(part.typeCondition.name.value);
      if (!condition || condition === type || isSubType(this.schema, condition, type)) {
        this.#fields(type, [part.selectionSet], found, perhaps);
      }
    }
    return found;
  }
}

/** Whether a `|` stands in it outside of every brace. */
function isUnion(text: string): boolean {
  let depth = 0;
  return [...text].some((sign) => {
    if (sign === "{" || sign === "(") depth++;
    if (sign === "}" || sign === ")") depth--;
    return sign === "|" && depth === 0;
  });
}

function isSubType(schema: GraphQLSchema, condition: GraphQLNamedType, type: GraphQLObjectType): boolean {
  return isAbstractType(condition) && isObjectType(type) && schema.isSubType(condition, type);
}

function comment(text: string | null | undefined, indent: string, deprecated?: string | null): string {
  const said = [text?.replace(/\s+/g, " ").trim(), deprecated && `@deprecated ${deprecated}`].filter(Boolean);
  return said.length ? `${indent}/** ${said.join(" ").replaceAll("*/", "* /")} */\n` : "";
}
