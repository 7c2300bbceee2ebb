import { describe, expect, it } from 'vitest';
import { ACCEPTANCE_ID_LENGTH_MAX } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ArtefactWriter } from '#runner/artefacts.ts';
import { ProviderCall } from '#runner/provider-call.ts';
import type { Generated, GenerationFailure, Provider } from '#runner/provider.ts';
import { generationRequest, unstopped } from '../../support/collecting-sink.ts';
import { runningJob } from '../../support/running-job.ts';

const LOST = err({
  evidence: { source: 'network', code: 'enospc', message: 'm' },
  retryAfterMs: 0,
  providerCostMicroUsd: null,
} as const);
const MADE = ok({ providerCostMicroUsd: 1 });

interface Spec {
  readonly acceptances?: readonly string[];
  readonly collected?: boolean;
  readonly isCancelled?: boolean;
  readonly made?: Result<Generated, GenerationFailure>;
  readonly tokens?: number;
  readonly acceptanceId?: string;
  readonly write?: ArtefactWriter['write'];
}

function setup({
  acceptances = [],
  collected = true,
  isCancelled = false,
  made = MADE,
  tokens = 7,
  acceptanceId = 'new',
  write = () => Promise.resolve(),
}: Spec = {}) {
  const deeds: string[] = [];
  const provider: Provider = {
    name: 'demo',
    generate: async (request, sink) => {
      deeds.push(`generate ${request.idempotencyKey}`);
      await sink.accepted(acceptanceId);
      sink.progress(0.3, 'making');
      sink.tokensUsed(tokens);
      // As a client does that takes whatever is thrown within its stream for a failure of its own.
      return sink.write(Buffer.from('tea')).then(
        () => made,
        () => LOST,
      );
    },
    collect: (acceptanceId) => {
      deeds.push(`collect ${acceptanceId}`);
      return Promise.resolve(collected ? MADE : null);
    },
    cancel: (acceptanceId) => {
      deeds.push(`cancel ${acceptanceId}`);
      return Promise.resolve();
    },
  };
  const call = new ProviderCall(
    provider,
    runningJob(acceptances),
    {
      accepted: (_job, acceptanceId) => {
        deeds.push(`store ${acceptanceId}`);
        return Promise.resolve(ok(undefined));
      },
      progress: (_job, fraction, message) => deeds.push(`${fraction} ${message}`),
      tokensUsed: (provider, count) => deeds.push(`${count} tokens of ${provider}`),
      isCancelled: () => Promise.resolve(isCancelled),
    },
    { write },
  );
  return { call, deeds };
}

function stopped(reason: string): AbortSignal {
  return AbortSignal.abort(reason);
}

describe('the dealings of an attempt with its provider', () => {
  it('buy where nothing was accepted before, and store the acceptance', async () => {
    const { call, deeds } = setup();
    await call.run(generationRequest(), unstopped());
    expect(deeds).toEqual(['generate g-1:1', 'store new', '0.3 making', '7 tokens of demo']);
  });

  it('collect what was accepted before, and buy nothing', async () => {
    const { call, deeds } = setup({ acceptances: ['order-1'] });
    expect(await call.run(generationRequest(), unstopped())).toEqual(MADE);
    expect(deeds).toEqual(['collect order-1']);
  });

  it('buy anew under a key of its own what can no longer be collected', async () => {
    const { call, deeds } = setup({ acceptances: ['order-1'], collected: false });
    await call.run(generationRequest(), unstopped());
    expect(deeds.slice(0, 2)).toEqual(['collect order-1', 'generate g-j1:1:order-1']);
  });

  it.each<[string, Parameters<typeof setup>[0], string]>([
    ['bought', {}, 'new'],
    ['collected', { acceptances: ['order-1'] }, 'order-1'],
    ['bought in place of what is gone', { acceptances: ['order-1'], collected: false }, 'new'],
  ])('name the purchase that was %s', async (_how, spec, acceptanceId) => {
    const { call } = setup(spec);
    await call.run(generationRequest(), unstopped());
    expect(call.acceptanceId).toBe(acceptanceId);
  });

  it('store no name of a purchase that is empty', async () => {
    const { call, deeds } = setup({ acceptanceId: '' });
    await call.run(generationRequest(), unstopped());
    expect(call.acceptanceId).toBeNull();
    expect(deeds).toEqual(['generate g-1:1', '0.3 making', '7 tokens of demo']);
  });

  it.each([
    ['is too long', 'x'.repeat(ACCEPTANCE_ID_LENGTH_MAX + 1)],
    ['has half of a character', 'order-\ud83c'],
  ])(
    'say that a name that %s cannot be kept, do not send it, and can still cancel by it',
    async (_what, acceptanceId) => {
      const { call, deeds } = setup({ acceptanceId });
      await call.run(generationRequest(), unstopped());
      expect(deeds[1]).toMatch(/^0 The provider names it by .* be kept: if this runner ends/);
      expect(deeds.filter((deed) => deed.startsWith('store'))).toEqual([]);
      await call.cancelUnwanted(unstopped(), AbortSignal.abort());
      expect(deeds.at(-1)).toBe(`cancel ${acceptanceId}`);
    },
  );

  it.each([Number.NaN, 1.5, -1, Number.POSITIVE_INFINITY, 2 ** 60])(
    'know no cost and no tokens where a reply makes them %d, which would leave a document that is no job',
    async (figure) => {
      const bought = setup({ made: ok({ providerCostMicroUsd: figure }), tokens: figure });
      expect(await bought.call.run(generationRequest(), unstopped())).toEqual(ok({ providerCostMicroUsd: null }));
      expect(bought.deeds.filter((deed) => deed.includes('tokens'))).toEqual([]);
      const failure = { evidence: { source: 'reply', message: 'm' }, retryAfterMs: 0 } as const;
      const lost = setup({ made: err({ ...failure, providerCostMicroUsd: figure }) });
      expect(await lost.call.run(generationRequest(), unstopped())).toEqual(
        err({ ...failure, providerCostMicroUsd: null }),
      );
    },
  );

  it('leave a disk that is full to whoever asked, whatever the provider makes of it', async () => {
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const { call } = setup({ write: () => Promise.reject(full) });
    await expect(call.run(generationRequest(), unstopped())).rejects.toBe(full);
  });

  it('say that it takes long without forgetting how far it has come', async () => {
    const { call, deeds } = setup();
    await call.run(generationRequest(), unstopped());
    call.tellSlow();
    expect(deeds.at(-1)).toBe('0.3 Taking longer than usual.');
  });

  it('cancel what took too long', async () => {
    const { call, deeds } = setup();
    await call.run(generationRequest(), unstopped());
    await call.cancelUnwanted(unstopped(), AbortSignal.abort());
    expect(deeds.at(-1)).toBe('cancel new');
  });

  it('cancel what somebody cancelled', async () => {
    const { call, deeds } = setup({ isCancelled: true });
    await call.run(generationRequest(), unstopped());
    await call.cancelUnwanted(stopped('lease_lost'), unstopped());
    expect(deeds.at(-1)).toBe('cancel new');
  });

  it.each(['lease_lost', 'runner_stopped'])('leave alone what another runner will collect (%s)', async (reason) => {
    const { call, deeds } = setup();
    await call.run(generationRequest(), unstopped());
    await call.cancelUnwanted(stopped(reason), unstopped());
    expect(deeds).not.toContain('cancel new');
  });
});
