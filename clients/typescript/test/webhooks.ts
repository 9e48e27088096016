// The receiver of docs/webhooks.md, which a test compares with this file.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";

const secret = Buffer.from((process.env["WEBHOOK_SECRET"] ?? "").replace(/^whsec_/, ""), "base64");
const TOLERANCE = 300; // seconds
const LARGEST = 2 * 1024 * 1024;

const stored = new Map<string, unknown>(); // in earnest: a table, with the id as its key

function verified(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const id = String(headers["webhook-id"] ?? "");
  const time = String(headers["webhook-timestamp"] ?? "");
  if (!/^\d+$/.test(time) || Math.abs(Date.now() / 1000 - Number(time)) > TOLERANCE) return false;
  const ours = createHmac("sha256", secret).update(`${id}.${time}.`).update(body).digest();
  return String(headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((each) => each.startsWith("v1,"))
    .map((each) => Buffer.from(each.slice(3), "base64"))
    .some((theirs) => theirs.length === ours.length && timingSafeEqual(theirs, ours));
}

createServer((request, response) => {
  const pieces: Buffer[] = [];
  let length = 0;
  request.on("data", (piece: Buffer) => {
    length += piece.length;
    if (length <= LARGEST) pieces.push(piece);
  });
  request.on("end", () => {
    const body = Buffer.concat(pieces);
    const known = length <= LARGEST && verified(request.headers, body);
    const id = String(request.headers["webhook-id"]);
    if (known && !stored.has(id)) {
      const event = JSON.parse(body.toString("utf8")) as { week: string; type: string };
      stored.set(id, event); // on the disk, before the answer
      console.log(event.week, event.type);
    }
    response.writeHead(known ? 204 : 401).end();
  });
}).listen(Number(process.env["PORT"]), "127.0.0.1");
