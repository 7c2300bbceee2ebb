import { appError, type AppError } from '#domain/errors.ts';

/** Why nothing is to be written from this environment, null where something may: what is asked for a window holds for commands and runners too. */
export function readOnlyAsked(): AppError | null {
  const asked = process.env['RUNLEDGER_READ_ONLY'] ?? '';
  return asked === '' || asked === '0' ? null : appError('read_only', 'RUNLEDGER_READ_ONLY is set');
}
