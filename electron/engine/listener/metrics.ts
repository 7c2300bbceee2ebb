import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LeasedJob } from '#domain/job.ts';
import type { AttemptOutcome } from '#runner/attempt.ts';
import type { RunnerState } from '#runner/runner.ts';

const STATES: readonly RunnerState['state'][] = ['running', 'paused', 'draining', 'stopped'];
/** From a tenth of a second to a quarter of an hour. */
const BUCKETS_SECONDS = [0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 900];

/** What a runner does, for Prometheus. No label holds anything of a customer's. */
export class RunnerMetrics {
  readonly #registry = new Registry();
  readonly #attempts = new Counter({
    name: 'runledger_attempts_total',
    help: 'Attempts that ended, by how they did.',
    labelNames: ['outcome', 'class', 'kind', 'provider'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'runledger_attempt_duration_seconds',
    help: 'How long attempts took.',
    labelNames: ['outcome', 'kind'],
    buckets: BUCKETS_SECONDS,
    registers: [this.#registry],
  });

  /** @param status what the runner does now, null where there is none */
  constructor(status: () => RunnerState | null, isConnected: () => boolean) {
    collectDefaultMetrics({ register: this.#registry });
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect() {
          this.set(value());
        },
      });
    };
    gauge('runledger_active_attempts', 'Attempts under way.', () => status()?.active ?? 0);
    gauge('runledger_concurrency', 'Attempts that may be under way at once.', () => status()?.concurrency ?? 0);
    gauge('runledger_server_up', '1 while the MongoDB server answers.', () => (isConnected() ? 1 : 0));
    new Gauge({
      name: 'runledger_runner_state',
      help: '1 for the state that the runner is in.',
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        for (const state of STATES) this.set({ state }, status()?.state === state ? 1 : 0);
      },
    });
  }

  ended(job: LeasedJob, outcome: AttemptOutcome, durationMs: number): void {
    const failureClass = outcome.type === 'deferred' || outcome.type === 'failed' ? outcome.failure.class : 'none';
    const labels = { outcome: outcome.type, kind: job.kind };
    this.#attempts.inc({ ...labels, class: failureClass, provider: job.provider.name });
    this.#seconds.observe(labels, durationMs / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
