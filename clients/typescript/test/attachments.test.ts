import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AttachmentHeader,
  AttachmentSealer,
  CannotOpen,
  FileTooLarge,
  MAX_FILE_BYTES,
  MetadataStays,
  type Source,
  openAttachment,
  stripped,
} from "../src/index.js";
import { CHUNK_BYTES, chunksOf, plainName } from "../src/attachments.js";
import { OTHER, PLACE, whole } from "./common.js";

const FILE = { name: "verslag.bin", mediaType: "text/plain" };

async function sealed(source: Source): Promise<[AttachmentHeader, Uint8Array[]]> {
  const sealer = new AttachmentSealer(PLACE, FILE);
  const chunks: Uint8Array[] = [];
  for await (const chunk of sealer.chunks(source, true)) chunks.push(chunk);
  return [sealer.header, chunks];
}

const DATA = Buffer.alloc(175 * 1024, "hoeksteen");

test("a file comes back as it was, around the borders of chunks too", async () => {
  for (const size of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES]) {
    const data = Buffer.alloc(size, 7);
    const [header, chunks] = await sealed(new Blob([data]));
    assert.equal(chunks.length, chunksOf(size));
    assert.ok(chunks.every((chunk) => chunk.length === CHUNK_BYTES + 16));
    const again = AttachmentHeader.read(header.text);
    assert.deepEqual(await whole(openAttachment(again, chunks, PLACE)), data);
  }
});

test("a chunk that is cut, moved, left out, swapped, added or extended is named", async () => {
  const [header, chunks] = await sealed([DATA]);
  const [, other] = await sealed([DATA]);
  const [a, b, c, d] = chunks as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const cases: [Uint8Array[], RegExp][] = [
    [[a, b, c], /ends too early: 3 of its 4/],
    [[a, b, c, d.subarray(1)], /Chunk 4 of the file does not open/],
    [[b, a, c, d], /Chunk 1 of the file does not open/],
    [[a, b, d], /Chunk 3 of the file does not open/],
    [[a, other[1]!, c, d], /Chunk 2 of the file does not open/],
    [[a, a, c, d], /Chunk 2 of the file does not open/],
    [[a, b, c, d, d], /goes on after its end/],
    [[a, b, Buffer.concat([c, Buffer.from("x")]), d], /Chunk 3 of the file does not open/],
  ];
  for (const [given, sentence] of cases) {
    await assert.rejects(whole(openAttachment(header, given, PLACE)), sentence);
  }
  for (const place of ["organisation", "case", "attachment"]) {
    const elsewhere = { ...PLACE, [place]: OTHER };
    await assert.rejects(whole(openAttachment(header, chunks, elsewhere)), CannotOpen);
  }
});

test("the largest file goes through in pieces, and one byte more does not", async () => {
  const piece = new Uint8Array(1024 * 1024);
  function* mebibytes(count: number): Generator<Uint8Array> {
    for (let at = 0; at < count; at += 1) yield piece;
  }
  const sealer = new AttachmentSealer(PLACE, FILE);
  let chunks = 0;
  for await (const chunk of sealer.chunks(mebibytes(25))) chunks += Number(chunk.length > 0);
  assert.equal(chunks, 512);
  assert.equal(sealer.header.size, MAX_FILE_BYTES);
  const small = new AttachmentSealer(PLACE, FILE, 1024 * 1024);
  await assert.rejects(whole(small.chunks(mebibytes(2))), FileTooLarge);
});

test("a sealer seals one file", async () => {
  const sealer = new AttachmentSealer(PLACE, FILE);
  assert.throws(() => sealer.header, /all chunks/);
  await whole(sealer.chunks([Buffer.from("one")]));
  await assert.rejects(whole(sealer.chunks([Buffer.from("two")])), /make a new one/);
});

test("a header that is not ours is refused", async () => {
  const [header] = await sealed([DATA]);
  const changes: object[] = [
    { format: 2 },
    { key: "AAAA" },
    { nonce: "no base64" },
    { chunks: 3 },
    { size: -1 },
    { size: 1.5 },
    { digest: null },
    { name: "../../.profile" },
    { name: "a\u202efdp.exe" },
    { name: 7 },
    { type: "text/plain\r\nX: y" },
    { more: 1 },
  ];
  for (const change of changes) {
    const text = JSON.stringify({ ...(JSON.parse(header.text) as object), ...change });
    assert.throws(() => AttachmentHeader.read(text), CannotOpen, text);
  }
  for (const text of ["", "[]", "null", "7"]) {
    assert.throws(() => AttachmentHeader.read(text), CannotOpen);
  }
  assert.ok(!JSON.stringify(header).includes("key"));
});

test("a name tells no folder", () => {
  assert.equal(plainName("C:\\Users\\noor\\verslag.pdf"), "verslag.pdf");
  assert.equal(plainName("/home/noor/.bashrc "), "bashrc");
  assert.equal(plainName("a\u0000\u202eb:c?.txt"), "abc.txt");
  assert.equal(plainName("\ud800"), "file");
  assert.equal(plainName("é".repeat(101)), "é".repeat(100));
  assert.equal(plainName("x" + "é".repeat(101)), "x" + "é".repeat(99));
});

test("a file whose metadata stays is named, unless it is meant", async () => {
  const sealer = new AttachmentSealer(PLACE, { name: "x.pdf", mediaType: "application/pdf" });
  const pdf = Buffer.from("%PDF-1.7");
  await assert.rejects(whole(sealer.chunks([pdf])), /^MetadataStays: A PDF may say/);
  const chunks: Uint8Array[] = [];
  for await (const chunk of sealer.chunks([pdf], true)) chunks.push(chunk);
  assert.deepEqual(await whole(openAttachment(sealer.header, chunks, PLACE)), pdf);
  await assert.rejects(whole(stripped([Buffer.from("\0\0\0\x18ftypheic")], "image/heic")), /HEIC/);
  await assert.rejects(whole(stripped([Buffer.from("89504e470d0a1a0a00", "hex")], "")), MetadataStays);
});
