import { createHash } from 'node:crypto';
import { buildFailure } from '#domain/failure.ts';
import type { Attempt, Job, JobState } from '#domain/job.ts';
import {
  entryKey,
  netCreditsOf,
  periodOf,
  type CreditAccount,
  type EntryType,
  type LedgerEntry,
} from '#domain/ledger.ts';
import { SeededRandom } from '../worlds/seeded-random.ts';
import { failureText, promptText } from './job-texts.ts';

/** The moment that the books stand at. */
export const BOOKS_AS_OF_MS = Date.parse('2026-11-20T12:00:00Z');
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAYS = 90;
/** Jobs that came within this time may still be under way. */
const OPEN_MS = 20 * MINUTE_MS;
/** How busy each hour of a day is, in UTC. */
const HOURS = [2, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 14, 12, 13, 14, 14, 13, 11, 9, 8, 7, 6, 5, 3];

interface Product {
  readonly kind: string;
  readonly noun: string;
  readonly share: number;
  readonly models: readonly (readonly [provider: string, model: string])[];
  readonly priceCredits: number;
  /** The middle of how long an attempt takes, in milliseconds. */
  readonly attemptMs: number;
  readonly mime: string;
}

// prettier-ignore
const PRODUCTS: readonly Product[] = [
  { kind: 'image', noun: 'picture', share: 0.42, models: [['openai', 'gpt-image-2'], ['replicate', 'flux-2-pro'], ['replicate', 'sd-4']], priceCredits: 120, attemptMs: 9000, mime: 'image/png' },
  { kind: 'website', noun: 'website', share: 0.33, models: [['openai', 'gpt-5.5'], ['anthropic', 'claude-6']], priceCredits: 600, attemptMs: 70_000, mime: 'text/html' },
  { kind: 'document', noun: 'leaflet', share: 0.14, models: [['openai', 'gpt-5.5-mini'], ['anthropic', 'claude-6']], priceCredits: 250, attemptMs: 25_000, mime: 'application/pdf' },
  { kind: 'video', noun: 'film', share: 0.08, models: [['replicate', 'veo-5'], ['openai', 'sora-3']], priceCredits: 3000, attemptMs: 240_000, mime: 'video/mp4' },
  { kind: 'poem', noun: 'poem', share: 0.03, models: [['anthropic', 'claude-6-haiku']], priceCredits: 20, attemptMs: 2500, mime: 'text/plain' },
];

/** Some jobs in the order of their creation, and everything that they and top-ups left in the ledger. */
export interface BooksBlock {
  readonly jobs: readonly Job[];
  readonly entries: readonly LedgerEntry[];
}

/**
 * Makes books of so many jobs and three times as many ledger entries over ninety days, block by block; the same seed makes the
 * same. Few workspaces have most of the jobs, days have their hours, ids grow with time, prompts share their words, and what stands
 * in the accounts is what the ledger sums up to.
 */
export class SeededBooks {
  readonly #random: SeededRandom;
  readonly #jobs: number;
  readonly #workspaces: number;
  readonly #balances = new Map<string, { net: number; holds: CreditAccount['holds'] }>();
  #made = 0;
  #entries = 0;

  constructor(jobs: number, seed: number) {
    this.#jobs = jobs;
    this.#random = new SeededRandom(seed);
    this.#workspaces = Math.max(10, Math.floor(jobs / 400));
  }

  *blocks(blockJobs = 5000): Iterable<BooksBlock> {
    while (this.#made < this.#jobs) {
      const count = Math.min(blockJobs, this.#jobs - this.#made);
      const times = Array.from({ length: count }, (_, n) => this.#timeOf((this.#made + n) / this.#jobs));
      const made = times.map((createdMs) => this.#job(createdMs));
      const entries = made.flatMap((one) => one.entries);
      this.#made += count;
      while (this.#entries + entries.length < this.#made * 3) entries.push(this.#topUp(times));
      this.#entries += entries.length;
      for (const entry of entries) this.#balanceOf(entry.workspaceId).net += netCreditsOf(entry);
      yield { jobs: made.map(({ job }) => job), entries };
    }
  }

  /** The accounts; asked for after all blocks. */
  accounts(): readonly CreditAccount[] {
    return [...this.#balances].map(([workspaceId, { net, holds }]) => {
      const held = Object.values(holds).reduce((sum, { credits }) => sum + credits, 0);
      return { _id: workspaceId, available: net - held, held, holds, posting: {}, version: 1 };
    });
  }

  #balanceOf(workspaceId: string): { net: number; holds: CreditAccount['holds'] } {
    let balance = this.#balances.get(workspaceId);
    if (balance === undefined) this.#balances.set(workspaceId, (balance = { net: 0, holds: {} }));
    return balance;
  }

  /** The time of the job behind a share of all, so that days have hours and the last ones more jobs than the first. */
  #timeOf(share: number): number {
    const grown = share ** 0.8 * DAYS;
    const day = Math.min(DAYS - 1, Math.floor(grown));
    let left = (grown - day) * HOURS.reduce((sum, weight) => sum + weight, 0);
    const hour = HOURS.findIndex((weight) => (left -= weight) < 0);
    const weight = HOURS[hour] ?? 1;
    const within = hour < 0 ? DAY_MS - 1 : (hour + (left + weight) / weight) * HOUR_MS;
    return Math.floor(BOOKS_AS_OF_MS - (DAYS - day) * DAY_MS + within);
  }

  #workspace(): string {
    // The logarithm of the rank is even: the first tenth of the workspaces has most of the jobs.
    return `ws-${Math.floor(this.#workspaces ** this.#random.next())
      .toString(36)
      .padStart(4, '0')}`;
  }

  #topUp(times: readonly number[]): LedgerEntry {
    const at = new Date(this.#random.pick(times));
    const n = this.#random.between(0, 2 ** 31);
    const key = `topup_${at.getTime().toString(36)}_${n.toString(36)}_${this.#entries.toString(36)}`;
    return {
      ...freeEntry(entryKey(key, 'grant', n), this.#workspace(), at),
      credits: this.#random.pick([5000, 20_000, 100_000]),
    };
  }

  #job(createdMs: number): { readonly job: Job; readonly entries: readonly LedgerEntry[] } {
    const random = this.#random;
    const product = pickProduct(random);
    const workspaceId = this.#workspace();
    const serial = `${createdMs.toString(36)}${random
      .between(0, 36 ** 5 - 1)
      .toString(36)
      .padStart(5, '0')}`;
    const life = new JobLife(random, product, { workspaceId, serial, createdMs });
    life.play();
    const hold = life.hold;
    if (hold !== null) this.#balanceOf(workspaceId).holds[hold.generationId] = hold;
    return { job: life.job(), entries: life.entries };
  }
}

function pickProduct(random: SeededRandom): Product {
  let left = random.next();
  return PRODUCTS.find(({ share }) => (left -= share) < 0) ?? random.pick(PRODUCTS);
}

function freeEntry(key: string, workspaceId: string, at: Date): LedgerEntry {
  return {
    _id: key,
    workspaceId,
    jobId: null,
    generationId: null,
    attempt: null,
    type: 'grant',
    credits: 0,
    at,
    actor: { type: 'product', id: 'shop' },
    reason: 'top-up',
    period: periodOf(at),
  };
}

const RUNNER = { type: 'runner', id: 'runner-7' } as const;
const PRODUCT_ACTOR = { type: 'product', id: 'studio' } as const;

/** Plays the life of one job and keeps its books. */
class JobLife {
  readonly entries: LedgerEntry[] = [];
  hold: { readonly generationId: string; readonly credits: number; readonly at: Date } | null = null;
  readonly #random: SeededRandom;
  readonly #product: Product;
  readonly #of: { readonly workspaceId: string; readonly serial: string; readonly createdMs: number };
  readonly #provider: string;
  readonly #model: string;
  readonly #history: Job['history'] = [];
  readonly #attempts: Attempt[] = [];
  #state: JobState = 'queued';
  #nowMs: number;
  #generation = 1;
  #captured = 0;
  #refunded = 0;
  #reserved = 0;
  #failure: Job['failure'] = null;

  constructor(
    random: SeededRandom,
    product: Product,
    of: { readonly workspaceId: string; readonly serial: string; readonly createdMs: number },
  ) {
    this.#random = random;
    this.#product = product;
    this.#of = of;
    this.#nowMs = of.createdMs;
    const [provider, model] = random.pick(product.models);
    this.#provider = provider;
    this.#model = model;
  }

  play(): void {
    const random = this.#random;
    this.#enter('queued', 'created');
    this.#post('reserve');
    if (BOOKS_AS_OF_MS - this.#of.createdMs < OPEN_MS) return this.#playOpen();
    if (random.chance(0.015)) return this.#cancel();
    if (random.chance(0.2)) this.#failAndRequeue();
    this.#wait();
    this.#attempt();
    while (random.chance(0.06)) this.#failAttempt('retrying');
    if (random.chance(0.055)) {
      this.#failAttempt('failed');
      this.#post('release');
      return;
    }
    this.#complete();
    if (random.chance(0.03)) this.#refund();
  }

  job(): Job {
    const { workspaceId, serial, createdMs } = this.#of;
    const { kind, noun, priceCredits, mime } = this.#product;
    const prompt = promptText(this.#random, noun);
    const isLeased = this.#state === 'running' || this.#state === 'validating';
    const at = new Date(this.#nowMs);
    const job = {
      _id: `job_${serial}`,
      kind,
      workspaceId,
      userId: `${workspaceId}-u${this.#random.between(1, 6)}`,
      state: this.#state,
      version: this.#history.length + this.#attempts.length,
      attempt: this.#attempts.length,
      maxAttempts: 5,
      priority: 0,
      notBefore: new Date(createdMs),
      createdAt: new Date(createdMs),
      updatedAt: at,
      input: { prompt, options: { size: '1024x1024' }, hash: createHash('sha256').update(prompt).digest('hex') },
      provider: { name: this.#provider, model: this.#model, acceptanceId: this.#attempts.at(-1)?.acceptanceId ?? null },
      lease: isLeased ? { runnerId: RUNNER.id, token: this.#attempts.length, expiresAt: at, heartbeatAt: at } : null,
      leaseToken: this.#attempts.length,
      progress: null,
      history: this.#history,
      attempts: this.#attempts,
      validation: null,
      billing: {
        status:
          this.#refunded > 0
            ? 'refunded'
            : this.#captured > 0
              ? 'charged'
              : this.#reserved > 0
                ? 'reserved'
                : 'not_charged',
        generationId: this.#generationId,
        price: priceCredits,
        reserved: this.#reserved,
        captured: this.#captured,
        refunded: this.#refunded,
        pending: [],
        blocked: null,
      },
      failure: this.#state === 'failed' || this.#state === 'retrying' ? this.#failure : null,
      output:
        this.#state === 'completed'
          ? { uri: `s3://artefacts/${serial}`, mime, bytes: 48_211, sha256: 'a'.repeat(64) }
          : null,
      lineage: null,
    };
    // The state decides which of lease, failure and output there is; a test holds what is made here against the schema.
    return job as Job;
  }

  get #generationId(): string {
    return `gen_${this.#of.serial}_${this.#generation}`;
  }

  #playOpen(): void {
    const random = this.#random;
    this.hold = { generationId: this.#generationId, credits: this.#product.priceCredits, at: new Date(this.#nowMs) };
    const state = random.pick(['queued', 'queued', 'running', 'running', 'validating', 'retrying'] as const);
    if (state === 'queued') return;
    this.#wait();
    this.#attempt();
    if (state === 'validating') this.#enter('validating', 'generated');
    if (state === 'retrying') this.#failAttempt('retrying', false);
  }

  #wait(): void {
    this.#nowMs += Math.floor(500 + 1500 * Math.exp(this.#normal() * 1.3));
  }

  #attempt(): void {
    this.#enter('running', 'claimed');
    const startedAt = new Date(this.#nowMs);
    this.#attempts.push({
      n: this.#attempts.length + 1,
      generationId: this.#generationId,
      startedAt,
      endedAt: null,
      runnerId: RUNNER.id,
      provider: this.#provider,
      model: this.#model,
      acceptanceId: `acc-${this.#of.serial}-${this.#attempts.length}`,
      providerCost: null,
      failure: null,
      validation: null,
    });
  }

  #endAttempt(failure: Attempt['failure']): void {
    this.#nowMs += Math.floor(this.#product.attemptMs * Math.exp(this.#normal() * 0.5));
    const attempt = this.#attempts.at(-1);
    if (attempt === undefined) throw new Error('an attempt was begun');
    const providerCost = Math.floor(this.#product.priceCredits * 40 * (0.8 + this.#random.next() * 0.4));
    this.#attempts[this.#attempts.length - 1] = { ...attempt, endedAt: new Date(this.#nowMs), providerCost, failure };
  }

  #failAttempt(to: 'retrying' | 'failed', isTriedAgain = true): void {
    const failure = buildFailure(failureText(this.#random), this.#provider, this.#model, new Date(this.#nowMs));
    this.#failure = failure;
    this.#endAttempt(failure);
    this.#enter(to, failure.code);
    if (to === 'failed' || !isTriedAgain) return;
    this.#wait();
    this.#attempt();
  }

  #failAndRequeue(): void {
    this.#wait();
    this.#attempt();
    this.#failAttempt('failed');
    this.#post('release');
    this.#nowMs += this.#random.between(1, 30) * MINUTE_MS;
    this.#generation += 1;
    this.#reserved = 0;
    this.#enter('queued', 'retried');
    this.#post('reserve');
  }

  #complete(): void {
    this.#endAttempt(null);
    this.#enter('validating', 'generated');
    this.#nowMs += 300;
    this.#enter('completed', 'all checks passed');
    this.#post('capture');
  }

  #refund(): void {
    this.#post('refund');
  }

  #cancel(): void {
    this.#nowMs += 5000;
    this.#failure = buildFailure(
      { class: 'cancelled', code: 'cancelled', message: 'The customer stopped it.' },
      this.#provider,
      this.#model,
      new Date(this.#nowMs),
    );
    this.#enter('failed', 'cancelled');
    this.#post('release');
  }

  #enter(to: JobState, reason: string): void {
    this.#history.push({
      seq: this.#history.length + 1,
      from: this.#history.at(-1)?.to ?? null,
      to,
      at: new Date(this.#nowMs),
      attempt: this.#attempts.length,
      actor: to === 'queued' ? PRODUCT_ACTOR : RUNNER,
      reason,
      policyVersion: 1,
    });
    this.#state = to;
  }

  #post(type: Exclude<EntryType, 'grant' | 'adjust'>): void {
    const credits = this.#product.priceCredits;
    const at = new Date(this.#nowMs);
    if (type === 'reserve') this.#reserved = credits;
    if (type === 'capture') this.#captured = credits;
    if (type === 'refund') this.#refunded = credits;
    if (type === 'release') this.#reserved = 0;
    this.entries.push({
      _id: entryKey(this.#generationId, type, 1),
      workspaceId: this.#of.workspaceId,
      jobId: `job_${this.#of.serial}`,
      generationId: this.#generationId,
      attempt: this.#attempts.length,
      type,
      credits,
      at,
      actor: RUNNER,
      reason: type,
      period: periodOf(at),
    });
  }

  /** Around nought, mostly within one: the sum of even numbers. */
  #normal(): number {
    return this.#random.next() + this.#random.next() + this.#random.next() + this.#random.next() - 2;
  }
}
