/** Base of what can go wrong here; the text is for a person and holds no words and no key. */
export class SealingError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = new.target.name;
  }
}

/** The words are longer than `MAX_WORDS_BYTES`. */
export class WordsTooLong extends SealingError {}

/** An envelope, header or chunk does not open: another key, case, organisation, or it was changed. */
export class CannotOpen extends SealingError {}

/** The key has no signing key: it is a reporter's, or its file was of format 1. */
export class CannotSign extends SealingError {}

/** The words are not a code: one is missing, misspelt or in another place. */
export class WrongCode extends SealingError {}

/** The file is larger than the limit. */
export class FileTooLarge extends SealingError {}

/** The file's metadata cannot be removed here; the text names its kind. */
export class MetadataStays extends SealingError {}
