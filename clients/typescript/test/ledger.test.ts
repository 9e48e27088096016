import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { fromBase64, utf8 } from "../src/bytes.js";
import {
  LedgerError,
  TiledTree,
  cosignedBy,
  leafHash,
  openCheckpoint,
  openNote,
  tilePath,
  verifyConsistency,
  verifyInclusion,
} from "../src/ledger/index.js";
import { nodeHash, split } from "../src/ledger/merkle.js";
import { hex, vector } from "./common.js";

const folder = fileURLToPath(new URL("../../../../tests/vectors/", import.meta.url));
const bytes = (text: string | null): Uint8Array<ArrayBuffer> => fromBase64(text ?? "")!;

/** Every case of transparency-dev's vectors of one kind. */
function* cases(kind: string): Generator<any> {
  const start = join(folder, "transparency-dev-merkle/testdata", kind);
  for (const name of readdirSync(start, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".json")) yield JSON.parse(readFileSync(join(start, name), "utf8"));
  }
}

test("RFC 6962: inclusion and consistency proofs hold or are refused, as the vectors say", async () => {
  let count = 0;
  for (const { leafIdx, treeSize, root, leafHash: leaf, proof, desc, wantErr } of cases("inclusion")) {
    const path = (proof ?? []).map(bytes);
    const given = { leaf: bytes(leaf), index: leafIdx, size: treeSize, proof: path, root: bytes(root) };
    await (wantErr ? assert.rejects(verifyInclusion(given), LedgerError, desc) : verifyInclusion(given));
    count++;
  }
  for (const { size1, size2, root1, root2, proof, desc, wantErr } of cases("consistency")) {
    const path = (proof ?? []).map(bytes);
    const given = { size1, root1: bytes(root1), size2, root2: bytes(root2), proof: path };
    // From nothing there is no proof: it would say nothing.
    const refused = wantErr || size1 === 0;
    await (refused ? assert.rejects(verifyConsistency(given), LedgerError, desc) : verifyConsistency(given));
    count++;
  }
  assert.equal(count, 196);
});

test("proofs come out of tiles, for every entry and every earlier size", async () => {
  const size = 600; // two full tiles and a partial one, and a level above
  const leaves = await Promise.all(Array.from({ length: size }, (_, at) => leafHash(utf8(String(at)))));
  const root = async (from: number, to: number): Promise<Uint8Array> =>
    to - from === 1
      ? leaves[from]!
      : nodeHash(await root(from, from + split(to - from)), await root(from + split(to - from), to));
  const files = new Map<string, Uint8Array>();
  const put = (path: string, hashes: Uint8Array[]) => files.set(path, Buffer.concat(hashes));
  put("tile/0/000", leaves.slice(0, 256));
  put("tile/0/001", leaves.slice(256, 512));
  put("tile/0/002.p/88", leaves.slice(512));
  put("tile/1/000.p/2", [await root(0, 256), await root(256, 512)]);
  const tree = new TiledTree(async (path) => files.has(path) ? new Uint8Array(files.get(path)!) : undefined, size);

  const top = await root(0, size);
  for (const index of [0, 1, 255, 256, 511, 512, 598, 599]) {
    const proof = await tree.inclusionProof(index);
    await verifyInclusion({ leaf: leaves[index]!, index, size, proof, root: top });
  }
  for (const size1 of [1, 2, 255, 256, 257, 512, 599, 600]) {
    const proof = await tree.consistencyProof(size1);
    await verifyConsistency({ size1, root1: await root(0, size1), size2: size, root2: top, proof });
  }
  files.delete("tile/0/001");
  await assert.rejects(new TiledTree(async () => undefined, size).inclusionProof(300), /is not there/);
  assert.equal(tilePath(0, 1234067), "tile/0/x001/x234/067");
});

test("signed notes are read as Go reads them", async () => {
  const { text, peter, enoch, bad_vkeys } = vector<any>("go-sumdb-note/note_vectors.json");
  const note = (...lines: string[]) => utf8(`${text}\n${lines.join("")}`);
  for (const keys of [[peter.vkey], [enoch.vkey], [peter.vkey, enoch.vkey]]) {
    assert.equal(await openNote(note(peter.sig_line, enoch.sig_line), keys), text);
  }
  const refused: [Uint8Array, string[], RegExp][] = [
    [note(peter.sig_line), [enoch.vkey], /None of the known keys/],
    [note(peter.sig_line), [peter.vkey.replace("c74f20a3", "c74f20a4")], /key id does not belong/],
    ...bad_vkeys.map((key: string) => [note(peter.sig_line), [key], /not a verifier key/]),
    [note(enoch.sig_line, peter.sig_line.replace("BS9", "BS8")), [peter.vkey, enoch.vkey], /does not belong to this text/],
    [note(peter.sig_line), [peter.vkey, peter.vkey], /same name and key id/],
    [utf8(text), [peter.vkey], /no signature lines/],
    [utf8(`${text}\n`), [peter.vkey], /no signature lines/],
    [note(peter.sig_line.trim()), [peter.vkey], /no signature lines/],
    [note(peter.sig_line, "more\n"), [peter.vkey], /is not a signature/],
    [utf8(`\x01${text}\n${peter.sig_line}`), [peter.vkey], /control characters/],
    [Uint8Array.of(0xff, ...note(peter.sig_line)), [peter.vkey], /not UTF-8/],
    [note(...Array<string>(101).fill(peter.sig_line)), [peter.vkey], /too many/],
  ];
  for (const [given, keys, said] of refused) await assert.rejects(openNote(given, keys), { message: said });
});

test("a public log's checkpoint is opened, with who cosigned it", async () => {
  const note = new Uint8Array(readFileSync(join(folder, "tlog-cosignature/checkpoint")));
  const { log, witnesses } = vector<{ log: string; witnesses: string[] }>("tlog-cosignature/keys.json");

  const { origin, size, root } = await openCheckpoint(note, [log]);
  const seen = await cosignedBy(note, witnesses);

  assert.deepEqual([origin, size, hex(root)], [
    "arche2025h1.staging.ct.transparency.dev",
    1432088532,
    hex(bytes("U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=")),
  ]);
  assert.deepEqual(seen.map(({ name }) => name).sort(), witnesses.map((vkey) => vkey.split("+")[0]).sort());
  const [first] = seen;
  assert.ok(first!.at > 1_700_000_000 && first!.at < 1_900_000_000);
  const changed = new Uint8Array(note);
  changed[45] = changed[45]! ^ 1; // a digit of the size
  await assert.rejects(openCheckpoint(changed, [log]), LedgerError);
  await assert.rejects(cosignedBy(changed, witnesses), LedgerError);
});
