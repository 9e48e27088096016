/**
 * Subscriptions at a running gateway, for a test: over a line that is cut, with a token that is refused
 * first, over both transports. Reads one line of JSON and prints another.
 */

import { type AddressInfo, type Socket, connect, createServer } from "node:net";
import { createInterface } from "node:readline";

import { AdviserCases, AdviserKey, HoeksteenClient, NotSignedIn, ReporterCase, ReporterCode, subscribe } from "../src/index.js";
import { MyTasks, TasksChanged } from "../src/roles/adviser.js";
import { MyCaseChanged } from "../src/roles/reporter.js";

let line = "";
for await (line of createInterface({ input: process.stdin })) break;
const { url, organisation, adviserId, adviserToken } = JSON.parse(line);

// The way to the gateway, which can be cut.
const open = new Set<Socket>();
const there = new URL(url);
const way = createServer((socket) => {
  const onward = connect(Number(there.port), there.hostname);
  for (const [from, to] of [[socket, onward], [onward, socket]] as const) {
    open.add(from);
    from.pipe(to);
    from.on("error", () => to.destroy()).on("close", () => to.destroy());
  }
});
await new Promise<void>((listening) => way.listen(0, "127.0.0.1", listening));
const cut = (): void => open.forEach((socket) => socket.destroy());
const through = `http://127.0.0.1:${(way.address() as AddressInfo).port}/graphql`;

const asked: (string | undefined)[] = [];
const token = (refused?: string): string => {
  asked.push(refused);
  return asked.length === 1 ? "over" : adviserToken;
};
const direct = new HoeksteenClient({ url, token: adviserToken });
const cases = new AdviserCases(direct, await AdviserKey.generate(), adviserId);
await cases.publishKey();
const code = await ReporterCode.generate();
const reporter = new ReporterCase(code, organisation, { url: through });
const statement = { version: (await reporter.start()).openingStatement!.version, language: "NL", how: "READ" } as const;
const facts = { channel: "form", anonymity: "anonymous", reporterRole: "employee", relation: "colleague", category: "bullying" };
await reporter.open(adviserId, "een", { ...facts, statement });

// An adviser, over a WebSocket whose first token is refused, and which is cut in between.
const watching = new AdviserCases(new HoeksteenClient({ url: through, token }), cases.key, adviserId);
watching.start = () => cases.start();
const lines: boolean[] = [];
const seen: (string | null)[][] = [];
const onLine = (is: boolean): void => {
  lines.push(is);
  if (lines.filter(Boolean).length === 2) void reporter.write("drie");
};
for await (const found of watching.watch(code.caseId, { onLine })) {
  seen.push(found!.entries.map(({ opened }) => opened.words));
  if (seen.length === 1) await reporter.write("twee");
  if (seen.at(-1)!.length === 2) cut();
  if (seen.at(-1)!.length >= 3) break;
}

// A reporter, over server-sent events, which are cut too; two at a time share nothing.
const said: number[] = [];
let times = 0;
const again = (is: boolean): void => {
  if (is && ++times === 2) void cases.write(code.caseId, "vier");
};
const events = { over: "sse", distinct: true, onLine: again } as const;
for await (const { myCaseChanged } of subscribe(reporter.gateway, MyCaseChanged, {}, events)) {
  said.push(myCaseChanged!.messages.length);
  if (said.length > 1) break;
  cut();
}

// Who is not signed in is told so, once, and is not tried for ever; a signal ends it without a word.
const failures: unknown[] = [];
for (const over of ["websocket", "sse"] as const) {
  const nobody = new HoeksteenClient({ url, token: "nonsense" });
  try {
    for await (const _ of subscribe(nobody, TasksChanged, {}, { over })) failures.push("an event");
  } catch (error) {
    failures.push(error instanceof NotSignedIn);
  }
}
const leaving = new AbortController();
let last: unknown;
for await (const { tasksChanged } of subscribe(direct, TasksChanged, {}, { signal: leaving.signal })) {
  last = tasksChanged;
  leaving.abort();
}
const wrong = await subscribe(direct, "subscription { nothing }", {}).next().catch((error) => error.code);

const { myTasks } = await direct.request(MyTasks);
console.log(
  JSON.stringify({
    asked,
    first: seen[0],
    last: seen.at(-1),
    lines: lines.filter(Boolean).length,
    said: [said[0], said.at(-1)],
    failures,
    tasks: JSON.stringify(last) === JSON.stringify(myTasks),
    wrong,
  }),
);
way.close();
