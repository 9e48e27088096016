import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import {
  type ClientOptions,
  Document,
  GatewayError,
  HoeksteenClient,
  NotSignedIn,
  Refused,
  ReporterCode,
  Unreachable,
  reporterToken,
} from "../src/index.js";
import { Unsent } from "../src/unsent.js";

interface Seen {
  readonly token: string | undefined;
  readonly language: string | undefined;
  readonly body: any;
}

// A server that answers what a test put there, in order, and keeps what it was asked.
const answers: ((seen: Seen) => { status?: number; headers?: object; body?: unknown } | "cut")[] = [];
const seen: Seen[] = [];
const server = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  const one: Seen = {
    token: request.headers.authorization,
    language: request.headers["accept-language"],
    body: JSON.parse(text),
  };
  seen.push(one);
  const answer = answers.shift()?.(one) ?? "cut";
  if (answer === "cut") {
    request.socket.destroy();
    return;
  }
  const headers = { "Content-Type": "application/graphql-response+json", ...answer.headers };
  response.writeHead(answer.status ?? 200, headers).end(JSON.stringify(answer.body));
});
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
after(() => server.close());

function client(options: Partial<ClientOptions> = {}): HoeksteenClient {
  seen.length = answers.length = 0;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return new HoeksteenClient({ url, token: "one", ...options });
}

test("what got no answer is sent again as it was, and what was refused anew", async () => {
  const gateway = client({ retries: 0 });
  const unsent = new Unsent();
  let made = 0;
  const keep = (words: string) =>
    unsent.command(gateway, KeepNote, [words], async () => ({ caseId: `${words} ${++made}` }));
  const input = () => seen.at(-1)!.body.variables.input;
  const done = () => ({ body: { data: { keepNote: { caseId: "1" } } } });
  const refused = () => ({
    body: { data: { keepNote: { __typename: "Conflict", code: "CONFLICT", message: "No.", path: [] } } },
  });

  answers.push(() => "cut", done, done, refused, done);
  await assert.rejects(keep("a"), Unreachable);
  const first = input();
  await keep("a");
  assert.deepEqual(input(), first);
  await keep("a"); // it was carried out: this is another one
  assert.notEqual(input().idempotencyKey, first.idempotencyKey);
  await assert.rejects(keep("b"), Refused);
  const other = input();
  await keep("b");
  assert.notEqual(input().idempotencyKey, other.idempotencyKey);
  assert.equal(made, 4);
});

type SessionAnswer = { session: { role: string } };
type NoteAnswer = {
  keepNote: { caseId: string } | { __typename: "Conflict"; code: string; message: string; path: string[] };
};
type NoteInput = { input: { idempotencyKey: string; caseId: string } };
const Session = new Document<SessionAnswer, Record<string, never>>("{ session { role } }", "ab".repeat(32));
const KeepNote = new Document<NoteAnswer, NoteInput>("mutation Keep { keepNote }", "cd".repeat(32));
const good = () => ({ body: { data: { session: { role: "adviser" } } } });
const refused = (code: string, status = 200) => ({
  status,
  body: { errors: [{ message: "Nee.", extensions: { code } }] },
});

test("a question has the token, the language and its text; the answer is typed", async () => {
  const gateway = client({ language: "nl" });
  answers.push(good);

  const { session } = await gateway.request(Session);

  assert.equal(session.role, "adviser");
  assert.deepEqual(seen, [
    { token: "Bearer one", language: "nl", body: { query: "{ session { role } }", variables: {} } },
  ]);
});

test("where trusted documents alone run, the hash is sent, and no text", async () => {
  const gateway = client({ trusted: true });
  answers.push(good);

  await gateway.request(Session);

  assert.deepEqual(seen[0]?.body, { documentId: `sha256:${"ab".repeat(32)}`, variables: {} });
  await assert.rejects(gateway.request("{ session { role } }"), TypeError);
});

test("a mutation keeps the key that was made for it over every retry", async () => {
  const gateway = client();
  answers.push(
    () => "cut",
    () => ({ ...refused("TOO_MANY_REQUESTS", 429), headers: { "Retry-After": "0" } }),
    () => ({ status: 503, headers: { "Content-Type": "text/html" } }),
    () => ({ body: { data: { keepNote: { caseId: "1" } } } }),
  );

  const { caseId } = await gateway.command(KeepNote, { caseId: "1" });

  assert.equal(caseId, "1");
  const keys = seen.map(({ body }) => body.variables.input.idempotencyKey);
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0], /^[\w-]{32}$/);
});

test("no answer names the key, with which it may be sent once more", async () => {
  const gateway = client({ retries: 1, language: "nl" });

  const failed = gateway.command(KeepNote, { caseId: "1", idempotencyKey: "mine" });

  await assert.rejects(failed, (error) => {
    assert.ok(error instanceof Unreachable);
    assert.deepEqual([error.code, error.idempotencyKey], ["UNREACHABLE", "mine"]);
    assert.match(error.message, /^Hoeksteen antwoordt niet/);
    return true;
  });
  assert.equal(seen.length, 2);
});

test("a mutation without a key is never sent twice", async () => {
  const gateway = client();

  await assert.rejects(gateway.request("mutation { keepNote }"), Unreachable);

  assert.equal(seen.length, 1);
});

test("a refusal is thrown with its code, its sentence and its path, and never retried", async () => {
  const gateway = client();
  const conflict = { __typename: "Conflict", code: "CASE_CLOSED", message: "Dicht.", path: ["caseId"] };
  answers.push(() => ({ body: { data: { keepNote: conflict } } }));
  await assert.rejects(gateway.command(KeepNote, { caseId: "1" }), (error) => {
    assert.ok(error instanceof Refused);
    const { field, kind, code, message, path } = error;
    const told = ["keepNote", "Conflict", "CASE_CLOSED", "Dicht.", ["caseId"]];
    assert.deepEqual([field, kind, code, message, path], told);
    return true;
  });

  answers.push(() => refused("TOO_COMPLEX", 400));
  await assert.rejects(gateway.request(Session), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.deepEqual([error.code, error.message], ["TOO_COMPLEX", "Nee."]);
    return true;
  });

  answers.push(() => ({ ...refused("TOO_MANY_REQUESTS", 429), headers: { "Retry-After": "60" } }));
  await assert.rejects(gateway.request(Session), { code: "TOO_MANY_REQUESTS" });

  answers.push(() => ({ status: 404, body: "a page" }));
  await assert.rejects(gateway.request(Session), { code: "HTTP_404" });
  assert.equal(seen.length, 4);
});

test("a token that is not taken any more is renewed once", async () => {
  const given: (string | undefined)[] = [];
  const token = (refusedOne?: string): string => {
    given.push(refusedOne);
    return refusedOne ? "two" : "one";
  };
  const gateway = client({ token });
  answers.push(() => refused("NOT_SIGNED_IN", 401), good);
  await gateway.request(Session);
  assert.deepEqual(seen.map((one) => one.token), ["Bearer one", "Bearer two"]);
  assert.deepEqual(given, [undefined, "one"]);

  answers.push(() => refused("NOT_SIGNED_IN", 401), () => refused("NOT_SIGNED_IN", 401));
  await assert.rejects(gateway.request(Session), NotSignedIn);
  assert.equal(seen.length, 4);

  const fixed = client();
  answers.push(() => refused("NOT_SIGNED_IN", 401));
  await assert.rejects(fixed.request(Session), NotSignedIn);
  assert.equal(seen.length, 1);
});

test("a deadline and a signal end a request", async () => {
  const never = () => new Promise<never>(() => {});
  const gateway = client({ deadline: 40, fetch: never });
  await assert.rejects(client({ deadline: 40, token: never }).request(Session), Unreachable);
  await assert.rejects(gateway.request(Session), Unreachable);

  const stop = new AbortController();
  const stopped = gateway.request(Session, {}, { signal: stop.signal, deadline: 60_000 });
  stop.abort(new Error("the person left"));
  await assert.rejects(stopped, /the person left/);
});

test("a reporter opens a session when it is needed, one for all that wait, and another when it ended", async () => {
  const [code, { url }] = [await ReporterCode.generate(), client()];
  const organisation = "00000000-0000-4000-8000-000000000001";
  const gateway = new HoeksteenClient({ url, token: reporterToken(code, organisation, { url }) });
  let [opened, holds] = [0, ""];
  const answer = ({ token, body }: Seen) => {
    if (body.variables.input) {
      holds = `Bearer session-${++opened}`;
      return { body: { data: { openReporterSession: { token: holds.slice(7), seconds: 900 } } } };
    }
    return token === holds ? good() : refused("NOT_SIGNED_IN", 401);
  };
  answers.push(...Array.from({ length: 8 }, () => answer));

  await Promise.all([gateway.request(Session), gateway.request(Session)]);
  holds = "";
  await gateway.request(Session);

  const exchanges = seen.filter((one) => JSON.stringify(one).includes(code.lookupKey));
  assert.deepEqual(exchanges.map((one) => one.token), Array(2).fill(`Bearer reporter.${organisation}`));
  assert.equal(opened, 2);
  assert.equal(answers.length, 0);
});
