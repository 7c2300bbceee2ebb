import { CACHED_PARTS, subjectOf, type CachedPart } from '#cache/changes.ts';
import type { CopyScope } from '#cache/copy-scope.ts';
import { contentDigestOf, digestOf } from '#cache/digest.ts';
import type { IdRange } from '#cache/digest-reader.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import type { AppError } from '#domain/errors.ts';
import { appError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { StoreChange } from '#store/change-source.ts';
import { ABOVE_ALL_IDS } from './read-page.ts';
import { settleDoubts, type CopyDifference, type Doubt, type SettleOptions } from './settle-doubts.ts';

/** Documents of one range that is compared at once. */
const RANGE_ROWS = 1000;
/** The most documents of each kind that are named; the others are counted. */
const NAMED_MAX = 500;

/** Documents in doubt that are settled together: what is on its way is waited for once for all of them. */
const SETTLED_AT_ONCE = 500;

/** What the comparison of the copy with the server came to. */
export interface VerifyReport {
  /** Up to when the copy claims to miss nothing; null where it claims nothing. */
  readonly asOfMs: number | null;
  readonly isComplete: boolean;
  readonly documents: number;
  readonly ranges: number;
  /** Documents that changed on the server and that the copy has not come to yet: no difference. */
  readonly newer: number;
  /** Documents that are not the same and of which nothing tells whether they changed since the copy was last kept; the first ones by name. */
  readonly untold: readonly CopyDifference[];
  readonly untoldTotal: number;
  /** The first ones by name. */
  readonly differences: readonly CopyDifference[];
  readonly differencesTotal: number;
}

/** What is compared, and by what. */
export interface VerifyOptions extends SettleOptions {
  readonly reader: Pick<CopyReader, 'digest' | 'contents' | 'contentOf' | 'standing'>;
  readonly onProgress?: (documents: number) => void;
  /** Documents of one range; left out, a thousand. */
  readonly rangeRows?: number;
}

/**
 * Compares the copy with the server by digests of ranges of ids, and names what differs. Changes nothing. What the server changed and
 * the copy has not come to yet is no difference: see `settleDoubts`.
 * Errors: those of the server and of the copy, `cancelled`.
 */
export async function verifyCopy(options: VerifyOptions): Promise<Result<VerifyReport, AppError>> {
  const began = await options.reader.standing();
  if (!began.ok) return began;
  const { scope } = began.value;
  const tally: Tally = {
    documents: 0,
    ranges: 0,
    newer: 0,
    doubts: [],
    named: [],
    total: 0,
    untold: [],
    untoldTotal: 0,
    stillAt: null,
  };
  for (const part of CACHED_PARTS) {
    const compared = await comparePart({ ...options, scope }, part, tally);
    if (!compared.ok) return compared;
  }
  const settled = await settle(options, tally);
  if (!settled.ok) return settled;
  const standing = await options.reader.standing();
  if (!standing.ok) return standing;
  return ok({
    asOfMs: standing.value.asOfMs,
    isComplete: standing.value.isComplete,
    documents: tally.documents,
    ranges: tally.ranges,
    newer: tally.newer,
    untold: tally.untold,
    untoldTotal: tally.untoldTotal,
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
  doubts: readonly Doubt[];
  readonly named: CopyDifference[];
  total: number;
  readonly untold: CopyDifference[];
  untoldTotal: number;
  stillAt: string | null;
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
    const { changes, isLast } = page.value;
    const last = changes.at(-1);
    const documents = [...waiting, ...(isLast ? changes : changes.slice(0, -1))];
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
  const doubts = await doubtsOf(options, range, documents);
  if (!doubts.ok) return doubts;
  tally.doubts = [...tally.doubts, ...doubts.value];
  return tally.doubts.length < SETTLED_AT_ONCE ? ok(undefined) : settle(options, tally);
}

async function settle(options: VerifyOptions, tally: Tally): Promise<Result<void, AppError>> {
  const settled = await settleDoubts({ ...options, stillAt: tally.stillAt }, tally.doubts);
  if (!settled.ok) return settled;
  tally.doubts = [];
  tally.newer += settled.value.newer;
  tally.total += settled.value.differences.length;
  tally.named.push(...settled.value.differences.slice(0, NAMED_MAX - tally.named.length));
  tally.untoldTotal += settled.value.untold.length;
  tally.untold.push(...settled.value.untold.slice(0, NAMED_MAX - tally.untold.length));
  tally.stillAt = settled.value.stillAt ?? tally.stillAt;
  return ok(undefined);
}

/** The documents of a range that are not the same on both sides, as they were read. */
async function doubtsOf(
  options: Comparison,
  range: IdRange,
  documents: readonly StoreChange[],
): Promise<Result<readonly Doubt[], AppError>> {
  const contents = await options.reader.contents(range);
  if (!contents.ok) return contents;
  const copied = new Map(contents.value.map(({ id, sha256 }) => [id, sha256]));
  const doubts: Doubt[] = [];
  for (const document of documents) {
    const { id } = subjectOf(document);
    const sha256 = copied.get(id) ?? null;
    copied.delete(id);
    if (sha256 !== contentDigestOf(document, options.scope)) doubts.push({ part: range.part, id });
  }
  for (const id of copied.keys()) doubts.push({ part: range.part, id });
  return ok(doubts);
}
