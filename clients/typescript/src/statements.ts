/**
 * What is signed with an adviser's Ed25519 key (RFC 8032), byte for byte. A statement is a list of
 * fields, each as a 4-byte big-endian length and its bytes; the first names its kind.
 *
 *     "hoeksteen/adviser-key/v1", organisation's id, adviser's id (UTF-8), public key, signing key
 *     "hoeksteen/words/v1", organisation's id, case's id, SHA-256 over the fields key id and envelope
 *         of each reader, in the order in which they are sent
 *     "hoeksteen/recovery-key/v1", organisation's id, public key, digest of the record of its ceremony
 */

import { type Bytes, concat, copied, fields, sha256, utf8, uuidBytes } from "./bytes.js";
import type { Place, Sealed } from "./sealing.js";

const ADVISER_KEY = utf8("hoeksteen/adviser-key/v1");
const WORDS = utf8("hoeksteen/words/v1");
const RECOVERY_KEY = utf8("hoeksteen/recovery-key/v1");

/** Who publishes a key, and where. `adviserId`: the subject of the adviser's token. */
export interface Seat {
  readonly organisation: string;
  readonly adviserId: string;
}

/** Both public halves of an adviser's pair: raw X25519 and raw Ed25519, 32 bytes each. */
export interface PublishedKey {
  readonly publicKey: Uint8Array;
  readonly signingKey: Uint8Array;
}

/** What the new and the previous signing key sign when an adviser publishes a key. */
export function adviserKeyStatement(seat: Seat, key: PublishedKey): Bytes {
  const organisation = uuidBytes(seat.organisation);
  return fields(ADVISER_KEY, organisation, utf8(seat.adviserId), key.publicKey, key.signingKey);
}

/** What an adviser signs beside sealed words, in the order as sent. */
export async function wordsStatement(sealed: readonly Sealed[], place: Place): Promise<Bytes> {
  const listed = sealed.map(({ keyId, envelope }) => fields(uuidBytes(keyId), envelope));
  const digest = await sha256(concat(...listed));
  return fields(WORDS, uuidBytes(place.organisation), uuidBytes(place.case), digest);
}

/**
 * What an adviser signs who puts a recovery key (raw X25519, 32 bytes) in the directory. `digest` (32
 * bytes) is that of its ceremony's record.
 */
export function recoveryKeyStatement(
  publicKey: Uint8Array,
  digest: Uint8Array,
  organisation: string,
): Bytes {
  return fields(RECOVERY_KEY, uuidBytes(organisation), publicKey, digest);
}

/** Whether `signature` over `statement` is by `signingKey` (raw Ed25519, 32 bytes). */
export async function isSigned(
  statement: Bytes,
  signature: Uint8Array,
  signingKey: Uint8Array,
): Promise<boolean> {
  let key: CryptoKey;
  try {
    const raw = copied(signingKey);
    key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    // A browser without Ed25519 must not look like a bad signature.
    if (error instanceof Error && error.name === "NotSupportedError") throw error;
    return false;
  }
  return crypto.subtle.verify({ name: "Ed25519" }, key, copied(signature), statement);
}

/** Whether the holder of `signingKey` sealed exactly these envelopes for this case. */
export async function wordsAreSigned(
  sealed: readonly Sealed[],
  signature: Uint8Array,
  place: Place,
  signingKey: Uint8Array,
): Promise<boolean> {
  return isSigned(await wordsStatement(sealed, place), signature, signingKey);
}

/**
 * Whether an entry of the directory proves itself: `proof` by its own signing key and, where
 * `previous` is given, its signature by the signing key before. Without `previous` nothing says that
 * the adviser of before put this key there: ask them, by another way.
 */
export async function keyIsProven(
  seat: Seat,
  key: PublishedKey,
  proof: Uint8Array,
  previous?: { readonly signingKey: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> {
  const statement = adviserKeyStatement(seat, key);
  if (previous && !(await isSigned(statement, previous.signature, previous.signingKey))) return false;
  return isSigned(statement, proof, key.signingKey);
}
