/** An organisation's directory as it is answered: whom to seal to, and whose a signature is. */

import type { AdviserKey } from "./adviserKey.js";
import { AttachmentHeader } from "./attachments.js";
import { fromBase64, toBase64 } from "./bytes.js";
import { SealingError } from "./errors.js";
import type { Place, Reader, Sealed } from "./sealing.js";
import { wordsAreSigned } from "./statements.js";

/** What `organisation` answers, as far as sealing asks. */
export interface Directory {
  readonly id: string;
  readonly advisers: readonly DirectoryAdviser[];
  readonly formerAdvisers?: readonly DirectoryAdviser[];
  readonly recoveryKeys: readonly { readonly keyId: string; readonly publicKey: string; readonly state: string }[];
}

export interface DirectoryAdviser {
  readonly id: string;
  readonly name: string;
  readonly keyId: string | null;
  readonly publicKey: string | null;
  readonly keys: readonly { readonly keyId: string; readonly signingKey: string | null }[];
}

/** Words as GraphQL gives them and takes them. */
export interface SealedWords {
  readonly keyId: string;
  readonly ciphertext: string;
}

/** Words as they were answered, with what an adviser's signature needs. */
export interface Spoken {
  readonly sealed: readonly SealedWords[];
  readonly signature: string | null;
  readonly signedBy: string | null;
  readonly attachmentId?: string | null;
}

/** Words that were opened. */
export interface OpenedWords {
  /** Null: they do not open with this key. */
  readonly words: string | null;
  /** Signed by a key that the directory holds; a signature is an adviser's. Null where there is none. */
  readonly signedBy: string | null;
  /** A file: its id, and how to open it. */
  readonly file?: { readonly id: string; readonly header: AttachmentHeader };
}

/**
 * Whom words of a case are sealed to: its adviser, the recovery key where one is current, and `own`.
 * Throws SealingError where the adviser has no key.
 */
export function readersOf(directory: Directory, adviserId: string, own: Reader): Reader[] {
  const adviser = directory.advisers.find(({ id }) => id === adviserId);
  if (!adviser?.keyId || !adviser.publicKey) {
    throw new SealingError("This adviser has no key at present: choose another one.");
  }
  const recovery = directory.recoveryKeys.filter(({ state }) => state === "CURRENT");
  const others = [{ keyId: adviser.keyId, publicKey: adviser.publicKey }, ...recovery];
  const readers = others.map(({ keyId, publicKey }) => ({ keyId, publicKey: bytesOf(publicKey) }));
  return [...readers.filter(({ keyId }) => keyId !== own.keyId), own];
}

/** As GraphQL takes them. */
export function asInput(sealed: readonly Sealed[]): SealedWords[] {
  return sealed.map(({ keyId, envelope }) => ({ keyId, ciphertext: toBase64(envelope) }));
}

/**
 * Open what was said, and tell whose signature it bears: the id of an adviser whose key the directory
 * holds, if it is over exactly these envelopes.
 */
export async function opened(
  spoken: Spoken,
  key: AdviserKey,
  place: Place,
  directory: Directory,
): Promise<OpenedWords> {
  const sealed = spoken.sealed.map(({ keyId, ciphertext }) => ({ keyId, envelope: bytesOf(ciphertext) }));
  const mine = sealed.find(({ keyId }) => keyId === key.keyId);
  const words = mine ? await key.open(mine.envelope, place).catch(none) : null;
  const signedBy = await signerOf(sealed, spoken, place, directory);
  if (!spoken.attachmentId || words === null) return { words, signedBy };
  const file = { id: spoken.attachmentId, header: AttachmentHeader.read(words) };
  return { words: null, signedBy, file };
}

function none(error: unknown): null {
  if (error instanceof SealingError) return null;
  throw error;
}

async function signerOf(
  sealed: readonly Sealed[],
  { signature, signedBy }: Spoken,
  place: Place,
  directory: Directory,
): Promise<string | null> {
  if (!signature || !signedBy) return null;
  for (const adviser of [...directory.advisers, ...(directory.formerAdvisers ?? [])]) {
    const key = adviser.keys.find(({ keyId }) => keyId === signedBy)?.signingKey;
    if (key && (await wordsAreSigned(sealed, bytesOf(signature), place, bytesOf(key)))) return adviser.id;
  }
  return null;
}

/** Throws SealingError for what is no base64. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(text);
  if (!bytes) throw new SealingError("This answer holds bytes that cannot be read.");
  return bytes;
}
