import { isNoGeneration } from '../rows.ts';
import type { AccountFacts } from '../view-builder.ts';
import type { BookChanges } from './book-changes.ts';
import type { IndexedView } from './view-index.ts';

/** The time that passed between two judgements: what lies between may have become a finding without having changed. */
export interface PassedTime {
  readonly fromMs: number;
  readonly toMs: number;
  readonly pendingMsMax: number;
  readonly leaseGraceMs: number;
}

/**
 * What has to be judged anew: rows of the view that stood, and ids of what it did not have. Jobs and generations come in whole
 * groups, each job with all generations it names and each generation with its job and all its entries. The entries that belong to
 * no generation come one by one.
 */
export class Affected {
  readonly #isJob: Uint8Array;
  readonly #isGeneration: Uint8Array;
  #isAll = false;
  #generationIds: ReadonlySet<string> | null = null;
  #jobRows: number[] = [];
  #generationRows: number[] = [];
  /** Rows of entries without a generation. */
  readonly unboundEntries = new Set<number>();
  readonly newGenerationIds = new Set<string>();
  readonly jobIds: ReadonlySet<string>;
  readonly workspaceIds = new Set<string>();
  /** Keys of entries that changed, whatever they belong to. */
  readonly entryKeys: ReadonlySet<string>;
  readonly #base: IndexedView;

  constructor(base: IndexedView, changes: BookChanges) {
    const { view } = base;
    this.#base = base;
    this.#isJob = new Uint8Array(view.jobs.presence.length);
    this.#isGeneration = new Uint8Array(view.generations.count);
    this.jobIds = new Set(changes.jobs.keys());
    this.entryKeys = new Set(changes.entries.keys());
  }

  /** Marks everything. */
  markAll(): void {
    this.#isAll = true;
    const { view } = this.#base;
    const unbound = this.#base.unboundRow;
    this.#isJob.fill(1);
    this.#isGeneration.fill(1);
    this.#jobRows = Array.from(this.#isJob.keys());
    this.#generationRows = Array.from(this.#isGeneration.keys()).filter((row) => row !== unbound);
    if (unbound >= 0) {
      this.#isGeneration[unbound] = 0;
      const { entryStart } = view.generations;
      for (let row = entryStart[unbound] ?? 0; row < (entryStart[unbound + 1] ?? 0); row += 1)
        this.unboundEntries.add(row);
    }
    for (let row = 0; row < view.workspaces.size; row += 1) this.workspaceIds.add(view.workspaces.text(row));
  }

  /** A row of the view that stood, as the group that it belongs to. */
  markEntry(row: number): void {
    const { entries } = this.#base.view;
    const generation = entries.generation[row] ?? 0;
    if (isNoGeneration(this.#base.view, generation)) this.unboundEntries.add(row);
    else this.#markRow(generation);
  }

  markGeneration(id: string | null): void {
    if (id === null || id === '') return;
    const row = this.#base.generationRow(id);
    if (row < 0) this.newGenerationIds.add(id);
    else this.#markRow(row);
  }

  markJob(row: number): void {
    if (this.#isJob[row] !== 0) return;
    this.#isJob[row] = 1;
    this.#jobRows.push(row);
  }

  #markRow(generation: number): void {
    if (this.#isGeneration[generation] !== 0) return;
    this.#isGeneration[generation] = 1;
    this.#generationRows.push(generation);
  }

  /** Rows of the jobs that have to be judged anew, in their order once the groups are complete. */
  get jobRows(): readonly number[] {
    return this.#jobRows;
  }

  /** Rows of the generations that have to be judged anew, in their order once the groups are complete. */
  get generationRows(): readonly number[] {
    return this.#generationRows;
  }

  isJob(row: number): boolean {
    return this.#isJob[row] === 1;
  }

  isGeneration(row: number): boolean {
    return this.#isGeneration[row] === 1;
  }

  /** True for a generation that has to be judged anew; the empty id is none. Asked only once the groups are complete. */
  hasGeneration(id: string): boolean {
    if (id === '') return false;
    if (this.#isAll) return this.#base.generationRow(id) >= 0 || this.newGenerationIds.has(id);
    // Asked for every finding and reservation that stood: a set of a few thousand texts answers faster than the view's own table.
    this.#generationIds ??= new Set([
      ...this.#generationRows.map((row) => this.#base.generationId(row)),
      ...this.newGenerationIds,
    ]);
    return this.#generationIds.has(id);
  }

  /** True for a reservation that has to be looked at by itself, and not only in the sum of its account. */
  needsHold(row: number): boolean {
    const { view } = this.#base;
    const generation = view.holds.generation[row] ?? 0;
    return this.isGeneration(generation) || isNoGeneration(view, generation);
  }

  hasJob(id: string): boolean {
    if (this.jobIds.has(id)) return true;
    const row = this.#base.view.jobIds.find(id);
    return row >= 0 && this.isJob(row);
  }

  /** Rows of the entries that are affected in the view that stood. */
  *entryRows(): Iterable<number> {
    const { entryStart } = this.#base.view.generations;
    for (const generation of this.#generationRows) {
      for (let row = entryStart[generation] ?? 0; row < (entryStart[generation + 1] ?? 0); row += 1) yield row;
    }
    yield* this.unboundEntries;
  }

  /** Completes the groups: once it has returned, no group is marked in part. */
  close(): void {
    const { view } = this.#base;
    let [jobs, generations] = [0, 0];
    for (let hasGrown = true; hasGrown;) {
      for (; jobs < this.#jobRows.length || generations < this.#generationRows.length;) {
        for (; jobs < this.#jobRows.length; jobs += 1) {
          for (const row of this.#base.generationsOfJob(this.#jobRows[jobs] ?? -1)) {
            if (!isNoGeneration(view, row)) this.#markRow(row);
          }
        }
        for (; generations < this.#generationRows.length; generations += 1) {
          this.markJob(view.generations.job[this.#generationRows[generations] ?? -1] ?? -1);
        }
      }
      hasGrown = false;
      for (const { job, generation } of this.#base.oddBonds) {
        if (this.isJob(job) === this.isGeneration(generation)) continue;
        this.markJob(job);
        this.#markRow(generation);
        hasGrown = true;
      }
    }
    this.#jobRows.sort((left, right) => left - right);
    this.#generationRows.sort((left, right) => left - right);
  }
}

/** Finds all that has to be judged anew after changes, and because time has passed. */
export function findAffected(base: IndexedView, changes: BookChanges, time: PassedTime): Affected {
  const affected = new Affected(base, changes);
  markJobs(affected, base, changes);
  markAccounts(affected, base, changes);
  markEntries(affected, base, changes);
  markPassed(affected, base, time);
  affected.close();
  return affected;
}

function markJobs(affected: Affected, base: IndexedView, changes: BookChanges): void {
  const { view } = base;
  const { jobs } = view;
  for (const [id, job] of changes.jobs) {
    const row = view.jobIds.find(id);
    if (row >= 0) {
      affected.markJob(row);
      // Whoever names a job may belong to it, or to nobody, as soon as it comes or goes.
      for (const entry of base.strayEntriesOfJob(row)) affected.markEntry(entry);
      if (jobs.presence[row] === 1) affected.workspaceIds.add(view.workspaces.text(jobs.workspace[row] ?? 0));
    }
    if (job === null || job === 'malformed') continue;
    affected.workspaceIds.add(job.workspaceId);
    for (const generation of job.generations) affected.markGeneration(generation.id);
    for (const owed of job.pending) affected.markGeneration(owed.generationId);
  }
}

function markAccounts(affected: Affected, base: IndexedView, changes: BookChanges): void {
  const { view } = base;
  const { accounts, jobs, entries } = view;
  const posted = [...changes.accounts.values()].flatMap((account) => Object.keys(account?.posting ?? {}));
  for (const entry of base.entryRows(posted)) {
    affected.markEntry(entry);
    // Of a key that several accounts post one counts, and it may be another one now.
    affected.workspaceIds.add(view.workspaces.text(entries.workspace[entry] ?? 0));
  }
  for (const [id, account] of changes.accounts) {
    affected.workspaceIds.add(id);
    for (const entry of Object.values(account?.posting ?? {})) affected.markGeneration(entry.generationId);
    const row = view.workspaces.find(id);
    markHolds(affected, base, row, account?.holds ?? {});
    if (row < 0) continue;
    for (const entry of base.postings) if (entries.workspace[entry] === row) affected.markEntry(entry);
    if ((accounts.isPresent[row] === 1) === (account !== null)) continue;
    // Every job of a workspace is judged by whether it has an account.
    for (let job = 0; job < jobs.presence.length; job += 1) {
      if (jobs.presence[job] === 1 && jobs.workspace[job] === row) affected.markJob(job);
    }
  }
}

/** The generations whose reservation in an account is another than it was. */
function markHolds(affected: Affected, base: IndexedView, workspace: number, now: AccountFacts['holds']): void {
  const { holds } = base.view;
  const same = new Set<string>();
  for (const row of base.holdsOfWorkspace(workspace)) {
    const id = base.generationIdOfHold(row);
    const hold = now[id];
    if (hold?.credits === holds.credits[row] && hold?.at.getTime() === holds.atMs[row]) same.add(id);
    else affected.markGeneration(id);
  }
  for (const id of Object.keys(now)) if (!same.has(id)) affected.markGeneration(id);
}

function markEntries(affected: Affected, base: IndexedView, changes: BookChanges): void {
  for (const id of changes.generationIds) affected.markGeneration(id);
  const { entries, workspaces } = base.view;
  for (const row of base.entryRows(changes.entries.keys())) {
    affected.markEntry(row);
    affected.workspaceIds.add(workspaces.text(entries.workspace[row] ?? 0));
  }
  for (const entry of changes.entries.values()) {
    if (entry === null) continue;
    affected.markGeneration(entry.generationId);
    affected.workspaceIds.add(entry.workspaceId);
  }
}

/** What was not overdue, or not abandoned, when it was last judged, and is by now. */
function markPassed(affected: Affected, base: IndexedView, time: PassedTime): void {
  const { pending, jobs, entries } = base.view;
  const isNew = (dueMs: number): boolean => dueMs >= time.fromMs && dueMs < time.toMs;
  for (let row = 0; row < pending.count; row += 1) {
    if (isNew((pending.atMs[row] ?? 0) + time.pendingMsMax)) affected.markJob(pending.job[row] ?? 0);
  }
  for (const entry of base.postings) {
    if (isNew((entries.atMs[entry] ?? 0) + time.pendingMsMax)) affected.markEntry(entry);
  }
  for (const job of base.leasedJobs) {
    if (isNew((jobs.leaseExpiresAtMs[job] ?? 0) + time.leaseGraceMs)) affected.markJob(job);
  }
}
