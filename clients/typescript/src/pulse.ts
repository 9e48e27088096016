/**
 * Tokens with which employees answer a pulse without a name, each once. They are made here, and only
 * their hashes are sent:
 *
 *     token     32 random bytes; in the bearer token: pulse.<organisation>.<base64url>
 *     subject   SHA-256("hoeksteen/pulse/v1/subject" ‖ token), in hex
 *     hash      SHA-256("hoeksteen/pulse/v1/stored" ‖ subject), 32 bytes
 */

import { type Bytes, concat, sha256, toBase64, toHex, utf8, uuidBytes, uuidText } from "./bytes.js";

const SUBJECT = utf8("hoeksteen/pulse/v1/subject");
const STORED = utf8("hoeksteen/pulse/v1/stored");
const TOKEN_BYTES = 32;

/** One token. `bearer` is for one person, `hash` for `issuePulseTokens`. */
export interface PulseToken {
  readonly bearer: string;
  readonly hash: Bytes;
}

/** So many tokens, in the random order in which they are handed out. */
export async function makePulseTokens(count: number, organisation: string): Promise<PulseToken[]> {
  const secrets = Array.from({ length: count }, () =>
    crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)),
  );
  return Promise.all(secrets.map((secret) => pulseToken(secret, organisation)));
}

/** The token of its 32 bytes. */
export async function pulseToken(secret: Uint8Array, organisation: string): Promise<PulseToken> {
  const text = toBase64(secret).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const subject = toHex(await sha256(concat(SUBJECT, secret)));
  return {
    bearer: `pulse.${uuidText(uuidBytes(organisation))}.${text}`,
    hash: await sha256(concat(STORED, utf8(subject))),
  };
}
