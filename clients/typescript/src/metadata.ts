/**
 * Pictures without what a camera or a program writes beside the picture. Only what is needed to show a
 * picture passes; everything else is left out, known or not:
 *
 * - JPEG (ITU T.81): frames, tables, scans and the end stay. Application segments and comments go (Exif
 *   with place and time, XMP, IPTC, colour profiles, thumbnails), and whatever follows the end of the
 *   image. Three application segments say how colours are coded and which side is up; they are written
 *   anew with that alone.
 * - PNG (third edition): header, palette, data, end, transparency, colour space by number and animation
 *   stay. Texts, Exif, time, profiles, physical size, private chunks and what follows the end go.
 */

import { type Bytes, concat } from "./bytes.js";
import { MetadataStays } from "./errors.js";

/** A file: what an input element gives, a stream, or anything that gives its bytes in pieces. */
export type Source =
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
// These hold what was typed and nothing else.
const PLAIN = ["text/plain", "text/csv"];
const NAMES: readonly (readonly [readonly number[], string])[] = [
  [[0x25, 0x50, 0x44, 0x46, 0x2d], "A PDF"],
  [[0x50, 0x4b, 3, 4], "A document of an office program, or an archive,"],
  [[0xd0, 0xcf, 0x11, 0xe0], "A document of an office program"],
  [[0x47, 0x49, 0x46, 0x38], "A GIF picture"],
  [[0x52, 0x49, 0x46, 0x46], "A WebP picture, a sound or a film"],
];
const LONGEST_MAGIC = 8;

const KEPT_PNG = new Set(
  "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB cICP sBIT bKGD acTL fcTL fdAT".split(" "),
);
const LONGEST_CHUNK = 2 ** 31 - 1;

const [SOI, EOI, SOS, APP0, APP1, APP14] = [0xd8, 0xd9, 0xda, 0xe0, 0xe1, 0xee];
// JFIF 1.1: no thumbnail, square pixels of no physical size.
const PLAIN_JFIF = Uint8Array.of(
  0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
);
const PLAIN_ADOBE = Uint8Array.of(
  0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 0x64, 0, 0, 0, 0,
);
// Exif that says which side is up (2 to 8) and nothing else: TIFF 6.0 with one entry, 0x0112.
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];
const TURNED = Uint8Array.of(
  0xff, 0xe1, 0, 34, ...EXIF, 0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0,
);
const ORIENTATION = 0x0112;

/**
 * The file in pieces, JPEG and PNG without their metadata.
 *
 * The format is told by the file's first bytes, not by its name or `mediaType`, which only says whether
 * it is plain text. Throws MetadataStays for another format, or for a JPEG or PNG that is not
 * well-formed, unless `keepMetadata` is set: then every file passes as it is.
 */
export async function* stripped(
  source: Source,
  mediaType: string,
  keepMetadata = false,
): AsyncGenerator<Uint8Array> {
  const reader = new Reader(source);
  const magic = await reader.peek(LONGEST_MAGIC);
  const plain = PLAIN.includes(mediaType.split(";")[0]!.trim().toLowerCase());
  if (keepMetadata) yield* reader.rest();
  else if (startsWith(magic, JPEG)) yield* jpeg(reader);
  else if (startsWith(magic, PNG)) yield* png(reader);
  else if (plain) yield* reader.rest();
  else {
    throw new MetadataStays(
      `${kindOf(magic)} may say who made it, when and where, and that cannot be removed here. Send a` +
        " picture or plain text, or send it as it is if everybody may know.",
    );
  }
}

function kindOf(magic: Uint8Array): string {
  // ISO 14496-12: these four letters are bytes 4 to 7.
  if (startsWith(magic.subarray(4), [0x66, 0x74, 0x79, 0x70])) return "A HEIC picture or a film";
  return NAMES.find(([start]) => startsWith(magic, start))?.[1] ?? "Such a file";
}

function startsWith(data: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, at) => data[at] === byte);
}

/** The pieces of a source. Not every browser lets a stream be looped over. */
async function* piecesOf(source: Source): AsyncGenerator<Uint8Array> {
  const stream = source instanceof Blob ? source.stream() : source;
  if (!("getReader" in stream)) {
    yield* stream;
    return;
  }
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

/** Reads ahead by at most a piece; knows how to read exactly so many bytes. */
class Reader {
  readonly #source: AsyncGenerator<Uint8Array>;
  #ahead: Uint8Array = new Uint8Array(0);

  constructor(source: Source) {
    this.#source = piecesOf(source);
  }

  /** The next `count` bytes, or fewer at the end, which stay to be read. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#ahead.length < count) {
      const next = await this.#source.next();
      if (next.done) break;
      this.#ahead = concat(this.#ahead, next.value);
    }
    return this.#ahead.subarray(0, count);
  }

  /** The next bytes, as many as are at hand; empty at the end. */
  async some(): Promise<Uint8Array> {
    if (!this.#ahead.length) await this.peek(1);
    const piece = this.#ahead;
    this.#ahead = new Uint8Array(0);
    return piece;
  }

  /** Put back what was read too far. */
  unread(data: Uint8Array): void {
    this.#ahead = this.#ahead.length ? concat(data, this.#ahead) : data;
  }

  /** The next `count` bytes. Throws MetadataStays when there are fewer. */
  async exactly(count: number): Promise<Uint8Array> {
    const data = await this.peek(count);
    if (data.length < count) throw broken();
    this.#ahead = this.#ahead.subarray(count);
    return data;
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (let piece = await this.some(); piece.length; piece = await this.some()) yield piece;
  }

  /** The next `count` bytes in pieces. Throws MetadataStays when there are fewer. */
  async *pieces(count: number): AsyncGenerator<Uint8Array> {
    while (count) {
      let piece = await this.some();
      if (!piece.length) throw broken();
      if (piece.length > count) {
        this.unread(piece.subarray(count));
        piece = piece.subarray(0, count);
      }
      count -= piece.length;
      yield piece;
    }
  }
}

function broken(): MetadataStays {
  return new MetadataStays(
    "This picture is damaged or cut off, so that its metadata cannot be removed. Open it and save it" +
      " anew.",
  );
}

async function* png(reader: Reader): AsyncGenerator<Uint8Array> {
  yield await reader.exactly(PNG.length);
  for (;;) {
    const head = await reader.exactly(8);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
    if (length > LONGEST_CHUNK) throw broken();
    const kind = String.fromCharCode(...head.subarray(4));
    const kept = KEPT_PNG.has(kind);
    if (kept) yield head;
    for await (const piece of reader.pieces(length + 4)) if (kept) yield piece; // with its CRC
    if (kind === "IEND") return;
  }
}

async function* jpeg(reader: Reader): AsyncGenerator<Uint8Array> {
  yield await reader.exactly(2);
  for (;;) {
    const marker = await markerOf(reader);
    if (marker === EOI) {
      yield Uint8Array.of(0xff, EOI);
      return;
    }
    const size = await reader.exactly(2);
    const length = new DataView(size.buffer, size.byteOffset).getUint16(0) - 2;
    if (length < 0) throw broken();
    const body = await reader.exactly(length);
    const name = String.fromCharCode(...body.subarray(0, 5));
    if (isKept(marker)) yield concat(Uint8Array.of(0xff, marker), size, body);
    else if (marker === APP0 && name === "JFIF\0") yield PLAIN_JFIF;
    else if (marker === APP1 && startsWith(body, EXIF)) {
      const side = sideUp(body.subarray(EXIF.length));
      if (side) yield concat(TURNED, Uint8Array.of(side, 0, 0, 0, 0, 0, 0));
    } else if (marker === APP14 && name === "Adobe" && length >= 12) {
      yield concat(PLAIN_ADOBE, body.subarray(11, 12));
    }
    if (marker === SOS) yield* scan(reader);
  }
}

/** Which side of the picture is up, 2 to 8 (Exif 2.3, 4.6.4 A); undefined where nothing is turned. */
function sideUp(tiff: Uint8Array): number | undefined {
  const little = tiff[0] === 0x49 && tiff[1] === 0x49;
  const number = (at: number, size: number): number => {
    const bytes = [...tiff.subarray(at, at + size)];
    return (little ? bytes.reverse() : bytes).reduce((sum, byte) => sum * 256 + byte, 0);
  };
  const first = number(4, 4);
  const end = Math.min(first + 2 + 12 * number(first, 2), tiff.length);
  for (let at = first + 2; at < end; at += 12) {
    if (number(at, 2) === ORIENTATION) {
      const side = number(at + 8, 2);
      return side >= 2 && side <= 8 ? side : undefined;
    }
  }
  return undefined;
}

/** Tables and frames: C0 to CF but C8 (reserved), then SOS, DQT, DNL and DRI. */
function isKept(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) || (marker >= 0xda && marker <= 0xdd);
}

/** The next marker, past fill bytes (T.81, B.1.1.2). */
async function markerOf(reader: Reader): Promise<number> {
  if ((await reader.exactly(1))[0] !== 0xff) throw broken();
  let code = 0xff;
  while (code === 0xff) code = (await reader.exactly(1))[0]!;
  if (code <= 1 || code === SOI || isRestart(code)) throw broken();
  return code;
}

function isRestart(code: number): boolean {
  return code >= 0xd0 && code <= 0xd7;
}

/** Entropy-coded data up to the next marker, which stays to be read. */
async function* scan(reader: Reader): AsyncGenerator<Uint8Array> {
  for (;;) {
    let piece = await reader.some();
    if (!piece.length) throw broken();
    let start = 0;
    for (let at = piece.indexOf(0xff); at >= 0; at = piece.indexOf(0xff, start)) {
      if (at + 1 === piece.length) {
        const more: Bytes | Uint8Array = await reader.some();
        if (!more.length) throw broken();
        piece = concat(piece, more);
      }
      const following = piece[at + 1]!;
      if (following !== 0 && !isRestart(following)) {
        // Fill bytes before a marker count as its beginning.
        yield piece.subarray(0, at);
        reader.unread(piece.subarray(at));
        return;
      }
      start = at + 2;
    }
    yield piece;
  }
}
