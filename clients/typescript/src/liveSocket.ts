/**
 * WebSocket, as `graphql-ws` speaks it (subprotocol graphql-transport-ws). All subscriptions of a client
 * share one connection, which is closed when nobody reads any more.
 */

import type { HoeksteenClient, Variables } from "./client.js";
import type { Line } from "./live.js";
import { GatewayError, type Language, NotSignedIn, errorOf } from "./refusals.js";

const PROTOCOL = "graphql-transport-ws";
// What no second try makes better: a fault of a client's (docs/subscriptions.md).
const FATAL = new Set([4400, 4401, 4406, 4409, 4429]);
const FORBIDDEN = 4403;

export type SocketFactory = (url: string, protocol: string) => WebSocket;
type Message = { type: string; id?: string; payload?: unknown };
type Listener = (message: Message | Error) => void;

/** A connection that says who it is before it is asked anything. */
class Connection {
  readonly ready: Promise<void>;
  readonly #socket: WebSocket;
  readonly #listeners = new Map<string, Listener>();
  #last = 0;
  #ended = false;
  #users = 0;

  constructor(
    gateway: HoeksteenClient,
    token: string,
    factory: SocketFactory,
  ) {
    const address = new URL(gateway.url, globalThis.location?.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.#socket = factory(address.href, PROTOCOL);
    this.ready = new Promise((ready, failed) => {
      this.#socket.onopen = () => {
        const payload = { authorization: `Bearer ${token}`, language: gateway.language };
        this.#send({ type: "connection_init", payload });
      };
      this.#socket.onmessage = ({ data }) => {
        const message = JSON.parse(String(data)) as Message;
        if (message.type === "connection_ack") ready();
        else if (message.type === "ping") this.#send({ type: "pong" });
        else this.#listeners.get(message.id ?? "")?.(message);
      };
      this.#socket.onclose = ({ code, reason }) => {
        this.#ended = true;
        const error = closed(code, reason, gateway.language);
        failed(error);
        for (const listener of this.#listeners.values()) listener(error);
      };
    });
    this.ready.catch(() => undefined); // told to those who wait for it
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** Somebody reads; what is returned says that they do not any more. The last one closes it. */
  use(): () => void {
    this.#users++;
    return () => {
      if (--this.#users) return;
      this.#ended = true;
      this.#socket.close(1000);
    };
  }

  async *answers(payload: Variables, signal: AbortSignal): AsyncGenerator<Variables> {
    const id = String(++this.#last);
    const waiting: (Message | Error)[] = [];
    let wake = (): void => undefined;
    const listen: Listener = (message) => {
      waiting.push(message);
      wake();
    };
    const stop = (): void => listen({ type: "complete" });
    this.#listeners.set(id, listen);
    signal.addEventListener("abort", stop);
    let over = false;
    try {
      this.#send({ type: "subscribe", id, payload });
      for (;;) {
        const next = waiting.shift();
        if (!next) await new Promise<void>((woken) => (wake = woken));
        else if (next instanceof Error) throw next;
        else if (next.type === "next") yield next.payload as Variables;
        else {
          over = !signal.aborted;
          if (next.type === "error") throw errorOf((next.payload as unknown[])[0]);
          return;
        }
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#listeners.delete(id);
      if (!over) this.#send({ type: "complete", id });
    }
  }

  #send(message: Message): void {
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }
}

const connections = new WeakMap<HoeksteenClient, Connection>();

/** Answers over the client's one connection, which is opened by the first who asks. */
export function answersOf(
  factory: SocketFactory = (url, protocol) => new WebSocket(url, protocol),
): Line {
  return async function* ({ gateway, token, payload, signal, opened }) {
    let connection = connections.get(gateway);
    if (!connection || connection.isOver) {
      connection = new Connection(gateway, token, factory);
      connections.set(gateway, connection);
    }
    const leave = connection.use();
    try {
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      await Promise.race([connection.ready, aborted]);
      opened();
      yield* connection.answers(payload, signal);
    } finally {
      leave();
    }
  };
}

function closed(code: number, reason: string, language: Language): Error {
  const problem = { code: `CLOSED_${code}`, message: reason };
  if (code === FORBIDDEN) {
    const message = { en: "Sign in again.", nl: "Log opnieuw in." }[language];
    return new NotSignedIn({ code: "NOT_SIGNED_IN", message });
  }
  return FATAL.has(code) ? new GatewayError(problem) : new TypeError(`The line broke (${code}).`);
}
