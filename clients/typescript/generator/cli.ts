#!/usr/bin/env node
/**
 *     hoeksteen-operations --out FOLDER [--documents FOLDER] [--schemas FOLDER] FILE.graphql …
 *
 * Each file says in its first line for whom it is: `# For adviser, hr.` For each role `<out>/<role>.ts` is
 * written, with a typed document per operation, and `<documents>/<role>.json`, the manifest of trusted
 * documents: their SHA-256 and their text (in `<out>/documents`, unless another folder is named).
 * `--schemas` holds `<role>.graphql`; without it they are those that came with this package.
 */

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { buildSchema } from "graphql";

import { type File, generate } from "./generate.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string" },
    documents: { type: "string" },
    schemas: { type: "string", default: fileURLToPath(new URL("../sdl", import.meta.url)) },
    client: { type: "string", default: "hoeksteen-client" },
  },
});
if (!values.out || !positionals.length) {
  console.error("hoeksteen-operations --out FOLDER [--documents FOLDER] [--schemas FOLDER] FILE.graphql …");
  process.exit(2);
}

const known = readdirSync(values.schemas)
  .filter((name) => name.endsWith(".graphql"))
  .map((name) => basename(name, ".graphql"));
const files = new Map<string, File[]>();
try {
  for (const name of positionals) {
    const text = readFileSync(name, "utf8");
    const [, list] = /^# For ([\w, ]+)\.\r?\n/.exec(text) ?? [];
    const roles = list?.split(/,\s*/) ?? [];
    const strange = roles.find((role) => !known.includes(role));
    if (!roles.length || strange) {
      const what = strange ? `${strange} is no role: ${known.join(", ")}.` : "say in the first line for whom: # For hr.";
      throw new Error(`${name}:1: ${what}`);
    }
    for (const role of roles) files.set(role, [...(files.get(role) ?? []), { name, text }]);
  }
  const manifests = values.documents ?? join(values.out, "documents");
  for (const folder of [values.out, manifests]) mkdirSync(folder, { recursive: true });
  for (const [role, list] of files) {
    const schema = buildSchema(readFileSync(join(values.schemas, `${role}.graphql`), "utf8"));
    const { module, manifest } = generate(schema, list, values.client);
    writeFileSync(join(values.out, `${role}.ts`), module);
    writeFileSync(join(manifests, `${role}.json`), `${JSON.stringify(manifest, null, 1)}\n`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
