import { type Bytes, concat, copied } from "./bytes.js";
import { CannotSign } from "./errors.js";
import { type Place, type Sealed, keyIdOf, keyPairOf, openSealed, rawPublicKey } from "./sealing.js";
import {
  type PublishedKey,
  type Seat,
  adviserKeyStatement,
  recoveryKeyStatement,
  wordsStatement,
} from "./statements.js";

const ED25519 = { name: "Ed25519" };
const ED25519_PKCS8 = Uint8Array.of(
  0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
); // RFC 8410

/**
 * An adviser's private keys: X25519 opens what is sealed to the adviser, Ed25519 signs.
 *
 * They can be kept in IndexedDB as they are (`opening`, `signing`): a key that is not extractable
 * can be used by a script of the page and read by none. Whoever empties the browser loses them, so an
 * adviser also has them in a locked file, which the command line makes.
 */
export class AdviserKey {
  private constructor(
    /** The X25519 pair. */
    readonly opening: CryptoKeyPair,
    /** The Ed25519 pair; null where there is none. */
    readonly signing: CryptoKeyPair | null,
    /** What words are sealed to: raw X25519, 32 bytes. */
    readonly publicKey: Bytes,
    /** What signatures are checked with: raw Ed25519, 32 bytes; null where there is none. */
    readonly signingKey: Bytes | null,
    /** The id under which the organisation's directory holds the public key. */
    readonly keyId: string,
  ) {}

  /** A new pair. `extractable`: whether its private bytes can be read, to be locked in a file. */
  static async generate(extractable = false): Promise<AdviserKey> {
    const opening = await crypto.subtle.generateKey({ name: "X25519" }, extractable, ["deriveBits"]);
    const signing = await crypto.subtle.generateKey(ED25519, extractable, ["sign", "verify"]);
    return AdviserKey.from(opening as CryptoKeyPair, signing as CryptoKeyPair);
  }

  /** The pair that was kept as CryptoKeys. */
  static async from(opening: CryptoKeyPair, signing: CryptoKeyPair | null): Promise<AdviserKey> {
    const publicKey = await rawPublicKey(opening.publicKey);
    const signingKey = signing && (await rawPublicKey(signing.publicKey));
    return new AdviserKey(opening, signing, publicKey, signingKey, await keyIdOf(publicKey));
  }

  /** The pair of raw private bytes, X25519 and Ed25519, 32 bytes each; not extractable from then on. */
  static async fromPrivate(opening: Uint8Array, signing: Uint8Array | null): Promise<AdviserKey> {
    return AdviserKey.from(await keyPairOf(opening), signing && (await signingPairOf(signing)));
  }

  /** The words in `envelope`. Throws CannotOpen, with one sentence for every reason. */
  open(envelope: Uint8Array, place: Place): Promise<string> {
    return openSealed(envelope, this.opening, place);
  }

  /** The signature (64 bytes) to send beside words; in the order as sent. Throws CannotSign. */
  async signWords(sealed: readonly Sealed[], place: Place): Promise<Bytes> {
    return this.sign(await wordsStatement(sealed, place));
  }

  /** The signature (64 bytes) with which this key enters the directory. Throws CannotSign. */
  async prove(seat: Seat): Promise<Bytes> {
    return this.sign(adviserKeyStatement(seat, this.published()));
  }

  /** This key's signature on the `next` one, which takes its place. Throws CannotSign. */
  async endorse(next: AdviserKey, seat: Seat): Promise<Bytes> {
    return this.sign(adviserKeyStatement(seat, next.published()));
  }

  /**
   * The signature (64 bytes) with which an adviser puts a recovery key (raw X25519, 32 bytes) in the
   * directory, with the digest (32 bytes) of its ceremony's record. Throws CannotSign.
   */
  async signRecoveryKey(
    publicKey: Uint8Array,
    digest: Uint8Array,
    organisation: string,
  ): Promise<Bytes> {
    return this.sign(recoveryKeyStatement(publicKey, digest, organisation));
  }

  private published(): PublishedKey {
    if (!this.signingKey) throw cannotSign();
    return { publicKey: this.publicKey, signingKey: this.signingKey };
  }

  private async sign(statement: Bytes): Promise<Bytes> {
    if (!this.signing) throw cannotSign();
    return new Uint8Array(await crypto.subtle.sign(ED25519, this.signing.privateKey, statement));
  }
}

function cannotSign(): CannotSign {
  return new CannotSign("This key cannot sign: make a new one and publish it.");
}

async function signingPairOf(seed: Uint8Array): Promise<CryptoKeyPair> {
  const pkcs8 = concat(ED25519_PKCS8, copied(seed));
  const readable = await crypto.subtle.importKey("pkcs8", pkcs8, ED25519, true, ["sign"]);
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", readable);
  const half = { kty, crv, x } as JsonWebKey;
  return {
    privateKey: await crypto.subtle.importKey("pkcs8", pkcs8, ED25519, false, ["sign"]),
    publicKey: await crypto.subtle.importKey("jwk", half, ED25519, true, ["verify"]),
  };
}
