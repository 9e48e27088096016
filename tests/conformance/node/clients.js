// The npm clients graphql-ws and graphql-sse against ORIGIN: one JSON line for each thing that is tried.
import assert from "node:assert/strict";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const { ORIGIN: origin, TOKEN: token, SHORT_TOKEN: short, CASE: id } = process.env;
const ROLE = "{ session { role } }";
const CLOSE = "mutation ($input: CloseCaseInput!) { closeCase(input: $input) { __typename } }";
const CHANGES = "subscription ($id: ID!) { caseChanged(id: $id) { id } }";
const input = { idempotencyKey: "key-12345678", caseId: id };

const overWebSocket = (connectionParams, more = {}) =>
  createWsClient({
    url: `${origin.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    ...more,
  });

const overEvents = (authorization) =>
  createSseClient({ url: `${origin}/graphql`, headers: { authorization }, retryAttempts: 0 });

const bearer = { authorization: `Bearer ${token}` };

async function first(iterator, count) {
  const found = [];
  for await (const result of iterator) {
    found.push(result);
    if (found.length === count) break; // which tells the server that no more is wanted
  }
  return found;
}

async function operations(client) {
  assert.deepEqual(await first(client.iterate({ query: ROLE }), 2), [
    { data: { session: { role: "adviser" } } },
  ]);
  const [closed] = await first(client.iterate({ query: CLOSE, variables: { input } }), 2);
  assert.deepEqual(closed, { data: { closeCase: { __typename: "NotFound" } } });
}

async function changes(client) {
  const events = await first(client.iterate({ query: CHANGES, variables: { id } }), 3);
  assert.deepEqual(events, Array(3).fill({ data: { caseChanged: { id } } }));
}

const tries = {
  "graphql-ws: a query and a mutation": () => operations(overWebSocket(bearer)),
  "graphql-ws: three events of a subscription, then no more": () => changes(overWebSocket(bearer)),
  "graphql-ws: a document that is not valid is an error": async () => {
    const iterator = overWebSocket(bearer).iterate({ query: "{ nothing }" });
    await assert.rejects(first(iterator, 1), (errors) => errors[0].extensions.code !== undefined);
  },
  "graphql-ws: a token that proves nothing closes with 4403": async () => {
    const iterator = overWebSocket({ authorization: "Bearer x.y.z" }).iterate({ query: ROLE });
    await assert.rejects(first(iterator, 1), (event) => event.code === 4403);
  },
  "graphql-ws: after a token is over it goes on with a new one": async () => {
    const tokens = [short, token];
    let connections = 0;
    const client = overWebSocket(
      () => ({ authorization: `Bearer ${tokens[Math.min(connections++, 1)]}` }),
      { retryAttempts: 3, shouldRetry: () => true, retryWait: async () => {} },
    );
    for await (const _ of client.iterate({ query: CHANGES, variables: { id } })) {
      if (connections > 1) break;
    }
  },
  "graphql-sse: a query and a mutation": () => operations(overEvents(bearer.authorization)),
  "graphql-sse: three events of a subscription, then no more": () =>
    changes(overEvents(bearer.authorization)),
  "graphql-sse: a document that is not valid is an event": async () => {
    const client = overEvents(bearer.authorization);
    const [told] = await first(client.iterate({ query: "{ nothing }" }), 2);
    assert.equal(told.errors[0].extensions.rule, "FieldsOnCorrectType");
  },
  "graphql-sse: a token that proves nothing has status 401": async () => {
    const iterator = overEvents("Bearer x.y.z").iterate({ query: ROLE });
    await assert.rejects(first(iterator, 1), (error) => error.response?.status === 401);
  },
};

for (const [name, attempt] of Object.entries(tries)) {
  let wrong = "";
  try {
    await attempt();
  } catch (problem) {
    wrong = String(problem?.message ?? JSON.stringify(problem));
  }
  console.log(JSON.stringify({ name, wrong }));
}
process.exit(0);
