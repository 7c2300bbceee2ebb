import { subjectOf, type CachedPart } from '#cache/changes.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import { contentDigestOf } from '#cache/digest.ts';
import type { Standing } from '#cache/snapshot-book.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ChangeFollower, StoreChange } from '#store/change-source.ts';
import type { ChangesPort } from './ports.ts';
import { decodePosition } from './position.ts';
import { readOne } from './read-page.ts';
import { hasNoStreams, isPositionLost } from './stream-faults.ts';

/** A document that was not the same on both sides when it was looked at. */
export interface Doubt {
  readonly part: CachedPart;
  readonly id: string;
}

/** What differs between the copy and the server. */
export interface CopyDifference extends Doubt {
  /** `missing`: the server has it and the copy has not; `extra`: the other way round; `differs`: both have it, not the same. */
  readonly type: 'missing' | 'extra' | 'differs';
}

export interface SettleOptions {
  readonly changes: Pick<ChangesPort, 'page' | 'follow' | 'now'>;
  readonly reader: Pick<CopyReader, 'contentOf' | 'standing'>;
  /** Waits, and ends early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
  /** How many events are read at most; left out, 200,000. */
  readonly eventsMax?: number;
  /** A position of polls that did not move when it was waited for: nobody keeps a copy that still stands there. */
  readonly stillAt?: string | null;
}

/** What became of doubts; those in none of these are the same on both sides now. */
export interface Settled {
  readonly differences: readonly CopyDifference[];
  /** Documents that the copy has not come to yet. */
  readonly newer: number;
  /** Documents that are not the same and of which nothing tells whether they changed since the copy was last kept. */
  readonly untold: readonly CopyDifference[];
  /** The position of polls that did not move while it was waited for; null where it moved, or was not waited for. */
  readonly stillAt: string | null;
}

const NOTHING: Settled = { differences: [], newer: 0, untold: [], stillAt: null };

/** The most events that are read to see what the copy has not come to yet; where there are more, it is far behind. */
const EVENTS_MAX = 200_000;
/** An event that the server dates this far behind a time came after it, however exactly that was measured. Milliseconds. */
const SURELY_MS = 2000;
/** A document that a poll may still have to look back for: transactions end this long after the times that they write. */
const POLLED_MS = 120_000;
/** How long a copy that is kept by polls is waited for, and how long one whose position stands still, in seconds. */
const WAITS_MAX = 240;
const WAITS_STILL_MAX = 20;

/**
 * Tells differences from changes that the copy has not come to yet: by the events behind its position where there are streams, otherwise
 * by what a poll or sweep must have met that began after the document was looked at. Errors: those of both sides, `cancelled`.
 */
export async function settleDoubts(
  options: SettleOptions,
  doubts: readonly Doubt[],
): Promise<Result<Settled, AppError>> {
  const looked = await lookAt(options, doubts);
  if (!looked.ok || looked.value.unequal.length === 0) return looked.ok ? ok(NOTHING) : looked;
  const position = decodePosition(looked.value.standing.position);
  return position?.type === 'stream'
    ? settleByStream(options, looked.value, position.token)
    : settleByPolls(options, looked.value);
}

/** A document that differs, as both sides have it. */
interface Unequal extends Doubt {
  /** Digests of what the copy has and should have; null for nothing. */
  readonly copied: string | null;
  readonly expected: string | null;
  /** When it last changed on the server, as far as it says so itself. */
  readonly changedMs: number | null;
}

interface Looked {
  /** As it was before any document was looked at. */
  readonly standing: Standing;
  readonly unequal: readonly Unequal[];
}

/** Reads documents of both sides: first the copy's, so that what the server changes between the two lies behind its position. */
async function lookAt(
  { changes, reader, signal }: SettleOptions,
  doubts: readonly Doubt[],
): Promise<Result<Looked, AppError>> {
  const standing = await reader.standing();
  if (!standing.ok) return standing;
  const unequal: Unequal[] = [];
  for (const { part, id } of doubts) {
    if (signal.aborted) return err(appError('cancelled'));
    const copied = await reader.contentOf(part, id);
    if (!copied.ok) return copied;
    const page = await readOne(changes, part, id);
    if (!page.ok) return page;
    const found = page.value.find((change) => subjectOf(change).id === id);
    const expected = found === undefined ? null : contentDigestOf(found, standing.value.scope);
    if (copied.value === expected) continue;
    unequal.push({ part, id, copied: copied.value, expected, changedMs: found === undefined ? null : timeOf(found) });
  }
  return ok({ standing: standing.value, unequal });
}

async function settleByStream(
  options: SettleOptions,
  { standing, unequal }: Looked,
  token: string,
): Promise<Result<Settled, AppError>> {
  const { asOfMs } = standing;
  const older = unequal.filter(({ changedMs }) => !isBehind(changedMs, asOfMs));
  if (older.length === 0) return ok({ ...NOTHING, newer: unequal.length });
  const touched = await touchedSince(options, token);
  if (!touched.ok) return touched;
  const ids = touched.value;
  if (ids === null) {
    return ok({ ...NOTHING, newer: unequal.length - older.length, untold: older.map(differenceOf) });
  }
  const left = older.filter((one) => !ids.has(keyOf(one)));
  // The window of the copy may have moved while it was looked at, and what is still the same on each side is no change on its way.
  const again = await lookAt(options, left);
  if (!again.ok) return again;
  const before = new Map(left.map((one) => [keyOf(one), one]));
  const differences = again.value.unequal.filter((one) => {
    const was = before.get(keyOf(one));
    return was?.copied === one.copied && was.expected === one.expected;
  });
  const moved = again.value.unequal.length - differences.length;
  const newer = unequal.length - left.length + moved;
  return ok({ ...NOTHING, differences: differences.map(differenceOf), newer });
}

/** What changed on the server behind a position, up to now; null where nobody can say, or it is too much. */
async function touchedSince(
  options: SettleOptions,
  token: string,
): Promise<Result<ReadonlySet<string> | null, AppError>> {
  const now = await options.changes.now();
  if (!now.ok) return now;
  const opened = await options.changes.follow(token);
  if (!opened.ok) return endOf(opened.error);
  try {
    return await readTouched(opened.value, now.value.getTime() + SURELY_MS, options);
  } finally {
    await opened.value.close();
  }
}

async function readTouched(
  follower: ChangeFollower,
  untilMs: number,
  { signal, eventsMax = EVENTS_MAX }: SettleOptions,
): Promise<Result<ReadonlySet<string> | null, AppError>> {
  const touched = new Set<string>();
  // The same documents may have changed any number of times.
  for (let events = 0; events < eventsMax;) {
    if (signal.aborted) return err(appError('cancelled'));
    const batch = await follower.next();
    if (!batch.ok) return endOf(batch.error);
    const { changes, isInvalidated, lastAtMs } = batch.value;
    if (isInvalidated) return ok(null);
    events += Math.max(1, changes.length);
    for (const change of changes) touched.add(keyOf(subjectOf(change)));
    const isEmpty = changes.length === 0 && lastAtMs === null;
    if (isEmpty || (lastAtMs !== null && lastAtMs > untilMs)) return ok(touched);
  }
  return ok(null);
}

/** Where the changes behind a position are gone, nobody can say what they were. */
function endOf(error: AppError): Result<null, AppError> {
  return isPositionLost(error) || hasNoStreams(error) ? ok(null) : err(error);
}

async function settleByPolls(options: SettleOptions, first: Looked): Promise<Result<Settled, AppError>> {
  const differences: CopyDifference[] = [];
  const untold: CopyDifference[] = [];
  /** Since when the server has had it as it has it now. */
  const steady = new Map<string, { readonly expected: string | null; readonly sinceMs: number }>();
  let newer = 0;
  let beganMs: number | null = null;
  let looked = first;
  for (let waited = 0; ;) {
    const now = await options.changes.now();
    if (!now.ok) return now;
    beganMs ??= now.value.getTime();
    const pending: Unequal[] = [];
    for (const one of looked.unequal) {
      const was = steady.get(keyOf(one));
      const sinceMs = was?.expected === one.expected ? was.sinceMs : now.value.getTime();
      steady.set(keyOf(one), { expected: one.expected, sinceMs });
      const is = judgePolled(one, looked.standing, sinceMs);
      if (is === 'differs') differences.push(differenceOf(one));
      else if (is === 'newer') newer += 1;
      else if (is === 'untold') untold.push(differenceOf(one));
      else pending.push(one);
    }
    const { position } = looked.standing;
    if (pending.length === 0) return ok({ differences, newer, untold, stillAt: null });
    const isStill = position === options.stillAt;
    const moved = isStill || waited >= WAITS_MAX ? ok(null) : await untilMoved(options, position);
    if (!moved.ok) return moved;
    if (moved.value === null) {
      // What changed again while it was looked at is on its way.
      const steadyOnes = pending.filter((one) => steady.get(keyOf(one))?.sinceMs === beganMs);
      untold.push(...steadyOnes.map(differenceOf));
      newer += pending.length - steadyOnes.length;
      return ok({ differences, newer, untold, stillAt: waited < WAITS_MAX ? position : null });
    }
    waited += moved.value;
    const again = await lookAt(options, pending);
    if (!again.ok) return again;
    looked = again.value;
  }
}

/** Waits for whoever keeps the copy to get further. @returns how often it waited; null where nobody did. Errors: `cancelled`, the copy's */
async function untilMoved(
  { reader, wait, signal }: SettleOptions,
  position: string | null,
): Promise<Result<number | null, AppError>> {
  for (let waited = 1; waited <= WAITS_STILL_MAX; waited += 1) {
    await wait(1000, signal);
    if (signal.aborted) return err(appError('cancelled'));
    const standing = await reader.standing();
    if (!standing.ok) return standing;
    if (standing.value.position !== position) return ok(waited);
  }
  return ok(null);
}

/** @param sinceMs from when on at least the server has had the document as it has it now, or not had it */
function judgePolled(
  { part, copied, expected, changedMs }: Unequal,
  standing: Standing,
  sinceMs: number,
): 'differs' | 'newer' | 'untold' | 'pending' {
  if (changedMs !== null) {
    if (isBehind(changedMs, standing.asOfMs === null ? null : standing.asOfMs - POLLED_MS)) return 'newer';
    // A document of an old time that is there for the first time is found by the next sweep.
    if (copied !== null) return 'differs';
  }
  const position = decodePosition(standing.position);
  if (position?.type !== 'poll') return 'untold';
  const metMs = part === 'accounts' && expected !== null ? position.sinceMs : position.sweptMs;
  return metMs !== null && metMs > sinceMs ? 'differs' : 'pending';
}

function isBehind(changedMs: number | null, asOfMs: number | null): boolean {
  return changedMs !== null && (asOfMs === null || changedMs > asOfMs);
}

function differenceOf({ part, id, copied, expected }: Unequal): CopyDifference {
  return { part, id, type: copied === null ? 'missing' : expected === null ? 'extra' : 'differs' };
}

function keyOf({ part, id }: Doubt): string {
  return `${part} ${id}`;
}

/** When a document last changed on the server, as far as it says so itself. */
function timeOf(change: StoreChange): number | null {
  if (change.type === 'entry') return change.entry.at.getTime();
  if (change.type !== 'job') return null;
  const at = change.job.document['updatedAt'];
  return at instanceof Date ? at.getTime() : null;
}
