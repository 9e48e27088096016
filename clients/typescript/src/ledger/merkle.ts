/**
 * The Merkle tree of RFC 6962, section 2.1; proofs are verified as RFC 9162, sections 2.1.3.2 and
 * 2.1.4.2, describes it. Hashes are 32 bytes; sizes and indices are whole numbers below 2^53. What does not
 * hold throws ProofError, so that a result cannot be overlooked.
 */

import { type Bytes, concat, equal, sha256 } from "../bytes.js";
import { LedgerError } from "./errors.js";

const HASH_BYTES = 32;

/** A proof that does not hold. */
export class ProofError extends LedgerError {}

/** SHA-256(0x00 ‖ record): the hash of an entry. */
export function leafHash(record: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(0), record));
}

/** SHA-256(0x01 ‖ left ‖ right): the hash above two subtrees. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/** Check that `leaf` stands at `index` in the tree of `size` leaves under `root`. Throws ProofError. */
export async function verifyInclusion(given: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}): Promise<void> {
  const { leaf, index, size, proof, root } = given;
  checkHashes(leaf, root, ...proof);
  checkNumbers(index, size);
  if (index >= size) throw new ProofError("The index lies outside the tree.");
  let result = leaf;
  for (const [sibling, left] of climb(index, size - 1, proof)) {
    result = await (left ? nodeHash(sibling, result) : nodeHash(result, sibling));
  }
  if (!equal(result, root)) throw new ProofError("The proof leads to another root.");
}

/**
 * Check that the tree of `size1` leaves under `root1` is the beginning of the other one. Throws
 * ProofError, also for `size1` 0: everything begins with nothing, so that would say nothing.
 */
export async function verifyConsistency(given: {
  readonly size1: number;
  readonly root1: Uint8Array;
  readonly size2: number;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): Promise<void> {
  const { size1, root1, size2, root2, proof } = given;
  checkHashes(...proof);
  checkNumbers(size1, size2);
  if (size1 === 0 || size1 > size2) throw new ProofError("There is no proof between these sizes.");
  if (size1 === size2) {
    if (proof.length) throw new ProofError("The proof is too long.");
    if (!equal(root1, root2)) throw new ProofError("Two roots at one size.");
    return;
  }
  checkHashes(root1, root2);
  // A perfect tree is itself a node of the larger one.
  const path = Number.isInteger(Math.log2(size1)) ? [root1, ...proof] : [...proof];
  const [first] = path;
  if (!first) throw new ProofError("The proof is too short.");
  let [place, last] = [size1 - 1, size2 - 1];
  while (place % 2) [place, last] = [half(place), half(last)];
  let [older, newer]: [Uint8Array, Uint8Array] = [first, first];
  for (const [sibling, left] of climb(place, last, path.slice(1))) {
    if (left) older = await nodeHash(sibling, older);
    newer = await (left ? nodeHash(sibling, newer) : nodeHash(newer, sibling));
  }
  if (!equal(older, root1)) throw new ProofError("The proof leads to another old root.");
  if (!equal(newer, root2)) throw new ProofError("The proof leads to another new root.");
}

/** From and to (without) of the leaves over which each hash of an inclusion proof stands, in its order. */
export function inclusionRanges(index: number, size: number): [number, number][] {
  checkNumbers(index, size);
  if (index >= size) throw new ProofError("There is no leaf at this index.");
  return rangesTo(size, (low, high) => high - low === 1, (middle) => index < middle).ranges;
}

/** The same for a consistency proof. Throws ProofError unless 0 < size1 <= size2. */
export function consistencyRanges(size1: number, size2: number): [number, number][] {
  checkNumbers(size1, size2);
  if (size1 === 0 || size1 > size2) throw new ProofError("There is no proof between these sizes.");
  const { ranges, low, high } = rangesTo(size2, (_, end) => end === size1, (middle) => size1 <= middle);
  // Inside the old tree the verifier knows no root of its own to start from.
  return low ? [[low, high], ...ranges] : ranges;
}

function rangesTo(
  size: number,
  there: (low: number, high: number) => boolean,
  isLeft: (middle: number) => boolean,
): { ranges: [number, number][]; low: number; high: number } {
  const ranges: [number, number][] = [];
  let [low, high] = [0, size];
  while (!there(low, high)) {
    const middle = low + split(high - low);
    if (isLeft(middle)) {
      ranges.unshift([middle, high]);
      high = middle;
    } else {
      ranges.unshift([low, middle]);
      low = middle;
    }
  }
  return { ranges, low, high };
}

/** Each sibling on the way to the root, and whether it stands at the left. */
function* climb(
  place: number,
  last: number,
  proof: readonly Uint8Array[],
): Generator<[Uint8Array, boolean]> {
  for (const sibling of proof) {
    if (last === 0) throw new ProofError("The proof is too long.");
    const left = place % 2 === 1 || place === last;
    yield [sibling, left];
    // The rightmost node may have no sibling on some levels: it is carried up as it is.
    while (left && place % 2 === 0 && place) [place, last] = [half(place), half(last)];
    [place, last] = [half(place), half(last)];
  }
  if (last) throw new ProofError("The proof is too short.");
}

/** The largest power of two below `size` (2 or more). */
export function split(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** Half of it, whole; shifts of JavaScript are of 32 bits. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function checkHashes(...hashes: readonly Uint8Array[]): void {
  if (hashes.some(({ length }) => length !== HASH_BYTES)) throw new ProofError("A hash is not 32 bytes long.");
}

function checkNumbers(...numbers: readonly number[]): void {
  if (!numbers.every((one) => Number.isSafeInteger(one) && one >= 0)) {
    throw new ProofError("A place or a size is no whole number.");
  }
}
