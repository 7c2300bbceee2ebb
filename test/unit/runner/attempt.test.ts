import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appError, type AppError } from '#domain/errors.ts';
import { FAILURE_MESSAGE_LENGTH_MAX } from '#domain/failure.ts';
import { ACCEPTANCE_ID_LENGTH_MAX, type Validation } from '#domain/job.ts';
import { err, ok } from '#domain/result.ts';
import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { ArtefactFolder } from '#runner/artefacts.ts';
import { runAttempt, type AttemptContext } from '#runner/attempt.ts';
import type { JobChange } from '#domain/transition.ts';
import type { Provider } from '#runner/provider.ts';
import { unstopped } from '../../support/collecting-sink.ts';
import { runningJob } from '../../support/running-job.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-attempt-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const PROVIDER: Provider = {
  name: 'demo',
  generate: async (_request, sink) => {
    await sink.write(Buffer.from('tea'));
    return ok({ providerCostMicroUsd: 1 });
  },
};
const PASSED = () => Promise.resolve({ passed: true, checks: [] });

function contextWith(validate: () => Promise<Validation>, apply: AttemptContext['apply']): AttemptContext {
  return {
    runnerId: 'r1',
    providers: new Map([['demo', PROVIDER]]),
    validators: { website: validate, image: validate, video: validate, document: validate, data: validate },
    schemas: { problemOf: () => Promise.resolve(null) },
    artefacts: new ArtefactFolder(folder),
    policy: { ...DEFAULT_RETRY_POLICY, version: 1 },
    apply,
    isCancelled: () => Promise.resolve(false),
    accepted: () => Promise.resolve(ok(undefined)),
    progress: () => undefined,
    tokensUsed: () => undefined,
    heldBack: () => undefined,
    random: () => 0,
    now: () => new Date(),
  };
}

/** The files that an attempt leaves whose completion is answered so. */
async function filesAfter(refusal: AppError | null): Promise<readonly string[]> {
  const apply: AttemptContext['apply'] = ({ event }) =>
    Promise.resolve(event === 'complete' && refusal !== null ? err(refusal) : ok(undefined));
  await runAttempt(runningJob([]), contextWith(PASSED, apply), unstopped());
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'));
}

it.each([
  { what: 'is kept where the job is completed', refusal: null, files: 1 },
  { what: 'is kept where nobody knows whether it is', refusal: appError('server_unreachable'), files: 1 },
  { what: 'is removed where the lease is lost', refusal: appError('lease_lost', 'j1'), files: 0 },
  { what: 'is removed where somebody else has changed the job', refusal: appError('write_conflict', 'j1'), files: 0 },
])('an artefact $what', async ({ refusal, files }) => {
  expect(await filesAfter(refusal)).toHaveLength(files);
});

it('keeps of a reservation what was metered, where the price is and the class of the failure keeps the charge', async () => {
  const job = runningJob([]);
  const pricing = { type: 'metered', credits: 30, perMicroUsd: 1 } as const;
  const metered = { ...job, billing: { ...job.billing, price: 100, reserved: 100, pricing } };
  const changes: JobChange[] = [];
  const failed = () => Promise.resolve({ passed: false, checks: [] });
  const context = contextWith(failed, (change) => {
    changes.push(change);
    return Promise.resolve(ok(undefined));
  });
  const policy = structuredClone(context.policy);
  policy.classes.validation = { ...policy.classes.validation, automatic: 0, charge: 'capture' };
  await runAttempt(metered, { ...context, policy }, unstopped());
  expect(changes.at(-1)?.owes.map(({ type, credits }) => [type, credits])).toEqual([
    ['capture', 30],
    ['release', 70],
  ]);
});

it('a runner that leaves gives back a job whose checks do not end, and what was bought for it can be collected', async () => {
  vi.useFakeTimers();
  try {
    const stop = new AbortController();
    const validating = Promise.withResolvers<undefined>();
    const changes: JobChange[] = [];
    const context = contextWith(
      () => {
        validating.resolve(undefined);
        return new Promise(() => undefined);
      },
      (change) => {
        changes.push(change);
        return Promise.resolve(ok(undefined));
      },
    );
    const attempt = runAttempt({ ...runningJob([]), maxAttempts: 1 }, context, stop.signal);
    await validating.promise;
    stop.abort('runner_stopped');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await attempt).toMatchObject({ type: 'deferred', failure: { code: 'network_runner_stopped' } });
    expect(changes.at(-1)).toMatchObject({ event: 'defer', closeAttempt: { providerCost: 1 } });
  } finally {
    vi.useRealTimers();
  }
});

/** What is cancelled at a provider that works on something until it is stopped, and by whom it is stopped. */
async function cancelledAtProvider(
  isCancelled: boolean,
  fields: { readonly accepted: AttemptContext['accepted']; readonly stop: AbortController; readonly throws: boolean },
): Promise<readonly string[]> {
  const cancelled: string[] = [];
  const { accepted, stop, throws } = fields;
  const provider: Provider = {
    name: 'demo',
    generate: async (_request, sink, signal) => {
      await sink.accepted('order-1');
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      if (throws) throw new Error('The attempt was stopped.');
      const evidence = { source: 'cancelled', message: 'The attempt was stopped.' } as const;
      return err({ evidence, retryAfterMs: 0, providerCostMicroUsd: null });
    },
    cancel: (acceptanceId) => {
      cancelled.push(acceptanceId);
      return Promise.resolve();
    },
  };
  const changes: JobChange[] = [];
  const context = contextWith(PASSED, (change) => {
    changes.push(change);
    return Promise.resolve(err(appError('lease_lost', 'j1')));
  });
  await runAttempt(
    runningJob([]),
    { ...context, accepted, isCancelled: () => Promise.resolve(isCancelled), providers: new Map([['demo', provider]]) },
    stop.signal,
  );
  // Should the lease be there after all, the job is given back.
  expect(changes).toMatchObject([{ event: 'defer', failure: { code: 'network_lease_lost' } }]);
  return cancelled;
}

describe.each([
  ['before its acceptance could be stored', true],
  ['while the provider works on it', false],
])('a generation whose job is taken away %s', (_when, isBefore) => {
  it.each([
    {
      whose: 'that somebody cancelled is cancelled at the provider',
      isCancelled: true,
      throws: false,
      told: ['order-1'],
    },
    { whose: 'so is one whose adapter throws when it is stopped', isCancelled: true, throws: true, told: ['order-1'] },
    { whose: 'that another runner has is left to be collected', isCancelled: false, throws: false, told: [] },
  ])('$whose', async ({ isCancelled, throws, told }) => {
    const stop = new AbortController();
    const accepted: AttemptContext['accepted'] = () => {
      if (isBefore) return Promise.resolve(err(appError('lease_lost', 'j1')));
      setImmediate(() => stop.abort('lease_lost'));
      return Promise.resolve(ok(undefined));
    };
    expect(await cancelledAtProvider(isCancelled, { accepted, stop, throws })).toEqual(told);
  });
});

describe('a purchase whose name is too long to be kept', () => {
  const LONG = 'x'.repeat(ACCEPTANCE_ID_LENGTH_MAX + 1);

  /** What an attempt at it writes. */
  async function written(made: Awaited<ReturnType<Provider['generate']>>, acceptanceId = LONG): Promise<JobChange> {
    const provider: Provider = {
      name: 'demo',
      generate: async (_request, sink) => {
        await sink.accepted(acceptanceId);
        return made;
      },
    };
    const changes: JobChange[] = [];
    const context = contextWith(PASSED, (change) => {
      changes.push(change);
      return Promise.resolve(ok(undefined));
    });
    await runAttempt(runningJob([]), { ...context, providers: new Map([['demo', provider]]) }, unstopped());
    const last = changes.at(-1);
    if (last === undefined) throw new Error('nothing was written');
    return last;
  }

  const WORDS = `The provider names it by ${LONG.length} characters`;
  const LOST = err({
    evidence: { source: 'network', code: 'econnreset', message: 'The line was cut.' },
    retryAfterMs: 0,
    providerCostMicroUsd: null,
  } as const);

  it('is told of beside the checks of its result, and fails nothing', async () => {
    const { event, validation } = await written(ok({ providerCostMicroUsd: 1 }));
    expect(event).toBe('complete');
    expect(validation?.checks).toEqual([
      {
        name: 'acceptance_kept',
        passed: false,
        severity: 'warning',
        message: expect.stringContaining(WORDS) as string,
      },
    ]);
  });

  it('is told of beside what went wrong', async () => {
    const { event, failure } = await written(LOST);
    expect(event).toBe('defer');
    expect(failure?.message).toMatch(new RegExp(`^The line was cut\\. ${WORDS}`));
  });

  it('is told of also where the provider says at length what went wrong', async () => {
    const evidence = { ...LOST.error.evidence, message: 'no '.repeat(FAILURE_MESSAGE_LENGTH_MAX) };
    const { failure } = await written(err({ ...LOST.error, evidence }));
    expect(failure?.message).toHaveLength(FAILURE_MESSAGE_LENGTH_MAX);
    expect(failure?.message).toMatch(new RegExp(`^no no .* ${WORDS}.* bought again\\.$`));
  });

  it.each([
    ['made', ok({ providerCostMicroUsd: 1 })],
    ['lost', LOST],
  ])('is nothing to be told of where it can be kept and is %s', async (_what, made) => {
    const { validation, failure } = await written(made, 'order-1');
    expect(JSON.stringify([validation, failure])).not.toContain('characters');
  });
});
