/** A file's encrypted chunks on their way to the gateway and back (docs/graphql.md of Hoeksteen). */

import { type AttachmentHeader, CHUNK_BYTES, TAG_BYTES, openAttachment } from "./attachments.js";
import { type Bytes, concat, copied, uint32, uuidBytes, uuidText } from "./bytes.js";
import { type HoeksteenClient, type RequestOptions, refusalOf } from "./client.js";
import type { Place } from "./sealing.js";

const CHUNKS_A_REQUEST = 16;

/**
 * Send the chunks of a file, in order, 1 MiB at a time. `attachment`: a random id of the client's.
 * Each MiB is sent again after a failure: a chunk that is there already changes nothing. What is not
 * attached within a day is removed. Throws as `HoeksteenClient.request` does.
 */
export async function sendChunks(
  gateway: HoeksteenClient,
  chunks: AsyncIterable<Bytes>,
  place: { readonly case: string; readonly attachment: string },
  options: RequestOptions = {},
): Promise<void> {
  const head = concat(uuidBytes(place.case), uuidBytes(place.attachment));
  let [waiting, number]: [Bytes[], number] = [[], 0];
  const send = async (): Promise<void> => {
    const body = concat(head, uint32(number), ...waiting);
    [waiting, number] = [[], number + waiting.length];
    const headers = { "Content-Type": "application/octet-stream" };
    const read = (answer: Response) => accepted(answer, gateway).then(() => undefined);
    await gateway.send(addressOf(gateway), { method: "POST", headers, body }, read, { ...options, safe: true });
  };
  for await (const chunk of chunks) {
    waiting.push(chunk);
    if (waiting.length === CHUNKS_A_REQUEST) await send();
  }
  if (waiting.length) await send();
}

/**
 * The chunks of a file, in order. What is missing at the end is noticed by `openAttachment`, not here.
 * Throws as `HoeksteenClient.request` does.
 */
export async function* fetchChunks(
  gateway: HoeksteenClient,
  attachment: string,
  options: RequestOptions = {},
): AsyncGenerator<Bytes> {
  const address = `${addressOf(gateway)}/${uuidText(uuidBytes(attachment))}`;
  const read = async (answer: Response) => new Uint8Array(await (await accepted(answer, gateway)).arrayBuffer());
  const all = await gateway.send(address, { method: "GET" }, read, { ...options, safe: true });
  const size = CHUNK_BYTES + TAG_BYTES;
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** A file, whole. Throws CannotOpen where it is not, and as `HoeksteenClient.request` does. */
export async function fetchFile(
  gateway: HoeksteenClient,
  place: Place,
  file: { readonly id: string; readonly header: AttachmentHeader },
): Promise<Blob> {
  const parts: Bytes[] = [];
  const chunks = fetchChunks(gateway, file.id);
  for await (const piece of openAttachment(file.header, chunks, { ...place, attachment: file.id })) {
    parts.push(copied(piece));
  }
  return new Blob(parts, { type: file.header.mediaType });
}

async function accepted(answer: Response, gateway: HoeksteenClient): Promise<Response> {
  if (!answer.ok) throw await refusalOf(answer, gateway.language);
  return answer;
}

function addressOf(gateway: HoeksteenClient): string {
  return gateway.url.replace(/[^/]*\/?$/, "attachments");
}
