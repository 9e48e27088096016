/** The record of a ledger entry, format `hoeksteen/leaf/v1` (docs/ledger.md of Hoeksteen). */

import { type Bytes, concat, fields, fromHex, uint32, utf8, uuidBytes } from "../bytes.js";

/** An entry as GraphQL gives it (`keyLog`, `ledger`): what stands in clear, and hashes of what does not. */
export interface LedgerEntry {
  readonly index: number;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly week: string;
  /** 16 bytes in hex: who acted, under a pseudonym. */
  readonly actor: string;
  readonly suite: number;
  readonly keyId: string;
  /** 12 bytes in hex. */
  readonly nonce: string;
  /** 32 bytes in hex. */
  readonly ciphertextSha256: string;
}

/** The bytes of which `leafHash` is the entry's hash. */
export function leafRecord(organisation: string, entry: LedgerEntry): Bytes {
  return fields(
    utf8("hoeksteen/leaf/v1"),
    uuidBytes(organisation),
    uint64(entry.index),
    uuidBytes(entry.stream),
    uint64(entry.version),
    utf8(entry.type),
    utf8(entry.week),
    fromHex(entry.actor),
    Uint8Array.of(entry.suite),
    uuidBytes(entry.keyId),
    fromHex(entry.nonce),
    fromHex(entry.ciphertextSha256),
  );
}

function uint64(value: number): Bytes {
  return concat(uint32(Math.floor(value / 2 ** 32)), uint32(value % 2 ** 32));
}
