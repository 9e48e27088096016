/** An adviser's way with their cases: words are sealed, signed and opened here. */

import type { AdviserKey } from "./adviserKey.js";
import { AttachmentSealer, type FileNamed } from "./attachments.js";
import { toBase64 } from "./bytes.js";
import type { HoeksteenClient } from "./client.js";
import { type Directory, type OpenedWords, asInput, bytesOf, opened, readersOf } from "./directory.js";
import { SealingError } from "./errors.js";
import { fetchFile, sendChunks } from "./files.js";
import { type LiveOptions, subscribe } from "./live.js";
import type { Source } from "./metadata.js";
import {
  AdviserStart,
  type AdviserStartAnswer,
  AttachFile,
  CaseChanged,
  CaseOf,
  type CasePartsFragment,
  CloseCase,
  PublishAdviserKey,
  RecordConversation,
  RecordOutcome,
  SendMessage,
} from "./roles/adviser.js";
import { type Place, type Reader, type Sealed, keyIdOf, sealTo } from "./sealing.js";
import { Unsent } from "./unsent.js";

type Answered = CasePartsFragment;

/** An entry of a case, opened. */
export type OpenedEntry = Answered["entries"][number] & OpenedEntryWords;
type OpenedEntryWords = { readonly opened: OpenedWords };

/** A case, with everything in it opened that is sealed to this key. */
export type AdvisersCase = Omit<Answered, "entries"> & { readonly entries: readonly OpenedEntry[] };

export class AdviserCases {
  #start: AdviserStartAnswer | undefined;
  readonly #unsent = new Unsent();

  /** `adviserId`: the subject of the adviser's token. */
  constructor(
    readonly gateway: HoeksteenClient,
    readonly key: AdviserKey,
    readonly adviserId: string,
  ) {}

  /** The organisation with its directory, and the codes with their labels. */
  async start(): Promise<AdviserStartAnswer> {
    const language = this.gateway.language === "nl" ? "NL" : "EN";
    return (this.#start = await this.gateway.request(AdviserStart, { language }));
  }

  /** Put this key in the directory; `previous` is the key whose place it takes. */
  async publishKey(previous?: AdviserKey): Promise<void> {
    const { id } = await this.#directory();
    const seat = { organisation: id, adviserId: this.adviserId };
    await this.gateway.command(PublishAdviserKey, {
      publicKey: toBase64(this.key.publicKey),
      signingKey: this.key.signingKey && toBase64(this.key.signingKey),
      proof: toBase64(await this.key.prove(seat)),
      previousSignature: previous ? toBase64(await previous.endorse(this.key, seat)) : null,
    });
    await this.start();
  }

  /** A case with its words; null where it is not this adviser's. Each look is recorded. */
  async read(caseId: string): Promise<AdvisersCase | null> {
    const { case: found } = await this.gateway.request(CaseOf, { id: caseId });
    return found && this.#opened(found);
  }

  /** The same, now and whenever it changes; null is the last event. Each is a look, and recorded. */
  async *watch(caseId: string, options: LiveOptions = {}): AsyncGenerator<AdvisersCase | null, void> {
    for await (const { caseChanged } of subscribe(this.gateway, CaseChanged, { id: caseId }, { distinct: true, ...options })) {
      yield caseChanged && (await this.#opened(caseChanged));
    }
  }

  /**
   * Say something to the reporter of a case. Throws SealingError where they gave no key; after Unreachable the
   * same again is carried out once, as with all that changes a case here but files.
   */
  async write(caseId: string, words: string): Promise<void> {
    await this.#unsent.command(this.gateway, SendMessage, [caseId, words], async () => {
      const { sealed, signature } = await this.#sealed(caseId, words, await this.#reporter(caseId));
      return { caseId, words: sealed, signature };
    });
  }

  /** Record a conversation with its minutes, for the adviser alone. `mode`: a code of the taxonomy. */
  async recordConversation(caseId: string, mode: string, words: string): Promise<void> {
    await this.#unsent.command(this.gateway, RecordConversation, [caseId, mode, words], async () => {
      const { sealed, signature } = await this.#sealed(caseId, words);
      return { caseId, mode, minutes: sealed, signature };
    });
  }

  /** Record how it ended, and close the case. `outcome` and `route` are codes of the taxonomy. */
  async close(caseId: string, outcome: string, route: string): Promise<void> {
    const ended = { caseId, outcome, route };
    await this.#unsent.command(this.gateway, RecordOutcome, [ended], async () => ended);
    await this.#unsent.command(this.gateway, CloseCase, [caseId], async () => ({ caseId }));
  }

  /** Seal a file, send it and attach it; its id. The reporter reads it too, if they gave a key. */
  async attach(caseId: string, source: Source, file: FileNamed, keepMetadata = false): Promise<string> {
    const reporter = await this.#reporter(caseId).catch(() => undefined);
    const { id } = await this.#directory();
    const place = { organisation: id, case: caseId, attachment: crypto.randomUUID() };
    const sealer = new AttachmentSealer(place, file);
    await sendChunks(this.gateway, sealer.chunks(source, keepMetadata), place);
    const { header } = sealer;
    const { sealed, signature } = await this.#sealed(caseId, header.text, reporter);
    await this.gateway.command(AttachFile, {
      caseId,
      attachmentId: place.attachment,
      chunks: header.chunks,
      digest: toBase64(header.digest),
      words: sealed,
      signature,
    });
    return place.attachment;
  }

  /** A file of an entry, whole. Throws CannotOpen, and as `HoeksteenClient.request` does. */
  async file(caseId: string, file: NonNullable<OpenedWords["file"]>): Promise<Blob> {
    return fetchFile(this.gateway, { organisation: (await this.#directory()).id, case: caseId }, file);
  }

  async #opened(found: Answered): Promise<AdvisersCase> {
    const directory = await this.#directory();
    const place = { organisation: directory.id, case: found.id };
    const entries = found.entries.map(async (entry) => {
      const spoken = { ...entry, attachmentId: entry.kind === "FileAttached" ? entry.ref : null };
      return { ...entry, opened: await opened(spoken, this.key, place, directory) };
    });
    return { ...found, entries: await Promise.all(entries) };
  }

  async #sealed(caseId: string, words: string, reporter?: Reader) {
    const directory = await this.#directory();
    const place: Place = { organisation: directory.id, case: caseId };
    const readers = readersOf(directory, this.adviserId, this.key);
    const sealed: Sealed[] = await sealTo(words, [...readers, ...(reporter ? [reporter] : [])], place);
    const signature = this.key.signing && toBase64(await this.key.signWords(sealed, place));
    return { sealed: asInput(sealed), signature };
  }

  async #reporter(caseId: string): Promise<Reader> {
    const { case: found } = await this.gateway.request(CaseOf, { id: caseId });
    if (!found?.replyKey) throw new SealingError("The reporter of this case gave no key to seal to.");
    const publicKey = bytesOf(found.replyKey);
    return { keyId: await keyIdOf(publicKey), publicKey };
  }

  async #directory(): Promise<Directory> {
    const { organisation } = this.#start ?? (await this.start());
    if (!organisation) throw new SealingError("Your organisation is not set up yet.");
    return organisation;
  }
}
