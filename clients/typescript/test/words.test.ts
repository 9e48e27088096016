import assert from "node:assert/strict";
import { test } from "node:test";

import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";

import {
  AdviserKey,
  CannotOpen,
  CannotSign,
  PartyKey,
  ReporterCode,
  SealingError,
  WordsTooLong,
  WrongCode,
  keyIdOf,
  keyIsProven,
  seal,
  sealTo,
  wordsAreSigned,
} from "../src/index.js";
import { normalised } from "../src/parties.js";
import { adviserKeyStatement, recoveryKeyStatement, wordsStatement } from "../src/statements.js";
import { OTHER, PLACE, hex, unhex, vectors } from "./common.js";

interface KeyVector {
  organisation: string;
  adviser_id: string;
  private_key: string;
  public_key: string;
  key_id: string;
  signing_seed: string;
  signing_key: string;
  statement: string;
  proof: string;
  previous_signing_key: string | null;
  previous_signature: string | null;
}

const keys = vectors<KeyVector>("hoeksteen/adviser_key.json");
const keyOf = (vector: KeyVector): Promise<AdviserKey> =>
  AdviserKey.fromPrivate(unhex(vector.private_key), unhex(vector.signing_seed));

test("RFC 9180: the library opens the ciphertexts of appendix A.1", async () => {
  interface Hpke {
    kem_id: string;
    aead_id: string;
    skRm: string;
    enc: string;
    info: string;
    encryptions: { aad: string; ct: string; pt: string }[];
  }
  const vector = vectors<Hpke>("hpke-rfc9180/base_mode.json").find(
    ({ kem_id, aead_id }) => kem_id === "32" && aead_id === "1",
  );
  assert.ok(vector);
  const kem = new DhkemX25519HkdfSha256();
  const suite = new CipherSuite({ kem, kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const context = await suite.createRecipientContext({
    recipientKey: await kem.deserializePrivateKey(unhex(vector.skRm)),
    enc: unhex(vector.enc),
    info: unhex(vector.info),
  });
  const [first] = vector.encryptions;
  assert.ok(first);
  assert.equal(hex(new Uint8Array(await context.open(unhex(first.ct), unhex(first.aad)))), first.pt);
});

test("words come back letter by letter, at every size of an envelope", async () => {
  const key = await AdviserKey.generate();
  const sizes: [string, number][] = [
    ["", 1024],
    ["\ufeffé — ☂", 1024],
    ["x".repeat(1020), 1024],
    ["x".repeat(1021), 4096],
    ["x".repeat(60 * 1024), 65536],
  ];
  for (const [words, bucket] of sizes) {
    const envelope = await seal(words, key, PLACE);
    assert.equal(envelope.length, 1 + 32 + bucket + 16);
    assert.equal(await key.open(envelope, PLACE), words);
  }
  await assert.rejects(seal("é".repeat(30 * 1024 + 1), key, PLACE), WordsTooLong);
});

test("another key, case or organisation and a changed byte open nothing", async () => {
  const key = await AdviserKey.generate();
  const envelope = await seal("alleen hier", key, PLACE);
  const changed = envelope.slice();
  changed[40]! ^= 1;
  await assert.rejects((await AdviserKey.generate()).open(envelope, PLACE), CannotOpen);
  await assert.rejects(key.open(envelope, { ...PLACE, case: OTHER }), CannotOpen);
  await assert.rejects(key.open(envelope, { ...PLACE, organisation: OTHER }), CannotOpen);
  await assert.rejects(key.open(changed, PLACE), CannotOpen);
  await assert.rejects(key.open(envelope.subarray(1), PLACE), CannotOpen);
});

test("a swapped public key and one of small order are refused", async () => {
  const [one, other] = [await AdviserKey.generate(), await AdviserKey.generate()];
  const swapped = { keyId: one.keyId, publicKey: other.publicKey };
  await assert.rejects(seal("x", swapped, PLACE), /does not belong/);
  const zero = new Uint8Array(32);
  await assert.rejects(seal("x", { keyId: await keyIdOf(zero), publicKey: zero }, PLACE), /not a usable/);
});

test("a key proves itself as described, and says so only for its own entry", async () => {
  for (const vector of keys) {
    const key = await keyOf(vector);
    const seat = { organisation: vector.organisation, adviserId: vector.adviser_id };
    const published = { publicKey: key.publicKey, signingKey: unhex(vector.signing_key) };
    const previous = vector.previous_signature
      ? {
          signingKey: unhex(vector.previous_signing_key ?? ""),
          signature: unhex(vector.previous_signature),
        }
      : undefined;
    assert.equal(hex(key.publicKey), vector.public_key);
    assert.equal(key.keyId, vector.key_id);
    assert.equal(hex(adviserKeyStatement(seat, published)), vector.statement);
    assert.equal(hex(await key.prove(seat)), vector.proof);
    const proof = unhex(vector.proof);
    assert.ok(await keyIsProven(seat, published, proof, previous));
    assert.ok(!(await keyIsProven({ ...seat, adviserId: "x" }, published, proof)));
    assert.ok(!(await keyIsProven({ ...seat, organisation: OTHER }, published, proof)));
    const forged = { signingKey: published.signingKey, signature: unhex("00".repeat(64)) };
    assert.ok(!(await keyIsProven(seat, published, proof, forged)));
  }
});

test("the key before endorses the one that takes its place", async () => {
  const [first, second] = [await AdviserKey.generate(), await AdviserKey.generate()];
  const seat = { organisation: PLACE.organisation, adviserId: "noor" };
  const published = { publicKey: second.publicKey, signingKey: second.signingKey! };
  const signature = await first.endorse(second, seat);
  const previous = { signingKey: first.signingKey!, signature };
  assert.ok(await keyIsProven(seat, published, await second.prove(seat), previous));
});

test("words are signed as described, and only these words", async () => {
  interface Words {
    readers: { key_id: string; envelope: string }[];
    organisation: string;
    case: string;
    signing_key: string;
    statement: string;
    signature: string;
  }
  const key = await keyOf(keys[0]!);
  for (const vector of vectors<Words>("hoeksteen/words_signature.json")) {
    const sealed = vector.readers.map(({ key_id, envelope }) => ({
      keyId: key_id,
      envelope: unhex(envelope),
    }));
    const signature = await key.signWords(sealed, vector);
    const signer = unhex(vector.signing_key);
    assert.equal(hex(await wordsStatement(sealed, vector)), vector.statement);
    assert.equal(hex(signature), vector.signature);
    assert.ok(await wordsAreSigned(sealed, signature, vector, signer));
    assert.ok(!(await wordsAreSigned(sealed, signature, { ...vector, case: OTHER }, signer)));
    assert.ok(!(await wordsAreSigned(sealed, signature, vector, new Uint8Array(31))));
    const more = [...sealed, { keyId: OTHER, envelope: new Uint8Array(1) }];
    assert.ok(!(await wordsAreSigned(more, signature, vector, signer)));
  }
});

test("a recovery key is signed as described", async () => {
  interface Entry {
    organisation: string;
    public_key: string;
    digest: string;
    statement: string;
    signature: string;
  }
  const key = await keyOf(keys[0]!);
  for (const vector of vectors<Entry>("hoeksteen/recovery_key.json")) {
    const [publicKey, digest] = [unhex(vector.public_key), unhex(vector.digest)];
    const statement = recoveryKeyStatement(publicKey, digest, vector.organisation);
    const signature = await key.signRecoveryKey(publicKey, digest, vector.organisation);
    assert.equal(hex(statement), vector.statement);
    assert.equal(hex(signature), vector.signature);
  }
});

test("people's tokens are those of the vectors, and the party key travels sealed", async () => {
  interface Token {
    party_key: string;
    identifier: string;
    normalised: string;
    token: string;
  }
  const adviser = await AdviserKey.generate();
  for (const vector of vectors<Token>("hoeksteen/party_token.json")) {
    const key = new PartyKey(unhex(vector.party_key));
    assert.equal(normalised(vector.identifier), vector.normalised);
    assert.equal(hex(await key.token(vector.identifier, PLACE.organisation)), vector.token);
    const envelope = await key.sealTo(adviser, PLACE.organisation);
    const opened = await PartyKey.open(envelope, adviser, PLACE.organisation);
    assert.equal(hex(await opened.token(vector.identifier, PLACE.organisation)), vector.token);
    await assert.rejects(PartyKey.open(envelope, adviser, OTHER), CannotOpen);
  }
  await assert.rejects(PartyKey.generate().token(" ", PLACE.organisation), SealingError);
});

test("a code comes back from its words, and wrong words are no code", async () => {
  const code = await ReporterCode.generate();
  const again = await ReporterCode.fromWords(`  ${code.words.toUpperCase()}\n`);
  assert.equal(again.caseId, code.caseId);
  assert.equal(again.lookupKey, code.lookupKey);
  const [sealed] = await sealTo("antwoord", [code.key], PLACE);
  assert.equal(await again.key.open(sealed!.envelope, PLACE), "antwoord");
  const words = code.words.split(" ");
  const wrong = [words.slice(1), [...words, "zoo"], ["hoeksteen", ...words.slice(1)]];
  for (const each of wrong) await assert.rejects(ReporterCode.fromWords(each.join(" ")), WrongCode);
  await assert.rejects(ReporterCode.fromWords("zoo ".repeat(12)), WrongCode);
  assert.ok(!JSON.stringify(code).includes(words[0]!));
});

test("a reporter's key signs nothing", async () => {
  const { key } = await ReporterCode.generate();
  await assert.rejects(key.signWords([], PLACE), CannotSign);
  await assert.rejects(key.prove({ organisation: PLACE.organisation, adviserId: "x" }), CannotSign);
});

test("a key's private half cannot be read, and keeps working when it is kept", async () => {
  const key = await AdviserKey.generate();
  await assert.rejects(crypto.subtle.exportKey("pkcs8", key.opening.privateKey));
  const kept = await AdviserKey.from(structuredClone(key.opening), structuredClone(key.signing));
  assert.equal(await kept.open(await seal("x", key, PLACE), PLACE), "x");
  assert.equal(kept.keyId, key.keyId);
});
