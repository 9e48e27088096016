import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { buildSchema } from "graphql";

import { generate } from "../generator/generate.js";

const schema = buildSchema(`
  type Query { thing(id: ID!, by: By): Thing!  any: [Any!] }
  type Mutation { change(input: ChangeInput!): ChangeResult! }
  type Thing { id: ID!  name: String  size: Size!  old: Int @deprecated(reason: "From 2027 on: size.") }
  type Other { weight: Float! }
  union Any = Thing | Other
  enum Size { SMALL LARGE }
  "How to find it."
  input By @oneOf { name: String  size: Size }
  input ChangeInput { idempotencyKey: ID!  size: Size! = SMALL  note: String  tags: [String!]! }
  interface UserError { code: String! }
  type Gone implements UserError { code: String! }
  type Wrong implements UserError { code: String! }
  type Changed { id: ID! }
  union ChangeResult = Changed | Gone | Wrong
`);

const made = (text: string): string => generate(schema, [{ name: "a.graphql", text }], "client").module;

test("an answer's type follows the document: unions, fragments, lists, nulls, directives", () => {
  const text = made(`query Ask($id: ID!, $deep: Boolean = false) {
    thing(id: $id) { ...Named size @include(if: $deep) old }
    any { ... on Thing { size } ... on Other { heavy: weight } }
  }
  fragment Named on Thing { id name }`);

  for (const part of [
    `export type AskAnswer = {
  thing: {
    id: string;
    name: string | null;
    size?: Size;
    /** @deprecated From 2027 on: size. */
    old: number | null;
  };
  any: ({
    __typename: "Thing";
    size: Size;
  } | {
    __typename: "Other";
    heavy: number;
  })[] | null;
};`,
    "export type AskVariables = { id: string; deep?: boolean | null | undefined };",
    "export type NamedFragment = {\n  id: string;\n  name: string | null;\n};",
    `export type Size = "SMALL" | "LARGE";`,
    `import { Document } from "client";`,
  ]) {
    assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  }
});

test("refusals are one type; inputs say what may be left out; one of several is exactly one", () => {
  const text = made(`mutation Change($input: ChangeInput!) {
    change(input: $input) { ... on Changed { id } ... on UserError { code } }
  }
  query By($by: By!) { thing(id: 1, by: $by) { id } }`);

  for (const part of [
    `{\n    __typename: "Gone" | "Wrong";\n    code: string;\n  }`,
    `export type ChangeInput = {
  idempotencyKey: string;
  size?: Size | undefined;
  note?: string | null | undefined;
  tags: readonly string[];
};`,
    `/** How to find it. */\nexport type By =\n| {\n  name: string;\n  size?: never;\n}\n| {\n  name?: never;\n  size: Size;\n};`,
  ]) {
    assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  }
});

test("the manifest has each document under its SHA-256, as the module sends it", () => {
  const text = "query A { any { ...T } } query B { any { ...T } } fragment T on Thing { id }";
  const { manifest, module } = generate(schema, [{ name: "a.graphql", text }], "client");

  assert.equal(Object.keys(manifest).length, 2);
  for (const [hash, document] of Object.entries(manifest)) {
    assert.equal(createHash("sha256").update(document).digest("hex"), hash);
    assert.ok(module.includes(`  ${JSON.stringify(document)},\n  "${hash}",`));
    assert.match(document, /__typename[^]*fragment T on Thing/);
  }
});

test("what does not fit is told with its file and line", () => {
  const wrong: [string, RegExp][] = [
    ["query A { any { ... on Thing { id } } }\nquery B {\n  nothing\n}", /^a\.graphql:3: Cannot query field/],
    ["query A {", /^a\.graphql:1: Syntax Error/],
    ["{ any { ... on Thing { id } } }", /^a\.graphql:1: an operation needs a name/],
    ["query A { __typename }\n\nquery A { __typename }", /^a\.graphql:3: A is there already/],
  ];
  for (const [text, said] of wrong) assert.throws(() => made(text), { message: said });
});
