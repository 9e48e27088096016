/** Server-sent events, as `graphql-sse` speaks them: a POST for each operation (distinct connections). */

import { type Variables, refusalOf } from "./client.js";
import type { Line } from "./live.js";

const EVENT_STREAM = "text/event-stream";

export const eventsOf: Line = async function* ({ gateway, payload, signal, opened }) {
  const headers = { "Content-Type": "application/json", Accept: EVENT_STREAM };
  const sent = { method: "POST", headers, body: JSON.stringify(payload) };
  const stream = await gateway.send(gateway.url, sent, async (answer) => {
    if (answer.ok && answer.headers.get("content-type")?.startsWith(EVENT_STREAM)) return answer.body!;
    throw await refusalOf(answer, gateway.language);
  }, { signal });
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop);
  opened();
  try {
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new TypeError("The line broke.");
      text += value;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const { event, data } = eventOf(text.slice(0, end));
        text = text.slice(end + 2);
        if (event === "complete") return;
        if (event === "next") yield JSON.parse(data) as Variables;
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
};

/** An event of the gateway's, whose lines end in `\n` alone. */
function eventOf(text: string): { event: string; data: string } {
  const found = { event: "", data: "" };
  for (const line of text.split("\n")) {
    const [, field, value = ""] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (field === "event" || field === "data") found[field] += value;
  }
  return found;
}
