/** A reporter's way with their one case: everything is sealed and opened here, in the browser. */

import { AttachmentSealer, type FileNamed } from "./attachments.js";
import { toBase64 } from "./bytes.js";
import { type ClientOptions, HoeksteenClient } from "./client.js";
import { type Directory, type OpenedWords, asInput, opened, readersOf } from "./directory.js";
import type { Input } from "./documents.js";
import { SealingError } from "./errors.js";
import { fetchFile, sendChunks } from "./files.js";
import type { Source } from "./metadata.js";
import type { ReporterCode } from "./reporterCode.js";
import {
  AttachFile,
  MyCase,
  type MyCaseAnswer,
  OpenCase,
  type OpenCaseVariables,
  ReporterStart,
  type ReporterStartAnswer,
  SendMessage,
} from "./roles/reporter.js";
import { type Place, sealTo } from "./sealing.js";
import { reporterToken } from "./session.js";
import { Unsent } from "./unsent.js";

/** What is known of a new case in codes, beside its words. */
export type CaseFacts = Omit<
  Input<OpenCaseVariables>,
  "caseId" | "adviserId" | "replyKey" | "words" | "idempotencyKey"
>;

/** A message that was opened. */
export interface ReporterMessage extends OpenedWords {
  readonly sender: "REPORTER" | "ADVISER";
  readonly week: string;
  /** Whether it is known whose it is: a reporter's by their code, an adviser's by the signature. */
  readonly authentic: boolean;
}

/** The case, and all that was said in it, oldest first. */
export type OpenedCase = NonNullable<MyCaseAnswer["myCase"]> & { readonly said: readonly ReporterMessage[] };

export class ReporterCase {
  readonly gateway: HoeksteenClient;
  readonly #unsent = new Unsent();

  /** `options.url` is the gateway's address; `organisation` is known from a poster, a link or a page. */
  constructor(
    readonly code: ReporterCode,
    readonly organisation: string,
    options: Omit<ClientOptions, "token">,
  ) {
    const token = reporterToken(code, organisation, options);
    this.gateway = new HoeksteenClient({ ...options, token });
  }

  /** What a form shows: advisers, what they may keep to themselves, and the codes with their labels. */
  start(): Promise<ReporterStartAnswer> {
    return this.gateway.request(ReporterStart, { language: this.#language() });
  }

  /**
   * Open the case: `words` to this adviser, with what is known in codes. Throws as `sealTo` and
   * `HoeksteenClient.command` do; after Unreachable the same again is carried out once.
   */
  async open(adviserId: string, words: string, facts: CaseFacts): Promise<void> {
    await this.#unsent.command(this.gateway, OpenCase, [adviserId, words, facts], async () => {
      const { organisation } = await this.start();
      const readers = readersOf(known(organisation), adviserId, this.code.key);
      return {
        ...facts,
        caseId: this.code.caseId,
        adviserId,
        replyKey: toBase64(this.code.key.publicKey),
        words: asInput(await sealTo(words, readers, this.#place())),
      };
    });
  }

  /** The case and what was said in it; null where this code has none. */
  async read(): Promise<OpenedCase | null> {
    const { myCase, organisation } = await this.gateway.request(MyCase);
    if (!myCase) return null;
    const said = myCase.messages.map(async (message) => {
      const words = await opened(message, this.code.key, this.#place(), known(organisation));
      const { sender, week } = message;
      return { ...words, sender, week, authentic: sender === "REPORTER" || words.signedBy !== null };
    });
    return { ...myCase, said: await Promise.all(said) };
  }

  /** Say something to the adviser of the case. Throws as `open` does. */
  async write(words: string): Promise<void> {
    const { caseId } = this.code;
    await this.#unsent.command(this.gateway, SendMessage, [caseId, words], async () => {
      const sealed = await sealTo(words, await this.#readers(), this.#place());
      return { caseId, words: asInput(sealed) };
    });
  }

  /** Seal a file, send it and attach it; its id. Throws as `AttachmentSealer.chunks` and `open` do. */
  async attach(source: Source, file: FileNamed, keepMetadata = false): Promise<string> {
    const readers = await this.#readers();
    const place = { ...this.#place(), attachment: crypto.randomUUID() };
    const sealer = new AttachmentSealer(place, file);
    await sendChunks(this.gateway, sealer.chunks(source, keepMetadata), place);
    const { header } = sealer;
    await this.gateway.command(AttachFile, {
      caseId: place.case,
      attachmentId: place.attachment,
      chunks: header.chunks,
      digest: toBase64(header.digest),
      words: asInput(await sealTo(header.text, readers, this.#place())),
    });
    return place.attachment;
  }

  /** A file of a message, whole. Throws CannotOpen, and as `HoeksteenClient.request` does. */
  file(file: NonNullable<OpenedWords["file"]>): Promise<Blob> {
    return fetchFile(this.gateway, this.#place(), file);
  }

  async #readers() {
    const { myCase, organisation } = await this.gateway.request(MyCase);
    if (!myCase) throw new SealingError("There is no case with this code.");
    return readersOf(known(organisation), myCase.adviserId, this.code.key);
  }

  #place(): Place {
    return { organisation: this.organisation, case: this.code.caseId };
  }

  #language(): "NL" | "EN" {
    return this.gateway.language === "nl" ? "NL" : "EN";
  }
}

function known(organisation: Directory | null): Directory {
  if (!organisation) throw new SealingError("This organisation is not known here.");
  return organisation;
}
