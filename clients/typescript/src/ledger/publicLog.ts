/**
 * A log of Hoeksteen as anybody sees it: signed checkpoints and hash tiles, static files that say nothing
 * about a person. A client that remembers where a log was can tell that it only grew, and, of an
 * entry that it knows, that it is in it.
 */

import { type Bytes, fromBase64, toBase64 } from "../bytes.js";
import { LedgerError } from "./errors.js";
import { type LedgerEntry, leafRecord } from "./leaf.js";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.js";
import { type Checkpoint, type Cosigned, cosignedBy, openCheckpoint } from "./note.js";
import { TiledTree } from "./tiles.js";

/** The log cannot be read: nothing is known of it. */
export class LogUnreachable extends LedgerError {}

/** The log contradicts what was seen of it before. Keep both, and tell the auditor. */
export class LogContradicted extends LedgerError {}

/** What a client keeps of a visit, as JSON: keys, size and root (base64). It holds nothing of a person. */
export interface Remembered {
  readonly vkeys: readonly string[];
  readonly size: number;
  readonly root: string;
}

/** A visit in which everything held. */
export interface Visit {
  readonly checkpoint: Checkpoint;
  /** To be kept, and given at the next visit. */
  readonly remembered: Remembered;
  /** Who of `witnesses` cosigned it. */
  readonly cosigned: readonly Cosigned[];
}

export class PublicLog {
  readonly #address: string;

  /** `gateway`: the address of GraphQL; the files lie beside it. No token is sent, to nobody. */
  constructor(
    gateway: string,
    readonly organisation: string,
    readonly service: "intake" | "signals" | "reporting" = "intake",
    private readonly fetched: typeof fetch = (...given) => fetch(...given),
  ) {
    this.#address = gateway.replace(/[^/]*\/?$/, `ledger/${service}/${organisation}/`);
  }

  /**
   * Read the newest checkpoint, and prove that the log goes on from what is `remembered`, whose keys are
   * believed; at a first visit, those that the log names. `witnesses` are vkeys. Throws LogContradicted,
   * and LedgerError for what is wrong or missing.
   */
  async visit(remembered?: Remembered, witnesses: readonly string[] = []): Promise<Visit> {
    const vkeys = remembered?.vkeys ?? (await this.#text("log.vkey")).trim().split("\n");
    const note = await this.#file("checkpoint");
    if (!note) throw new LogUnreachable("This log has no checkpoint yet.");
    const checkpoint = await openCheckpoint(note, vkeys);
    if (checkpoint.origin.split("/").slice(1).join("/") !== `${this.service}/${this.organisation}`) {
      throw new LedgerError("This is a checkpoint of another log.");
    }
    if (remembered) await this.#goesOn(remembered, checkpoint);
    const { size, root } = checkpoint;
    return {
      checkpoint,
      remembered: { vkeys, size, root: toBase64(root) },
      cosigned: await cosignedBy(note, witnesses),
    };
  }

  /** Prove that an entry is in the log, as it was at a checkpoint that was visited. Throws LedgerError. */
  async includes(entry: LedgerEntry, { size, root }: Checkpoint): Promise<void> {
    const leaf = await leafHash(leafRecord(this.organisation, entry));
    const proof = await this.#tree(size).inclusionProof(entry.index);
    await verifyInclusion({ leaf, index: entry.index, size, proof, root });
  }

  async #goesOn(remembered: Remembered, { size, root }: Checkpoint): Promise<void> {
    const before = fromBase64(remembered.root);
    if (!before) throw new LedgerError("What was remembered of this log is damaged.");
    if (size < remembered.size) throw new LogContradicted("The log is shorter than it was.");
    const proof = await this.#tree(size).consistencyProof(remembered.size);
    try {
      await verifyConsistency({ size1: remembered.size, root1: before, size2: size, root2: root, proof });
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      throw new LogContradicted("The log tells another history than it did.");
    }
  }

  #tree(size: number): TiledTree {
    return new TiledTree((path) => this.#file(path), size);
  }

  async #text(path: string): Promise<string> {
    const found = await this.#file(path);
    if (!found) throw new LogUnreachable("There is no such log here.");
    return new TextDecoder().decode(found);
  }

  async #file(path: string): Promise<Bytes | undefined> {
    let answer: Response;
    try {
      answer = await this.fetched(this.#address + path, {
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
      });
    } catch {
      throw new LogUnreachable("The log cannot be reached.");
    }
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new LogUnreachable(`The log answered ${answer.status}.`);
    return new Uint8Array(await answer.arrayBuffer());
  }
}
