/**
 * Commands of which nobody knows whether they were carried out. Sent again, one is the same to the byte and
 * under the same idempotency key, and so is carried out once; words that are sealed anew would not be the same.
 */

import { toBase64, utf8 } from "./bytes.js";
import { type HoeksteenClient, newIdempotencyKey, passes } from "./client.js";
import type { Input, Payload, TypedDocument } from "./documents.js";

/** So many are kept; the oldest goes first. */
const MOST = 8;

export class Unsent {
  readonly #kept = new Map<string, object>();

  /**
   * Carry out the mutation of `document` on the input that is made `of` this, or was made of the same before
   * and got no answer. Throws as `make` and `HoeksteenClient.command` do.
   */
  async command<Answer, Given extends { input: unknown }>(
    gateway: HoeksteenClient,
    document: TypedDocument<Answer, Given>,
    of: readonly unknown[],
    make: () => Promise<Input<Given>>,
  ): Promise<Payload<Answer>> {
    const name = await digest(JSON.stringify([String(document), ...of]));
    const before = this.#kept.get(name) as Input<Given> | undefined;
    const input = before ?? { idempotencyKey: newIdempotencyKey(), ...(await make()) };
    this.#kept.set(name, input);
    for (const [oldest] of [...this.#kept].slice(0, -MOST)) this.#kept.delete(oldest);
    try {
      const payload = await gateway.command(document, input);
      this.#kept.delete(name);
      return payload;
    } catch (cause) {
      if (!passes(cause)) this.#kept.delete(name); // it was refused, and nothing was changed
      throw cause;
    }
  }
}

/** What stands for the words, which are not kept. */
async function digest(text: string): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}
