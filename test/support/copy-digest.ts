import Database from 'better-sqlite3';
import { CACHED_PARTS, subjectOf, type CachedPart } from '#cache/changes.ts';
import { digestOf, type RangeDigest } from '#cache/digest.ts';
import type { Cache } from '#cache/open-cache.ts';
import type { ChangeSource, ChangesPage, StoreChange } from '#store/change-source.ts';
import { expectOk } from './expect-ok.ts';

/** A collection whose copy is another than what the server holds. */
export interface DifferingPart {
  readonly part: CachedPart;
  readonly copy: RangeDigest;
  readonly server: RangeDigest;
}

/** Everything that a collection of the server holds. */
export async function readAll(changes: ChangeSource, part: CachedPart): Promise<readonly StoreChange[]> {
  const all: StoreChange[] = [];
  let before: string | null = '\u{10FFFF}';
  while (before !== null) {
    const page: ChangesPage = expectOk(await changes.page(part, before, 1000));
    all.push(...page.changes);
    const last = page.changes.at(-1);
    before = last === undefined || page.isLast ? null : subjectOf(last).id;
  }
  return all;
}

/** Holds the digest of each collection in the copy against that of the same documents read from the server. */
export async function differingParts(cache: Cache, changes: ChangeSource): Promise<readonly DifferingPart[]> {
  const differing: DifferingPart[] = [];
  for (const part of CACHED_PARTS) {
    const copy = expectOk(cache.reader.digest({ part, afterId: null, throughId: null }));
    const server = digestOf(await readAll(changes, part));
    if (copy.sha256 !== server.sha256 || copy.documents !== server.documents) differing.push({ part, copy, server });
  }
  return differing;
}

/** Each is one question with two ways to its answer: what the copy keeps summed up, and its rows counted anew. */
const PAIRS: readonly (readonly [name: string, kept: string, counted: string])[] = [
  [
    'counts by state and kind',
    'SELECT state, kind, jobs FROM job_counts ORDER BY 1, 2',
    'SELECT state, kind, count(*) AS jobs FROM jobs GROUP BY 1, 2 ORDER BY 1, 2',
  ],
  [
    'arrivals of health',
    "SELECT sum(arrived) AS jobs FROM health WHERE grain = 3600 AND kind <> ''",
    'SELECT nullif(count(*), 0) AS jobs FROM jobs',
  ],
  [
    'ends by workspace',
    'SELECT coalesce(sum(completed), 0) AS completed, coalesce(sum(failed) + sum(cancelled), 0) AS failed FROM workspace_health',
    "SELECT coalesce(sum(state = 'completed'), 0) AS completed, coalesce(sum(state = 'failed'), 0) AS failed FROM jobs",
  ],
  [
    'failures by cause',
    'SELECT fingerprint, sum(failed) AS jobs FROM failure_days GROUP BY 1 HAVING jobs > 0 ORDER BY 1',
    "SELECT fingerprint, count(*) AS jobs FROM jobs WHERE state = 'failed' GROUP BY 1 ORDER BY 1",
  ],
  ...(['accounts', 'ledger', 'malformed'] as const).map(
    (part) =>
      [
        `documents of ${part}`,
        `SELECT documents FROM part_counts WHERE part = '${part}'`,
        `SELECT count(*) AS documents FROM ${part}`,
      ] as const,
  ),
  ['documents of jobs', 'SELECT num FROM job_documents ORDER BY 1', 'SELECT num FROM jobs ORDER BY 1'],
  ['the search index', 'SELECT rowid AS num FROM jobs_text ORDER BY 1', 'SELECT num FROM jobs ORDER BY 1'],
];

/** What contradicts itself in a copy: roll-ups, documents and search index are held against the rows. Empty where nothing does. */
export function contradictionsOf(file: string): readonly string[] {
  const db = new Database(file, { readonly: true });
  try {
    const rows = (sql: string): string => JSON.stringify(db.prepare(sql).all());
    const integrity = String(db.pragma('integrity_check', { simple: true }));
    return [
      ...(integrity === 'ok' ? [] : [integrity]),
      ...PAIRS.flatMap(([name, kept, counted]) =>
        rows(kept) === rows(counted)
          ? []
          : [`${name}: ${rows(kept).slice(0, 500)} and counted ${rows(counted).slice(0, 500)}`],
      ),
    ];
  } finally {
    db.close();
  }
}
