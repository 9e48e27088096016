/** Client of Hoeksteen for the browser: words are sealed here, before any server sees them. */

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
  CannotOpen,
  CannotSign,
  FileTooLarge,
  MetadataStays,
  SealingError,
  WordsTooLong,
  WrongCode,
} from "./errors.js";
export { type Source, stripped } from "./metadata.js";
export { PartyKey } from "./parties.js";
export { type PulseToken, makePulseTokens } from "./pulse.js";
export { ReporterCode } from "./reporterCode.js";
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
