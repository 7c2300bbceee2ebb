import { appError, type AppError } from '#domain/errors.ts';

/** Thrown by whatever cannot be translated; {@link attemptCall} turns it into `not_mappable`. Nothing has reached the server. */
export class NotMappableError extends Error {
  override readonly name = 'NotMappableError';

  /** The error as a value. */
  toAppError(): AppError {
    return appError('not_mappable', this.message, this);
  }
}
