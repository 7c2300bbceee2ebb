import type { AppError } from '#domain/errors.ts';

/**
 * Codes of MongoDB that say that a stream cannot be taken up at its position any more: history lost (286), fatal (280), position
 * lost (136), token invalid (260), of a failed parse (9), for another stream (50811), for an event that is gone (40585 in front of 4.4); and
 * that the next event is larger than a message may be (10334), at which the stream would fail again for as long as the log has it.
 */
const POSITION_LOST: ReadonlySet<number> = new Set([286, 280, 136, 260, 9, 50_811, 40_576, 40_585, 50_792, 10_334]);

/** With what MongoDB refuses a token that is not of its own form, or of a version that it does not know (`resume_token.cpp`). */
const FOREIGN_TOKEN: ReadonlySet<number> = new Set([
  207, 40_646, 40_647, 40_648, 40_649, 50_793, 50_794, 50_795, 50_796, 50_854, 50_855, 50_870, 50_872, 51_055, 51_056,
  51_057, 6_189_500, 6_189_501, 6_189_503, 6_189_504, 7_182_501,
]);

/** Codes that say that there are no streams here: not on a standalone (40573), unknown stage (40324), unknown command (59, 115, 303). */
const NO_STREAMS: ReadonlySet<number> = new Set([40_573, 40_324, 59, 115, 303, 238]);

function serverCodeOf(error: AppError): number | null {
  const { cause } = error;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'number'
    ? cause.code
    : null;
}

/** True where the changes since the position cannot be had any more. */
export function isPositionLost(error: AppError): boolean {
  const code = serverCodeOf(error);
  return (
    error.code === 'stream_history_lost' || (code !== null && (POSITION_LOST.has(code) || FOREIGN_TOKEN.has(code)))
  );
}

/** True where the deployment has no change streams, or the user may not open one. */
export function hasNoStreams(error: AppError): boolean {
  const code = serverCodeOf(error);
  return error.code === 'not_authorized' || (code !== null && NO_STREAMS.has(code));
}
