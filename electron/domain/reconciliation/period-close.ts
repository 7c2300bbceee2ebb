import { z } from 'zod';
import { counted } from '../counted.ts';
import { shownCredits } from '../credits.ts';
import { appError, type AppError } from '../errors.ts';
import { periodSchema } from '../ledger.ts';
import { err, ok, type Result } from '../result.ts';
import { safeParse } from '../safe-parse.ts';
import type { Finding } from './finding.ts';
import { periodCode, periodOfCode } from './view.ts';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** A month whose books are closed. `hash` is over everything else in it, and so over all months before it. */
export const closedPeriodSchema = z.object({
  period: periodSchema,
  closedAtMs: z.int(),
  closedBy: z.string().min(1).max(200),
  entries: z.int().nonnegative(),
  /** What the month's entries add up to. */
  netCredits: z.int(),
  /** SHA-256 over the SHA-256 of every entry of the month, in order of those digests. */
  entriesDigest: sha256Schema,
  /** The hash of the month closed before, null for the first one. */
  previousHash: sha256Schema.nullable(),
  hash: sha256Schema,
});
export type ClosedPeriod = z.infer<typeof closedPeriodSchema>;

/** SHA-256 of a text in UTF-8, as hex; passed in, because the domain has no cryptography of its own. */
export type HashText = (text: string) => string;

/** What closing a month is asked with. */
export interface CloseRequest {
  readonly period: string;
  readonly closedBy: string;
  /** The server's clock. */
  readonly nowMs: number;
  /** The months closed so far, oldest first. */
  readonly closed: readonly ClosedPeriod[];
  /** What is found and not accepted. */
  readonly openFindings: readonly Finding[];
  /** A finding worth more than this, either way, keeps the month open. */
  readonly openCreditsMax: number;
  readonly entries: number;
  readonly netCredits: number;
  readonly entriesDigest: string;
}

/**
 * Closes a month: from then on an entry dated into it is a finding, and its books have one hash.
 * Errors (`invalid_request` with the cause): the month is not over, is closed already, does not follow the one closed before,
 * or has open findings that are worth too much.
 */
export function closePeriod(request: CloseRequest, hashText: HashText): Result<ClosedPeriod, AppError> {
  const refusal = refusalOf(request);
  if (refusal !== null) return err(appError('invalid_request', refusal));
  const record = {
    period: request.period,
    closedAtMs: request.nowMs,
    closedBy: request.closedBy,
    entries: request.entries,
    netCredits: request.netCredits,
    entriesDigest: request.entriesDigest,
    previousHash: request.closed.at(-1)?.hash ?? null,
  };
  return ok({ ...record, hash: hashOf(record, hashText) });
}

function refusalOf(request: CloseRequest): string | null {
  const code = periodCode(request.period);
  if (!safeParse(periodSchema, request.period).success) return `${request.period} is no month`;
  if (request.nowMs < endOfPeriodMs(request.period)) return `${request.period} is not over`;
  const last = request.closed.at(-1);
  if (request.closed.some((closed) => closed.period === request.period)) return `${request.period} is closed already`;
  if (last !== undefined && periodCode(last.period) + 1 !== code) {
    return `${periodOfCode(periodCode(last.period) + 1)} is to be closed first`;
  }
  const inTheWay = request.openFindings.filter(
    (finding) =>
      Math.abs(finding.credits) > request.openCreditsMax &&
      (finding.period === null || periodCode(finding.period) <= code),
  );
  return inTheWay.length === 0
    ? null
    : `${counted(inTheWay.length, 'open finding')} worth more than ${shownCredits(request.openCreditsMax)} credits each`;
}

/** The moment from which a month is over, and may be closed: its last day ends in UTC. Milliseconds since 1970. */
export function endOfPeriodMs(period: string): number {
  return Date.parse(`${periodOfCode(periodCode(period) + 1)}-01T00:00:00Z`);
}

/**
 * Follows the chain from the first closed month.
 * @returns the first month whose hash or link does not fit, null where all do
 */
export function findBrokenLink(closed: readonly ClosedPeriod[], hashText: HashText): string | null {
  let previous: ClosedPeriod | null = null;
  for (const record of closed) {
    const { hash, ...content } = record;
    const follows = previous === null || periodCode(previous.period) + 1 === periodCode(record.period);
    if (!follows || record.previousHash !== (previous?.hash ?? null) || hashOf(content, hashText) !== hash) {
      return record.period;
    }
    previous = record;
  }
  return null;
}

function hashOf(record: Omit<ClosedPeriod, 'hash'>, hashText: HashText): string {
  // A list, so that the order of the fields is part of the format.
  return hashText(
    JSON.stringify([
      'runledger-period-1',
      record.period,
      record.closedAtMs,
      record.closedBy,
      record.entries,
      record.netCredits,
      record.entriesDigest,
      record.previousHash,
    ]),
  );
}
