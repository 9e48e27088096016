/** A log at a running gateway, for a test: reads one line of JSON, visits, proves, and prints another. */

import { createInterface } from "node:readline";

import { toBase64 } from "../src/bytes.js";
import { HoeksteenClient } from "../src/index.js";
import { LedgerError, PublicLog } from "../src/ledger/index.js";
import { KeyLog } from "../src/roles/adviser.js";

let line = "";
for await (line of createInterface({ input: process.stdin })) break;
const { url, organisation, adviserToken, remembered } = JSON.parse(line);

const log = new PublicLog(url, organisation);
const { checkpoint, remembered: next } = await log.visit(remembered);
const { keyLog } = await new HoeksteenClient({ url, token: adviserToken }).request(KeyLog);
for (const entry of keyLog!.entries) await log.includes(entry, checkpoint);

const [first] = keyLog!.entries;
const name = (error: unknown): string => (error instanceof LedgerError ? error.name : String(error));
const refused = await Promise.all([
  log.includes({ ...first!, week: "2020-W01" }, checkpoint).catch(name),
  log.includes({ ...first!, index: first!.index - 1 }, checkpoint).catch(name),
  log.visit({ ...next, root: toBase64(new Uint8Array(32)) }).catch(name),
  log.visit({ ...next, size: next.size + 256 }).catch(name),
  new PublicLog(url, organisation, "signals").visit(next).catch(name),
  new PublicLog(url, "00000000-0000-4000-8000-000000000000").visit().catch(name),
]);
console.log(JSON.stringify({ next, proven: keyLog!.entries.length, refused }));
