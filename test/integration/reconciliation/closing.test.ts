import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Binary } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256OfText } from '#cache/sha256.ts';
import { readClosedBooks } from '#console/reconciliation/closed-books.ts';
import { PeriodDesk } from '#console/reconciliation/period-desk.ts';
import { readView } from '#console/reconciliation/read-view.ts';
import { runReconciliation } from '#console/reconciliation/run.ts';
import type { AppError } from '#domain/errors.ts';
import { periodOf, type Actor, type LedgerEntry } from '#domain/ledger.ts';
import { chargeRuleOf } from '#domain/policy-version.ts';
import { DEFAULT_FINANCE_LIMITS } from '#domain/reconciliation/limits.ts';
import { findBrokenLink, type ClosedPeriod } from '#domain/reconciliation/period-close.ts';
import * as finding from '#domain/reconciliation/finding.ts';
import { CATALOGUE_PRICES } from '#domain/reconciliation/price-list.ts';
import { compareWithSeen, NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';
import { buildStatements } from '#domain/reconciliation/statements.ts';
import { periodCode, periodOfCode } from '#domain/reconciliation/view.ts';
import type { Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { storeOfWorld } from '../../bench/worlds/world-store.ts';
import { freeEntry, type World } from '../../bench/worlds/world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { asOlderColumns } from '../../support/older-columns.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// Hundreds of thousands of findings take half a minute to be made.
vi.mock('#domain/reconciliation/finding.ts', async (original) => ({
  ...(await original<typeof finding>()),
  FINDINGS_MAX: 20,
}));

const ANN: Actor = { type: 'user', id: 'ann' };
const BOB: Actor = { type: 'user', id: 'bob' };
const { signal } = new AbortController();
const THIS_MONTH = periodCode(periodOf(new Date()));
const [FIRST, SECOND] = [periodOfCode(THIS_MONTH - 2), periodOfCode(THIS_MONTH - 1)];

interface KeptPart {
  readonly _id: string;
  readonly part: number;
  readonly bytes: Binary;
}

/** A machine with a connection and a folder of its own. */
interface Machine {
  readonly store: Store;
  readonly folder: string;
  readonly desk: PeriodDesk;
}

let server: TestServer;
const folders: string[] = [];
beforeEach(async () => {
  server = await startTestServer();
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  for (const [period, credits] of [
    [FIRST, 700],
    [SECOND, 50],
  ] as const) {
    expectOk(await store.writer.postEntry(grantOf(`g-${period}:grant:1`, period, credits)));
  }
});
afterEach(async () => {
  await server.stop();
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

function grantOf(key: string, period: string, credits: number): LedgerEntry {
  return {
    _id: key,
    workspaceId: 'w1',
    jobId: null,
    generationId: null,
    attempt: null,
    type: 'grant',
    credits,
    at: new Date(`${period}-15T12:00:00Z`),
    actor: { type: 'product', id: 'shop' },
    reason: 'bought',
    period,
  };
}

async function openMachine(openCreditsMax = 0): Promise<Machine> {
  const folder = await mkdtemp(path.join(tmpdir(), 'runledger-closing-'));
  folders.push(folder);
  const store = await server.openStore();
  const limits = { ...DEFAULT_FINANCE_LIMITS, periodOpenCreditsMax: openCreditsMax };
  return { store, folder, desk: new PeriodDesk(store, folder, limits) };
}

function close({ desk }: Machine, period: string, by: Actor): Promise<Result<ClosedPeriod, AppError>> {
  return desk.close({ period, by, signal, onProgress: () => undefined });
}

/** A program that does not ask whether a month is closed writes into ledger and account. */
async function postPastTheGate(entry: LedgerEntry): Promise<void> {
  const db = server.client.db(server.dbName);
  await db.collection<{ _id: string }>('credit_ledger').insertOne({ ...entry });
  await db
    .collection<{ _id: string }>('credit_accounts')
    .updateOne({ _id: 'w1' }, { $inc: { available: entry.credits, version: 1 } });
}

/** The statement of the workspace as a machine without any memory works it out. */
async function statementOf(period: string) {
  const { store } = await openMachine();
  const books = expectOk(await readClosedBooks(store.finance.periods, null));
  const options = { chargeRule: chargeRuleOf([]), signal, onProgress: () => undefined };
  const { view } = expectOk(await readView(store.reader, options));
  const { sealedIn } = compareWithSeen(view, books.sealed);
  const closed = { through: books.closed.at(-1)?.period ?? null, sealedIn };
  return buildStatements(view, { period, workspaceId: 'w1', closed })[0];
}

describe('two months closed one after the other', () => {
  it('chain, each with its own entries, on whatever machine the second is closed', async () => {
    const first = expectOk(await close(await openMachine(), FIRST, ANN));
    expect(first).toMatchObject({ period: FIRST, entries: 1, netCredits: 700, previousHash: null });
    expect(expectOk(await (await openMachine()).desk.list())).toMatchObject({ next: SECOND, isNextOver: true });
    const second = expectOk(await close(await openMachine(), SECOND, BOB));
    expect(second).toMatchObject({ period: SECOND, entries: 1, netCredits: 50, previousHash: first.hash });
    const machine = await openMachine();
    const { rows, next, isNextOver } = expectOk(await machine.desk.list());
    expect(rows).toEqual([second, first]);
    expect(next).toBe(periodOfCode(THIS_MONTH));
    expect(isNextOver).toBe(false);
    expect(findBrokenLink(expectOk(await machine.store.finance.periods.list()), sha256OfText)).toBeNull();
    expect(expectOk(await readClosedBooks(machine.store.finance.periods, null)).sealed.count).toBe(2);
  });

  it('are not closed without what was seen of them, as long as nobody was told that it is lost', async () => {
    const machine = await openMachine();
    await writeFile(path.join(machine.folder, 'seen-entries.cols'), 'nothing');
    const refused = await close(machine, FIRST, ANN);
    expect(refused).toMatchObject({ ok: false, error: { code: 'malformed_document' } });
    expect(refused.ok ? '' : refused.error.detail).toContain('Run the rules');
    await rm(path.join(machine.folder, 'seen-entries.cols'));
    expectOk(await close(machine, FIRST, ANN));
  });

  it('refuse an entry that is dated into either, and let the charge protocol say so', async () => {
    const machine = await openMachine();
    expectOk(await close(machine, FIRST, ANN));
    expectOk(await close(machine, SECOND, ANN));
    for (const period of [FIRST, SECOND]) {
      const refused = await machine.store.writer.postEntry(grantOf(`late-${period}:grant:1`, period, 5));
      expect(refused).toMatchObject({ ok: false, error: { code: 'period_closed' } });
    }
  });

  it('list in the second what came late into the first, which stays as it was', async () => {
    const machine = await openMachine(10);
    expectOk(await close(machine, FIRST, ANN));
    const before = await statementOf(FIRST);
    await postPastTheGate(grantOf('late:grant:1', FIRST, 7));
    const { record } = expectOk(
      await runReconciliation(machine.store.reader, {
        scope: { workspaceId: null, period: null },
        prices: CATALOGUE_PRICES,
        closedPeriods: [FIRST],
        seen: expectOk(await readClosedBooks(machine.store.finance.periods, null)).sealed,
        asOfMs: null,
        chargeRule: null,
        copy: null,
        signal,
        onProgress: () => undefined,
      }),
    );
    expect(record.findings.map(({ id, credits }) => [id, credits])).toEqual([
      ['entry_in_closed_period:late:late:grant:1', 7],
    ]);
    expect(await statementOf(FIRST)).toEqual(before);
    const second = expectOk(await close(await openMachine(10), SECOND, BOB));
    expect(second).toMatchObject({ entries: 2, netCredits: 57 });
    expect(await statementOf(SECOND)).toMatchObject({ opening: 700, grants: 57, closing: 757, lateEntries: 1 });
    expect(await statementOf(FIRST)).toEqual(before);
  });

  it('do not let the second be closed while what came late is worth more than may be open', async () => {
    expectOk(await close(await openMachine(), FIRST, ANN));
    await postPastTheGate(grantOf('late:grant:1', FIRST, 7));
    const refused = await close(await openMachine(), SECOND, BOB);
    expect(refused).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
  });
});

describe('a month with more differences than one run looks at', () => {
  it('is not closed, because those beyond may be worth anything', async () => {
    const worthNothing = Array.from({ length: finding.FINDINGS_MAX + 1 }, (_, n) =>
      freeEntry(`stray-${n}:reserve:1`, 'w1', 'reserve', 1, Date.parse('2026-10-15T00:00:00Z')),
    );
    const world: World = {
      jobs: new Map(),
      // What nobody explains is found last.
      accounts: new Map([['w1', { _id: 'w1', available: 500, held: 0, holds: {}, posting: {}, version: 1 }]]),
      ledger: new Map(worthNothing.map((entry) => [entry._id, entry])),
      scenarios: new Map(),
      closedPeriods: [],
      seen: NOTHING_SEEN,
    };
    const { store, folder } = await openMachine();
    const books = { reader: storeOfWorld(world, 1), finance: store.finance };
    const desk = new PeriodDesk(books, folder, DEFAULT_FINANCE_LIMITS);
    const refused = await desk.close({ period: '2026-10', by: ANN, signal, onProgress: () => undefined });
    expect(refused).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
    expect(refused.ok ? '' : refused.error.detail).toContain('more differences than one run looks at');
  });
});

describe('a month that an older build closed', () => {
  it('is read as it was kept: its parts under the month alone, one digest over each', async () => {
    expectOk(await close(await openMachine(), FIRST, ANN));
    const machine = await openMachine();
    const { periods } = machine.store.finance;
    const before = expectOk(await readClosedBooks(periods, null));
    const entries = server.client.db(server.dbName).collection<KeptPart>('period_entries');
    for (const { _id, bytes, ...part } of await entries.find().toArray()) {
      await entries.insertOne({
        ...part,
        _id: `${FIRST}:${part.part}`,
        bytes: new Binary(asOlderColumns(bytes.value())),
      });
      await entries.deleteOne({ _id });
    }
    expect(expectOk(await readClosedBooks(periods, null))).toEqual(before);
    const second = expectOk(await close(machine, SECOND, BOB));
    expect(second).toMatchObject({ entries: 1, netCredits: 50 });
    expect(expectOk(await readClosedBooks(periods, null)).sealed.count).toBe(2);
  });
});

describe('two machines that close the same month at once', () => {
  it('close it once, and the other is told', async () => {
    const [one, other] = await Promise.all([openMachine(), openMachine()]);
    const outcomes = await Promise.all([close(one, FIRST, ANN), close(other, FIRST, BOB)]);
    const [closed, ...more] = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
    expect(more).toEqual([]);
    const refused = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error.code]));
    expect(refused).toHaveLength(1);
    // Told by the unique id where both had read the chain, and by the chain where one came a moment later.
    expect(['write_conflict', 'invalid_request']).toContain(refused[0]);
    for (const machine of [one, other, await openMachine()]) {
      expect(expectOk(await machine.desk.list()).rows).toEqual([closed]);
      const { sealed } = expectOk(await readClosedBooks(machine.store.finance.periods, machine.folder));
      expect(sealed.count).toBe(1);
    }
  });

  it('leave what the month counted to the one whose month stands, in whatever order they write', async () => {
    const [one, other] = await Promise.all([openMachine(), openMachine()]);
    const periods = one.store.finance.periods;
    const theirs = other.store.finance.periods;
    const mine: ClosedPeriod = {
      period: FIRST,
      closedAtMs: 1,
      closedBy: 'ann',
      entries: 1,
      netCredits: 700,
      entriesDigest: sha256OfText('mine'),
      previousHash: null,
      hash: sha256OfText('ann'),
    };
    const another = { ...mine, closedBy: 'bob', hash: sha256OfText('bob') };
    expectOk(await periods.saveEntries(mine, [Buffer.from('mine')]));
    expectOk(await theirs.saveEntries(another, [Buffer.from('theirs')]));
    expectOk(await periods.add(mine));
    expect(await theirs.add(another)).toMatchObject({ ok: false, error: { code: 'write_conflict' } });
    const [closed] = expectOk(await theirs.list());
    const parts = expectOk(await theirs.readEntries(closed ?? another));
    expect(parts.map((part) => Buffer.from(part).toString())).toEqual(['mine']);
  });
});
