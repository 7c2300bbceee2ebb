import { CACHED_PARTS, subjectOf, type CachedPart } from '#cache/changes.ts';
import type { CopyScope } from '#cache/copy-scope.ts';
import { contentDigestOf, digestOf } from '#cache/digest.ts';
import type { IdRange } from '#cache/digest-reader.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import type { AppError } from '#domain/errors.ts';
import { appError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { StoreChange } from '#store/change-source.ts';
import type { ChangesPort } from './ports.ts';
import { ABOVE_ALL_IDS } from './read-page.ts';

/** Documents of one range that is compared at once. */
const RANGE_ROWS = 1000;
/** The most differences that are named; the others are counted. */
const NAMED_MAX = 500;

/** What differs between the copy and the server. */
export interface CopyDifference {
  readonly part: CachedPart;
  readonly id: string;
  /** `missing`: the server has it and the copy has not; `extra`: the other way round; `differs`: both have it, not the same. */
  readonly type: 'missing' | 'extra' | 'differs';
}

export interface VerifyReport {
  /** Up to when the copy claims to miss nothing; null where it claims nothing. */
  readonly asOfMs: number | null;
  readonly isComplete: boolean;
  readonly documents: number;
  readonly ranges: number;
  /** Documents that changed on the server after `asOfMs`, or while they were compared: no difference, the copy is behind. */
  readonly newer: number;
  /** The first ones by name. */
  readonly differences: readonly CopyDifference[];
  readonly differencesTotal: number;
}

export interface VerifyOptions {
  readonly changes: Pick<ChangesPort, 'page'>;
  readonly reader: Pick<CopyReader, 'digest' | 'contents' | 'contentOf' | 'standing'>;
  readonly signal: AbortSignal;
  readonly onProgress?: (documents: number) => void;
  /** Documents of one range; left out, a thousand. */
  readonly rangeRows?: number;
}

/**
 * Compares the copy with the server by digests of ranges of ids, and names what differs. Changes nothing. A document that differs
 * is looked at a second time before it is named, and does not count where it is newer on the server than the copy claims to be.
 * Errors: those of the server and of the copy, `cancelled`.
 */
export async function verifyCopy(options: VerifyOptions): Promise<Result<VerifyReport, AppError>> {
  const began = await options.reader.standing();
  if (!began.ok) return began;
  const { scope } = began.value;
  const tally = { documents: 0, ranges: 0, newer: 0, named: [] as CopyDifference[], total: 0 };
  for (const part of CACHED_PARTS) {
    const compared = await comparePart({ ...options, scope }, part, tally);
    if (!compared.ok) return compared;
  }
  const standing = await options.reader.standing();
  if (!standing.ok) return standing;
  return ok({
    asOfMs: standing.value.asOfMs,
    isComplete: standing.value.isComplete,
    documents: tally.documents,
    ranges: tally.ranges,
    newer: tally.newer,
    differences: tally.named,
    differencesTotal: tally.total,
  });
}

interface Comparison extends VerifyOptions {
  readonly scope: CopyScope;
}

interface Tally {
  documents: number;
  ranges: number;
  newer: number;
  readonly named: CopyDifference[];
  total: number;
}

async function comparePart(options: Comparison, part: CachedPart, tally: Tally): Promise<Result<void, AppError>> {
  const rangeRows = options.rangeRows ?? RANGE_ROWS;
  let throughId: string | null = null;
  let beforeId = ABOVE_ALL_IDS;
  // A range begins behind an id, so the last document of a page waits for the next one.
  let waiting: readonly StoreChange[] = [];
  for (;;) {
    if (options.signal.aborted) return err(appError('cancelled'));
    const page = await options.changes.page(part, beforeId, rangeRows, options.scope);
    if (!page.ok) return page;
    const isLast = page.value.length < rangeRows;
    const last = page.value.at(-1);
    const documents = [...waiting, ...(isLast ? page.value : page.value.slice(0, -1))];
    const afterId = isLast || last === undefined ? null : subjectOf(last).id;
    const compared = await compareRange(options, { range: { part, afterId, throughId }, documents, tally });
    if (!compared.ok) return compared;
    if (isLast || last === undefined || afterId === null) return ok(undefined);
    waiting = [last];
    beforeId = afterId;
    throughId = afterId;
  }
}

async function compareRange(
  options: Comparison,
  of: { readonly range: IdRange; readonly documents: readonly StoreChange[]; readonly tally: Tally },
): Promise<Result<void, AppError>> {
  const { range, documents, tally } = of;
  tally.documents += documents.length;
  tally.ranges += 1;
  options.onProgress?.(tally.documents);
  const own = await options.reader.digest(range);
  if (!own.ok) return own;
  const digest = digestOf(documents, options.scope);
  if (own.value.sha256 === digest.sha256 && own.value.documents === digest.documents) return ok(undefined);
  const first = await differencesOf(options, range, documents);
  if (!first.ok) return first;
  for (const difference of first.value) {
    const named = await lookAgain(options, difference);
    if (!named.ok) return named;
    if (named.value === 'newer') tally.newer += 1;
    if (named.value !== 'differs') continue;
    tally.total += 1;
    if (tally.named.length < NAMED_MAX) tally.named.push(difference);
  }
  return ok(undefined);
}

async function differencesOf(
  options: Comparison,
  range: IdRange,
  documents: readonly StoreChange[],
): Promise<Result<readonly CopyDifference[], AppError>> {
  const contents = await options.reader.contents(range);
  if (!contents.ok) return contents;
  const copied = new Map(contents.value.map(({ id, sha256 }) => [id, sha256]));
  const differences: CopyDifference[] = [];
  for (const document of documents) {
    const { id } = subjectOf(document);
    const sha256 = copied.get(id);
    copied.delete(id);
    if (sha256 === undefined) differences.push({ part: range.part, id, type: 'missing' });
    else if (sha256 !== contentDigestOf(document, options.scope))
      differences.push({ part: range.part, id, type: 'differs' });
  }
  for (const id of copied.keys()) differences.push({ part: range.part, id, type: 'extra' });
  return ok(differences);
}

/** Reads one document of both sides again: most differences are changes that were on their way. */
async function lookAgain(
  options: Comparison,
  difference: CopyDifference,
): Promise<Result<'same' | 'newer' | 'differs', AppError>> {
  const { part, id } = difference;
  // The next text after an id is the id with a NUL behind it.
  const page = await options.changes.page(part, `${id}\0`, 1, { fromId: id });
  if (!page.ok) return page;
  const found = page.value.find((change) => subjectOf(change).id === id);
  const standing = await options.reader.standing();
  if (!standing.ok) return standing;
  const again = await options.reader.contentOf(part, id);
  if (!again.ok) return again;
  // The window may have moved on meanwhile.
  const expected = found === undefined ? null : contentDigestOf(found, standing.value.scope);
  const isSame = again.value === expected;
  if (isSame) return ok('same');
  const changedMs = found === undefined ? null : timeOf(found);
  const { asOfMs } = standing.value;
  return ok(changedMs !== null && (asOfMs === null || changedMs > asOfMs) ? 'newer' : 'differs');
}

/** When a document last changed on the server, as far as it says so itself. */
function timeOf(change: StoreChange): number | null {
  if (change.type === 'entry') return change.entry.at.getTime();
  if (change.type !== 'job') return null;
  const at = change.job.document['updatedAt'];
  return at instanceof Date ? at.getTime() : null;
}
