/**
 * Talks to the gateway with `fetch`: one person, one role. What can be sent again without changing
 * anything twice is sent again by itself; a mutation gets its idempotency key here and keeps it.
 */

import { toBase64 } from "./bytes.js";
import {
  type Accepted,
  type Input,
  type Payload,
  type TypedDocument,
  named,
  onlyAsks,
} from "./documents.js";
import {
  GatewayError,
  type Language,
  NotSignedIn,
  Refused,
  Unreachable,
  errorOf,
  noAnswer,
} from "./refusals.js";

/**
 * Gives the bearer token before each request. `refused` is a token that the gateway did not take: where
 * another is given for it, the request is sent once more.
 */
export type TokenProvider = (refused?: string) => string | Promise<string>;

export interface ClientOptions {
  /** The gateway's full address, with `/graphql`. */
  readonly url: string;
  readonly token: string | TokenProvider;
  /** Of the sentences. It may be changed later, at `client.language`. */
  readonly language?: Language;
  /** Milliseconds for a request with all its retries; 30,000 where nothing else is said. */
  readonly deadline?: number;
  /** How often a request is sent again that got no answer; 3 where nothing else is said. */
  readonly retries?: number;
  /** Send the SHA-256 of documents in place of their text: in production only trusted ones run. */
  readonly trusted?: boolean;
  /** Another `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface RequestOptions {
  /** Ends the request; what its reason is is thrown. */
  readonly signal?: AbortSignal;
  /** Milliseconds, in place of the client's. */
  readonly deadline?: number;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8000;
// A part of Hoeksteen is down, or what stands before it: it will pass.
const PASSING = new Set(
  "UNAVAILABLE KEY_RING_UNAVAILABLE TIMED_OUT TOO_MANY_REQUESTS HTTP_429 HTTP_502 HTTP_503 HTTP_504".split(" "),
);

export type Variables = Record<string, unknown>;
type Arguments<Given> = {} extends Given
  ? [variables?: Given, options?: RequestOptions]
  : [variables: Given, options?: RequestOptions];

export class HoeksteenClient {
  /** The gateway's full address. */
  readonly url: string;
  language: Language;
  /** Whether documents are named by their hash. */
  readonly trusted: boolean;
  readonly #token: TokenProvider;
  readonly #deadline: number;
  readonly #retries: number;
  readonly #fetch: typeof fetch;

  constructor(options: ClientOptions) {
    const { token } = options;
    this.url = options.url;
    this.language = options.language ?? "en";
    this.#token = typeof token === "string" ? () => token : token;
    this.#deadline = options.deadline ?? 30_000;
    this.#retries = options.retries ?? 3;
    this.trusted = options.trusted ?? false;
    this.#fetch = options.fetch ?? ((...given) => fetch(...given));
  }

  /**
   * The answer's `data`. Throws Refused where a root field is a `UserError` (ask for
   * `... on UserError { code message path }`), NotSignedIn, GatewayError for any other refusal, and
   * Unreachable.
   *
   * A question is retried, and a mutation whose every input has an `idempotencyKey`; `command` adds one.
   */
  async request<Answer = any, Given = Variables>(
    document: TypedDocument<Answer, Given> | string,
    ...[variables, options = {}]: Arguments<Given>
  ): Promise<Accepted<Answer>> {
    const given = (variables ?? {}) as Variables;
    const body = JSON.stringify({ ...named(document, this.trusted), variables: given });
    const keys = Object.values(given).map((value) => (value as Variables | null)?.["idempotencyKey"]);
    const key = keys.find((one) => typeof one === "string") as string | undefined;
    const safe = onlyAsks(document) || (keys.length > 0 && keys.every((one) => typeof one === "string"));
    const headers = {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
    };
    const sent = { method: "POST", headers, body };
    return this.send(this.url, sent, (answer) => answered<Answer>(answer, this.language), {
      ...options,
      safe,
      key,
    });
  }

  /**
   * Carry out the one mutation of `document`, whose variable is `$input`; its payload. The idempotency
   * key is made here, unless `input` has one: that of an attempt that ended in Unreachable. Throws as
   * `request` does.
   */
  async command<Answer, Given extends { input: unknown }>(
    document: TypedDocument<Answer, Given>,
    input: Input<Given>,
    options: RequestOptions = {},
  ): Promise<Payload<Answer>> {
    const idempotencyKey = input.idempotencyKey ?? newIdempotencyKey();
    const variables = { input: { ...input, idempotencyKey } } as unknown as Given;
    const send = this.request as (...given: unknown[]) => Promise<Record<string, unknown>>;
    const { __typename, ...data } = await send.call(this, document, variables, options);
    return Object.values(data)[0] as Payload<Answer>;
  }

  /** A bearer token, as the provider gives it. */
  async token(refused?: string): Promise<string> {
    return this.#token(refused);
  }

  /**
   * A request with the token, the language, retries and a deadline; for addresses beside GraphQL too.
   * `read` makes of the answer what is returned, or throws GatewayError. `safe`: it may be sent again,
   * where nothing answers, or what does says that it will pass.
   */
  async send<Read>(
    url: string | URL,
    init: RequestInit,
    read: (answer: Response) => Promise<Read>,
    options: RequestOptions & { readonly safe?: boolean; readonly key?: string | undefined } = {},
  ): Promise<Read> {
    const ending = new AbortController();
    const end = (): void => ending.abort(options.signal?.reason);
    // Whatever is waited for, the token too.
    const ended = new Promise<never>((_, reject) => {
      ending.signal.addEventListener("abort", () => reject(ending.signal.reason));
    });
    const timer = setTimeout(end, options.deadline ?? this.#deadline);
    options.signal?.addEventListener("abort", end);
    try {
      options.signal?.throwIfAborted();
      const sent = { ...init, signal: ending.signal };
      return await Promise.race([this.#attempts(url, sent, read, options.safe ?? false), ended]);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      options.signal?.throwIfAborted();
      throw new Unreachable(this.language, options.key, { cause });
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", end);
    }
  }

  async #attempts<Read>(
    url: string | URL,
    init: RequestInit & { readonly signal: AbortSignal },
    read: (answer: Response) => Promise<Read>,
    safe: boolean,
  ): Promise<Read> {
    let token = await this.token();
    for (let attempt = 0, renewed = false; ; attempt++) {
      let asked = 0;
      try {
        const answer = await this.#fetch(url, {
          // A token goes to the address that was given, and nothing of it stays in the browser.
          redirect: "error",
          credentials: "omit",
          cache: "no-store",
          referrerPolicy: "no-referrer",
          ...init,
          headers: {
            "Accept-Language": this.language,
            ...(init.headers as Record<string, string> | undefined),
            Authorization: `Bearer ${token}`,
          },
        });
        asked = Number(answer.headers.get("retry-after")) * 1000 || 0;
        return await read(answer);
      } catch (cause) {
        if (cause instanceof NotSignedIn && !renewed) {
          const next = await this.token(token);
          if (next === token) throw cause;
          [token, renewed] = [next, true];
          continue;
        }
        if (!safe || !passes(cause) || attempt >= this.#retries || init.signal.aborted) throw cause;
        if (asked > LONGEST_PAUSE) throw cause; // it says itself how long: that is the person's to wait
      }
      await pause(attempt, asked, init.signal);
    }
  }
}

/** A new random idempotency key: 192 bits. */
export function newIdempotencyKey(): string {
  const random = crypto.getRandomValues(new Uint8Array(24));
  return toBase64(random).replaceAll("+", "-").replaceAll("/", "_");
}

/** What the gateway said in place of a good answer. */
export async function refusalOf(answer: Response, language: Language): Promise<GatewayError> {
  const body = await json(answer);
  const [error] = Array.isArray(body?.["errors"]) ? body["errors"] : [];
  return error ? errorOf(error) : noAnswer(answer.status, language);
}

/** The JSON object of an answer; undefined where it is none. What breaks off is thrown. */
async function json(answer: Response): Promise<Variables | undefined> {
  const text = await answer.text();
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? (body as Variables) : undefined;
  } catch {
    return undefined;
  }
}

async function answered<Answer>(answer: Response, language: Language): Promise<Accepted<Answer>> {
  return accepted(await json(answer), answer.status, language);
}

/** The data of an answer, if it has any and nothing was refused. Throws GatewayError. */
export function accepted<Answer>(
  body: Variables | undefined,
  status: number,
  language: Language,
): Accepted<Answer> {
  const [error] = Array.isArray(body?.["errors"]) ? body["errors"] : [];
  if (error) throw errorOf(error);
  if (!body?.["data"]) throw noAnswer(status, language);
  const data = body["data"] as Variables;
  for (const [field, value] of Object.entries(data)) {
    // Of everything in the schema only a UserError has both.
    if (typeof value === "object" && value !== null && "code" in value && "message" in value) {
      throw new Refused(field, value as { code: string; message: string });
    }
  }
  return data as Accepted<Answer>;
}

/** Whether what was thrown passes by itself. */
export function passes(cause: unknown): boolean {
  return !(cause instanceof GatewayError) || cause instanceof Unreachable || PASSING.has(cause.code);
}

/** Wait twice as long each time, and not all clients alike; or as long as the answer asked. */
export async function pause(attempt: number, asked: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE);
  const wait = Math.max(asked, longest * (0.5 + Math.random() / 2));
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, wait);
    signal.addEventListener("abort", stop, { once: true });
  });
}
