import assert from "node:assert/strict";
import { test } from "node:test";

import { HoeksteenClient, type LiveOptions, NotSignedIn, subscribe } from "../src/index.js";

/** What a gateway does with one connection, once it is told who it is and what is wanted. */
type Script = (line: { next(state: unknown): void; error(code: string): void; close(code: number): void }) => void;

/** Connections that are answered by these scripts, in order; the last one answers all that follow. */
function gateway(...scripts: Script[]): { options: LiveOptions; opened: () => number } {
  let opened = 0;
  const socket = (): WebSocket => {
    const script = scripts[Math.min(opened++, scripts.length - 1)]!;
    const told = (message: object): void => line.onmessage?.({ data: JSON.stringify(message) });
    const line: any = {
      readyState: 1,
      close: () => (line.readyState = 3),
      send(text: string) {
        const { type, id } = JSON.parse(text);
        if (type === "connection_init") queueMicrotask(() => told({ type: "connection_ack" }));
        if (type !== "subscribe") return;
        script({
          next: (state) => told({ type: "next", id, payload: { data: { state } } }),
          error: (code) => told({ type: "error", id, payload: [{ message: "No.", extensions: { code } }] }),
          close: (code) => line.onclose?.({ code, reason: "" }),
        });
      },
    };
    queueMicrotask(() => line.onopen?.());
    return line;
  };
  return { options: { socket }, opened: () => opened };
}

const client = (): HoeksteenClient => new HoeksteenClient({ url: "http://gateway.example/graphql", token: "fixed" });

/** The states that are told, until as many are there or it fails; and how long it waited in between, in ms. */
async function told(options: LiveOptions, most: number): Promise<{ states: unknown[]; waits: number[]; error: unknown }> {
  const later = globalThis.setTimeout;
  const waits: number[] = [];
  const states: unknown[] = [];
  const ending = new AbortController();
  globalThis.setTimeout = ((then: () => void, wait: number) => {
    waits.push(wait);
    if (waits.length >= most) ending.abort();
    return later(then, 0);
  }) as typeof setTimeout;
  try {
    const watched = subscribe<{ state: unknown }, object>(client(), "subscription { state }", {}, {
      ...options,
      signal: ending.signal,
    });
    for await (const { state } of watched) {
      states.push(state);
      if (states.length === most) break;
    }
    return { states, waits, error: undefined };
  } catch (error) {
    return { states, waits, error };
  } finally {
    globalThis.setTimeout = later;
  }
}

test("a token that a service refuses on an open line is told once, and not tried for ever", async () => {
  const there = gateway(({ error }) => error("NOT_SIGNED_IN"));
  const { states, error } = await told(there.options, 5);

  assert.ok(error instanceof NotSignedIn);
  assert.deepEqual([states, there.opened()], [[], 1]);
});

test("a line that comes to its token's end is opened once more, and then it is told", async () => {
  const there = gateway(
    ({ next, close }) => (next(1), close(4403)),
    ({ close }) => close(4403),
  );
  const { states, error } = await told(there.options, 5);

  assert.ok(error instanceof NotSignedIn);
  assert.deepEqual([states, there.opened()], [[1], 2]);
});

test("a line that is opened and breaks before it answers is waited for longer each time", async () => {
  const { waits, error } = await told(gateway(({ close }) => close(1006)).options, 7);

  assert.equal(error, undefined);
  waits.slice(0, 6).forEach((wait, attempt) => {
    assert.ok(wait >= Math.min(250 * 2 ** attempt, 8000) / 2, `${wait} ms at attempt ${attempt}`);
  });
});

test("each event is told, or where that is wanted none twice in a row, also not by the next line", async () => {
  const there = () =>
    gateway(
      ({ next, close }) => ([1, 1, 2].forEach(next), close(1006)),
      ({ next }) => [2, 2, 1, 3].forEach(next),
    ).options;

  assert.deepEqual((await told(there(), 7)).states, [1, 1, 2, 2, 2, 1, 3]);
  assert.deepEqual((await told({ ...there(), distinct: true }, 4)).states, [1, 2, 1, 3]);
});
