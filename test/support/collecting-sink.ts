import type { GenerationRequest, GenerationSink } from '#runner/provider.ts';

/** A sink that keeps what comes, and in which order. */
export interface CollectingSink extends GenerationSink {
  readonly accepted: (acceptanceId: string) => Promise<void>;
  /** `accepted ID`, `progress`, `write`: once for each run of the same. */
  readonly steps: readonly string[];
  readonly fractions: readonly number[];
  /** What was told of tokens. */
  readonly tokens: readonly number[];
  text(): string;
}

/** A sink that keeps all that a provider reports to it. */
export function collectingSink(): CollectingSink {
  const steps: string[] = [];
  const fractions: number[] = [];
  const tokens: number[] = [];
  const chunks: Uint8Array[] = [];
  const note = (step: string): void => {
    if (steps.at(-1) !== step) steps.push(step);
  };
  return {
    steps,
    fractions,
    tokens,
    tokensUsed: (count) => void tokens.push(count),
    text: () => Buffer.concat(chunks).toString('utf8'),
    accepted: async (acceptanceId) => {
      await Promise.resolve();
      note(`accepted ${acceptanceId}`);
    },
    progress: (fraction) => {
      fractions.push(fraction);
      note('progress');
    },
    write: async (chunk) => {
      await Promise.resolve();
      chunks.push(chunk);
      note('write');
    },
  };
}

/** A request as an attempt makes it. */
export function generationRequest(spec: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    kind: 'website',
    prompt: 'A page about {model} tea',
    options: { requiredParts: ['main'] },
    model: 'standard',
    idempotencyKey: 'g-1:1',
    timeoutMs: 20_000,
    ...spec,
  };
}

/** A signal that nobody aborts. */
export function unstopped(): AbortSignal {
  return new AbortController().signal;
}
