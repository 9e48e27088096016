import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Bytes } from "../src/bytes.js";

/** A file of tests/vectors of the repository. */
export function vector<T>(path: string): T {
  const file = fileURLToPath(new URL(`../../../../tests/vectors/${path}`, import.meta.url));
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

/** The same, for a file that is a list. */
export function vectors<T>(path: string): T[] {
  return vector<T[]>(path);
}

export function unhex(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "hex"));
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export async function whole(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

export const PLACE = {
  organisation: "5b8c0c6e-6f0b-4b58-9f0e-0f6f6a3f3f11",
  case: "d1f4be1e-2f2a-4f09-8f38-6a7a57a0c001",
  attachment: "0a7c1f3a-54a8-4a3f-8d0e-1b6f0c1d2e3f",
};
export const OTHER = "00000000-0000-4000-8000-000000000000";
