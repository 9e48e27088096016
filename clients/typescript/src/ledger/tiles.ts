/** Proofs from a log's hash tiles (C2SP tlog-tiles): static files of up to 256 hashes each. */

import { type Bytes } from "../bytes.js";
import { LedgerError } from "./errors.js";
import { consistencyRanges, inclusionRanges, nodeHash, split } from "./merkle.js";

const WIDTH = 256;
const HASH_BYTES = 32;
const HEIGHT = 8;

/** A tile is not there, or is not as long as it has to be. */
export class TileMissing extends LedgerError {}

/** The bytes of a file of the log; undefined where it is not there. */
export type Files = (path: string) => Promise<Bytes | undefined>;

/** The path of a tile: `tile/0/x001/x234/067`, and `.p/17` behind it for a partial one. */
export function tilePath(level: number, index: number, width = WIDTH): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g) as string[];
  const last = groups.pop() as string;
  const name = groups.map((group) => `x${group}/`).join("") + last;
  return `tile/${level}/${name}${width === WIDTH ? "" : `.p/${width}`}`;
}

/**
 * The tree of the first `size` entries of a log. What comes out is as true as the tiles: check a proof
 * against a signed root. Every method throws TileMissing.
 */
export class TiledTree {
  readonly #tiles = new Map<string, Promise<Bytes>>();

  constructor(
    private readonly files: Files,
    readonly size: number,
  ) {}

  /** The siblings from an entry up to the root. */
  inclusionProof(index: number): Promise<Bytes[]> {
    return Promise.all(inclusionRanges(index, this.size).map(([low, high]) => this.#range(low, high)));
  }

  /** What leads from the first `size1` entries to all. */
  consistencyProof(size1: number): Promise<Bytes[]> {
    return Promise.all(consistencyRanges(size1, this.size).map(([low, high]) => this.#range(low, high)));
  }

  /** The hash over a range that begins at a multiple of the largest power of two in it. */
  async #range(low: number, high: number): Promise<Bytes> {
    const length = high - low;
    const height = Math.log2(length);
    if (Number.isInteger(height)) return this.#node(height, low / length);
    const middle = low + split(length);
    return nodeHash(await this.#range(low, middle), await this.#range(middle, high));
  }

  /** The root of the perfect subtree over entries index·2^height to (index + 1)·2^height. */
  async #node(height: number, index: number): Promise<Bytes> {
    const level = Math.floor(height / HEIGHT);
    const row = height % HEIGHT;
    const first = index * 2 ** row;
    const tile = await this.#tile(level, Math.floor(first / WIDTH));
    const at = first % WIDTH;
    let hashes = Array.from({ length: 2 ** row }, (_, place) => {
      const hash = tile.slice((at + place) * HASH_BYTES, (at + place + 1) * HASH_BYTES);
      if (hash.length !== HASH_BYTES) throw new TileMissing("A tile is not as long as it has to be.");
      return hash;
    });
    while (hashes.length > 1) {
      hashes = await Promise.all(
        Array.from({ length: hashes.length / 2 }, (_, pair) =>
          nodeHash(hashes[2 * pair] as Bytes, hashes[2 * pair + 1] as Bytes),
        ),
      );
    }
    return hashes[0] as Bytes;
  }

  #tile(level: number, index: number): Promise<Bytes> {
    const width = Math.min(WIDTH, Math.floor(this.size / WIDTH ** level) - index * WIDTH);
    const path = tilePath(level, index, width);
    const known = this.#tiles.get(path) ?? this.#read(path, tilePath(level, index), width);
    this.#tiles.set(path, known);
    return known;
  }

  async #read(path: string, whole: string, width: number): Promise<Bytes> {
    // A log may delete a partial tile once the full one is there.
    const found = (await this.files(path)) ?? (path === whole ? undefined : await this.files(whole));
    if (!found || found.length < width * HASH_BYTES) throw new TileMissing(`${path} is not there.`);
    return found.slice(0, width * HASH_BYTES);
  }
}
