/**
 * Documents of GraphQL with the types of their answer and variables, as this package exports them per
 * role and as GraphQL Code Generator writes them (`documentMode: "string"`).
 */

/** A text, or an object that is one; `hash` is the SHA-256 of the text, in hex. */
export interface TypedDocument<Answer, Variables> {
  toString(): string;
  readonly __meta__?: Record<string, unknown> | undefined;
  /** Only for the compiler: carries the types. */
  __apiType?: (variables: Variables) => Answer;
}

/** A document as a text with its types. */
export class Document<Answer, Variables> implements TypedDocument<Answer, Variables> {
  declare __apiType?: (variables: Variables) => Answer;
  readonly __meta__: { readonly hash: string };

  constructor(
    readonly text: string,
    hash: string,
  ) {
    this.__meta__ = { hash };
  }

  toString(): string {
    return this.text;
  }
}

type Refusal = { code: string; message: string };

/** An answer whose root fields were accepted: what is a `UserError` is thrown, not returned. */
export type Accepted<Answer> = { [Field in keyof Answer]: Exclude<Answer[Field], Refusal> };

/** The payload of the one mutation in a document. */
export type Payload<Answer> = Exclude<Answer[Exclude<keyof Answer, "__typename">], Refusal>;

/** The input of the one mutation in a document, without the key that the client makes. */
export type Input<Variables> = Variables extends { input: infer Given }
  ? Omit<Given, "idempotencyKey"> & { idempotencyKey?: string }
  : never;

/** What names a document in a request: its text, or its hash where only trusted ones run. */
export function named(
  document: string | { toString(): string; readonly __meta__?: Record<string, unknown> | undefined },
  trusted: boolean,
): { query: string } | { documentId: string } {
  const hash = typeof document === "string" ? undefined : document.__meta__?.["hash"];
  if (!trusted) return { query: String(document) };
  if (typeof hash === "string") return { documentId: `sha256:${hash.replace(/^sha256:/, "")}` };
  throw new TypeError("Only a document with its hash can be sent where trusted documents alone run.");
}

/** Whether the document only asks, so that it may be sent again at any time. */
export function onlyAsks(document: unknown): boolean {
  return !/^\s*(?:mutation|subscription)\b/m.test(String(document));
}
