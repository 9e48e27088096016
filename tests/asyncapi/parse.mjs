// What AsyncAPI's own parser says of a document: prints its problems as JSON, and what it read.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
console.log(
  JSON.stringify({
    problems: diagnostics.map((each) => `${each.severity} ${each.code} ${each.path.join(".")}: ${each.message}`),
    version: document?.version(),
    messages: document?.allMessages().map((each) => each.name()).sort(),
    addresses: document?.channels().all().map((each) => each.address()).sort(),
  }),
);
