/** Words of a case: sealed before they are sent, opened and checked when they come back. */

import { type AdviserKey, type Place, type Reader, sealTo, wordsAreSigned } from "hoeksteen-client";

import { h } from "./dom.js";
import { type Answer, base64, bytes } from "./gateway.js";
import { t, week } from "./language.js";

/** What is needed of an organisation to seal words to its advisers, and to check who signed some. */
export const DIRECTORY = `
  id name language units { id name parent }
  advisers { id name keyId publicKey signingKey keys { keyId signingKey } }
  formerAdvisers { id name keys { keyId signingKey } }
  recoveryKeys { keyId publicKey state }
`;

/** One thing that was said, as it is shown. */
export interface Said {
  readonly by: string;
  readonly week: string;
  /** Null: it was sealed to others, or it does not open. */
  readonly words: string | null;
  readonly own: boolean;
  /** Null: it carries no signature. */
  readonly signed: boolean | null;
}

/** Whoever reads words of this adviser's cases beside the reporter: the adviser, and the recovery key. */
export function readersOf(organisation: Answer, adviserId: string): Reader[] {
  const adviser = organisation.advisers.find((each: Answer) => each.id === adviserId);
  const recovery = organisation.recoveryKeys.filter((each: Answer) => each.state === "CURRENT");
  return [adviser, ...recovery]
    .filter((each) => each?.keyId && each.publicKey)
    .map(({ keyId, publicKey }) => ({ keyId, publicKey: bytes(publicKey) }));
}

/** Words as the schema takes them: a sealed copy for each reader, and the adviser's signature of them. */
export async function sealed(
  words: string,
  readers: readonly Reader[],
  place: Place,
  signer?: AdviserKey,
): Promise<Answer> {
  const copies = await sealTo(words, readers, place);
  const signature = signer?.signing ? base64(await signer.signWords(copies, place)) : undefined;
  return {
    words: copies.map(({ keyId, envelope }) => ({ keyId, ciphertext: base64(envelope) })),
    ...(signature && { signature }),
  };
}

/** The words that were sealed to `key`; null where there are none for it. */
export async function opened(copies: readonly Answer[], key: AdviserKey, place: Place): Promise<string | null> {
  const mine = copies.find((each) => each.keyId === key.keyId);
  if (!mine) return null;
  try {
    return await key.open(bytes(mine.ciphertext), place);
  } catch {
    return null; // it says so where the words would stand
  }
}

/** Whether the adviser whom the directory names signed these words. Null where nobody signed. */
export async function isSigned(entry: Answer, organisation: Answer, place: Place): Promise<boolean | null> {
  if (!entry.signature) return null;
  const advisers = [...organisation.advisers, ...organisation.formerAdvisers];
  const key = advisers.flatMap((each) => each.keys).find((each) => each.keyId === entry.signedBy);
  if (!key?.signingKey) return false;
  const copies = entry.sealed.map(({ keyId, ciphertext }: Answer) => ({ keyId, envelope: bytes(ciphertext) }));
  return wordsAreSigned(copies, bytes(entry.signature), place, bytes(key.signingKey));
}

/** What was said, oldest first. */
export function thread(said: readonly Said[]): HTMLElement {
  return h(
    "ol",
    { class: "thread" },
    said.map(({ by, week: when, words, own, signed }) =>
      h(
        "li",
        { class: own ? "own" : null },
        h("p", { class: "who" }, h("strong", {}, by), ` · ${week(when)}`),
        words === null ? h("p", { class: "hint" }, t("thread.closed")) : h("p", { class: "words" }, words),
        signed !== null && h("p", { class: signed ? "signed" : "note bad" }, t(signed ? "thread.signed" : "thread.unsigned")),
      ),
    ),
  );
}
