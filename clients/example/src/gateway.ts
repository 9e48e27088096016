/** Asking the gateway, in the language that is shown. The client's errors are sentences for people. */

import { HoeksteenClient, type TokenProvider, newIdempotencyKey, subscribe } from "hoeksteen-client";

import { current } from "./language.js";

export type Answer = Record<string, any>;

/** Where these pages come from is whom they ask. */
export const GATEWAY = new URL("/graphql", location.href).href;

/** One person with one role. Their token is kept in the memory of this tab and nowhere else. */
export class Gateway {
  readonly #client: HoeksteenClient;

  constructor(token: string | TokenProvider) {
    this.#client = new HoeksteenClient({ url: GATEWAY, token });
  }

  /** What a query answers. */
  async ask(query: string, variables: Answer = {}): Promise<Answer> {
    this.#client.language = current();
    return (await this.#client.request(query, variables)) as Answer;
  }

  /** What a subscription gives: the present state first, until `signal` ends it. */
  changes(subscription: string, variables: Answer, signal: AbortSignal): AsyncIterable<unknown> {
    return subscribe(this.#client, subscription, variables, { signal });
  }

  /** Carry out the mutation `name`. With the same `idempotencyKey` it is carried out once, however often. */
  async change(name: string, input: Answer): Promise<void> {
    const type = name[0]!.toUpperCase() + name.slice(1);
    await this.ask(
      `mutation ($input: ${type}Input!) {
        ${name}(input: $input) { __typename ... on UserError { code message path } }
      }`,
      { input: { idempotencyKey: newIdempotencyKey(), ...input } },
    );
  }
}

/**
 * An input that is made once of `from`: sent again after no answer came, it is the same to the byte, and so
 * is carried out once. Words that are sealed anew are not the same.
 */
export function once(): (from: string, make: () => Promise<Answer>) => Promise<Answer> {
  let kept: { from: string; input: Answer } | undefined;
  return async (from, make) => {
    if (kept?.from !== from) kept = { from, input: { idempotencyKey: newIdempotencyKey(), ...(await make()) } };
    return kept.input;
  };
}

/** The bytes of a field that the schema calls Base64. */
export function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Bytes as the schema takes them. */
export function base64(data: Uint8Array): string {
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}
