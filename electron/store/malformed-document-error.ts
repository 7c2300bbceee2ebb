import { ERRORS, type AppError } from '#domain/errors.ts';

/** Thrown out of an iteration over the server at a document that does not parse. */
export class MalformedDocumentError extends Error {
  override readonly name = 'MalformedDocumentError';
  readonly #error: AppError;

  /** @param error `malformed_document`, with the document, the place in it and the reason */
  constructor(error: AppError) {
    super(ERRORS[error.code].message);
    this.#error = error;
  }

  /** The error as a value. */
  toAppError(): AppError {
    return this.#error;
  }
}
