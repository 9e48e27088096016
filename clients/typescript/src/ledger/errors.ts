/** Base of what is wrong with a log, its keys or its proofs. The text says it in one sentence. */
export class LedgerError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = new.target.name;
  }
}
