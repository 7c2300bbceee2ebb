import Database from 'better-sqlite3';
import { expect, vi } from 'vitest';
import { CACHED_PARTS, subjectOf, type CachedPart } from '#cache/changes.ts';
import { digestOf } from '#cache/digest.ts';
import type { Cache } from '#cache/open-cache.ts';
import type { ChangeSource, StoreChange } from '#store/change-source.ts';
import { expectOk } from '../../support/expect-ok.ts';

/** How long a condition is looked at; only a failing test waits that long. */
export const WAIT = { timeout: 60_000, interval: 50 };

/** Everything that a collection of the server holds. */
export async function readAll(changes: ChangeSource, part: CachedPart): Promise<readonly StoreChange[]> {
  const all: StoreChange[] = [];
  let before: string | null = '\u{10FFFF}';
  while (before !== null) {
    const page: readonly StoreChange[] = expectOk(await changes.page(part, before, 1000));
    all.push(...page);
    const last = page.at(-1);
    before = last === undefined || page.length < 1000 ? null : subjectOf(last).id;
  }
  return all;
}

/** Waits until the copy holds what the server holds, to the last byte. */
export async function untilSame(cache: Cache, changes: ChangeSource): Promise<void> {
  await vi.waitFor(async () => {
    for (const part of CACHED_PARTS) {
      const digest = expectOk(cache.reader.digest({ part, afterId: null, throughId: null }));
      expect({ part, ...digest }).toEqual({ part, ...digestOf(await readAll(changes, part)) });
    }
  }, WAIT);
}

/** Waits until the copy says of when it is. */
export async function untilTimed(cache: Cache): Promise<void> {
  await vi.waitFor(() => expect(expectOk(cache.reader.standing()).asOfMs).not.toBeNull(), WAIT);
}

/** Holds a copy's roll-ups, documents and search index against its rows. */
export function expectConsistent(file: string): void {
  const db = new Database(file, { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  const rows = (sql: string): unknown[] => db.prepare(sql).all();
  expect(rows('SELECT state, kind, jobs FROM job_counts ORDER BY 1, 2')).toEqual(
    rows('SELECT state, kind, count(*) AS jobs FROM jobs GROUP BY 1, 2 ORDER BY 1, 2'),
  );
  expect(rows("SELECT sum(arrived) AS jobs FROM health WHERE grain = 3600 AND kind <> ''")).toEqual(
    rows('SELECT nullif(count(*), 0) AS jobs FROM jobs'),
  );
  expect(
    rows('SELECT sum(completed) AS completed, sum(failed) + sum(cancelled) AS failed FROM workspace_health'),
  ).toEqual(rows(`SELECT sum(state = 'completed') AS completed, sum(state = 'failed') AS failed FROM jobs`));
  expect(
    rows('SELECT fingerprint, sum(failed) AS jobs FROM failure_days GROUP BY 1 HAVING jobs > 0 ORDER BY 1'),
  ).toEqual(rows(`SELECT fingerprint, count(*) AS jobs FROM jobs WHERE state = 'failed' GROUP BY 1 ORDER BY 1`));
  for (const part of ['accounts', 'ledger', 'malformed']) {
    expect(rows(`SELECT documents FROM part_counts WHERE part = '${part}'`)).toEqual(
      rows(`SELECT count(*) AS documents FROM ${part}`),
    );
  }
  expect(rows('SELECT num FROM job_documents ORDER BY 1')).toEqual(rows('SELECT num FROM jobs ORDER BY 1'));
  expect(rows('SELECT rowid AS num FROM jobs_text ORDER BY 1')).toEqual(rows('SELECT num FROM jobs ORDER BY 1'));
  db.close();
}
