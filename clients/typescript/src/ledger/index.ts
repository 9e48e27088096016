/** Checking a log in the client: what was signed, that it only grew, that an entry is in it. */

export { LedgerError } from "./errors.js";
export { type LedgerEntry, leafRecord } from "./leaf.js";
export { ProofError, leafHash, verifyConsistency, verifyInclusion } from "./merkle.js";
export { type Checkpoint, type Cosigned, NoteError, cosignedBy, openCheckpoint, openNote } from "./note.js";
export { LogContradicted, LogUnreachable, PublicLog, type Remembered, type Visit } from "./publicLog.js";
export { TileMissing, TiledTree, tilePath } from "./tiles.js";
