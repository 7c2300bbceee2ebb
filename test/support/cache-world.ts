import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { CacheChange } from '#cache/changes.ts';
import { openCache, type Cache, type CacheOptions } from '#cache/open-cache.ts';
import type { FailureClass } from '#domain/failure.ts';
import { jobSchema, parseJob, type Attempt, type Job, type JobState } from '#domain/job.ts';
import { periodOf, type CreditAccount, type LedgerEntry } from '#domain/ledger.ts';
import { expectOk } from './expect-ok.ts';
import { endedAttempt, queuedJob } from './job-builder.ts';

export const NOW_MS = Date.UTC(2026, 9, 20, 12);

/** A folder with a copy in it, gone at the end. */
export interface CacheWorld {
  readonly file: string;
  readonly folder: string;
  open(options?: Partial<CacheOptions>): Cache;
  end(): void;
}

/** A world whose copy is at {@link NOW_MS}; `end` belongs behind each test. */
export function setupCache(): CacheWorld {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-cache-'));
  const file = path.join(folder, 'copy.sqlite');
  const caches: Cache[] = [];
  return {
    file,
    folder,
    open: (options) => {
      const cache = expectOk(openCache({ path: file, now: () => NOW_MS, ...options }));
      caches.push(cache);
      return cache;
    },
    end: () => {
      for (const cache of caches) cache.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a test says about a job that stands in some state. */
export interface JobSpec {
  readonly id: string;
  readonly state?: JobState;
  readonly kind?: string;
  readonly workspaceId?: string;
  readonly userId?: string;
  readonly prompt?: string;
  readonly provider?: string;
  readonly priceCredits?: number;
  readonly version?: number;
  readonly createdAtMs?: number;
  readonly updatedAtMs?: number;
  readonly failureClass?: FailureClass;
  readonly failureCode?: string;
  readonly failureMessage?: string;
  readonly fingerprint?: string;
  readonly model?: string;
  /** When its one attempt began; left out, it has none. */
  readonly startedAtMs?: number;
  /** Null where its provider never told it, as where it is left out. */
  readonly costMicroUsd?: number | null;
  readonly capturedCredits?: number;
  readonly refundedCredits?: number;
}

/** A job in any state, complete enough for its schema. */
export function jobIn(spec: JobSpec): Job {
  const state = spec.state ?? 'queued';
  const createdAt = new Date(spec.createdAtMs ?? NOW_MS - 3_600_000);
  const updatedAt = new Date(spec.updatedAtMs ?? createdAt.getTime());
  const base = queuedJob({
    id: 'builder',
    createdAt,
    workspaceId: spec.workspaceId ?? 'w1',
    kind: spec.kind ?? 'website',
    prompt: spec.prompt ?? 'A page about tea',
    priceCredits: spec.priceCredits ?? 100,
  });
  const isLeased = state === 'running' || state === 'validating';
  const hasFailed = state === 'failed' || state === 'retrying';
  return jobSchema.parse({
    ...base,
    _id: spec.id,
    state,
    updatedAt,
    version: spec.version ?? 1,
    userId: spec.userId ?? 'u1',
    provider: { name: spec.provider ?? 'demo', model: spec.model ?? 'demo-1', acceptanceId: null },
    attempts: spec.startedAtMs === undefined ? [] : [attemptOf(spec, new Date(spec.startedAtMs))],
    billing: { ...base.billing, captured: spec.capturedCredits ?? 0, refunded: spec.refundedCredits ?? 0 },
    lease: isLeased ? { runnerId: 'r1', token: 1, expiresAt: updatedAt, heartbeatAt: updatedAt } : null,
    output:
      state === 'completed'
        ? { uri: `artefact://${spec.id}.html`, mime: 'text/html', bytes: 10, sha256: 'a'.repeat(64) }
        : null,
    failure: hasFailed
      ? {
          class: spec.failureClass ?? 'temporary',
          code: spec.failureCode ?? 'network_econnreset',
          message: spec.failureMessage ?? 'The connection was reset.',
          fingerprint: spec.fingerprint ?? 'f',
          at: updatedAt,
        }
      : null,
    history: [
      ...base.history,
      ...(state === 'queued'
        ? []
        : [
            {
              seq: 2,
              from: 'queued',
              to: state,
              at: updatedAt,
              attempt: 1,
              actor: { type: 'runner', id: 'r1' },
              reason: '',
              policyVersion: null,
            },
          ]),
    ],
  });
}

function attemptOf(spec: JobSpec, startedAt: Date): Attempt {
  const { provider = 'demo', model = 'demo-1', costMicroUsd: providerCost = null } = spec;
  return { ...endedAttempt({ generationId: 'g-1', startedAt, provider, model, providerCost }), endedAt: null };
}

/** A change that brings a job as it is. */
export function jobChange(job: Job): CacheChange {
  return { type: 'job', job: { type: 'job', job, document: { ...job } } };
}

/** A change that brings a document of the job collection which is no job. */
export function malformedChange(document: Readonly<Record<string, unknown>>): CacheChange {
  const parsed = parseJob(document);
  if (parsed.ok) throw new Error('this document is a job');
  return { type: 'job', job: { type: 'malformed', malformed: parsed.error, document } };
}

/** A reservation of the job `j1`, but for what is said of it. */
export function entryOf(id: string, spec: Partial<LedgerEntry> = {}): LedgerEntry {
  const at = spec.at ?? new Date(NOW_MS);
  return {
    _id: id,
    workspaceId: 'w1',
    jobId: 'j1',
    generationId: 'g-j1',
    attempt: 1,
    type: 'reserve',
    credits: 100,
    actor: { type: 'system', id: 'test' },
    reason: 'test',
    ...spec,
    at,
    period: periodOf(at),
  };
}

/** An account with credit that nothing is held of, but for what is said of it. */
export function accountOf(id: string, spec: Partial<CreditAccount> = {}): CreditAccount {
  return { _id: id, available: 1000, held: 0, holds: {}, posting: {}, version: 1, ...spec };
}

const STATES = ['queued', 'running', 'validating', 'completed', 'failed', 'retrying'] as const;

/** Jobs over few ids, states, times and words, so that equal values meet often. */
export const anyJobSpec = fc.record({
  id: fc.constantFrom('j1', 'j2', 'j3', 'j10', 'J-a', 'ü', '😀', '中', 'j4', 'j5', 'j6', 'j7'),
  state: fc.constantFrom(...STATES),
  kind: fc.constantFrom('website', 'image', 'poem'),
  workspaceId: fc.constantFrom('w1', 'w2', 'ws-ä'),
  userId: fc.constantFrom('u1', 'u2'),
  prompt: fc.constantFrom('A page about tea', 'A page about coffee', 'Draw a red fox', 'tea'),
  provider: fc.constantFrom('demo', 'openai'),
  priceCredits: fc.constantFrom(0, 100, 500),
  createdAtMs: fc.constantFrom(NOW_MS, NOW_MS + 1, NOW_MS + 1500, NOW_MS - 7_200_000, NOW_MS - 86_400_000),
  updatedAtMs: fc.constantFrom(NOW_MS, NOW_MS + 1, NOW_MS + 3_600_000),
  failureClass: fc.constantFrom('temporary' as const, 'input' as const, 'timeout' as const, 'cancelled' as const),
  failureCode: fc.constantFrom('network_econnreset', 'http_429'),
  fingerprint: fc.constantFrom('f1', 'f2'),
  model: fc.constantFrom('m1', 'm2'),
  startedAtMs: fc.constantFrom(NOW_MS - 5, NOW_MS + 90_000, NOW_MS + 4_000_000),
  costMicroUsd: fc.constantFrom(0, 7, 1_000_000, null),
  capturedCredits: fc.constantFrom(0, 100),
  refundedCredits: fc.constantFrom(0, 100),
});
