/**
 * Subscriptions: what is there now, and again whenever it changes, until it is over or nobody reads any
 * more. A line that breaks is opened again, with a new token where the old one is over; it begins with the
 * present state, so nothing is lost by it.
 */

import { type HoeksteenClient, type Variables, accepted, passes, pause } from "./client.js";
import { type Accepted, type TypedDocument, named } from "./documents.js";
import { eventsOf } from "./liveEvents.js";
import { type SocketFactory, answersOf } from "./liveSocket.js";
import { NotSignedIn } from "./refusals.js";

export interface LiveOptions {
  /** Ends the subscription, without an error. */
  readonly signal?: AbortSignal;
  /** `sse` for networks that let no WebSocket by; `websocket` where nothing else is said. */
  readonly over?: "websocket" | "sse";
  /** Told when the line is there, and when it is waited for: a page may show it. */
  readonly onLine?: (there: boolean) => void;
  /**
   * Do not tell the same twice in a row, as after a line that broke: for documents that select all that is
   * shown. What selects less is told that something changed by an event that looks like the one before.
   */
  readonly distinct?: boolean;
  /** Another WebSocket, for programs that have none. */
  readonly socket?: SocketFactory;
}

/** One line to the gateway: gives what the gateway sends, ends where it says `complete`, throws else. */
export type Line = (given: {
  readonly gateway: HoeksteenClient;
  readonly token: string;
  readonly payload: Variables;
  readonly signal: AbortSignal;
  readonly opened: () => void;
}) => AsyncGenerator<Variables>;

/**
 * The events of a subscription, each as its query answers. Throws GatewayError for what is refused, and
 * NotSignedIn where no other token is given for one that was refused; a failure of the network, or of a part
 * of Hoeksteen, is waited out, longer each time until something is answered again.
 */
export async function* subscribe<Answer, Given extends object>(
  gateway: HoeksteenClient,
  document: TypedDocument<Answer, Given> | string,
  variables: Given,
  options: LiveOptions = {},
): AsyncGenerator<Accepted<Answer>, void> {
  const payload = { ...named(document, gateway.trusted), variables };
  const line: Line = options.over === "sse" ? eventsOf : answersOf(options.socket);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  options.signal?.addEventListener("abort", end);
  if (options.signal?.aborted) end();
  const { signal } = ending;
  const opened = (): void => options.onLine?.(true);
  let token = await gateway.token();
  let told: string | undefined;
  try {
    for (let failures = 0; !signal.aborted; failures++) {
      let answered = false;
      try {
        let last: Variables | undefined;
        for await (const body of line({ gateway, token, payload, signal, opened })) {
          last = undefined;
          const data = accepted<Answer>(body, 200, gateway.language);
          [answered, failures] = [true, 0];
          const state = options.distinct ? JSON.stringify(data) : undefined;
          if (state === undefined || state !== told) yield data;
          told = state;
          last = data as Variables;
        }
        // Null is the last event: it is not there any more. Else the token was over, or an hour.
        if (last && Object.values(last).every((value) => value === null)) return;
        token = await gateway.token();
      } catch (cause) {
        if (signal.aborted) return;
        if (cause instanceof NotSignedIn) {
          const next = await gateway.token(token);
          // A line that answered may have come to its token's end, where the next one says what is wrong.
          if (next === token && !answered) throw cause;
          token = next;
        } else if (!passes(cause)) throw cause;
      }
      options.onLine?.(false);
      await pause(failures, 0, signal).catch(() => undefined);
    }
  } finally {
    end();
    options.signal?.removeEventListener("abort", end);
  }
}
