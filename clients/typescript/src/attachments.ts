/**
 * Files sealed in chunks, and opened again, without ever being whole in memory.
 *
 * A file gets a key of its own. Its bytes, after their metadata went, are followed by zero bytes until
 * they fill 1, 2, 4, 8 ... chunks of 64 KiB, and each chunk is encrypted by itself (AES-256-GCM) after
 * the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015):
 *
 *     nonce   7 random bytes of this file, chunk number from 0 (4 bytes, big-endian), 1 for the last
 *             chunk, else 0
 *     aad     "hoeksteen/attachment/v1" and the ids of organisation, case and attachment, each as a
 *             4-byte big-endian length and its bytes
 *
 * The header is JSON, sealed like words to each reader: format, key, nonce, chunks, size, digest, name,
 * type. `digest` is SHA-256 over the SHA-256 of each encrypted chunk, in order.
 */

import { type Bytes, concat, copied, equal, fields, fromBase64, sha256, toBase64, uint32, utf8, uuidBytes } from "./bytes.js";
import { CannotOpen, FileTooLarge, SealingError } from "./errors.js";
import { type Source, stripped } from "./metadata.js";
import type { Place } from "./sealing.js";

/** Bytes of a file in one chunk; encrypted it has `TAG_BYTES` more. */
export const CHUNK_BYTES = 64 * 1024;
export const TAG_BYTES = 16;
/** Largest file, in bytes of what is sealed; a server may set less. */
export const MAX_FILE_BYTES = 25 * 1024 * 1024;
/** Longest name of a file, in bytes of UTF-8: with it a header fills the smallest bucket. */
export const LONGEST_NAME = 200;

const FORMAT = 1;
const LABEL = utf8("hoeksteen/attachment/v1");
const PREFIX_BYTES = 7;
const LONGEST_TYPE = 100;
const MEMBERS = ["chunks", "digest", "format", "key", "name", "nonce", "size", "type"];
// Control signs, what a disk keeps for itself, what turns the direction of a text, lone surrogates.
const NOT_IN_NAMES =
  /[\x00-\x1f\x7f-\x9f<>:"|?*\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{d800}-\u{dfff}]/gu;

/** Where an attachment belongs: ids as GraphQL gives them. */
export interface AttachmentPlace extends Place {
  readonly attachment: string;
}

/** What a file is called. The header takes the name without folders. */
export interface FileNamed {
  readonly name: string;
  readonly mediaType: string;
}

/** What a reader needs to open an attachment. */
export class AttachmentHeader implements FileNamed {
  readonly #key: Bytes;
  readonly #nonce: Bytes;

  /** @internal */
  constructor(
    key: Bytes,
    nonce: Bytes,
    readonly chunks: number,
    readonly size: number,
    readonly digest: Bytes,
    readonly name: string,
    readonly mediaType: string,
  ) {
    this.#key = key;
    this.#nonce = nonce;
  }

  /** @internal */
  get secrets(): { key: Bytes; nonce: Bytes } {
    return { key: this.#key, nonce: this.#nonce };
  }

  /** The header as it is sealed to each reader. */
  get text(): string {
    return JSON.stringify({
      format: FORMAT,
      key: toBase64(this.#key),
      nonce: toBase64(this.#nonce),
      chunks: this.chunks,
      size: this.size,
      digest: toBase64(this.digest),
      name: this.name,
      type: this.mediaType,
    });
  }

  /** The header in an opened envelope. Throws CannotOpen for anything else. */
  static read(text: string): AttachmentHeader {
    const members = objectOf(text);
    const [key, nonce, digest] = ["key", "nonce", "digest"].map((name) => fromBase64(members[name]));
    const { format, chunks, size, name, type } = members;
    if (
      Object.keys(members).sort().join() !== MEMBERS.join() ||
      format !== FORMAT ||
      key?.length !== 32 ||
      nonce?.length !== PREFIX_BYTES ||
      digest?.length !== 32 ||
      !Number.isSafeInteger(size) ||
      (size as number) < 0 ||
      chunks !== chunksOf(size as number) ||
      typeof name !== "string" ||
      name !== plainName(name) ||
      typeof type !== "string" ||
      type !== plainType(type)
    ) {
      throw notOurs();
    }
    return new AttachmentHeader(key, nonce, chunks, size as number, digest, name, type);
  }
}

/** Seals one file for one case: take `chunks` to the end, then `header` is there to be sealed. */
export class AttachmentSealer {
  readonly #aad: Bytes;
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  readonly #nonce = crypto.getRandomValues(new Uint8Array(PREFIX_BYTES));
  readonly #name: string;
  readonly #type: string;
  #header: AttachmentHeader | undefined;
  #begun = false;

  constructor(
    place: AttachmentPlace,
    file: FileNamed,
    private readonly mostBytes: number = MAX_FILE_BYTES,
  ) {
    this.#aad = aadOf(place);
    this.#name = plainName(file.name);
    this.#type = plainType(file.mediaType);
  }

  /**
   * The encrypted chunks of the file, in order, each 64 KiB and 16 bytes long.
   *
   * Reads as it goes and holds a few chunks at most. Throws FileTooLarge when the limit is passed, and
   * MetadataStays as `stripped` does; what was sent until then is of no use to anybody. A sealer seals
   * once: a second file under one key would be readable.
   */
  async *chunks(source: Source, keepMetadata = false): AsyncGenerator<Bytes> {
    const key = await keyOf(this.#key, "encrypt");
    const hashes: Bytes[] = [];
    const encrypt = async (plain: Bytes, last: boolean): Promise<Bytes> => {
      if (!hashes.length) {
        if (this.#begun) throw new SealingError("This sealer has sealed its file: make a new one.");
        this.#begun = true;
      }
      const parameters = gcm(this.#nonce, hashes.length, last, this.#aad);
      const chunk = new Uint8Array(await crypto.subtle.encrypt(parameters, key, plain));
      hashes.push(await sha256(chunk));
      return chunk;
    };

    let size = 0;
    let waiting = new Uint8Array(CHUNK_BYTES);
    let filled = 0;
    for await (const piece of stripped(source, this.#type, keepMetadata)) {
      size += piece.length;
      if (size > this.mostBytes) {
        const most = Math.floor(this.mostBytes / (1024 * 1024));
        throw new FileTooLarge(`The file is too large: at most ${most} MiB.`);
      }
      for (let at = 0; at < piece.length; ) {
        // A full chunk waits: only when more comes is it known that it is not the last.
        if (filled === CHUNK_BYTES) {
          yield await encrypt(waiting, false);
          waiting = new Uint8Array(CHUNK_BYTES);
          filled = 0;
        }
        const part = piece.subarray(at, at + CHUNK_BYTES - filled);
        waiting.set(part, filled);
        filled += part.length;
        at += part.length;
      }
    }
    const total = chunksOf(size);
    while (hashes.length < total) {
      yield await encrypt(waiting, hashes.length === total - 1);
      waiting = new Uint8Array(CHUNK_BYTES);
    }
    const digest = await sha256(concat(...hashes));
    this.#header = new AttachmentHeader(
      this.#key, this.#nonce, total, size, digest, this.#name, this.#type,
    );
  }

  /** The header, once every chunk was taken. Throws SealingError before. */
  get header(): AttachmentHeader {
    if (!this.#header) throw new SealingError("A header is there when all chunks were taken.");
    return this.#header;
  }
}

/**
 * The file in pieces of at most 64 KiB, as its chunks arrive.
 *
 * Throws CannotOpen for a chunk that is changed, missing, moved, added or from elsewhere: the sentence
 * names its number, from 1. What came before it is authentic but not the whole file, so show nothing of
 * it until the iterator ends.
 */
export async function* openAttachment(
  header: AttachmentHeader,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  place: AttachmentPlace,
): AsyncGenerator<Bytes> {
  const { key: raw, nonce } = header.secrets;
  const key = await keyOf(raw, "decrypt");
  const aad = aadOf(place);
  const hashes: Bytes[] = [];
  let left = header.size;
  for await (const given of chunks) {
    const number = hashes.length;
    if (number === header.chunks) {
      throw new CannotOpen(
        `The file goes on after its end: it has ${header.chunks} chunks, and one more came.`,
      );
    }
    const chunk = copied(given);
    let plain: Bytes;
    try {
      const parameters = gcm(nonce, number, number === header.chunks - 1, aad);
      plain = new Uint8Array(await crypto.subtle.decrypt(parameters, key, chunk));
    } catch (cause) {
      throw new CannotOpen(
        `Chunk ${number + 1} of the file does not open: it was changed, cut off or moved, or it is of` +
          " another file, case or organisation.",
        { cause },
      );
    }
    if (plain.length !== CHUNK_BYTES) throw notOurs();
    hashes.push(await sha256(chunk));
    const piece = plain.subarray(0, left);
    left -= piece.length;
    if (!plain.subarray(piece.length).every((byte) => byte === 0)) throw notOurs();
    if (piece.length) yield piece;
  }
  if (hashes.length < header.chunks) {
    throw new CannotOpen(
      `The file ends too early: ${hashes.length} of its ${header.chunks} chunks are there.`,
    );
  }
  if (!equal(await sha256(concat(...hashes)), header.digest)) {
    throw new CannotOpen("This is not the file that was sealed: another reader changed it.");
  }
}

/** How many chunks a file of `size` bytes has: a power of two. */
export function chunksOf(size: number): number {
  let chunks = 1;
  while (chunks * CHUNK_BYTES < size) chunks *= 2;
  return chunks;
}

/** A file's name as it is sealed and accepted: no folder, nothing that misleads a screen or a disk. */
export function plainName(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  const shown = utf8(trimmed(last.replace(NOT_IN_NAMES, "")));
  let end = Math.min(shown.length, LONGEST_NAME);
  while (end < shown.length && (shown[end]! & 0xc0) === 0x80) end -= 1; // not inside a sign
  return trimmed(new TextDecoder().decode(shown.subarray(0, end))) || "file";
}

function trimmed(name: string): string {
  return name.replace(/^[ .]+|[ .]+$/g, "");
}

function plainType(mediaType: string): string {
  const kept = mediaType.replace(/[^!-~]/g, "").slice(0, LONGEST_TYPE).toLowerCase();
  return kept.split("/").length === 2 ? kept : "application/octet-stream";
}

function keyOf(raw: Bytes, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", raw, { name: "AES-GCM" }, false, [use]);
}

function gcm(prefix: Bytes, number: number, last: boolean, additionalData: Bytes): AesGcmParams {
  const iv = concat(prefix, uint32(number), Uint8Array.of(Number(last)));
  return { name: "AES-GCM", iv, additionalData };
}

function aadOf(place: AttachmentPlace): Bytes {
  const ids = [place.organisation, place.case, place.attachment].map(uuidBytes);
  return fields(LABEL, ...ids);
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const members: unknown = JSON.parse(text);
    if (typeof members === "object" && members && !Array.isArray(members)) {
      return members as Record<string, unknown>;
    }
  } catch {
    // Told below.
  }
  throw notOurs();
}

function notOurs(): CannotOpen {
  return new CannotOpen(
    "This attachment was sealed by a program that does not keep to the format.",
  );
}
