/**
 * What a gateway refuses, and what happens when it does not answer. `message` is a sentence for the
 * person, in the client's language; `code` is for a program and never changes its meaning
 * (docs/errors.md of Hoeksteen).
 */

export type Language = "en" | "nl";

/** One refusal as it came, or as it is told here. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** Leads to the field of the input, or of the answer; empty where there is none. */
  readonly path?: readonly (string | number)[];
}

/** The gateway refused. `code`, `message`, and `path`. */
export class GatewayError extends Error {
  readonly code: string;
  readonly path: readonly (string | number)[];

  constructor({ code, message, path = [] }: Problem, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.path = path;
  }
}

/** An expected refusal, of the mutation `field`: what a person does next stands in its sentence. */
export class Refused extends GatewayError {
  /** The type of the union that it is: `InvalidInput`, `NotFound`, `NotAllowed` or `Conflict`. */
  readonly kind: string | undefined;

  constructor(
    readonly field: string,
    problem: Problem & { readonly __typename?: string },
  ) {
    super(problem);
    this.kind = problem.__typename;
  }
}

/** The token is missing, expired, or of a session that was ended: sign in again. */
export class NotSignedIn extends GatewayError {}

/**
 * No answer, after every retry or at the deadline. A mutation may have been carried out: send the same
 * input with the same `idempotencyKey` again, which changes nothing twice. Undefined for a question.
 */
export class Unreachable extends GatewayError {
  constructor(
    language: Language,
    readonly idempotencyKey: string | undefined,
    options?: ErrorOptions,
  ) {
    super({ code: "UNREACHABLE", message: UNREACHABLE[language] }, options);
  }
}

const UNREACHABLE: Record<Language, string> = {
  en: "Hoeksteen does not answer. Check the connection and try again.",
  nl: "Hoeksteen antwoordt niet. Controleer de verbinding en probeer het opnieuw.",
};

/** An answer that is none of the gateway's: of something in between, or of another address. */
export function noAnswer(status: number, language: Language): GatewayError {
  const message = {
    en: `The address answered ${status}, and not as Hoeksteen does.`,
    nl: `Het adres antwoordde ${status}, en niet zoals Hoeksteen dat doet.`,
  }[language];
  return new (status === 401 ? NotSignedIn : GatewayError)({ code: `HTTP_${status}`, message });
}

/** The error of a refusal that came as one of GraphQL's `errors`. */
export function errorOf(error: unknown): GatewayError {
  const { message, path, extensions } = (error ?? {}) as {
    message?: unknown;
    path?: unknown;
    extensions?: { code?: unknown };
  };
  const code = String(extensions?.code ?? "GRAPHQL_ERROR");
  const problem = { code, message: String(message ?? ""), path: Array.isArray(path) ? path : [] };
  return code === "NOT_SIGNED_IN" ? new NotSignedIn(problem) : new GatewayError(problem);
}
