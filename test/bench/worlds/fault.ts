import type { Job } from '#domain/job.ts';
import { entryKey, netCreditsOf, type EntryType, type LedgerEntry } from '#domain/ledger.ts';
import type { Scenario } from './clean-job.ts';
import type { SeededRandom } from './seeded-random.ts';
import { accountOf, entryOf, jobOf, post, setHold, unpost, type World } from './world.ts';

/** A finding that a planted fault must lead to. */
export interface ExpectedFinding {
  readonly id: string;
  readonly credits: number;
}

/** A known fault. `after` faults are planted once the world has been seen and its months closed. */
export interface Fault {
  /** The rules that must find it. */
  readonly rules: readonly number[];
  readonly name: string;
  readonly moment: 'before' | 'after';
  /** Plants it once. @returns what must be found for it, or null where the world has no place left for it */
  plant(scene: FaultScene): readonly ExpectedFinding[] | null;
}

/** What a fault needs to be planted: a world, and jobs that no other fault has touched. */
export class FaultScene {
  readonly world: World;
  readonly random: SeededRandom;
  readonly #touched = new Set<string>();
  #serial = 0;

  constructor(world: World, random: SeededRandom) {
    this.world = world;
    this.random = random;
  }

  /** A number that no other fault of this world has. */
  serial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** A job of one of these scenarios, each only once. */
  take(...scenarios: readonly Scenario[]): Job | null {
    const free = [...this.world.jobs.keys()].filter(
      (id) => !this.#touched.has(id) && scenarios.includes(this.world.scenarios.get(id) ?? 'created'),
    );
    if (free.length === 0) return null;
    const id = this.random.pick(free);
    this.#touched.add(id);
    return jobOf(this.world, id);
  }

  workspace(): string {
    return this.random.pick([...this.world.accounts.keys()].filter((id) => id.startsWith('workspace-')));
  }

  /** An amount that is not 0. */
  amount(): number {
    return this.random.between(1, 90);
  }
}

/** Expects a finding of a rule and case about a subject. */
export function expected(rule: string, caseName: string, subject: string, credits: number): ExpectedFinding {
  return { id: `${rule}:${caseName}:${subject}`, credits };
}

/** A new entry for a generation of a job, dated a while ago. */
export function generationEntry(
  job: Pick<Job, '_id' | 'workspaceId'>,
  generationId: string,
  type: EntryType,
  fields: { readonly credits: number; readonly n?: number; readonly atMs: number },
): LedgerEntry {
  const at = new Date(fields.atMs);
  return {
    _id: entryKey(generationId, type, fields.n ?? 1),
    workspaceId: job.workspaceId,
    jobId: job._id,
    generationId,
    attempt: 1,
    type,
    credits: fields.credits,
    at,
    actor: { type: 'runner', id: 'runner-2' },
    reason: 'planted',
    period: at.toISOString().slice(0, 7),
  };
}

/** The job's entry of a type for its current generation. */
export function standingEntry(world: World, job: Job, type: EntryType): LedgerEntry {
  return entryOf(world, entryKey(job.billing.generationId, type, 1));
}

/** Writes an entry anew under its key, with the account following its net sum. */
export function rewrite(world: World, key: string, fields: Partial<LedgerEntry>): LedgerEntry {
  const before = unpost(world, key);
  const after = { ...before, ...fields };
  post(world, after);
  return after;
}

/** Changes what an entry says and leaves the account as it is; its net sum must stay the same. */
export function relabel(world: World, key: string, fields: Partial<LedgerEntry>): void {
  const before = entryOf(world, key);
  const after = { ...before, ...fields };
  if (netCreditsOf(before) !== netCreditsOf(after)) throw new Error('a relabelled entry keeps its sum');
  world.ledger.delete(key);
  world.ledger.set(after._id, after);
}

/** Locks credits for the job's current generation once more. */
export function restoreHold(world: World, job: Job, credits: number): void {
  const standing = accountOf(world, job.workspaceId).holds[job.billing.generationId]?.credits ?? 0;
  setHold(world, job.workspaceId, job.billing.generationId, standing + credits, job.createdAt);
}

/** Puts a job in the place of the one that has its id. */
export function replaceJob(world: World, job: Job): void {
  world.jobs.set(job._id, job);
}
