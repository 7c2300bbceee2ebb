import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MendDesk } from '#console/reconciliation/mend-desk.ts';
import { MendPosting } from '#console/reconciliation/mend-posting.ts';
import { runReconciliation, type FinishedRun } from '#console/reconciliation/run.ts';
import { appError } from '#domain/errors.ts';
import { findViolations, type InvariantName } from '#domain/invariants.ts';
import { periodOf, type Actor, type LedgerEntry } from '#domain/ledger.ts';
import { CATALOGUE_PRICES } from '#domain/reconciliation/price-list.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import { err } from '#domain/result.ts';
import { findRule } from '#domain/reconciliation/rules.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { AS_OF_MS } from '../../bench/worlds/clean-job.ts';
import { generationEntry } from '../../bench/worlds/fault.ts';
import { FAULTS, makeCleanWorld, makeSeededWorld } from '../../bench/worlds/seeded-world.ts';
import { accountOf, changeAvailable, jobOf, type World } from '../../bench/worlds/world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { quietBooks } from '../../support/quiet-books.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const ANN: Actor = { type: 'user', id: 'ann' };
const BOB: Actor = { type: 'user', id: 'bob' };
const LIMIT = 400;
const { signal } = new AbortController();

let server: TestServer;
let store: Store;
beforeEach(async () => {
  server = await startTestServer();
  store = await server.openStore();
  expectOk(await store.writer.createIndexes());
});
afterEach(() => server.stop());

async function load(world: World): Promise<void> {
  const db = server.client.db(server.dbName);
  const fill = async (name: string, documents: Iterable<{ readonly _id: string }>): Promise<void> => {
    await db.collection<{ _id: string }>(name).insertMany([...documents].map((document) => ({ ...document })));
  };
  await fill('jobs', world.jobs.values());
  await fill('credit_accounts', world.accounts.values());
  await fill('credit_ledger', world.ledger.values());
}

async function run(): Promise<FinishedRun> {
  return expectOk(
    await runReconciliation(store.reader, {
      scope: { workspaceId: null, period: null },
      prices: CATALOGUE_PRICES,
      closedPeriods: [],
      seen: null,
      asOfMs: null,
      chargeRule: null,
      copy: null,
      signal,
      onProgress: () => undefined,
    }),
  );
}

function mendOf({ rule, case: found }: Pick<Finding, 'rule' | 'case'>): string {
  return findRule(rule)?.cases[found]?.mend ?? 'accept';
}

/** Faults that entries can mend, each of them. */
const MENDABLE = FAULTS.filter((fault) => {
  const { expected } = makeSeededWorld(4, { jobs: 90, workspaces: 3 }, [fault]);
  return (
    fault.moment === 'before' &&
    expected.every(({ id }) => {
      const [rule = '', found = ''] = id.split(':');
      return mendOf({ rule, case: found }) !== 'accept';
    })
  );
});

function order(findings: readonly Finding[]) {
  return { findings, by: ANN, reason: '', bookedIn: null, limitCredits: LIMIT, signal };
}

/** What must hold of mended books. A second capture stays in the ledger for ever, beside what makes it good. */
const KEPT_BY_MENDS: ReadonlySet<InvariantName> = new Set([
  'account_equals_ledger',
  'held_equals_holds',
  'never_negative',
  'history_is_legal',
  'history_has_no_gap',
]);

describe('mends on a server', () => {
  it('leave nothing to find once all are posted, and keep the invariants', async () => {
    const { world, planted } = makeSeededWorld(4, { jobs: 160, workspaces: 3 }, MENDABLE);
    expect(planted.length).toBeGreaterThan(10);
    await load(world);
    const { findings } = (await run()).record;
    const mendable = findings.filter((finding) => mendOf(finding) !== 'accept');
    expect(new Set(mendable.map(({ rule }) => rule)).size).toBeGreaterThan(8);
    const desk = new MendDesk(store);
    const posting = new MendPosting(store);
    const previews = expectOk(await desk.preview(order(mendable)));
    expect(previews.map(({ findingId }) => findingId)).toEqual(mendable.map(({ id }) => id));
    expect(previews.filter(({ outcome }) => outcome !== 'proposes')).toEqual([]);
    expect(expectOk(await desk.list(['proposed'])).values).toEqual([]);

    const made = expectOk(await desk.propose(order(mendable)));
    expect(made.length).toBe(mendable.length);
    const again = expectOk(await desk.propose({ ...order(mendable), by: BOB }));
    expect(again.map(({ _id }) => _id).toSorted()).toEqual(made.map(({ _id }) => _id).toSorted());
    const ids = previews.flatMap(({ findingId }) => made.find((mend) => mend.findingId === findingId)?._id ?? []);
    const approved = expectOk(await desk.decide(ids, 'approved', { by: BOB, note: '' }));
    expect(approved.filter(({ error }) => error !== null)).toEqual([]);
    const posted = expectOk(await posting.post(ids, { by: ANN, signal }));
    expect(posted.filter(({ error }) => error !== null)).toEqual([]);

    const books = await quietBooks(store.reader);
    const entries = books.ledger.length;
    expectOk(await posting.post(ids, { by: BOB, signal }));
    expect(await readBooks(store.reader)).toEqual(books);
    expect(entries).toBeGreaterThan(world.ledger.size);
    const left = (await run()).record.findings.filter((finding) => mendOf(finding) !== 'accept');
    expect(left).toEqual([]);
    expect(findViolations(books).filter(({ invariant }) => KEPT_BY_MENDS.has(invariant))).toEqual([]);
    const mended = new Set(made.map(({ jobId }) => jobId));
    for (const { _id, billing } of books.jobs.filter((job) => mended.has(job._id))) {
      const sum = (type: LedgerEntry['type']): number =>
        books.ledger.reduce(
          (total, entry) =>
            entry.generationId === billing.generationId && entry.type === type ? total + entry.credits : total,
          0,
        );
      const { captured, refunded, pending, blocked } = billing;
      // A job that waits for credit goes on owing its reservation.
      const owed = pending.filter(({ type }) => blocked === null || type !== 'reserve');
      expect([_id, captured, refunded, owed]).toEqual([_id, sum('capture'), sum('refund'), []]);
    }
  });
  it('above the limit need a second person, whatever the document says of itself', async () => {
    const { desk, posting, mendId } = await oneMend();
    const alone = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(alone[0]?.error).toMatchObject({ code: 'second_person_needed' });
    const own = expectOk(await desk.decide([mendId], 'approved', { by: ANN, note: '' }));
    expect(own[0]?.error).toMatchObject({ code: 'second_person_needed' });
    // Somebody writes the approval by hand, in their own name.
    await server.client
      .db(server.dbName)
      .collection<{ _id: string }>('adjustments')
      .updateOne({ _id: mendId }, { $set: { state: 'approved', decided: { by: ANN, at: new Date(), note: '' } } });
    const forged = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(forged[0]?.error).toMatchObject({ code: 'second_person_needed' });
    expect(expectOk(await desk.decide([mendId], 'rejected', { by: BOB, note: 'not like this' }))[0]?.error).toBeNull();
    expect(expectOk(await posting.post([mendId], { by: BOB, signal }))[0]?.error).toMatchObject({
      code: 'illegal_transition',
    });
  });

  it('are posted once by two people who post in the same moment', async () => {
    const { desk, posting, mendId, finding } = await oneMend();
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const other = new MendPosting(await server.openStore());
    await Promise.all([posting.post([mendId], { by: ANN, signal }), other.post([mendId], { by: BOB, signal })]);
    expect((await refundsOf(finding)).map(({ credits }) => credits)).toEqual([finding.credits]);
    expect(expectOk(await desk.list(['posted'])).values.map(({ _id }) => _id)).toEqual([mendId]);
  });

  it('are not posted once somebody has rejected them meanwhile', async () => {
    const { desk, posting, mendId, finding } = await oneMend();
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const { mends } = store.finance;
    const read = mends.read.bind(mends);
    const looks = vi.spyOn(mends, 'read');
    // Posting looks twice: first at what was found, then at each proposal.
    looks.mockImplementationOnce(read).mockImplementationOnce(async (ids) => {
      const seen = await read(ids);
      const rejected = await desk.decide([mendId], 'rejected', { by: BOB, note: 'better not' });
      expect(expectOk(rejected)[0]?.error).toBeNull();
      return seen;
    });
    const late = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(late[0]?.error).toMatchObject({ code: 'write_conflict' });
    expect(await refundsOf(finding)).toEqual([]);
  });

  it('are decided about no more while they are being posted', async () => {
    const { desk, posting, mendId, finding } = await oneMend();
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const { ledger } = store.finance;
    const post = ledger.post.bind(ledger);
    vi.spyOn(ledger, 'post').mockImplementationOnce(async (workspaceId, entries) => {
      const rejected = await desk.decide([mendId], 'rejected', { by: BOB, note: 'better not' });
      expect(expectOk(rejected)[0]?.error).toMatchObject({ code: 'illegal_transition' });
      return post(workspaceId, entries);
    });
    expect(expectOk(await posting.post([mendId], { by: ANN, signal }))[0]).toMatchObject({ state: 'posted' });
    expect(await refundsOf(finding)).toHaveLength(1);
  });

  it('are open again where they could not be posted', async () => {
    const { desk, posting, mendId, finding } = await oneMend();
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    vi.spyOn(store.finance.ledger, 'post').mockResolvedValueOnce(err(appError('period_closed', 'by somebody else')));
    const refused = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(refused[0]).toMatchObject({ state: 'approved', error: { code: 'period_closed' } });
    expect(expectOk(await desk.decide([mendId], 'rejected', { by: BOB, note: 'better not' }))[0]?.error).toBeNull();
    expect(await refundsOf(finding)).toEqual([]);
  });

  it('are posted to their end where the reply was lost, and decided about no more meanwhile', async () => {
    const { desk, posting, mendId, finding } = await oneMend();
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const { ledger } = store.finance;
    const post = ledger.post.bind(ledger);
    vi.spyOn(ledger, 'post').mockImplementationOnce(async (workspaceId, entries) => {
      expectOk(await post(workspaceId, entries));
      return err(appError('server_unreachable', 'the reply was lost'));
    });
    const unsure = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(unsure[0]).toMatchObject({ state: 'approved', error: { code: 'server_unreachable' } });
    const rejected = expectOk(await desk.decide([mendId], 'rejected', { by: BOB, note: 'better not' }));
    expect(rejected[0]?.error).toMatchObject({ code: 'illegal_transition' });
    expect(expectOk(await posting.post([mendId], { by: ANN, signal }))[0]).toMatchObject({ state: 'posted' });
    expect(await refundsOf(finding)).toHaveLength(1);
  });

  it('of what was only to be settled are over where the reply was lost and nothing is left to settle', async () => {
    const { desk, posting, mendId } = await oneMend(({ rule }) => rule === 'pending_overdue');
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const { ledger } = store.finance;
    const settle = ledger.settle.bind(ledger);
    vi.spyOn(ledger, 'settle').mockImplementationOnce(async (...what) => {
      expectOk(await settle(...what));
      return err(appError('server_unreachable', 'the reply was lost'));
    });
    expect(expectOk(await posting.post([mendId], { by: ANN, signal }))[0]?.error).not.toBeNull();
    expect(expectOk(await posting.post([mendId], { by: ANN, signal }))[0]).toMatchObject({
      state: 'posted',
      error: null,
    });
  });

  it('of what was only to be settled are open again where the account refuses it, which settles nothing', async () => {
    const { desk, posting, mendId, finding } = await oneMend(({ id }) => id.startsWith('pending_overdue:job:'));
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const db = server.client.db(server.dbName);
    await db
      .collection<{ _id: string }>('credit_accounts')
      .updateOne({ _id: finding.workspaceId ?? '' }, { $set: { available: 0, held: 0, holds: {} } });
    const refused = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(refused[0]).toMatchObject({ state: 'approved' });
    expect(['no_hold', 'insufficient_credit']).toContain(refused[0]?.error?.code);
    const job = await db.collection<{ _id: string }>('jobs').findOne({ _id: finding.jobId ?? '' });
    expect(job).toMatchObject({ billing: { pending: [{}] } });
    expect(expectOk(await desk.decide([mendId], 'rejected', { by: BOB, note: 'look first' }))[0]?.error).toBeNull();
  });

  describe('of an entry that an account alone has', () => {
    /** The mend that brings it into the ledger. */
    async function postingMend(): Promise<{
      readonly mendId: string;
      readonly finding: Finding;
      readonly key: string;
    }> {
      const world = makeCleanWorld(4, { jobs: 90, workspaces: 2 });
      const [completed = ''] = [...world.scenarios].find(([, scenario]) => scenario === 'completed') ?? [];
      const job = jobOf(world, completed);
      const { workspaceId, billing } = job;
      const fields = { credits: 5, n: 7001, atMs: AS_OF_MS - 86_400_000 };
      const entry = generationEntry(job, billing.generationId, 'refund', fields);
      changeAvailable(world, workspaceId, entry.credits);
      world.accounts.set(workspaceId, { ...accountOf(world, workspaceId), posting: { [entry._id]: entry } });
      await load(world);
      const { findings } = (await run()).record;
      const finding = findings.find(({ id }) => id === `pending_overdue:posting:${entry._id}`);
      if (finding === undefined) throw new Error('the entry is overdue');
      const [mend] = expectOk(await new MendDesk(store).propose(order([finding])));
      return { mendId: mend?._id ?? '', finding, key: entry._id };
    }

    it('bring it into the ledger, also where it names a job that owes nothing', async () => {
      const { mendId, finding, key } = await postingMend();
      const posted = expectOk(await new MendPosting(store).post([mendId], { by: ANN, signal }));
      expect(posted).toMatchObject([{ state: 'posted', error: null }]);
      expect(await refundsOf(finding)).toMatchObject([{ _id: key, credits: 5 }]);
    });

    it('are not posted where the ledger refuses it', async () => {
      const { mendId, finding } = await postingMend();
      await server.client.db(server.dbName).command({ collMod: 'credit_ledger', validator: { credits: { $ne: 5 } } });
      const posted = expectOk(await new MendPosting(store).post([mendId], { by: ANN, signal }));
      expect(posted).toMatchObject([{ error: { code: 'server_error' } }]);
      expect(posted[0]?.state).not.toBe('posted');
      expect(await refundsOf(finding)).toEqual([]);
    });
  });

  it('are refused once the finding is another than it was', async () => {
    const { desk, posting, mendId, finding } = await oneMend();
    expectOk(await desk.decide([mendId], 'approved', { by: BOB, note: '' }));
    const at = new Date();
    const refund: LedgerEntry = {
      _id: `${finding.generationId ?? ''}:refund:7`,
      workspaceId: finding.workspaceId ?? '',
      jobId: finding.jobId,
      generationId: finding.generationId,
      attempt: null,
      type: 'refund',
      credits: finding.credits,
      at,
      actor: BOB,
      reason: 'given back by another way',
      period: periodOf(at),
    };
    expectOk(await store.writer.postEntry(refund));
    const late = expectOk(await posting.post([mendId], { by: ANN, signal }));
    expect(late[0]?.error).toMatchObject({ code: 'write_conflict' });
    expect(await refundsOf(finding)).toHaveLength(1);
  });
});

/** The refunds of the generation that a finding is about. */
async function refundsOf({ generationId }: Finding): Promise<readonly LedgerEntry[]> {
  const entries = expectOk(await store.reader.readGenerationEntries(generationId ?? ''));
  return entries.filter(({ type }) => type === 'refund');
}

/** One finding proposed to be mended by Ann: unless told otherwise a captured job that failed. */
async function oneMend(
  isWanted: (finding: Finding) => boolean = ({ rule, credits }) => rule === 'refund_owed' && credits > LIMIT,
) {
  const { world } = makeSeededWorld(
    4,
    { jobs: 90, workspaces: 2 },
    MENDABLE.filter(({ rules }) => rules.includes(7) || rules.includes(13)),
  );
  await load(world);
  const finding = (await run()).record.findings.find(isWanted);
  if (finding === undefined) throw new Error('there is no such finding');
  const desk = new MendDesk(store);
  const [mend] = expectOk(await desk.propose(order([finding])));
  return { desk, posting: new MendPosting(store), finding, mendId: mend?._id ?? '' };
}
