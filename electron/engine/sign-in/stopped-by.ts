import { appError, type AppError } from '#domain/errors.ts';
import { SignInError } from '#store/sign-in.ts';

/** Why a signal ended a sign-in: what its reason says, and of the driver's own signal that its time was over. */
export function stoppedBy({ reason }: AbortSignal): AppError {
  return reason instanceof SignInError ? reason.toAppError() : appError('sign_in_timed_out');
}
