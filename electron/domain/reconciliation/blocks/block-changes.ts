import type { LedgerEntry } from '../../ledger.ts';
import type { JobFacts } from '../facts.ts';
import type { BookChanges } from '../standing/book-changes.ts';
import { generationPartOf, type IndexedView } from '../standing/view-index.ts';
import type { AccountFacts } from '../view-builder.ts';
import type { BlockMap } from './block-map.ts';

type JobNow = JobFacts | 'malformed' | null;

/** What changed in books since their blocks were made, and the books as they are now where a block asks for more. */
export interface ChangedBooks {
  readonly jobs: ReadonlyMap<string, JobNow>;
  readonly entries: ReadonlyMap<string, LedgerEntry | null>;
  readonly workspaceIds: ReadonlySet<string>;
  /** Generations that changed entries belonged to, as far as they are known. */
  readonly generationIds: ReadonlySet<string>;
  readonly jobNow: (id: string) => JobNow;
  readonly accountNow: (id: string) => AccountFacts | null;
}

/** The blocks of a changed entry: where it stands now, where its key says that it belongs, and where it stands without a generation. */
interface BlocksOfEntry {
  readonly now: number;
  readonly byKey: number;
  readonly unbound: number;
}
const NOWHERE: BlocksOfEntry = { now: -1, byKey: -1, unbound: -1 };

type Part = Pick<AccountFacts, 'holds' | 'posting'>;
const NO_PART: Part = { holds: {}, posting: {} };

/** Tells each block what of all changes concerns it. */
export class BlockChanges {
  readonly #map: BlockMap;
  readonly #changed: ChangedBooks;
  readonly #blocksOfEntries: ReadonlyMap<string, BlocksOfEntry>;
  readonly #blocksOfJobs: ReadonlyMap<string, ReadonlySet<number>>;
  readonly #parts = new Map<string, ReadonlyMap<number, Part>>();

  constructor(map: BlockMap, changed: ChangedBooks) {
    this.#map = map;
    this.#changed = changed;
    this.#blocksOfEntries = new Map(
      [...changed.entries].map(([key, entry]) => [
        key,
        {
          now: entry === null ? -1 : map.ofEntry(entry),
          byKey: map.ofGeneration(generationPartOf(key)),
          unbound: map.ofEntry({ _id: key, generationId: null }),
        },
      ]),
    );
    this.#blocksOfJobs = new Map([...changed.jobs].map(([id, job]) => [id, blocksOf(map, id, job)]));
  }

  /** The changes of a block, as if its books were all that there are. */
  of(block: number, base: IndexedView): BookChanges {
    const { view } = base;
    const entries = new Map<string, LedgerEntry | null>();
    for (const [key, entry] of this.#changed.entries) {
      const { byKey, now, unbound } = this.#blocksOfEntries.get(key) ?? NOWHERE;
      if (now === block) entries.set(key, entry);
      // It may have come and gone since the blocks were made, and be remembered.
      else if (unbound === block) entries.set(key, null);
      else if ((byKey === block || view.keys.find(key) >= 0) && base.entryRows([key]).length > 0)
        entries.set(key, null);
    }
    const jobs = new Map<string, JobNow>();
    for (const [id, job] of this.#changed.jobs) {
      if (this.#blocksOfJobs.get(id)?.has(block) === true || view.jobIds.find(id) >= 0) jobs.set(id, job);
    }
    for (const entry of entries.values()) {
      const jobId = entry?.jobId ?? null;
      // Whoever is named by an entry of the block stands in it too.
      if (jobId === null || jobs.has(jobId) || isPresent(base, jobId)) continue;
      const job = this.#changed.jobNow(jobId);
      if (job !== null) jobs.set(jobId, job);
    }
    return {
      jobs,
      entries,
      accounts: this.#accountsOf(block, base, entries, jobs),
      generationIds: new Set([...this.#changed.generationIds].filter((id) => this.#map.ofGeneration(id) === block)),
    };
  }

  #accountsOf(
    block: number,
    base: IndexedView,
    entries: BookChanges['entries'],
    jobs: BookChanges['jobs'],
  ): BookChanges['accounts'] {
    const known = (id: string): boolean => base.view.workspaces.find(id) >= 0;
    const named = new Set([
      ...[...entries.values()].flatMap((entry) => entry?.workspaceId ?? []),
      ...[...jobs.values()].flatMap((job) => (job === null || job === 'malformed' ? [] : job.workspaceId)),
    ]);
    const ids = new Set([
      ...[...this.#changed.workspaceIds].filter((id) => known(id) || named.has(id) || this.#partsOf(id).has(block)),
      ...[...named].filter((id) => !known(id)),
      ...base.workspacesOfEntries(entries.keys()),
      ...base.overlaidWorkspaces,
    ]);
    return new Map(
      [...ids].map((id) => {
        const account = this.#changed.accountNow(id);
        return [id, account === null ? null : { ...account, ...(this.#partsOf(id).get(block) ?? NO_PART) }];
      }),
    );
  }

  /** What an account has in each block. */
  #partsOf(workspaceId: string): ReadonlyMap<number, Part> {
    const standing = this.#parts.get(workspaceId);
    if (standing !== undefined) return standing;
    const parts = new Map<
      number,
      { holds: Record<string, Part['holds'][string]>; posting: Record<string, LedgerEntry> }
    >();
    const at = (block: number) => {
      const part = parts.get(block) ?? { holds: {}, posting: {} };
      parts.set(block, part);
      return part;
    };
    const account = this.#changed.accountNow(workspaceId);
    for (const [id, hold] of Object.entries(account?.holds ?? {})) at(this.#map.ofGeneration(id)).holds[id] = hold;
    for (const [key, entry] of Object.entries(account?.posting ?? {}))
      at(this.#map.ofEntry(entry)).posting[key] = entry;
    this.#parts.set(workspaceId, parts);
    return parts;
  }
}

function blocksOf(map: BlockMap, id: string, job: JobNow): ReadonlySet<number> {
  if (job === null) return new Set();
  return job === 'malformed' ? new Set([map.ofGeneration(id)]) : map.ofJob(job);
}

function isPresent({ view }: IndexedView, jobId: string): boolean {
  const row = view.jobIds.find(jobId);
  return row >= 0 && view.jobs.presence[row] !== 0;
}
