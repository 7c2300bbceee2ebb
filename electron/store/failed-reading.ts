import type { AppError } from '#domain/errors.ts';

/** Thrown out of an iteration where its source fails with an error of the catalogue. */
export class FailedReadingError extends Error {
  override readonly name = 'FailedReadingError';
  readonly error: AppError;

  constructor(error: AppError) {
    super(error.code);
    this.error = error;
  }
}
