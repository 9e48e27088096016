/**
 * The text of a signal: linted, bound, and sealed by its author; opened and given on by its reviewer.
 *
 * The author sends the server a hash of the text with a random salt, and seals text and salt to the
 * reviewer; the reviewer's client checks that they make that hash, and sends them at the approval. So
 * neither can bring other words out alone. What is sealed, in the place of a case the signal's id:
 *
 *     {"format": "hoeksteen/signal/v1", "signal": "…", "salt": "<64 hex>", "text": "…"}
 *
 * The hash is SHA-256 over four fields, each with its length in 4 big-endian bytes before it: the label
 * "hoeksteen/signal/v1", the signal's id (16 bytes), the salt (32 bytes) and the UTF-8 text.
 */

import type { AdviserKey } from "./adviserKey.js";
import { type Bytes, equal, fields, sha256, toHex, utf8, uuidBytes } from "./bytes.js";
import { CannotOpen, SealingError } from "./errors.js";
import { type Reader, type Sealed, sealTo } from "./sealing.js";
import { type Finding, type LintOptions, lint } from "./signalLint.js";

const FORMAT = "hoeksteen/signal/v1";
const SALT_BYTES = 32;

/** The lint found something that may point at a person; `findings` say where. */
export class TextBlocked extends SealingError {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super("This text may point at somebody. Write it without what is marked.");
    this.findings = findings;
  }
}

/** Where a signal's text belongs: ids as GraphQL gives them. */
export interface SignalPlace {
  readonly organisation: string;
  readonly signal: string;
}

/** What a draft sends. `commitment`: 32 bytes. */
export interface SealedSignal {
  readonly commitment: Bytes;
  readonly sealed: Sealed[];
}

/** An opened text; an approval sends both. */
export interface SignalText {
  readonly text: string;
  readonly salt: Bytes;
}

/**
 * Seal a signal's text to its reviewer and its author. `options` are for the lint.
 *
 * Throws TextBlocked, and as `seal` does.
 */
export async function sealSignal(
  text: string,
  readers: readonly Reader[],
  place: SignalPlace,
  options: LintOptions = {},
): Promise<SealedSignal> {
  const findings = lint(text, options);
  if (findings.length) throw new TextBlocked(findings);
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const signal = place.signal.toLowerCase();
  const body = JSON.stringify({ format: FORMAT, signal, salt: toHex(salt), text });
  return {
    commitment: await commitmentOf(signal, salt, text),
    sealed: await sealTo(body, readers, { organisation: place.organisation, case: signal }),
  };
}

/** The text that its author sealed and bound. Throws CannotOpen for any other. */
export async function openSignal(
  sealed: readonly Sealed[],
  commitment: Uint8Array,
  key: AdviserKey,
  place: SignalPlace,
): Promise<SignalText> {
  const mine = sealed.find(({ keyId }) => keyId === key.keyId);
  if (!mine) throw new CannotOpen("This text is not sealed to this key.");
  const signal = place.signal.toLowerCase();
  const opened = await key.open(mine.envelope, { organisation: place.organisation, case: signal });
  const found = read(opened, signal);
  if (!equal(await commitmentOf(signal, found.salt, found.text), commitment)) {
    throw new CannotOpen("This text is another than the one that its author bound.");
  }
  return found;
}

/** The hash that binds a text (32 bytes). */
async function commitmentOf(signal: string, salt: Uint8Array, text: string): Promise<Bytes> {
  return sha256(fields(utf8(FORMAT), uuidBytes(signal), salt, utf8(text)));
}

function read(opened: string, signal: string): SignalText {
  let body: { format?: unknown; signal?: unknown; salt?: unknown; text?: unknown } | null;
  try {
    body = JSON.parse(opened);
  } catch {
    body = null;
  }
  if (
    body?.format !== FORMAT ||
    body.signal !== signal ||
    typeof body.text !== "string" ||
    typeof body.salt !== "string" ||
    !/^(?:[0-9a-f]{2})+$/.test(body.salt)
  ) {
    throw new CannotOpen("This is not the text of this signal.");
  }
  const salt = Uint8Array.from(body.salt.match(/../g) as string[], (two) => parseInt(two, 16));
  return { text: body.text, salt };
}
