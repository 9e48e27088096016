/**
 * Answers, line by line, what another program asks: so that the Python client and this one seal for
 * each other in a test. Bytes go as base64.
 */

import { createInterface } from "node:readline";

import {
  AdviserKey,
  AttachmentHeader,
  AttachmentSealer,
  PartyKey,
  ReporterCode,
  door,
  SealingError,
  keyIsProven,
  lint,
  lintReport,
  openAttachment,
  openSignal,
  seal,
  sealSignal,
  stripped,
  wordsAreSigned,
} from "../src/index.js";
import { type AttachmentPlace, plainName } from "../src/attachments.js";
import { pulseToken } from "../src/pulse.js";
import { whole } from "./common.js";

// What comes in is what the test wrote: nothing is checked.
type Asked = any;

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "base64"));
const base64 = (data: Uint8Array): string => Buffer.from(data).toString("base64");
const adviser = (asked: Asked): Promise<AdviserKey> =>
  AdviserKey.fromPrivate(bytes(asked.private), asked.signing ? bytes(asked.signing) : null);
const sealedOf = (asked: Asked) =>
  asked.sealed.map(({ keyId, envelope }: Asked) => ({ keyId, envelope: bytes(envelope) }));

const answers: Record<string, (asked: Asked) => Promise<unknown>> = {
  async adviser(asked) {
    const key = await adviser(asked);
    return {
      keyId: key.keyId,
      publicKey: base64(key.publicKey),
      signingKey: key.signingKey && base64(key.signingKey),
    };
  },
  async seal({ words, keyId, publicKey, place }) {
    return base64(await seal(words, { keyId, publicKey: bytes(publicKey) }, place));
  },
  async open(asked) {
    return (await adviser(asked)).open(bytes(asked.envelope), asked.place);
  },
  async sign(asked) {
    return base64(await (await adviser(asked)).signWords(sealedOf(asked), asked.place));
  },
  async signed(asked) {
    const { signature, place, signingKey } = asked;
    return wordsAreSigned(sealedOf(asked), bytes(signature), place, bytes(signingKey));
  },
  async prove(asked) {
    return base64(await (await adviser(asked)).prove(asked.seat));
  },
  async proven({ seat, publicKey, signingKey, proof }) {
    const key = { publicKey: bytes(publicKey), signingKey: bytes(signingKey) };
    return keyIsProven(seat, key, bytes(proof));
  },
  async code({ words, organisation }) {
    const code = words ? await ReporterCode.fromWords(words) : await ReporterCode.generate();
    const { keyId, publicKey } = code.key;
    return {
      words: code.words,
      caseId: code.caseId,
      lookupKey: code.lookupKey,
      door: door(organisation),
      keyId,
      publicKey: base64(publicKey),
    };
  },
  async openWithCode({ words, envelope, place }) {
    return (await ReporterCode.fromWords(words)).key.open(bytes(envelope), place);
  },
  async sealFile({ data, name, mediaType, place, keepMetadata }) {
    const sealer = new AttachmentSealer(place as AttachmentPlace, { name, mediaType });
    const chunks: string[] = [];
    const source = new Blob([bytes(data)]);
    for await (const chunk of sealer.chunks(source, keepMetadata)) chunks.push(base64(chunk));
    return { header: sealer.header.text, chunks };
  },
  async openFile({ header, chunks, place }) {
    const read = AttachmentHeader.read(header);
    const data = await whole(openAttachment(read, chunks.map(bytes), place as AttachmentPlace));
    return { data: base64(data), name: read.name, mediaType: read.mediaType };
  },
  async strip({ data, mediaType, piece }) {
    const all = bytes(data);
    function* drops(): Generator<Uint8Array> {
      for (let at = 0; at < all.length; at += piece) yield all.subarray(at, at + piece);
    }
    return base64(await whole(stripped(drops(), mediaType)));
  },
  async name({ name }) {
    return plainName(name);
  },
  async pulseToken({ secret, organisation }) {
    const { bearer, hash } = await pulseToken(bytes(secret), organisation);
    return { bearer, hash: base64(hash) };
  },
  async lint({ text, options }) {
    return lint(text, options);
  },
  async lintReport({ text, options }) {
    return lintReport(text, options);
  },
  async sealSignal({ text, reader, place }) {
    const to = { keyId: reader.keyId, publicKey: bytes(reader.publicKey) };
    const { commitment, sealed } = await sealSignal(text, [to], place);
    return { commitment: base64(commitment), envelope: base64(sealed[0]!.envelope) };
  },
  async openSignal(asked) {
    const key = await adviser(asked);
    const sealed = [{ keyId: key.keyId, envelope: bytes(asked.envelope) }];
    const found = await openSignal(sealed, bytes(asked.commitment), key, asked.place);
    return { text: found.text, salt: base64(found.salt) };
  },
  async partyToken({ key, identifier, organisation }) {
    return base64(await new PartyKey(bytes(key)).token(identifier, organisation));
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as Asked;
  let answer: unknown;
  try {
    answer = { value: await answers[asked.do]!(asked) };
  } catch (error) {
    if (!(error instanceof SealingError)) throw error;
    answer = { error: error.name, sentence: error.message };
  }
  console.log(JSON.stringify(answer));
}
