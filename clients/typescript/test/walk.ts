/**
 * A reporter and an adviser at a running gateway, for a test: reads where it is and who they are as one
 * line of JSON, walks, and prints what each was told as another.
 */

import { createInterface } from "node:readline";

import { AdviserCases, AdviserKey, HoeksteenClient, Refused, ReporterCase, ReporterCode } from "../src/index.js";

const STORY = "Het ging weer mis — é ☂";

let line = "";
for await (line of createInterface({ input: process.stdin })) break;
const { url, organisation, adviserId, adviserToken } = JSON.parse(line);

const gateway = new HoeksteenClient({ url, token: adviserToken, language: "nl" });
const first = await AdviserKey.generate();
const lost = new AdviserCases(gateway, first, adviserId);
await lost.publishKey();
const cases = new AdviserCases(gateway, await AdviserKey.generate(), adviserId);
await cases.publishKey(first);

const code = await ReporterCode.generate();
const reporter = new ReporterCase(code, organisation, { url, language: "nl" });
const { openingStatement } = await reporter.start();
await reporter.open(adviserId, STORY, {
  channel: "form",
  anonymity: "anonymous",
  reporterRole: "employee",
  relation: "colleague",
  category: "bullying",
  statement: { version: openingStatement!.version, language: "NL", how: "READ" },
});
const big = new Uint8Array(1_200_000).fill(7); // more than one request holds
await reporter.attach(new Blob([big]), { name: "bewijs.txt", mediaType: "text/plain" });

const seen = await cases.read(code.caseId);
await cases.write(code.caseId, "Dank u.");
await cases.attach(code.caseId, new Blob(["folder"]), { name: "folder.txt", mediaType: "text/plain" });
await cases.recordConversation(code.caseId, "meeting", "Gesproken.");
const file = seen!.entries.find(({ opened }) => opened.file)!.opened.file!;
const fetched = new Uint8Array(await (await cases.file(code.caseId, file)).arrayBuffer());

const back = new ReporterCase(await ReporterCode.fromWords(code.words), organisation, { url, language: "nl" });
const mine = await back.read();
const theirs = await back.file(mine!.said.at(-1)!.file!);
await back.write("Tot morgen.");
await cases.close(code.caseId, "own_conversation_held", "own_first_step");
const late = await back.write("Nog iets.").catch((error: unknown) => error);
const stranger = new ReporterCase(await ReporterCode.generate(), organisation, { url });

console.log(
  JSON.stringify({
    opened: seen!.entries.map(({ opened }) => opened.words).filter(Boolean),
    fetched: fetched.length === big.length && fetched.every((byte) => byte === 7),
    said: mine!.said.map(({ sender, words, authentic, signedBy }) => [sender, words, authentic, signedBy]),
    theirs: await theirs.text(),
    late: late instanceof Refused ? [late.field, late.kind, late.code, late.message] : String(late),
    stranger: await stranger.read(),
    status: (await cases.read(code.caseId))!.status,
  }),
);
