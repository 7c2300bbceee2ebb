import { err, ok, type Result } from '#domain/result.ts';
import type { Generated, GenerationFailure, GenerationRequest, GenerationSink, Provider } from '#runner/provider.ts';

/** The client of {@link startSellingProvider}: orders with the purchase's key, then fetches; collects what was ordered before. */
export function orderingProvider(name: string, baseUrl: string): Provider {
  const collect = async (
    id: string,
    _request: GenerationRequest,
    sink: GenerationSink,
    signal: AbortSignal,
  ): Promise<Result<Generated, GenerationFailure> | null> =>
    caught(async () => {
      const reply = await fetch(`${baseUrl}/orders/${id}`, { signal });
      const bytes = await reply.bytes();
      if (reply.status === 404) return null;
      if (!reply.ok) return refused(reply.status);
      await sink.accepted(id);
      await sink.write(bytes);
      return ok({ providerCostMicroUsd: 100 });
    });
  return {
    name,
    collect,
    generate: (request, sink, signal) =>
      caught(async () => {
        const body = JSON.stringify({ key: request.idempotencyKey });
        const accepted = await fetch(`${baseUrl}/orders`, { method: 'POST', body, signal });
        const id = await accepted.text();
        if (!accepted.ok) return refused(accepted.status);
        await sink.accepted(id);
        sink.progress(0.5, 'ordered');
        const made = await collect(id, request, sink, signal);
        return made ?? refused(404);
      }),
  };
}

function refused(status: number): Result<Generated, GenerationFailure> {
  const evidence = { source: 'http', status, message: `answered ${status}` } as const;
  return err({ evidence, retryAfterMs: 0, providerCostMicroUsd: null });
}

async function caught<Outcome>(call: () => Promise<Outcome>): Promise<Outcome | Result<Generated, GenerationFailure>> {
  try {
    return await call();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return err({
      evidence: { source: 'network', code: 'cut', message },
      retryAfterMs: 0,
      providerCostMicroUsd: null,
    });
  }
}
