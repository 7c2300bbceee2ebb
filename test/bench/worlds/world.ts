import { LedgerViewBuilder } from '#domain/reconciliation/view-builder.ts';
import { jobFactsOf } from '#domain/reconciliation/facts.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { periodCode, type LedgerView } from '#domain/reconciliation/view.ts';
import type { Job } from '#domain/job.ts';
import { netCreditsOf, periodOf, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { AS_OF_MS, cleanJob, SCENARIOS, WORLD_PRICES, worldChargeRule, type Scenario } from './clean-job.ts';
import { SeededRandom } from './seeded-random.ts';

/** Jobs, accounts and ledger that faults may be planted in. */
export interface World {
  readonly jobs: Map<string, Job>;
  readonly accounts: Map<string, CreditAccount>;
  readonly ledger: Map<string, LedgerEntry>;
  /** Which scenario each job was made of. */
  readonly scenarios: ReadonlyMap<string, Scenario>;
  readonly closedPeriods: readonly string[];
  seen: SeenEntries;
}

/** How large a clean world is to be. */
export interface WorldSize {
  readonly jobs: number;
  readonly workspaces: number;
}

/** Makes a clean world; the same seed makes the same world. Every scenario is in it as soon as there are jobs enough. */
export function makeWorld(seed: number, size: WorldSize): World {
  const random = new SeededRandom(seed);
  const scenarios = new Map<string, Scenario>();
  const closedPeriods = random.pick([[], ['2026-08'], ['2026-08', '2026-09']]);
  const world: World = {
    jobs: new Map(),
    accounts: new Map(),
    ledger: new Map(),
    scenarios,
    closedPeriods,
    seen: NOTHING_SEEN,
  };
  for (let index = 0; index < size.workspaces; index += 1) openWorkspace(world, `workspace-${index}`, 10_000_000);
  for (let index = 0; index < size.jobs; index += 1) {
    const scenario = SCENARIOS[index % SCENARIOS.length] ?? 'completed';
    const workspaceId = `workspace-${random.between(0, size.workspaces - 1)}`;
    const made = cleanJob(random, index, workspaceId, scenario);
    world.jobs.set(made.job._id, made.job);
    scenarios.set(made.job._id, scenario);
    for (const entry of made.entries) post(world, entry);
    if (made.hold !== null) setHold(world, workspaceId, made.hold.generationId, made.hold.credits, made.hold.at);
  }
  return world;
}

/** An account with credits that a grant explains. */
export function openWorkspace(world: World, workspaceId: string, credits: number): void {
  world.accounts.set(workspaceId, { _id: workspaceId, available: 0, held: 0, holds: {}, posting: {}, version: 1 });
  post(
    world,
    freeEntry(`grant-${workspaceId}:grant:1`, workspaceId, 'grant', credits, Date.parse('2026-08-01T00:00:00Z')),
  );
}

/** An entry that belongs to no job. */
export function freeEntry(
  key: string,
  workspaceId: string,
  type: LedgerEntry['type'],
  credits: number,
  atMs: number = AS_OF_MS - 3_600_000,
): LedgerEntry {
  const at = new Date(atMs);
  return {
    _id: key,
    workspaceId,
    jobId: null,
    generationId: null,
    attempt: null,
    type,
    credits,
    at,
    actor: { type: 'system', id: 'test' },
    reason: 'test',
    period: periodOf(at),
  };
}

/** Puts an entry into the ledger and its net sum into the account, whatever the holds. */
export function post(world: World, entry: LedgerEntry): void {
  if (world.ledger.has(entry._id)) throw new Error(`the key ${entry._id} is taken`);
  world.ledger.set(entry._id, entry);
  changeAvailable(world, entry.workspaceId, netCreditsOf(entry));
}

/** Takes an entry out of the ledger and its net sum out of the account. */
export function unpost(world: World, key: string): LedgerEntry {
  const entry = entryOf(world, key);
  world.ledger.delete(key);
  changeAvailable(world, entry.workspaceId, -netCreditsOf(entry));
  return entry;
}

/** The account's available credits, moved without an entry. */
export function changeAvailable(world: World, workspaceId: string, credits: number): void {
  const account = accountOf(world, workspaceId);
  world.accounts.set(workspaceId, { ...account, available: account.available + credits });
}

/** Moves credits from available into a hold, so that it stands at that amount; 0 takes it away. */
export function setHold(world: World, workspaceId: string, generationId: string, credits: number, at: Date): void {
  const account = accountOf(world, workspaceId);
  const { [generationId]: standing, ...others } = account.holds;
  const more = credits - (standing?.credits ?? 0);
  const holds = credits === 0 ? others : { ...others, [generationId]: { credits, at } };
  const figures = { available: account.available - more, held: account.held + more };
  world.accounts.set(workspaceId, { ...account, ...figures, holds });
}

/** An account that the world must have. */
export function accountOf(world: World, workspaceId: string): CreditAccount {
  const account = world.accounts.get(workspaceId);
  if (account === undefined) throw new Error(`there is no account ${workspaceId}`);
  return account;
}

/** An entry that the world must have. */
export function entryOf(world: World, key: string): LedgerEntry {
  const entry = world.ledger.get(key);
  if (entry === undefined) throw new Error(`there is no entry ${key}`);
  return entry;
}

/** A job that the world must have. */
export function jobOf(world: World, jobId: string): Job {
  const job = world.jobs.get(jobId);
  if (job === undefined) throw new Error(`there is no job ${jobId}`);
  return job;
}

/** The world as the rules see it; `random` shuffles the order in which its documents come. */
export function viewOf(world: World, random?: SeededRandom): LedgerView {
  const builder = new LedgerViewBuilder();
  const order = <Value>(values: Iterable<Value>): Value[] => (random ? random.shuffled([...values]) : [...values]);
  for (const account of order(world.accounts.values())) builder.addAccount(account);
  for (const job of order(world.jobs.values())) builder.addJob(jobFactsOf(job, worldChargeRule));
  for (const entry of order(world.ledger.values())) builder.addEntry(entry);
  return builder.seal();
}

/** What rules are told beside the books of a world: its moment, its prices and what it remembers. */
export function ruleOptionsOf(world: World): RuleOptions {
  return {
    asOfMs: AS_OF_MS,
    pendingMsMax: 15 * 60_000,
    leaseGraceMs: 10 * 60_000,
    prices: WORLD_PRICES,
    closedPeriods: world.closedPeriods,
    seen: world.seen,
  };
}

/** Lets the world be seen as it is: its closed months are sealed with what they have now. */
export function remember(world: World): void {
  const view = viewOf(world);
  world.seen = rememberSeen(view, world.seen, null);
  world.closedPeriods.forEach((period, index) => {
    const before = world.closedPeriods[index - 1];
    const closing = { period: periodCode(period), after: before === undefined ? 0 : periodCode(before) };
    world.seen = rememberSeen(view, world.seen, closing);
  });
}
