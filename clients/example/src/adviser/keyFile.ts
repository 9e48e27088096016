/**
 * An adviser's key file, as `hoeksteen adviser-key new` writes it: bytes 0-7 "HSTNKEY2", then Argon2id's
 * memory in KiB, passes and lanes (4 bytes each, big-endian) and its salt (16), a nonce (12), and
 * AES-256-GCM of the raw X25519 and Ed25519 private keys, with bytes 0-35 as the aad. "HSTNKEY1" holds
 * the X25519 key alone.
 */

import { argon2idAsync } from "@noble/hashes/argon2.js";
import { AdviserKey } from "hoeksteen-client";

import { t } from "../language.js";

const LENGTHS: Record<string, number> = { HSTNKEY1: 96, HSTNKEY2: 128 };
const HEAD = 36;
const NONCE = 12;
const KEY = 32;
/** A file may not ask for so much work that the browser stands still: 256 MiB, 16 passes and lanes. */
const MOST = { memory: 256 * 1024, passes: 16, lanes: 16 };

/**
 * The key in a file. Its private halves are not extractable from here on. `onProgress` is told how far
 * the work on the passphrase is, from 0 to 1. Throws a sentence for the person.
 */
export async function unlock(
  file: Uint8Array<ArrayBuffer>,
  passphrase: string,
  onProgress: (part: number) => void,
): Promise<AdviserKey> {
  const magic = String.fromCharCode(...file.subarray(0, 8));
  if (LENGTHS[magic] !== file.length) throw new Error(t("key.file.wrong"));
  const numbers = new DataView(file.buffer, file.byteOffset + 8, 12);
  const memory = numbers.getUint32(0);
  const passes = numbers.getUint32(4);
  const lanes = numbers.getUint32(8);
  const within =
    memory >= 8 * lanes && memory <= MOST.memory && passes >= 1 && passes <= MOST.passes && lanes >= 1 && lanes <= MOST.lanes;
  if (!within) throw new Error(t("key.file.heavy"));
  const work = { t: passes, m: memory, p: lanes, dkLen: KEY, onProgress, asyncTick: 30 };
  const raw = await argon2idAsync(new TextEncoder().encode(passphrase), file.subarray(20, HEAD), work);
  const key = await crypto.subtle.importKey("raw", raw as Uint8Array<ArrayBuffer>, "AES-GCM", false, ["decrypt"]);
  const opened = { name: "AES-GCM", iv: file.subarray(HEAD, HEAD + NONCE), additionalData: file.subarray(0, HEAD) };
  let secret: Uint8Array;
  try {
    secret = new Uint8Array(await crypto.subtle.decrypt(opened, key, file.subarray(HEAD + NONCE)));
  } catch {
    throw new Error(t("key.wrong"));
  }
  const signing = secret.length > KEY ? secret.subarray(KEY) : null;
  const pair = await AdviserKey.fromPrivate(secret.subarray(0, KEY), signing);
  secret.fill(0);
  return pair;
}
