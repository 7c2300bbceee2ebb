import type { WaitingJob } from '#domain/job.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '#domain/retry-policy.ts';
import type { SeededRandom } from '../support/model-random.ts';
import { POISON } from './poison.ts';
import { queuedJob, type NewJob } from '../support/job-builder.ts';

export const FAULT_PROVIDER = 'demo';

const patient = { automatic: 50, backoffBaseMs: 50, backoffMaxMs: 400 };
const { classes } = DEFAULT_RETRY_POLICY;

/** The policy in force, with the patience that a machine under fire needs and waits that a test can afford. */
export const FAULT_POLICY: RetryPolicy = {
  version: 2,
  spend: DEFAULT_RETRY_POLICY.spend,
  classes: {
    ...classes,
    temporary: { ...classes.temporary, ...patient },
    rate_limit: { ...classes.rate_limit, ...patient },
    timeout: { ...classes.timeout, ...patient },
    unknown: { ...classes.unknown, ...patient },
  },
};

/** How often a poisonous job is tried. */
const POISON_ATTEMPTS = 3;

/** One workspace has too little credit until it is topped up at the end of a round. */
export const WORKSPACES = ['w1', 'w2', 'poor'] as const;

/** The jobs of one round. */
export function jobsOfRound(
  round: number,
  count: number,
  random: SeededRandom,
  createdAt: Date,
): readonly WaitingJob[] {
  return Array.from({ length: count }, (_, n) =>
    queuedJob({
      id: `r${round}-j${n}`,
      ...drawFate(random),
      workspaceId: random.chance(0.15) ? 'poor' : random.pick(['w1', 'w2']),
      options: { requiredParts: ['title', 'main'] },
      priceCredits: random.pick([0, 50, 100, 100]),
      priority: random.between(0, 1),
      createdAt,
    }),
  );
}

/** Few jobs are poisonous; each takes a runner with it as often as it is tried, and has to be set aside in the end. */
function drawFate(random: SeededRandom): Pick<NewJob, 'prompt' | 'maxAttempts'> {
  if (random.chance(0.01)) return { prompt: POISON.crash, maxAttempts: POISON_ATTEMPTS };
  return { maxAttempts: random.pick([2, 5, 20, 20]) };
}
