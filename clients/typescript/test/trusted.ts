/**
 * One typed operation of each role, and a subscription over both transports, by their hashes: where trusted
 * documents alone run. Reads one line of JSON and prints what each was told.
 */

import { createInterface } from "node:readline";

import { type GatewayError, HoeksteenClient, subscribe } from "../src/index.js";
import { DecideRetention } from "../src/roles/admin.js";
import { MyTasks } from "../src/roles/adviser.js";
import { LedgerMemories } from "../src/roles/auditor.js";
import { Reports as BoardReports } from "../src/roles/board.js";
import { Complaints } from "../src/roles/complaints_officer.js";
import { ErasureStatements, ReportPublished } from "../src/roles/coordinator.js";
import { Pulses } from "../src/roles/employee.js";
import { Explained } from "../src/roles/hr.js";
import { Figures } from "../src/roles/integration.js";
import { Signals } from "../src/roles/manager.js";
import { WhistleblowerReports } from "../src/roles/report_officer.js";
import { OpenSession } from "../src/roles/reporter.js";
import { SignalCodes } from "../src/roles/works_council.js";

let line = "";
for await (line of createInterface({ input: process.stdin })) break;
const { url, organisation, tokens } = JSON.parse(line) as {
  url: string;
  organisation: string;
  tokens: Record<string, string>;
};
const as = (role: string, trusted = true): HoeksteenClient =>
  new HoeksteenClient({ url, token: tokens[role]!, trusted, retries: 0, deadline: 20_000 });

const told: Record<string, unknown> = {
  adviser: (await as("adviser").request(MyTasks)).myTasks?.length,
  admin: (await as("admin").command(DecideRetention, { organisationId: organisation, months: 12 })).organisationId,
  auditor: (await as("auditor").request(LedgerMemories, { service: "SIGNALS" })).ledgerMemories.map(({ by }) => by),
  board: (await as("board").request(BoardReports)).reports?.map(({ status }) => status),
  complaints_officer: (await as("complaints_officer").request(Complaints, {})).complaints?.edges.length,
  coordinator: (await as("coordinator").request(ErasureStatements)).erasures?.length,
  employee: (await as("employee").request(Pulses)).pulses?.length,
  hr: (await as("hr").request(Explained, { period: "2026-H1", language: "NL" })).statistics?.length,
  integration: (await as("integration").request(Figures, { language: "NL" })).statistics?.length,
  manager: (await as("manager").request(Signals, {})).signals?.length,
  report_officer: (await as("report_officer").request(WhistleblowerReports)).whistleblowerReports?.length,
  reporter: (await as("reporter").request(OpenSession, { input: { lookupKey: btoa("k".repeat(32)) } }))
    .openReporterSession.seconds,
  works_council: typeof (await as("works_council").request(SignalCodes, { language: "NL" })).signalCodes?.version,
};

const live: Record<string, unknown> = {};
for (const over of ["websocket", "sse"] as const) {
  for await (const { reportPublished } of subscribe(as("coordinator"), ReportPublished, {}, { over })) {
    live[over] = reportPublished?.map(({ period }) => period);
    break;
  }
}

// What was never released.
const refused = await as("adviser", false)
  .request("{ session { role } }")
  .catch((cause: unknown) => (cause as GatewayError).code);
console.log(JSON.stringify({ told, live, refused }));
process.exit(0);
