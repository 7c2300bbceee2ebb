import type { FailureEvidence } from '#domain/failure.ts';
import type { Result } from '#domain/result.ts';

/** What a provider is asked to generate. */
export interface GenerationRequest {
  readonly kind: string;
  readonly prompt: string;
  /** The options, parsed by the kind's own schema. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly model: string;
  /** The same for every call that stands for the same purchase: a provider that knows it does not sell twice. */
  readonly idempotencyKey: string;
  readonly timeoutMs: number;
}

/** Where a generation goes while it is made. */
export interface GenerationSink {
  /** To be awaited the moment the provider has accepted: from then on the generation is paid for and must not be bought again. */
  accepted(acceptanceId: string): Promise<void>;
  progress: (fraction: number, message: string) => void;
  /** Told once by a provider that meters tokens: how many the request took, in and out. */
  tokensUsed: (tokens: number) => void;
  /** Appends to the artefact; to be awaited, so that a slow disk slows the provider's stream. */
  write(chunk: Uint8Array): Promise<void>;
}

/** What is known when a generation has been made; the artefact itself went into the sink. */
export interface Generated {
  /** What the provider metered, in micro-USD, null where it does not say. */
  readonly providerCostMicroUsd: number | null;
}

/** Why a generation was not made, before it is classified. */
export interface GenerationFailure {
  readonly evidence: FailureEvidence;
  /** What the provider asked us to wait, in milliseconds, 0 where it did not. */
  readonly retryAfterMs: number;
  readonly providerCostMicroUsd: number | null;
}

/** Somebody who generates. A new provider is one file that implements this, and one line in the registry. */
export interface Provider {
  readonly name: string;
  /** Makes the artefact. Failures are values; aborting the signal ends it at once. */
  generate(
    request: GenerationRequest,
    sink: GenerationSink,
    signal: AbortSignal,
  ): Promise<Result<Generated, GenerationFailure>>;
  /** Ends what the provider accepted and nobody wants any more. What the provider answers to that changes nothing. */
  cancel?: (acceptanceId: string, signal: AbortSignal) => Promise<void>;
  /**
   * Fetches the result of a generation that the provider accepted and nobody received; null where it is no longer to be had.
   * Left out by providers that keep nothing.
   */
  collect?: (
    acceptanceId: string,
    request: GenerationRequest,
    sink: GenerationSink,
    signal: AbortSignal,
  ) => Promise<Result<Generated, GenerationFailure> | null>;
}
