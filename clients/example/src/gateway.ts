/** Asking the gateway, in the language that is shown. The client's errors are sentences for people. */

import { HoeksteenClient, type TokenProvider } from "hoeksteen-client";

import { current } from "./language.js";

export type Answer = Record<string, any>;

/** One person with one role. Their token is kept in the memory of this tab and nowhere else. */
export class Gateway {
  readonly #client: HoeksteenClient;

  constructor(token: string | TokenProvider) {
    this.#client = new HoeksteenClient({ url: new URL("/graphql", location.href).href, token });
  }

  /** What a query answers. */
  async ask(query: string, variables: Answer = {}): Promise<Answer> {
    this.#client.language = current();
    return (await this.#client.request(query, variables)) as Answer;
  }

  /**
   * Carry out the mutation `name`. With the same `idempotencyKey` it is carried out once, however often
   * it is sent: a form keeps its key until it succeeded.
   */
  async change(name: string, input: Answer, idempotencyKey: string): Promise<void> {
    const type = name[0]!.toUpperCase() + name.slice(1);
    await this.ask(
      `mutation ($input: ${type}Input!) {
        ${name}(input: $input) { __typename ... on UserError { code message path } }
      }`,
      { input: { ...input, idempotencyKey } },
    );
  }
}

/** The bytes of a field that the schema calls Base64. */
export function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Bytes as the schema takes them. */
export function base64(data: Uint8Array): string {
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}
