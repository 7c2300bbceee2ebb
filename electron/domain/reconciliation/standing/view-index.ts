import { sumWorkspaces } from '../reconcile.ts';
import { isNoGeneration } from '../rows.ts';
import { entryKeyOf, generationIdOf, type LedgerView } from '../view.ts';
import { RowIndex } from './row-index.ts';

/** A job and a generation that belong together, by their rows. */
export interface Bond {
  readonly job: number;
  readonly generation: number;
}

/** A view with what finds its rows by ids: made when it is first asked for, and kept with the view. */
export class IndexedView {
  readonly view: LedgerView;
  #rowOfId: Int32Array | null = null;
  #ledger: Float64Array | null = null;
  #postings: readonly number[] | null = null;
  #overlaid: readonly string[] | null = null;
  #generationsOfJob: RowIndex | null = null;
  #pendingOfJob: RowIndex | null = null;
  #holdsOfWorkspace: RowIndex | null = null;
  #strayEntriesOfJob: RowIndex | null = null;
  #entriesOfKey: RowIndex | null = null;
  #idsOfHolds: readonly string[] | null = null;
  #oddBonds: readonly Bond[] | null = null;
  #leasedJobs: readonly number[] | null = null;

  constructor(view: LedgerView) {
    this.view = view;
  }

  /** What the entries of each workspace add up to, by its index. */
  get ledgerOfWorkspace(): Float64Array {
    return (this.#ledger ??= sumWorkspaces(this.view));
  }

  /** Rows of the entries that accounts contain and the ledger does not. */
  get postings(): readonly number[] {
    if (this.#postings === null) {
      const { isPosting, count } = this.view.entries;
      const rows: number[] = [];
      for (let row = 0; row < count; row += 1) if (isPosting[row] === 1) rows.push(row);
      this.#postings = rows;
    }
    return this.#postings;
  }

  /** The row of a generation by its id, -1 where the view has none. */
  generationRow(id: string): number {
    const index = this.view.generationIds.find(id);
    return index < 0 ? -1 : (this.#rows()[index] ?? -1);
  }

  /** The row of the entries that belong to no generation. */
  get unboundRow(): number {
    return this.#rows()[0] ?? -1;
  }

  /** The rows of entries with these keys: one for each, or two where an account still contains what the ledger has under another generation. */
  entryRows(keys: Iterable<string>): readonly number[] {
    const { entries, generations } = this.view;
    const rows: number[] = [];
    for (const key of keys) {
      const index = this.view.keys.find(key);
      if (index >= 0) rows.push(...this.#rowsOfKey(index));
      const row = this.generationRow(generationPartOf(key));
      if (row < 0 || isNoGeneration(this.view, row)) continue;
      const end = generations.entryStart[row + 1] ?? 0;
      for (let entry = generations.entryStart[row] ?? 0; entry < end; entry += 1) {
        if (entries.key[entry] === -1 && entryKeyOf(this.view, entry) === key) rows.push(entry);
      }
    }
    return rows;
  }

  /** The workspaces that entries with these keys belonged to. */
  workspacesOfEntries(keys: Iterable<string>): ReadonlySet<string> {
    const { entries, workspaces } = this.view;
    return new Set(this.entryRows(keys).map((row) => workspaces.text(entries.workspace[row] ?? 0)));
  }

  /**
   * Accounts of which the view does not have everything that they are about to post, because the same key counts elsewhere: whatever
   * becomes of the one that counts, they must be read again.
   */
  get overlaidWorkspaces(): readonly string[] {
    const { accounts, workspaces } = this.view;
    this.#overlaid ??= [...accounts.isOverlaid.keys()]
      .filter((row) => accounts.isOverlaid[row] === 1)
      .map((row) => workspaces.text(row));
    return this.#overlaid;
  }

  /** The generations that belong to a job. */
  generationsOfJob(job: number): Int32Array {
    const { generations, jobs } = this.view;
    this.#generationsOfJob ??= new RowIndex(
      jobs.presence.length,
      generations.count,
      (row) => generations.job[row] ?? -1,
    );
    return this.#generationsOfJob.of(job);
  }

  /** Rows of what a job says it still owes. */
  pendingOfJob(job: number): Int32Array {
    const { pending, jobs } = this.view;
    this.#pendingOfJob ??= new RowIndex(jobs.presence.length, pending.count, (row) => pending.job[row] ?? -1);
    return this.#pendingOfJob.of(job);
  }

  /** Rows of an account's reservations. */
  holdsOfWorkspace(workspace: number): Int32Array {
    const { holds, accounts } = this.view;
    this.#holdsOfWorkspace ??= new RowIndex(
      accounts.isPresent.length,
      holds.count,
      (row) => holds.workspace[row] ?? -1,
    );
    return this.#holdsOfWorkspace.of(workspace);
  }

  /** The id of the generation that a reservation is for; asked for all of an account's whenever the account changes. */
  generationIdOfHold(row: number): string {
    this.#idsOfHolds ??= Array.from(this.view.holds.generation, (generation) => this.generationId(generation));
    return this.#idsOfHolds[row] ?? '';
  }

  /** Rows of the entries that name a job and stand under a generation that does not belong to it. */
  strayEntriesOfJob(job: number): Int32Array {
    const { entries, generations, jobs } = this.view;
    this.#strayEntriesOfJob ??= new RowIndex(jobs.presence.length, entries.count, (row) => {
      const named = entries.job[row] ?? -1;
      return named === (generations.job[entries.generation[row] ?? 0] ?? -1) ? -1 : named;
    });
    return this.#strayEntriesOfJob.of(job);
  }

  /** What a job names and the generation does not say: jobs share a generation, or owe for that of another. */
  get oddBonds(): readonly Bond[] {
    if (this.#oddBonds === null) {
      const { generations, jobs, pending } = this.view;
      const bonds: Bond[] = [];
      const add = (job: number, generation: number): void => {
        if (job < 0 || generation < 0 || isNoGeneration(this.view, generation)) return;
        if (generations.job[generation] !== job) bonds.push({ job, generation });
      };
      for (let job = 0; job < jobs.presence.length; job += 1) {
        if (jobs.presence[job] === 1) add(job, jobs.generation[job] ?? -1);
      }
      for (let row = 0; row < pending.count; row += 1) add(pending.job[row] ?? -1, pending.generation[row] ?? -1);
      this.#oddBonds = bonds;
    }
    return this.#oddBonds;
  }

  /** Rows of the jobs that somebody has a lease on, also one that has run out. */
  get leasedJobs(): readonly number[] {
    if (this.#leasedJobs === null) {
      const { leaseExpiresAtMs } = this.view.jobs;
      const rows: number[] = [];
      for (let job = 0; job < leaseExpiresAtMs.length; job += 1) if ((leaseExpiresAtMs[job] ?? 0) > 0) rows.push(job);
      this.#leasedJobs = rows;
    }
    return this.#leasedJobs;
  }

  /** The job that a generation belongs to, null where there is none. */
  ownerOf(generationId: string): string | null {
    const job = this.view.generations.job[this.generationRow(generationId)] ?? -1;
    return job < 0 ? null : this.view.jobIds.text(job);
  }

  /** The id of a generation's row; the row of the entries without one has the empty id. */
  generationId(row: number): string {
    return generationIdOf(this.view, row) ?? '';
  }

  #rowsOfKey(index: number): Int32Array {
    const { entries, keys } = this.view;
    this.#entriesOfKey ??= new RowIndex(keys.size, entries.count, (row) => entries.key[row] ?? -1);
    return this.#entriesOfKey.of(index);
  }

  #rows(): Int32Array {
    if (this.#rowOfId === null) {
      const { id } = this.view.generations;
      const rows = new Int32Array(this.view.generationIds.size).fill(-1);
      for (let row = 0; row < id.length; row += 1) rows[id[row] ?? 0] = row;
      this.#rowOfId = rows;
    }
    return this.#rowOfId;
  }
}

/** What stands before the last two colons of a key: its generation, where the key has the agreed form. */
export function generationPartOf(key: string): string {
  const last = key.lastIndexOf(':');
  const first = last <= 0 ? -1 : key.lastIndexOf(':', last - 1);
  return first < 0 ? '' : key.slice(0, first);
}
