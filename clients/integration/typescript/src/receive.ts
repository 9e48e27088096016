// An integration in TypeScript: takes what was released, and prints it.
//
//     node dist/receive.js ADDRESS NAME CREDENTIALS [COUNT]
//
// CREDENTIALS is the file that the operator gave you: `acme-1.creds` or, of a local installation, a file
// with the password; `USER:FILE` where the user is not the name. With a COUNT it ends after so many. Whom to
// believe at a `tls://` address says the environment: NODE_EXTRA_CA_CERTS=hoeksteen.crt.
import { readFileSync } from "node:fs";
import { jetstream } from "@nats-io/jetstream";
import { connect, credsAuthenticator, usernamePasswordAuthenticator } from "@nats-io/transport-node";

interface Released {
  id: string;
  type: string;
  week: string;
  data: { release?: { period: string; dimension: string; cells: { code: string; count: number }[] } };
}

const [address, name, credentials, count] = process.argv.slice(2);
if (!address || !name || !credentials) {
  throw new Error("Say an address, a name and a file with credentials.");
}

function signingIn(given: string) {
  if (given.endsWith(".creds")) {
    return credsAuthenticator(readFileSync(given));
  }
  const at = given.lastIndexOf(":");
  const user = at < 0 ? name : given.slice(0, at);
  return usernamePasswordAuthenticator(user, readFileSync(given.slice(at + 1), "utf8").trim());
}

const connection = await connect({
  servers: address,
  authenticator: signingIn(credentials),
  inboxPrefix: `_INBOX_${name}`, // the default one is refused
  // Nothing is said before the server has shown its certificate.
  ...(address.startsWith("tls://") ? { tls: { handshakeFirst: true } } : {}),
  maxReconnectAttempts: -1,
});
const consumer = await jetstream(connection).consumers.get("SIGNALS_EXT", "integration");
const seen = new Set<string>(); // in earnest: in your own database, written with what you store
const most = count === undefined ? Infinity : Number(count);

while (seen.size < most) {
  const message = await consumer.next({ expires: 5_000 });
  if (message === null) {
    continue; // nothing new; the next one comes at the next release
  }
  const event = message.json<Released>();
  if (!seen.has(event.id)) {
    const table = event.data.release;
    const shown = table?.cells.map((cell) => `${cell.code}: ${cell.count}`).join(", ");
    console.log(event.week, message.subject, table ? `${table.period} ${table.dimension} ${shown}` : "");
    seen.add(event.id);
  }
  message.ack();
}
await connection.drain();
