/** The primitives as WebCrypto has them here, against Wycheproof and RFC 5869. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { concat } from "../src/bytes.js";
import { hex, unhex, vector } from "./common.js";

interface Wycheproof<Group, Test> {
  testGroups: (Group & { tests: (Test & { result: "valid" | "invalid" })[] })[];
}

test("AES-256-GCM with 96-bit nonces: what is valid opens, what was tampered with does not", async () => {
  type Group = { keySize: number; ivSize: number; tagSize: number };
  type Test = { key: string; iv: string; aad: string; msg: string; ct: string; tag: string };
  const { testGroups } = vector<Wycheproof<Group, Test>>("wycheproof/aes_gcm_test.json");
  const seen = { valid: 0, invalid: 0 };
  for (const { keySize, ivSize, tagSize, tests } of testGroups) {
    if (keySize !== 256 || ivSize !== 96 || tagSize !== 128) continue;
    for (const one of tests) {
      const usages: KeyUsage[] = ["encrypt", "decrypt"];
      const key = await crypto.subtle.importKey("raw", unhex(one.key), "AES-GCM", false, usages);
      const how = { name: "AES-GCM", iv: unhex(one.iv), additionalData: unhex(one.aad) };
      const sealed = concat(unhex(one.ct), unhex(one.tag));
      seen[one.result] += 1;
      if (one.result === "invalid") {
        await assert.rejects(crypto.subtle.decrypt(how, key, sealed));
        continue;
      }
      const opened = await crypto.subtle.decrypt(how, key, sealed);
      assert.equal(hex(new Uint8Array(opened)), one.msg);
      const again = await crypto.subtle.encrypt(how, key, unhex(one.msg));
      assert.equal(hex(new Uint8Array(again)), hex(sealed));
    }
  }
  assert.deepEqual(seen, { valid: 39, invalid: 27 });
});

async function hkdf(hash: string, ikm: string, salt: string, info: string, bytes: number): Promise<string> {
  const key = await crypto.subtle.importKey("raw", unhex(ikm), "HKDF", false, ["deriveBits"]);
  const from = { name: "HKDF", hash, salt: unhex(salt), info: unhex(info) };
  return hex(new Uint8Array(await crypto.subtle.deriveBits(from, key, bytes * 8)));
}

test("HKDF-SHA-512: every valid vector gives its output, and too long an output is refused", async () => {
  type Test = { ikm: string; salt: string; info: string; size: number; okm: string };
  const { testGroups } = vector<Wycheproof<object, Test>>("wycheproof/hkdf_sha512_test.json");
  const seen = { valid: 0, invalid: 0 };
  for (const one of testGroups.flatMap(({ tests }) => tests)) {
    seen[one.result] += 1;
    const found = hkdf("SHA-512", one.ikm, one.salt, one.info, one.size);
    if (one.result === "valid") assert.equal(await found, one.okm);
    else await assert.rejects(found);
  }
  assert.deepEqual(seen, { valid: 80, invalid: 3 });
});

test("HKDF-SHA-256, which makes a reporter's keys: appendix A.1 and A.3 of RFC 5869", async () => {
  const ikm = "0b".repeat(22);
  assert.equal(
    await hkdf("SHA-256", ikm, "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
  assert.equal(
    await hkdf("SHA-256", ikm, "", "", 42),
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  );
});
