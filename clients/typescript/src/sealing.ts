/**
 * Words sealed to one reader (HPKE, RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM,
 * base mode, one message, empty aad. The envelope, format 1, byte for byte:
 *
 *     byte 0        0x01
 *     bytes 1-32    enc, the ephemeral X25519 public key
 *     bytes 33-end  ciphertext of the padded words, with its 16-byte tag
 *
 * `info` is four fields, each as a 4-byte big-endian length and its bytes: "hoeksteen/sealed/v1", and
 * the ids of organisation, case and key. Padding: the 4-byte big-endian length of the words' UTF-8, the
 * words, zero bytes up to the next of 1, 4, 16 or 64 KiB.
 */

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";

import { type Bytes, concat, copied, fields, sha256, uint32, utf8, uuidBytes, uuidText } from "./bytes.js";
import { CannotOpen, SealingError, WordsTooLong } from "./errors.js";

/** Longest text, in bytes of UTF-8. */
export const MAX_WORDS_BYTES = 60 * 1024;
/** Sizes of the padded words, in bytes. */
export const BUCKETS: readonly number[] = [1024, 4 * 1024, 16 * 1024, 64 * 1024];

const FORMAT = 1;
const LABEL = utf8("hoeksteen/sealed/v1");
const ENC_BYTES = 32;
const TAG_BYTES = 16;
const X25519 = { name: "X25519" };

const kem = new DhkemX25519HkdfSha256();
const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Where words belong: ids as GraphQL gives them. `case`: or the report or signal that is drafted. */
export interface Place {
  readonly organisation: string;
  readonly case: string;
}

/** A reader as the directory knows them: the key's id, and raw X25519, 32 bytes. */
export interface Reader {
  readonly keyId: string;
  readonly publicKey: Uint8Array;
}

/** Words sealed to the key `keyId`. */
export interface Sealed {
  readonly keyId: string;
  readonly envelope: Bytes;
}

/** The id of a public key: the first 16 bytes of the SHA-256 of its 32 raw bytes. */
export async function keyIdOf(publicKey: Uint8Array): Promise<string> {
  return uuidText((await sha256(copied(publicKey))).subarray(0, 16));
}

/**
 * Seal `words` to the reader who holds the private key.
 *
 * Throws WordsTooLong, and SealingError when the key is no X25519 key or `keyId` is not its id.
 */
export async function seal(words: string, reader: Reader, place: Place): Promise<Bytes> {
  const text = utf8(words);
  if (text.length > MAX_WORDS_BYTES) {
    throw new WordsTooLong(`The text is too long: at most ${MAX_WORDS_BYTES / 1024} KiB.`);
  }
  const { publicKey } = reader;
  const keyId = reader.keyId.toLowerCase();
  if (publicKey.length !== 32 || keyId !== (await keyIdOf(publicKey))) {
    // Whoever answers with somebody else's key under the adviser's key id is caught here.
    throw new SealingError("The adviser's public key does not belong to its key id.");
  }
  try {
    const recipientPublicKey = await kem.deserializePublicKey(copied(publicKey));
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: infoOf(place, keyId) }, padded(text));
    return concat(Uint8Array.of(FORMAT), new Uint8Array(enc), new Uint8Array(ct));
  } catch (cause) {
    // A point of small order: its shared secret is known to everybody.
    throw new SealingError("The adviser's public key is not a usable X25519 key.", { cause });
  }
}

/** Seal the same words to each reader, in order. Throws as `seal` does. */
export async function sealTo(
  words: string,
  readers: readonly Reader[],
  place: Place,
): Promise<Sealed[]> {
  return Promise.all(
    readers.map(async (reader) => ({
      keyId: reader.keyId,
      envelope: await seal(words, reader, place),
    })),
  );
}

/** The words in `envelope`. Throws CannotOpen, with one sentence for every reason. */
export async function openSealed(
  envelope: Uint8Array,
  key: CryptoKeyPair,
  place: Place,
): Promise<string> {
  const size = envelope.length - 1 - ENC_BYTES - TAG_BYTES;
  if (!BUCKETS.includes(size) || envelope[0] !== FORMAT) {
    throw new CannotOpen("This is not a sealed text of a format that this client knows.");
  }
  const keyId = await keyIdOf(await rawPublicKey(key.publicKey));
  const info = infoOf(place, keyId);
  let opened: Uint8Array;
  try {
    const enc = copied(envelope.subarray(1, 1 + ENC_BYTES));
    const ciphertext = copied(envelope.subarray(1 + ENC_BYTES));
    opened = new Uint8Array(await suite.open({ recipientKey: key, enc, info }, ciphertext));
  } catch (cause) {
    throw new CannotOpen(
      "This text does not open: it was sealed to another adviser, for another case or" +
        " organisation, or it was changed.",
      { cause },
    );
  }
  return unpadded(opened);
}

/** An X25519 pair of its 32 raw private bytes, which cannot be read again from it. */
export async function keyPairOf(raw: Uint8Array): Promise<CryptoKeyPair> {
  const prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
  const pkcs8 = concat(prefix, raw); // RFC 8410
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, X25519, false, ["deriveBits"]);
  // WebCrypto has no other way from a private key to its public half than to compute it (RFC 7748, 6.1).
  const base = new Uint8Array(32);
  base[0] = 9;
  const basePoint = await crypto.subtle.importKey("raw", base, X25519, true, []);
  const half = await crypto.subtle.deriveBits({ ...X25519, public: basePoint }, privateKey, 256);
  return { privateKey, publicKey: await crypto.subtle.importKey("raw", half, X25519, true, []) };
}

/** The 32 raw bytes of a public key. */
export async function rawPublicKey(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", key));
}

function infoOf(place: Place, keyId: string): Bytes {
  return fields(LABEL, uuidBytes(place.organisation), uuidBytes(place.case), uuidBytes(keyId));
}

function padded(text: Bytes): Bytes {
  const bucket = BUCKETS.find((size) => size >= text.length + 4) as number;
  const body = new Uint8Array(bucket);
  body.set(uint32(text.length));
  body.set(text, 4);
  return body;
}

function unpadded(body: Uint8Array): string {
  const length = new DataView(body.buffer, body.byteOffset).getUint32(0);
  const text = body.subarray(4, 4 + length);
  if (text.length === length && body.subarray(4 + length).every((byte) => byte === 0)) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
    } catch {
      // Told below.
    }
  }
  throw new CannotOpen("This text was sealed by a program that does not keep to the format.");
}
