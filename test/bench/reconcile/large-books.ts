import type { LedgerEntry } from '#domain/ledger.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { jobFactsOf, type JobFacts } from '#domain/reconciliation/facts.ts';
import { keyHashOf, LedgerViewBuilder, type AccountFacts } from '#domain/reconciliation/view-builder.ts';
import { NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { ADJUST, periodCode, type LedgerView } from '#domain/reconciliation/view.ts';
import { netCreditsOf } from '#domain/ledger.ts';
import {
  AS_OF_MS,
  cleanJob,
  WORLD_PRICES,
  worldChargeRule,
  type CleanJob,
  type Scenario,
} from '../worlds/clean-job.ts';
import { freeEntry } from '../worlds/world.ts';
import { SeededRandom } from '../worlds/seeded-random.ts';
import { breakJob } from './broken-job.ts';

/** How many jobs stand in one block of rows: what is made, and then timed, at a time. */
const BLOCK_JOBS = 10_000;
/** One job in so many has a fault. */
const FAULTY_SHARE = 1 / 400;
const JOBS_A_WORKSPACE = 2_000;

/** The months that the memory has closed. */
export const CLOSED_PERIODS: readonly string[] = ['2026-08', '2026-09'];

/** Shares of scenarios that come to about three entries a job. */
const MIX: readonly (readonly [Scenario, number])[] = [
  ['requeued', 0.3],
  ['completed', 0.25],
  ['metered', 0.2],
  ['refunded', 0.15],
  ['failed', 0.06],
  ['queued', 0.01],
  ['running', 0.01],
  ['retrying', 0.01],
  ['capturing', 0.005],
  ['kept', 0.005],
];

/** Large books as a view, with what building it took. */
export interface LargeBooks {
  readonly view: LedgerView;
  readonly seen: SeenEntries;
  readonly accounts: readonly AccountFacts[];
  readonly closedPeriods: readonly string[];
  /** Keys of the memory that the ledger does not have, by the id that a finding of them has. */
  readonly goneKeys: ReadonlyMap<string, string>;
  /** From rows to the sealed view, in milliseconds, without the making of the rows. */
  readonly buildMs: number;
}

/** What the rules are told beside the rows of large books. */
export function optionsOf(books: LargeBooks): RuleOptions {
  return {
    asOfMs: AS_OF_MS,
    pendingMsMax: 15 * 60_000,
    leaseGraceMs: 10 * 60_000,
    prices: WORLD_PRICES,
    closedPeriods: books.closedPeriods,
    seen: books.seen,
  };
}

/** Where the documents of large books go, in whatever form they are kept. */
export interface BooksTaker {
  readonly addJob: (job: JobFacts) => void;
  readonly addEntry: (entry: LedgerEntry) => void;
}

/**
 * Makes books of so many jobs and three times as many entries; the same seed makes the same books.
 * @param spill takes the same documents, beside the view
 */
export function makeLargeBooks(jobs: number, seed: number, spill: BooksTaker): LargeBooks {
  const builder = new LedgerViewBuilder();
  const made = makeDocuments(jobs, seed, [builder, spill]);
  const startedAt = performance.now();
  for (const account of made.accounts) builder.addAccount(account);
  const view = builder.seal();
  const buildMs = made.takenMs + performance.now() - startedAt;
  return { view, buildMs, accounts: made.accounts, ...makeMemory(view) };
}

/**
 * Makes the documents of such books, a block of rows at a time, and hands them on.
 * @returns the accounts that fit them, and what the first taker took, in milliseconds
 */
export function makeDocuments(
  jobs: number,
  seed: number,
  [first, ...others]: readonly [BooksTaker, ...BooksTaker[]],
): { readonly accounts: readonly AccountFacts[]; readonly takenMs: number } {
  const random = new SeededRandom(seed);
  const balances = new Map<string, { net: number; held: number; holds: AccountFacts['holds'] }>();
  const workspaces = Math.max(1, Math.floor(jobs / JOBS_A_WORKSPACE));
  let takenMs = 0;
  let entries = 0;
  const take = (made: readonly CleanJob[], free: readonly LedgerEntry[]): void => {
    const facts = made.map((one) => jobFactsOf(one.job, worldChargeRule));
    const startedAt = performance.now();
    handOn(first, facts, made, free);
    takenMs += performance.now() - startedAt;
    for (const other of others) handOn(other, facts, made, free);
    for (const one of made) {
      for (const entry of one.entries) addToBalance(balances, entry);
      if (one.hold !== null) addHold(balances, one.job.workspaceId, one.hold);
      entries += one.entries.length;
    }
    for (const entry of free) addToBalance(balances, entry);
    entries += free.length;
  };
  for (let start = 0; start < jobs; start += BLOCK_JOBS) {
    const made = Array.from({ length: Math.min(BLOCK_JOBS, jobs - start) }, (_, offset) => {
      const workspaceId = `workspace-${random.between(0, workspaces - 1)}`;
      const clean = cleanJob(random, start + offset, workspaceId, pickScenario(random));
      return random.chance(FAULTY_SHARE) ? breakJob(clean, random) : clean;
    });
    take(made, []);
  }
  while (entries < jobs * 3) {
    const left = Math.min(BLOCK_JOBS, jobs * 3 - entries);
    const from = entries;
    take(
      [],
      Array.from({ length: left }, (_, index) => {
        const workspaceId = `workspace-${random.between(0, workspaces - 1)}`;
        return freeEntry(`grant-${from + index}:grant:1`, workspaceId, 'grant', random.between(1000, 100_000));
      }),
    );
  }
  return { accounts: accountsOf(balances, random), takenMs };
}

function handOn(
  to: BooksTaker,
  facts: readonly JobFacts[],
  made: readonly CleanJob[],
  free: readonly LedgerEntry[],
): void {
  for (const one of facts) to.addJob(one);
  for (const one of made) for (const entry of one.entries) to.addEntry(entry);
  for (const entry of free) to.addEntry(entry);
}

function pickScenario(random: SeededRandom): Scenario {
  let share = random.next();
  for (const [scenario, part] of MIX) {
    share -= part;
    if (share < 0) return scenario;
  }
  return 'completed';
}

type Balances = Map<string, { net: number; held: number; holds: AccountFacts['holds'] }>;

function balanceOf(balances: Balances, workspaceId: string) {
  let balance = balances.get(workspaceId);
  if (balance === undefined) balances.set(workspaceId, (balance = { net: 0, held: 0, holds: {} }));
  return balance;
}

function addToBalance(balances: Balances, entry: LedgerEntry): void {
  balanceOf(balances, entry.workspaceId).net += netCreditsOf(entry);
}

function addHold(balances: Balances, workspaceId: string, hold: NonNullable<CleanJob['hold']>): void {
  const balance = balanceOf(balances, workspaceId);
  balance.held += hold.credits;
  balance.holds[hold.generationId] = { credits: hold.credits, at: hold.at };
}

/** Accounts that fit their ledgers, but for one in fifty. */
function accountsOf(balances: Balances, random: SeededRandom): readonly AccountFacts[] {
  return [...balances].flatMap(([workspaceId, { net, held, holds }]): AccountFacts[] => {
    if (random.chance(0.005)) return [];
    const drift = random.chance(0.02) ? random.between(-50, 50) : 0;
    return [{ _id: workspaceId, available: net - held + drift, held, holds, posting: {} }];
  });
}

/** A memory in which everything was seen, but for a few entries that changed, came late, or are gone. */
export function makeMemory(view: LedgerView): Pick<LargeBooks, 'seen' | 'closedPeriods' | 'goneKeys'> {
  const closedPeriods = CLOSED_PERIODS;
  const seen = closedPeriods.reduce(
    (before, period, index) =>
      rememberSeen(view, before, {
        period: periodCode(period),
        after: index === 0 ? 0 : periodCode(closedPeriods[index - 1] ?? period),
      }),
    NOTHING_SEEN,
  );
  for (let row = 500; row < seen.count; row += 9_973) seen.content[row] = (seen.content[row] ?? 0) + 1;
  for (let row = 700; row < seen.count; row += 8_999) seen.sealedIn[row] = 0;
  const goneKeys = new Map<string, string>();
  const extra = [...view.generations.id.keys()]
    .filter((row) => row % 50_021 === 17)
    .map((row) => {
      const hash = view.generations.hash[row] ?? 0;
      const keyHash = keyHashOf(hash, ADJUST, 77);
      const generationId = view.generationIds.text(view.generations.id[row] ?? 0);
      goneKeys.set(`${generationId}#${keyHash.toString(16)}`, `${generationId}:adjust:77`);
      return { hash, keyHash };
    });
  return { seen: withExtraRows(seen, extra), closedPeriods, goneKeys };
}

function withExtraRows(seen: SeenEntries, extra: readonly { hash: number; keyHash: number }[]): SeenEntries {
  const rows = [
    ...Array.from(seen.keyHash.keys(), (row) => ({
      row,
      hash: seen.generationHash[row] ?? 0,
      keyHash: seen.keyHash[row] ?? 0,
    })),
    ...extra.map((one) => ({ row: -1, ...one })),
  ].toSorted((left, right) => left.hash - right.hash || left.keyHash - right.keyHash);
  const pick = (column: Float64Array, missing: number): Float64Array =>
    Float64Array.from(rows, ({ row }) => (row < 0 ? missing : (column[row] ?? 0)));
  return {
    count: rows.length,
    generationHash: Float64Array.from(rows, ({ hash }) => hash),
    keyHash: Float64Array.from(rows, ({ keyHash }) => keyHash),
    content: pick(seen.content, 1),
    net: pick(seen.net, 25),
    period: Uint16Array.from(rows, ({ row }) => (row < 0 ? periodCode('2026-10') : (seen.period[row] ?? 0))),
    sealedIn: Uint16Array.from(rows, ({ row }) => (row < 0 ? 0 : (seen.sealedIn[row] ?? 0))),
  };
}
