/**
 * A reporter's code: 128 random bits, made here, shown as twelve words (BIP-39's English list), and all
 * that the reporter has to keep. Two keys come from it (HKDF-SHA256, RFC 5869, empty salt): the lookup
 * key is sent to open a session; the sealing key opens what advisers answer and never leaves this machine.
 */

import { AdviserKey } from "./adviserKey.js";
import { type Bytes, concat, sha256, toBase64, utf8, uuidBytes, uuidText } from "./bytes.js";
import { WrongCode } from "./errors.js";
import { WORD_LIST } from "./wordList.js";

const LOOKUP = utf8("hoeksteen/reporter/v1/lookup");
const SEALING = utf8("hoeksteen/reporter/v1/sealing");
const CASE = utf8("hoeksteen/reporter/v1/case");
const CODE_BYTES = 16;
const CODE_WORDS = 12;

/** A code. Printed by mistake it shows nothing of itself. */
export class ReporterCode {
  readonly #words: string;
  readonly #lookup: Bytes;

  private constructor(
    words: string,
    lookup: Bytes,
    /** The id of the case that belongs to this code. */
    readonly caseId: string,
    /** The key pair that opens what is sealed to the reporter. */
    readonly key: AdviserKey,
  ) {
    this.#words = words;
    this.#lookup = lookup;
  }

  /** The code as twelve words, to be written down. */
  get words(): string {
    return this.#words;
  }

  /** A new code from the browser's randomness. */
  static generate(): Promise<ReporterCode> {
    return ReporterCode.fromEntropy(crypto.getRandomValues(new Uint8Array(CODE_BYTES)));
  }

  /** The code that was shown as these words. Throws WrongCode. */
  static async fromWords(words: string): Promise<ReporterCode> {
    const numbers = words.toLowerCase().split(/\s+/).filter(Boolean).map((word) => WORD_LIST.indexOf(word));
    if (numbers.length === CODE_WORDS && !numbers.includes(-1)) {
      const bits = numbers.map((number) => number.toString(2).padStart(11, "0")).join("");
      const entropy = new Uint8Array(CODE_BYTES).map((_, at) => parseInt(bits.slice(8 * at, 8 * at + 8), 2));
      const code = await ReporterCode.fromEntropy(entropy);
      if (code.words === numbers.map((number) => WORD_LIST[number]).join(" ")) return code;
    }
    throw new WrongCode("These words are not a code. Look at them again, one by one.");
  }

  /** The code of these 16 bytes. */
  static async fromEntropy(entropy: Bytes): Promise<ReporterCode> {
    if (entropy.length !== CODE_BYTES) throw new WrongCode("A code has 128 bits.");
    const lookup = await derive(entropy, LOOKUP);
    const id = (await sha256(concat(CASE, lookup))).subarray(0, 16);
    id[6] = (id[6]! & 0x0f) | 0x40; // a UUID of version 4 (RFC 9562)
    id[8] = (id[8]! & 0x3f) | 0x80;
    const key = await AdviserKey.fromPrivate(await derive(entropy, SEALING), null);
    return new ReporterCode(await wordsOf(entropy), lookup, uuidText(id), key);
  }

  /** What a session is opened with, as `openReporterSession` takes it: 32 bytes in base64. */
  get lookupKey(): string {
    return toBase64(this.#lookup);
  }
}

/** The bearer token of a reporter who has no session yet; it says which organisation is meant. */
export function door(organisation: string): string {
  return `reporter.${uuidText(uuidBytes(organisation))}`;
}

/** 128 bits and the first 4 of their SHA-256, 11 bits a word (BIP-39). */
async function wordsOf(entropy: Bytes): Promise<string> {
  const checked = concat(entropy, (await sha256(entropy)).subarray(0, 1));
  const bits = Array.from(checked, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const numbers = Array.from({ length: CODE_WORDS }, (_, at) => parseInt(bits.slice(11 * at, 11 * at + 11), 2));
  return numbers.map((number) => WORD_LIST[number]).join(" ");
}

async function derive(entropy: Bytes, info: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", entropy, "HKDF", false, ["deriveBits"]);
  const from = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
  return new Uint8Array(await crypto.subtle.deriveBits(from, key, 256));
}
