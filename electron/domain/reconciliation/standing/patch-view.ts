import type { GenerationFacts, JobFacts } from '../facts.ts';
import { ENTRY_TYPES, netOfEntry, OUTCOMES, type LedgerView } from '../view.ts';
import { LedgerViewBuilder, type AccountFacts } from '../view-builder.ts';
import type { Affected } from './affected.ts';
import type { BookChanges } from './book-changes.ts';
import type { IndexedView } from './view-index.ts';

/**
 * A view of what is affected, as it is now: what changed comes from the changes, everything else from the view that stood. Beside
 * it stands what the rules look at to judge it: its accounts, and where there is no account, the jobs of the workspace. Those are
 * not whole, and nothing that the rules say of them counts.
 */
export function patchView(base: IndexedView, changes: BookChanges, affected: Affected): LedgerView {
  const builder = new LedgerViewBuilder();
  addJobs(builder, base, changes, affected);
  const takenOut = addEntries(builder, base, changes, affected);
  addNamedJobs(builder, base, affected);
  const { view } = base;
  for (let row = 0; row < view.holds.count; row += 1) {
    const workspaceId = view.workspaces.text(view.holds.workspace[row] ?? 0);
    if (!affected.isGeneration(view.holds.generation[row] ?? 0)) continue;
    if (!affected.workspaceIds.has(workspaceId)) builder.copyHold(view, row);
  }
  for (const workspaceId of new Set([...affected.workspaceIds, ...builder.workspaceIds])) {
    const row = view.workspaces.find(workspaceId);
    const others = row < 0 ? 0 : (base.ledgerOfWorkspace[row] ?? 0) - (takenOut.get(row) ?? 0);
    addAccount(builder, { base, changes, affected }, workspaceId, others);
  }
  return builder.seal();
}

function addJobs(builder: LedgerViewBuilder, base: IndexedView, changes: BookChanges, affected: Affected): void {
  const { jobs, jobIds } = base.view;
  for (const job of affected.jobRows) {
    if (jobs.presence[job] === 0) continue;
    const id = jobIds.text(job);
    if (changes.jobs.has(id)) continue;
    if (jobs.presence[job] === 2) builder.addMalformedJob(id);
    else builder.addJob(jobFactsOfRow(base, job));
  }
  for (const [id, job] of changes.jobs) {
    if (job === 'malformed') builder.addMalformedJob(id);
    else if (job !== null) builder.addJob(job);
  }
}

/** Jobs that entries name without belonging to them: that they are there, and whose they are, is all that is asked of them. */
function addNamedJobs(builder: LedgerViewBuilder, base: IndexedView, affected: Affected): void {
  const { jobs, jobIds, workspaces, kinds } = base.view;
  for (const id of builder.jobIds) {
    const row = affected.hasJob(id) ? -1 : jobIds.find(id);
    const presence = row < 0 ? 0 : jobs.presence[row];
    if (presence === 2) builder.addMalformedJob(id);
    if (presence !== 1) continue;
    builder.addJob({
      id,
      workspaceId: workspaces.text(jobs.workspace[row] ?? 0),
      kind: kinds.text(jobs.kind[row] ?? 0),
      isOver: jobs.isOver[row] === 1,
      createdAtMs: 0,
      leaseExpiresAtMs: null,
      generations: [],
      pending: [],
    });
  }
}

/** @returns by workspace, what the affected entries of the view that stood add up to */
function addEntries(
  builder: LedgerViewBuilder,
  base: IndexedView,
  changes: BookChanges,
  affected: Affected,
): ReadonlyMap<number, number> {
  const { entries, workspaces } = base.view;
  const takenOut = new Map<number, number>();
  const replaced = new Set(base.entryRows(changes.entries.keys()).filter((row) => entries.isPosting[row] === 0));
  for (const row of affected.entryRows()) {
    const workspace = entries.workspace[row] ?? 0;
    takenOut.set(workspace, (takenOut.get(workspace) ?? 0) + netOfEntry(entries, row));
    // What a changed account is about to post comes with the account.
    const isOfChanged = entries.isPosting[row] === 1 && changes.accounts.has(workspaces.text(workspace));
    if (!replaced.has(row) && !isOfChanged) builder.copyEntry(base.view, row);
  }
  for (const entry of changes.entries.values()) if (entry !== null) builder.addEntry(entry);
  return takenOut;
}

function addAccount(
  builder: LedgerViewBuilder,
  { base, changes, affected }: { base: IndexedView; changes: BookChanges; affected: Affected },
  workspaceId: string,
  otherLedgerCredits: number,
): void {
  const { view } = base;
  const changed = changes.accounts.get(workspaceId);
  if (changed !== undefined && changed !== null) {
    builder.addAccount({ ...changed, ...partOfHolds(changed.holds, affected), otherLedgerCredits });
    return;
  }
  const row = view.workspaces.find(workspaceId);
  if (changed === null || row < 0 || view.accounts.isPresent[row] !== 1) {
    builder.addMissingAccount(workspaceId, otherLedgerCredits);
    if (affected.workspaceIds.has(workspaceId) && row >= 0) addJobsOfWorkspace(builder, base, row, affected);
    return;
  }
  const isAffected = affected.workspaceIds.has(workspaceId);
  const holds = isAffected ? base.holdsOfWorkspace(row) : [];
  let otherHeldCredits = 0;
  for (const hold of holds) if (!affected.needsHold(hold)) otherHeldCredits += view.holds.credits[hold] ?? 0;
  builder.addAccount({
    _id: workspaceId,
    available: view.accounts.available[row] ?? 0,
    held: view.accounts.held[row] ?? 0,
    holds: {},
    posting: {},
    otherLedgerCredits,
    otherHeldCredits,
  });
  for (const hold of holds) if (affected.needsHold(hold)) builder.copyHold(view, hold);
}

/**
 * The reservations of a changed account that have to be looked at by themselves, and the sum of the others: an account may hold
 * something for thousands of generations of which nothing has changed.
 */
function partOfHolds(all: AccountFacts['holds'], affected: Affected): Pick<AccountFacts, 'holds' | 'otherHeldCredits'> {
  const holds: Record<string, AccountFacts['holds'][string]> = {};
  let otherHeldCredits = 0;
  for (const [generationId, hold] of Object.entries(all)) {
    if (generationId === '' || affected.hasGeneration(generationId)) holds[generationId] = hold;
    else otherHeldCredits += hold.credits;
  }
  return { holds, otherHeldCredits };
}

/** The jobs that are not affected themselves, as far as it counts for a workspace without an account. */
function addJobsOfWorkspace(
  builder: LedgerViewBuilder,
  base: IndexedView,
  workspace: number,
  affected: Affected,
): void {
  const { jobs } = base.view;
  for (let job = 0; job < jobs.presence.length; job += 1) {
    if (jobs.presence[job] !== 1 || jobs.workspace[job] !== workspace || affected.isJob(job)) continue;
    builder.addJob(jobFactsOf(base, job, [], []));
  }
}

/** What a view keeps of a job, by its row. */
export function jobFactsOfRow(base: IndexedView, job: number): JobFacts {
  return jobFactsOf(base, job, base.generationsOfJob(job), base.pendingOfJob(job));
}

function jobFactsOf(base: IndexedView, job: number, named: Iterable<number>, pendingRows: Iterable<number>): JobFacts {
  const { view } = base;
  const { jobs, generations, pending } = view;
  const current = jobs.generation[job] ?? 0;
  const leaseExpiresAtMs = jobs.leaseExpiresAtMs[job] ?? 0;
  const earlier = [...named].filter((row) => row !== current && generations.isAdopted[row] === 0);
  return {
    id: view.jobIds.text(job),
    workspaceId: view.workspaces.text(jobs.workspace[job] ?? 0),
    kind: view.kinds.text(jobs.kind[job] ?? 0),
    isOver: jobs.isOver[job] === 1,
    createdAtMs: 0,
    leaseExpiresAtMs: leaseExpiresAtMs === 0 ? null : leaseExpiresAtMs,
    generations: [...earlier, current].map((row) => generationFactsOf(base, row)),
    pending: Array.from(pendingRows, (row) => ({
      generationId: base.generationId(pending.generation[row] ?? 0),
      key: view.keys.text(pending.key[row] ?? 0),
      type: ENTRY_TYPES[pending.type[row] ?? 0] ?? 'grant',
      credits: pending.credits[row] ?? 0,
      atMs: pending.atMs[row] ?? 0,
    })),
  };
}

function generationFactsOf(base: IndexedView, row: number): GenerationFacts {
  const { generations } = base.view;
  const outcome = OUTCOMES[generations.outcome[row] ?? 0] ?? 'unknown';
  const price = generations.price[row] ?? -1;
  const due = generations.due[row] ?? -1;
  return {
    id: base.generationId(row),
    outcome: outcome === 'none' ? 'unknown' : outcome,
    priceCredits: price < 0 ? null : price,
    dueCredits: due < 0 ? null : due,
    startedAtMs: generations.startedAtMs[row] ?? 0,
    providerCostMicroUsd: generations.costMicroUsd[row] ?? 0,
  };
}
