/**
 * Tokens by which advisers recognise a person in two cases without opening either: HMAC-SHA256 under a
 * key that they share and no server has, over the fields "hoeksteen/party/v1", organisation's id and
 * the identifier (UTF-8), normalised.
 */

import type { AdviserKey } from "./adviserKey.js";
import { type Bytes, concat, copied, fields, fromBase64, toBase64, utf8, uuidBytes, uuidText } from "./bytes.js";
import { CannotOpen, SealingError } from "./errors.js";
import { type Reader, seal } from "./sealing.js";

const LABEL = utf8("hoeksteen/party/v1");
const PLACE = utf8("hoeksteen/party-key/v1");
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** The key that the advisers of one organisation share. */
export class PartyKey {
  readonly #secret: Bytes;

  /** The key of its 32 bytes. */
  constructor(secret: Uint8Array) {
    if (secret.length !== 32) throw new SealingError("A party key has 32 bytes.");
    this.#secret = copied(secret);
  }

  /** A new key. An organisation's first adviser makes it; the others are given it. */
  static generate(): PartyKey {
    return new PartyKey(crypto.getRandomValues(new Uint8Array(32)));
  }

  /** The token (32 bytes) of the person with this identifier. Throws SealingError if it is empty. */
  async token(identifier: string, organisation: string): Promise<Bytes> {
    const normal = normalised(identifier);
    if (!normal) throw new SealingError("A person's token needs something that says who it is.");
    const key = await crypto.subtle.importKey("raw", this.#secret, HMAC, false, ["sign"]);
    const message = fields(LABEL, uuidBytes(organisation), utf8(normal));
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
  }

  /** The key in an envelope for another adviser. Throws SealingError. */
  async sealTo(reader: Reader, organisation: string): Promise<Bytes> {
    return seal(toBase64(this.#secret), reader, { organisation, case: await placeOf(organisation) });
  }

  /** The key that another adviser sealed to `key`. Throws CannotOpen. */
  static async open(envelope: Uint8Array, key: AdviserKey, organisation: string): Promise<PartyKey> {
    const text = await key.open(envelope, { organisation, case: await placeOf(organisation) });
    const secret = fromBase64(text);
    if (secret?.length !== 32) throw new CannotOpen("This envelope holds no party key.");
    return new PartyKey(secret);
  }
}

/**
 * The identifier as it goes into a token: NFKC, lower case, and what stands between white space joined
 * with one space. White space is written out, since languages differ in what they call so.
 */
export function normalised(identifier: string): string {
  const lower = identifier.normalize("NFKC").toLowerCase();
  return lower.split(/[\t-\r \x85\u1680\u2028\u2029]+/).filter(Boolean).join(" ");
}

/** What stands for a case in the envelope: UUID version 5 (RFC 9562) of a fixed name. */
async function placeOf(organisation: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", concat(uuidBytes(organisation), PLACE));
  const bytes = new Uint8Array(digest).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return uuidText(bytes);
}
