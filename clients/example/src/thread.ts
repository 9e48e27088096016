/** Words of a case: sealed before they are sent, opened and checked when they come back. */

import {
  type AdviserKey,
  type Directory,
  type Place,
  type Reader,
  type Spoken,
  asInput,
  opened,
  sealTo,
} from "hoeksteen-client";

import { h } from "./dom.js";
import { type Answer, base64 } from "./gateway.js";
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

/** Words as the schema takes them: a sealed copy for each reader, and the adviser's signature of them. */
export async function sealed(
  words: string,
  readers: readonly Reader[],
  place: Place,
  signer?: AdviserKey,
): Promise<Answer> {
  const copies = await sealTo(words, readers, place);
  const signature = signer?.signing && base64(await signer.signWords(copies, place));
  return { words: asInput(copies), ...(signature && { signature }) };
}

/** What somebody said, opened with `key`, and its signature checked against the directory. */
export async function said(
  spoken: Answer,
  by: { readonly name: string; readonly own: boolean },
  key: AdviserKey,
  place: Place,
  directory: Directory,
): Promise<Said> {
  const { words, signedBy, file } = await opened(spoken as Spoken, key, place, directory);
  return {
    by: by.name,
    own: by.own,
    week: spoken.week,
    words: file ? t("thread.file", { name: file.header.name }) : words,
    signed: spoken.signature ? signedBy !== null : null,
  };
}

/** What was said, oldest first. */
export function thread(all: readonly Said[]): HTMLElement {
  return h(
    "ol",
    { class: "thread" },
    all.map(({ by, week: when, words, own, signed }) =>
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
