import type { Job } from '#domain/job.ts';
import type { EntryType, LedgerEntry } from '#domain/ledger.ts';
import { AS_OF_MS, type CleanJob } from '../worlds/clean-job.ts';
import { generationEntry } from '../worlds/fault.ts';
import type { SeededRandom } from '../worlds/seeded-random.ts';

/** A way to break one job's books. */
type Break = (clean: CleanJob, random: SeededRandom) => CleanJob;

/** Breaks a job in one of many ways. Whether two engines agree on the outcome is the question here; what is right is asked of the random worlds. */
export function breakJob(clean: CleanJob, random: SeededRandom): CleanJob {
  return random.pick(BREAKS)(clean, random);
}

const BREAKS: readonly Break[] = [
  (clean) => withEntries(clean, without(clean, 'capture')),
  (clean) => withEntries(clean, without(clean, 'release')),
  (clean) => withEntries(clean, without(clean, 'reserve')),
  (clean) => withEntries(clean, [...clean.entries, added(clean, 'capture', clean.job.billing.price, 2)]),
  (clean) => withEntries(clean, [...clean.entries, added(clean, 'refund', clean.job.billing.price + 3, 2)]),
  (clean) => withEntries(clean, [...clean.entries, added(clean, 'adjust', -clean.job.billing.price, 6001)]),
  (clean, random) =>
    withEntries(
      clean,
      changed(clean, 'capture', (entry) => ({ credits: entry.credits + random.between(1, 9) })),
    ),
  (clean) =>
    withEntries(
      clean,
      changed(clean, 'capture', (entry) => ({ jobId: `missing-${entry._id}` })),
    ),
  (clean) =>
    withEntries(
      clean,
      changed(clean, 'capture', (entry) => ({ _id: `odd ${entry._id}` })),
    ),
  (clean) =>
    withEntries(
      clean,
      changed(clean, 'reserve', (entry) => ({ _id: `${entry._id}9:capture:4` })),
    ),
  (clean) =>
    withEntries(
      clean,
      changed(clean, 'capture', (entry) => ({ generationId: `stray-${entry._id.replaceAll(':', '-')}`, jobId: null })),
    ),
  (clean) =>
    withEntries(
      clean,
      changed(clean, 'capture', () => ({ generationId: null })),
    ),
  (clean) => ({
    ...clean,
    hold: { generationId: clean.job.billing.generationId, credits: 31, at: clean.job.createdAt },
  }),
  (clean) => ({ ...clean, hold: { generationId: `nobody-${clean.job._id}`, credits: 17, at: clean.job.createdAt } }),
  (clean) => ({ ...clean, hold: null }),
  (clean) => withJob(clean, { ...clean.job, billing: { ...clean.job.billing, price: clean.job.billing.price + 11 } }),
  (clean) => withJob(clean, { ...clean.job, billing: { ...clean.job.billing, price: clean.job.billing.price - 11 } }),
  (clean) => withJob(clean, { ...clean.job, kind: 'image' }),
  (clean) => withJob(clean, { ...clean.job, workspaceId: `unopened-${clean.job._id}` }),
  (clean) => withJob(clean, withOldPending(clean.job)),
  (clean) => withJob(clean, abandoned(clean.job)),
];

function withEntries(clean: CleanJob, entries: readonly LedgerEntry[]): CleanJob {
  return { ...clean, entries };
}

function withJob(clean: CleanJob, job: Job): CleanJob {
  return { ...clean, job };
}

function without(clean: CleanJob, type: EntryType): readonly LedgerEntry[] {
  return clean.entries.filter((entry) => entry.type !== type);
}

function added(clean: CleanJob, type: EntryType, credits: number, n: number): LedgerEntry {
  const { generationId } = clean.job.billing;
  return generationEntry(clean.job, generationId, type, { credits, n, atMs: clean.job.updatedAt.getTime() + 7000 });
}

function changed(
  clean: CleanJob,
  type: EntryType,
  change: (entry: LedgerEntry) => Partial<LedgerEntry>,
): readonly LedgerEntry[] {
  return clean.entries.map((entry) => (entry.type === type ? { ...entry, ...change(entry) } : entry));
}

function withOldPending(job: Job): Job {
  const { generationId, price } = job.billing;
  const at = new Date(AS_OF_MS - 86_400_000);
  const actor = { type: 'runner', id: 'runner-1' } as const;
  const pending = {
    key: `${generationId}:release:3`,
    type: 'release',
    credits: price,
    attempt: 1,
    at,
    actor,
    reason: 'old',
  } as const;
  return { ...job, billing: { ...job.billing, pending: [pending] } };
}

function abandoned(job: Job): Job {
  if (job.state !== 'running' && job.state !== 'validating') return job;
  return { ...job, lease: { ...job.lease, expiresAt: new Date(AS_OF_MS - 3_600_000) } };
}
