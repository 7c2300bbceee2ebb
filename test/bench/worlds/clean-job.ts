import type { Failure } from '#domain/failure.ts';
import type { Attempt, HistoryEntry, Job, JobState, Lease } from '#domain/job.ts';
import { entryKey, periodOf, type EntryType, type LedgerEntry, type PendingEntry } from '#domain/ledger.ts';
import type { ChargeRule } from '#domain/reconciliation/facts.ts';
import type { ListedPrice } from '#domain/reconciliation/price-list.ts';
import type { SeededRandom } from './seeded-random.ts';

/** The moment that the worlds stand at. */
export const AS_OF_MS = Date.parse('2026-11-10T12:00:00Z');
const FIRST_MS = Date.parse('2026-08-01T00:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A list with a change of price within the worlds' time; `legacy` is a kind that it does not have. */
export const WORLD_PRICES: readonly ListedPrice[] = [
  { kind: 'website', fromMs: 0, priceCredits: 500 },
  { kind: 'website', fromMs: Date.parse('2026-10-01T00:00:00Z'), priceCredits: 600 },
  { kind: 'image', fromMs: 0, priceCredits: 120 },
  { kind: 'free', fromMs: 0, priceCredits: 0 },
];

/** In these worlds a refused content is paid for, everything else that fails is given back. */
export const worldChargeRule: ChargeRule = (failureClass) => (failureClass === 'policy' ? 'capture' : 'release');

/** How a clean job stands. */
export const SCENARIOS = [
  'created',
  'blocked',
  'reserving',
  'queued',
  'running',
  'validating',
  'retrying',
  'completed',
  'metered',
  'refunded',
  'capturing',
  'failed',
  'cancelled',
  'kept',
  'requeued',
  'requeued_unattempted',
  'free',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** A job with what it has done to ledger and account. */
export interface CleanJob {
  readonly scenario: Scenario;
  readonly job: Job;
  readonly entries: readonly LedgerEntry[];
  /** What the account holds for it, null for nothing. */
  readonly hold: { readonly generationId: string; readonly credits: number; readonly at: Date } | null;
}

/** Makes one job of a scenario with everything that a real one would have left behind. */
export function cleanJob(random: SeededRandom, index: number, workspaceId: string, scenario: Scenario): CleanJob {
  const isRecent = ['reserving', 'running', 'validating', 'capturing'].includes(scenario);
  const createdAtMs = isRecent
    ? AS_OF_MS - random.between(1, 4) * MINUTE_MS
    : random.between(FIRST_MS, AS_OF_MS - 2 * DAY_MS);
  const kind = scenario === 'free' ? 'free' : random.pick(['website', 'website', 'image', 'legacy']);
  const listed = WORLD_PRICES.findLast((line) => line.kind === kind && line.fromMs <= createdAtMs);
  const draft = new JobDraft({
    id: `job-${index}`,
    workspaceId,
    kind,
    createdAtMs,
    price: listed?.priceCredits ?? 250,
  });
  draft.play(scenario, random);
  return { scenario, job: draft.job(), entries: draft.entries, hold: draft.hold() };
}

interface JobSpec {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly createdAtMs: number;
  readonly price: number;
}

/** Plays a job's life step by step and keeps the books of it. */
class JobDraft {
  readonly entries: LedgerEntry[] = [];
  readonly #spec: JobSpec;
  readonly #history: HistoryEntry[] = [];
  readonly #attempts: Attempt[] = [];
  readonly #pending: PendingEntry[] = [];
  #state: JobState = 'queued';
  #nowMs: number;
  #generation = 1;
  #generationId: string;
  #reserved = 0;
  #captured = 0;
  #refunded = 0;
  #heldSinceMs = 0;
  #lease: Lease | null = null;
  #failure: Failure | null = null;
  #blocked: { neededCredits: number; at: Date } | null = null;

  constructor(spec: JobSpec) {
    this.#spec = spec;
    this.#nowMs = spec.createdAtMs;
    this.#generationId = `gen-${spec.id}`;
    this.#enter('queued', 'created');
  }

  play(scenario: Scenario, random: SeededRandom): void {
    switch (scenario) {
      case 'created':
        return;
      case 'blocked':
        this.#owe('reserve', this.#spec.price);
        this.#blocked = { neededCredits: this.#spec.price, at: new Date(this.#nowMs) };
        return;
      case 'reserving':
        this.#owe('reserve', this.#spec.price);
        return;
      case 'queued':
        return this.#post('reserve', this.#spec.price);
      case 'running':
        return this.#start();
      case 'validating':
        this.#start();
        return this.#enter('validating', 'generated');
      case 'retrying':
        return this.#fail('retrying', 'temporary', random);
      case 'cancelled':
        return this.#cancelBeforeStart();
      case 'failed':
        this.#fail('failed', random.pick(['validation', 'provider', 'unknown'] as const), random);
        return this.#post('release', this.#spec.price);
      case 'kept':
        this.#fail('failed', 'policy', random);
        return this.#post('capture', this.#spec.price);
      case 'requeued':
        this.#fail('failed', 'timeout', random);
        this.#post('release', this.#spec.price);
        this.#requeue();
        return this.#complete(random, this.#spec.price);
      case 'requeued_unattempted':
        this.#cancelBeforeStart();
        this.#requeue();
        return this.#post('reserve', this.#spec.price);
      case 'capturing':
        this.#finish(random);
        return this.#owe('capture', this.#spec.price);
      case 'metered': {
        const final = Math.max(1, this.#spec.price - random.between(1, 100));
        this.#complete(random, final);
        return this.#post('release', this.#spec.price - final);
      }
      case 'refunded':
        this.#complete(random, this.#spec.price);
        return this.#post('refund', this.#spec.price);
      case 'free':
        return this.#finish(random);
      case 'completed':
        return this.#complete(random, this.#spec.price);
    }
  }

  hold(): CleanJob['hold'] {
    if (this.#reserved === 0) return null;
    return { generationId: this.#generationId, credits: this.#reserved, at: new Date(this.#heldSinceMs) };
  }

  job(): Job {
    const at = new Date(this.#nowMs);
    const { id, workspaceId, kind, createdAtMs, price } = this.#spec;
    const base = {
      _id: id,
      kind,
      workspaceId,
      userId: 'user-1',
      version: this.#history.length,
      attempt: this.#attempts.length,
      maxAttempts: 5,
      priority: 0,
      notBefore: new Date(createdAtMs),
      createdAt: new Date(createdAtMs),
      updatedAt: at,
      input: { prompt: `Prompt of ${id}`, options: {}, hash: `hash-${id}` },
      provider: { name: 'demo', model: 'demo-1', acceptanceId: null },
      leaseToken: this.#attempts.length,
      progress: null,
      history: this.#history,
      attempts: this.#attempts,
      validation: null,
      billing: {
        status: this.#status(),
        generationId: this.#generationId,
        price,
        reserved: this.#reserved,
        captured: this.#captured,
        refunded: this.#refunded,
        pending: this.#pending,
        blocked: this.#blocked,
      },
      lineage: null,
    };
    const output = { uri: `file:///${id}.html`, mime: 'text/html', bytes: 100, sha256: 'a'.repeat(64) };
    const lease = this.#lease ?? { runnerId: 'runner-1', token: 1, expiresAt: at, heartbeatAt: at };
    const failure = this.#failure ?? { class: 'unknown', code: 'none', message: '', fingerprint: 'none', at };
    switch (this.#state) {
      case 'queued':
        return { ...base, state: 'queued', lease: null, output: null, failure: null };
      case 'running':
      case 'validating':
        return { ...base, state: this.#state, lease, output: null, failure: null };
      case 'completed':
        return { ...base, state: 'completed', lease: null, output, failure: null };
      case 'failed':
      case 'retrying':
        return { ...base, state: this.#state, lease: null, output: null, failure };
    }
  }

  #status(): Job['billing']['status'] {
    if (this.#captured > this.#refunded) return 'charged';
    if (this.#refunded > 0) return 'refunded';
    return this.#reserved > 0 ? 'reserved' : 'not_charged';
  }

  #enter(to: JobState, reason: string): void {
    this.#nowMs += 1000;
    const from = this.#history.at(-1)?.to ?? null;
    const actor = { type: 'runner', id: 'runner-1' } as const;
    const at = new Date(this.#nowMs);
    const seq = this.#history.length + 1;
    this.#history.push({ seq, from, to, at, attempt: this.#attempts.length, actor, reason, policyVersion: null });
    this.#state = to;
  }

  #start(): void {
    this.#post('reserve', this.#spec.price);
    const n = this.#attempts.length + 1;
    const startedAt = new Date(this.#nowMs);
    this.#attempts.push({
      n,
      generationId: this.#generationId,
      startedAt,
      endedAt: null,
      runnerId: 'runner-1',
      provider: 'demo',
      model: 'demo-1',
      acceptanceId: null,
      providerCost: null,
      failure: null,
      validation: null,
    });
    this.#lease = { runnerId: 'runner-1', token: n, expiresAt: new Date(AS_OF_MS + MINUTE_MS), heartbeatAt: startedAt };
    this.#enter('running', 'claimed');
  }

  #endAttempt(random: SeededRandom, failure: Failure | null): void {
    const open = this.#attempts.pop();
    if (open === undefined) throw new Error('no attempt is open');
    const endedAt = new Date(this.#nowMs);
    this.#attempts.push({ ...open, endedAt, providerCost: random.between(1000, 90_000), failure });
    this.#lease = null;
  }

  #finish(random: SeededRandom): void {
    this.#start();
    this.#enter('validating', 'generated');
    this.#endAttempt(random, null);
    this.#enter('completed', 'every check passed');
  }

  #complete(random: SeededRandom, credits: number): void {
    this.#finish(random);
    this.#post('capture', credits);
  }

  #fail(to: 'failed' | 'retrying', failureClass: Failure['class'], random: SeededRandom): void {
    this.#start();
    this.#setFailure(failureClass);
    this.#endAttempt(random, this.#failure);
    this.#enter(to, failureClass);
  }

  #cancelBeforeStart(): void {
    this.#post('reserve', this.#spec.price);
    this.#setFailure('cancelled');
    this.#enter('failed', 'cancelled');
    this.#post('release', this.#spec.price);
  }

  #setFailure(failureClass: Failure['class']): void {
    const at = new Date(this.#nowMs);
    this.#failure = { class: failureClass, code: failureClass, message: failureClass, fingerprint: failureClass, at };
  }

  #requeue(): void {
    this.#generation += 1;
    this.#generationId = `gen-${this.#spec.id}-${this.#generation}`;
    this.#reserved = this.#captured = this.#refunded = 0;
    this.#failure = null;
    this.#enter('queued', 'retried by a person');
  }

  #owe(type: PendingEntry['type'], credits: number): void {
    this.#pending.push({
      key: entryKey(this.#generationId, type, 1),
      type,
      credits,
      attempt: this.#attempts.length,
      at: new Date(this.#nowMs),
      actor: { type: 'runner', id: 'runner-1' },
      reason: 'owed',
    });
  }

  #post(type: EntryType, credits: number): void {
    if (credits === 0) return;
    this.#nowMs += 1000;
    const at = new Date(this.#nowMs);
    if (type === 'reserve') {
      this.#reserved += credits;
      this.#heldSinceMs = this.#nowMs;
    } else if (type === 'refund') this.#refunded += credits;
    else this.#reserved -= credits;
    if (type === 'capture') this.#captured += credits;
    this.entries.push({
      _id: entryKey(this.#generationId, type, 1),
      workspaceId: this.#spec.workspaceId,
      jobId: this.#spec.id,
      generationId: this.#generationId,
      attempt: this.#attempts.length,
      type,
      credits,
      at,
      actor: { type: 'runner', id: 'runner-1' },
      reason: `${type} of the generation`,
      period: periodOf(at),
    });
  }
}
