/** Client of Hoeksteen for the browser: words are sealed here, and opened; the gateway is asked. */

export { type AdvisersCase, AdviserCases, type OpenedEntry } from "./adviserCases.js";
export { AdviserKey } from "./adviserKey.js";
export {
  AttachmentHeader,
  type AttachmentPlace,
  AttachmentSealer,
  type FileNamed,
  MAX_FILE_BYTES,
  openAttachment,
} from "./attachments.js";
export {
  type ClientOptions,
  HoeksteenClient,
  type RequestOptions,
  type TokenProvider,
  newIdempotencyKey,
} from "./client.js";
export {
  type Directory,
  type DirectoryAdviser,
  type OpenedWords,
  type SealedWords,
  type Spoken,
  asInput,
  opened,
  readersOf,
} from "./directory.js";
export { type Accepted, Document, type Input, type Payload, type TypedDocument } from "./documents.js";
export {
  CannotOpen,
  CannotSign,
  FileTooLarge,
  MetadataStays,
  SealingError,
  WordsTooLong,
  WrongCode,
} from "./errors.js";
export { fetchChunks, sendChunks } from "./files.js";
export { type LiveOptions, subscribe } from "./live.js";
export { type Source, stripped } from "./metadata.js";
export { PartyKey } from "./parties.js";
export { type PulseToken, makePulseTokens } from "./pulse.js";
export {
  GatewayError,
  type Language,
  NotSignedIn,
  type Problem,
  Refused,
  Unreachable,
} from "./refusals.js";
export { type CaseFacts, type OpenedCase, ReporterCase, type ReporterMessage } from "./reporterCase.js";
export { ReporterCode, door } from "./reporterCode.js";
export { type ReportFinding, type ReportKind, lintReport } from "./reportLint.js";
export {
  MAX_WORDS_BYTES,
  type Place,
  type Reader,
  type Sealed,
  keyIdOf,
  seal,
  sealTo,
} from "./sealing.js";
export { reporterToken } from "./session.js";
export { CHECKS, type Finding, type Kind, type LintOptions, lint } from "./signalLint.js";
export {
  type SealedSignal,
  type SignalPlace,
  type SignalText,
  TextBlocked,
  openSignal,
  sealSignal,
} from "./signals.js";
export { type PublishedKey, type Seat, keyIsProven, wordsAreSigned } from "./statements.js";
