import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockFolder } from '#console/reconciliation/blocks/block-folder.ts';
import { isAbandoned, versionAfter } from '#console/reconciliation/blocks/own-files.ts';
import { NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';
import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import type { LedgerView } from '#domain/reconciliation/view.ts';

/** Above every number that a process has here. */
const ENDED = 2 ** 31 - 1;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-two-runs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Books of one job that names who wrote them. */
function booksOf(writer: string): LedgerView {
  const builder = new LedgerViewBuilder();
  builder.addMalformedJob(writer);
  return builder.seal();
}

function writersIn(blocks: BlockFolder): readonly string[] {
  const mark = blocks.mark();
  if (mark === null) return [];
  return [...blocks.blocks(mark, 'own')].flatMap(({ view }) =>
    ['one', 'other', 'gone'].filter((writer) => view.jobIds.find(writer) >= 0),
  );
}

describe('two runs in one folder at once', () => {
  it('keep blocks of the one or of the other, and never of both', async () => {
    const [one, other] = [new BlockFolder(folder, process.ppid), new BlockFolder(folder, process.pid)];
    one.begin();
    await one.saveBlock(0, booksOf('one'), NOTHING_SEEN);
    other.begin();
    await other.saveBlock(0, booksOf('other'), NOTHING_SEEN);
    await one.saveBlock(1, booksOf('one'), NOTHING_SEEN);
    await one.saveAccounts([]);
    await one.complete(2, null);
    expect(new Set(writersIn(one))).toEqual(new Set(['one']));
    await other.saveBlock(1, booksOf('other'), NOTHING_SEEN);
    await other.saveAccounts([]);
    await other.complete(2, null);
    expect(new Set(writersIn(other))).toEqual(new Set(['other']));
  });

  it('leave nothing of a process that has ended', async () => {
    const gone = new BlockFolder(folder, ENDED);
    gone.begin();
    await gone.saveBlock(0, booksOf('gone'), NOTHING_SEEN);
    writeFileSync(path.join(folder, 'v3-0.view.cols'), 'of an older build');
    const next = new BlockFolder(folder);
    next.begin();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('write versions that grow, and are told apart by who writes them', () => {
    const first = versionAfter(7, process.ppid);
    const second = versionAfter(first, process.pid);
    expect(second).toBeGreaterThan(first);
    expect([first, second].map((version) => isAbandoned(version, process.pid))).toEqual([false, true]);
    expect(isAbandoned(versionAfter(second, ENDED), process.pid)).toBe(true);
  });
});
