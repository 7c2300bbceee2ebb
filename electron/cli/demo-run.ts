import { findViolations, type Books, type Violation } from '#domain/invariants.ts';
import { jobStateSchema, type JobState } from '#domain/job.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { makeRunner } from '#engine/make-runner.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { DEMO_PROVIDER } from '#sandbox/demo/demo-jobs.ts';
import type { DemoProvider } from '#sandbox/demo/provider-server.ts';
import { seedDemo } from '#sandbox/demo/seed.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { mulberry32 } from './seeded-random.ts';

/** What the demo reports at its end. Credits in the smallest unit. */
export interface DemoReport {
  readonly jobs: number;
  readonly states: Readonly<Record<JobState, number>>;
  /** Failed jobs by the class of their failure. */
  readonly failures: Readonly<Record<string, number>>;
  readonly attempts: number;
  /** Credits by type of entry, and how many entries there are. */
  readonly ledger: Readonly<Record<string, number>> & { readonly entries: number };
  readonly violations: readonly Violation[];
  readonly elapsedMs: number;
}

/** What a demo run needs. */
export interface DemoRunOptions {
  readonly store: Store;
  readonly provider: DemoProvider;
  readonly artefactDir: string;
  readonly jobs: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly version: string;
  /** Called now and then with how many jobs have come to an end. */
  readonly onProgress: (finished: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Seeds jobs, runs all of them to an end through the real runner, and reads everything back to look for violations. Aborting
 * the signal stops the runner cleanly and reports what there is.
 */
export async function runDemo(options: DemoRunOptions): Promise<Result<DemoReport, AppError>> {
  const { store, provider } = options;
  const startedAt = performance.now();
  const now = await store.reader.serverNow();
  if (!now.ok) return now;
  const seeded = await seedDemo({
    store: store.writer,
    jobs: options.jobs,
    random: mulberry32(options.seed),
    now: now.value,
    idPrefix: 'job-',
    onlySolvent: true,
  });
  if (!seeded.ok) return seeded;
  const finished = new Set<string>();
  const allDone = Promise.withResolvers<void>();
  const runner = makeRunner({
    store: store.writer,
    policies: store.policies,
    providers: [
      openAiProvider({ type: 'openai', name: DEMO_PROVIDER, baseUrl: provider.baseUrl, key: 'demo' }, provider.apiKey),
    ],
    artefactDir: options.artefactDir,
    concurrency: options.concurrency,
    version: options.version,
    onOutcome: (job, outcome) => {
      if (outcome.type !== 'completed' && outcome.type !== 'failed') return;
      finished.add(job._id);
      options.onProgress(finished.size);
      if (finished.size >= options.jobs) allDone.resolve();
    },
  });
  options.signal.addEventListener('abort', () => allDone.resolve(), { once: true });
  runner.start();
  if (!options.signal.aborted) await allDone.promise;
  await (options.signal.aborted ? runner.stop() : runner.drain());
  // A settlement that failed on its way is the sweep's to finish, as it would be in production.
  const swept = await store.writer.sweep({ limit: 10_000, olderThanMs: 0, isDryRun: false });
  if (!swept.ok) return swept;
  return ok(reportOf(await readBooks(store.reader), performance.now() - startedAt));
}

function reportOf(books: Books, elapsedMs: number): DemoReport {
  const states = Object.fromEntries(jobStateSchema.options.map((state) => [state, 0])) as Record<JobState, number>;
  const failures: Record<string, number> = {};
  let attempts = 0;
  for (const job of books.jobs) {
    states[job.state] += 1;
    attempts += job.attempts.length;
    if (job.state === 'failed') failures[job.failure.class] = (failures[job.failure.class] ?? 0) + 1;
  }
  const ledger: Record<string, number> & { entries: number } = { entries: books.ledger.length };
  for (const entry of books.ledger) ledger[entry.type] = (ledger[entry.type] ?? 0) + entry.credits;
  return {
    jobs: books.jobs.length,
    states,
    failures,
    attempts,
    ledger,
    violations: findViolations(books),
    elapsedMs: Math.round(elapsedMs),
  };
}
