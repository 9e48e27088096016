/**
 * C2SP signed notes with Ed25519, checkpoints, and cosignatures of witnesses (c2sp.org/signed-note,
 * tlog-checkpoint, tlog-cosignature). A vkey is `name+key id in hex+base64(algorithm ‖ public key)`. Parsing
 * is strict: what Go's reader refuses is refused, and so is base64 that is not in its one canonical form.
 */

import { type Bytes, concat, fromBase64, sha256, toBase64, toHex, utf8 } from "../bytes.js";
import { isSigned } from "../statements.js";
import { LedgerError } from "./errors.js";

/** No note, no key, or a signature that is wrong or missing. */
export class NoteError extends LedgerError {}

const LOG = 1;
const WITNESS = 4;
const MOST_SIGNATURES = 100;
const PREFIX = "\u2014 ";

interface Key {
  readonly name: string;
  /** 8 hexadecimal digits. */
  readonly id: string;
  readonly publicKey: Bytes;
}

interface Signature {
  readonly name: string;
  readonly id: string;
  readonly signature: Bytes;
}

/** A log as it was signed: its name, how many entries it had, and their root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Bytes;
}

/** Who cosigned a checkpoint, and when they had seen it, in seconds since 1970, by their clock. */
export interface Cosigned {
  readonly name: string;
  readonly at: number;
}

/**
 * The text of a note that at least one of these keys signed. Throws NoteError, also where one wrong
 * signature of a known key stands beside a right one. Lines of unknown keys say nothing.
 */
export async function openNote(note: Uint8Array, vkeys: readonly string[]): Promise<string> {
  const { text, signatures } = parseNote(note);
  const keys = await Promise.all(vkeys.map((vkey) => parseVkey(vkey, LOG)));
  let signed = 0;
  for (const { name, id, signature } of signatures) {
    const key = theOne(keys, name, id);
    if (!key) continue;
    if (!(await isSigned(utf8(text), signature, key.publicKey))) {
      throw new NoteError("The signature does not belong to this text and key.");
    }
    signed++;
  }
  if (!signed) throw new NoteError("None of the known keys signed this note.");
  return text;
}

/** A checkpoint of the log whose keys these are; their name is its origin. Throws NoteError. */
export async function openCheckpoint(note: Uint8Array, vkeys: readonly string[]): Promise<Checkpoint> {
  const text = await openNote(note, vkeys);
  const [origin, size, root, ...more] = text.split("\n");
  const bytes = canonical(root ?? "");
  const names = await Promise.all(vkeys.map(async (vkey) => (await parseVkey(vkey, LOG)).name));
  if (!/^(0|[1-9][0-9]*)$/.test(size ?? "") || bytes?.length !== 32 || more.length !== 1 || more[0]) {
    throw new NoteError("This is not a checkpoint.");
  }
  if (!origin || !names.includes(origin)) throw new NoteError("This is a checkpoint of another log.");
  if (!Number.isSafeInteger(Number(size))) throw new NoteError("This log is too long.");
  return { origin, size: Number(size), root: bytes };
}

/**
 * Who of these witnesses cosigned a note, each once with its earliest time. Throws NoteError for a wrong
 * cosignature under a known name and id.
 */
export async function cosignedBy(note: Uint8Array, vkeys: readonly string[]): Promise<Cosigned[]> {
  const { text, signatures } = parseNote(note);
  const keys = await Promise.all(vkeys.map((vkey) => parseVkey(vkey, WITNESS)));
  const found = new Map<string, number>();
  for (const { name, id, signature } of signatures) {
    const key = theOne(keys, name, id);
    if (!key) continue;
    const time = signature.length === 72 ? new DataView(signature.buffer, signature.byteOffset).getBigUint64(0) : -1n;
    const message = utf8(`cosignature/v1\ntime ${time}\n${text}`);
    const right = time >= 0n && time < 2n ** 63n && (await isSigned(message, signature.slice(8), key.publicKey));
    if (!right) throw new NoteError("The cosignature does not belong to this checkpoint and key.");
    found.set(name, Math.min(Number(time), found.get(name) ?? Infinity));
  }
  return [...found].map(([name, at]) => ({ name, at }));
}

function theOne(keys: readonly Key[], name: string, id: string): Key | undefined {
  const named = keys.filter((key) => key.name === name && key.id === id);
  if (named.length > 1) throw new NoteError("Two known keys have the same name and key id.");
  return named[0];
}

function parseNote(note: Uint8Array): { text: string; signatures: Signature[] } {
  let whole: string;
  try {
    whole = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(note);
  } catch {
    throw new NoteError("The note is not UTF-8.");
  }
  if (/[\x00-\x09\x0b-\x1f]/.test(whole)) throw new NoteError("The note holds control characters.");
  const blank = whole.lastIndexOf("\n\n");
  if (blank < 0 || !whole.endsWith("\n") || blank === whole.length - 2) {
    throw new NoteError("The note has no signature lines after a blank line.");
  }
  const lines = whole.slice(blank + 2, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw new NoteError("The note has too many signatures.");
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseLine) };
}

function parseLine(line: string): Signature {
  const [, name, encoded] = new RegExp(`^${PREFIX}([^ ]+) ([^ ]+)$`).exec(line) ?? [];
  const raw = canonical(encoded ?? "");
  if (!name || !isName(name) || !raw || raw.length < 5) {
    throw new NoteError("A line among the signatures is not a signature.");
  }
  return { name, id: toHex(raw.subarray(0, 4)), signature: raw.slice(4) };
}

async function parseVkey(vkey: string, algorithm: number): Promise<Key> {
  // Base64 holds plus signs of its own.
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const raw = canonical(encoded ?? "");
  if (!name || !isName(name) || raw?.length !== 33 || raw[0] !== algorithm) {
    throw new NoteError("This is not a verifier key of this use.");
  }
  const hash = await sha256(concat(utf8(`${name}\n`), raw));
  if (toHex(hash.subarray(0, 4)) !== id) throw new NoteError("The key id does not belong to this name and key.");
  return { name, id, publicKey: raw.slice(1) };
}

function isName(name: string): boolean {
  return !/[\s\x00-\x20\x85+]/.test(name);
}

/** The bytes of base64 in its one canonical form. */
function canonical(text: string): Bytes | undefined {
  const raw = fromBase64(text);
  return raw && toBase64(raw) === text ? raw : undefined;
}
