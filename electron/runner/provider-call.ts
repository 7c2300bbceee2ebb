import { createHash } from 'node:crypto';
import type { AppError } from '#domain/errors.ts';
import { replacementKey, unreceivedAcceptance } from '#domain/generation-key.ts';
import { ACCEPTANCE_ID_LENGTH_MAX, isKeepable, type LeasedJob } from '#domain/job.ts';
import { microUsdSchema } from '#domain/credits.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { ArtefactWriter } from './artefacts.ts';
import type { Generated, GenerationFailure, GenerationRequest, GenerationSink, Provider } from './provider.ts';

/** A provider is given this long to take note that something is not wanted any more, in milliseconds. */
const CANCEL_MS_MAX = 5000;

/** What is told of a call while it goes on. */
export interface CallReports {
  readonly accepted: (job: LeasedJob, acceptanceId: string) => Promise<Result<void, AppError>>;
  readonly progress: (job: LeasedJob, fraction: number, message: string) => void;
  readonly tokensUsed: (provider: string, tokens: number) => void;
  readonly isCancelled: (jobId: string) => Promise<boolean>;
}

/** What a person should know where the provider's name of a purchase cannot be kept; null where it can, or there is none. */
export function unkeptNote(acceptanceId: string | null): string | null {
  if (acceptanceId === null || isKeepable(acceptanceId)) return null;
  const why =
    acceptanceId.length > ACCEPTANCE_ID_LENGTH_MAX
      ? `by ${acceptanceId.length} characters, and at most ${ACCEPTANCE_ID_LENGTH_MAX} can be kept`
      : 'by a text with half of a character, which cannot be kept';
  return `The provider names it ${why}: if this runner ends before it has the result, it is bought again.`;
}

/**
 * One attempt's dealings with its provider: what was accepted earlier is collected before anything is bought, what is accepted
 * is stored at once, and what nobody will want any more is cancelled.
 */
export class ProviderCall {
  readonly #provider: Provider;
  readonly #job: LeasedJob;
  readonly #reports: CallReports;
  readonly #sink: GenerationSink;
  #acceptanceId: string | null = null;
  /** Aborted when it turns out that the lease is another's. */
  readonly #lost = new AbortController();
  #fraction = 0;
  /** What the artefact's writer threw first. */
  #unwritten: { readonly cause: unknown } | null = null;

  constructor(provider: Provider, job: LeasedJob, reports: CallReports, output: Pick<ArtefactWriter, 'write'>) {
    this.#provider = provider;
    this.#job = job;
    this.#reports = reports;
    this.#sink = {
      accepted: (acceptanceId) => this.#accepted(acceptanceId),
      progress: (fraction, message) => {
        this.#fraction = fraction;
        reports.progress(job, fraction, message);
      },
      tokensUsed: (tokens) => {
        if (Number.isSafeInteger(tokens) && tokens >= 0) reports.tokensUsed(provider.name, tokens);
      },
      write: (chunk) =>
        output.write(chunk).catch((cause: unknown) => {
          this.#unwritten ??= { cause };
          throw cause;
        }),
    };
  }

  /** What the provider calls the purchase that this attempt made or collected, null where it gave it no name. */
  get acceptanceId(): string | null {
    return this.#acceptanceId;
  }

  /** True where it turned out that the lease is another's, and the provider was told to stop for it. */
  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /**
   * Collects what an earlier attempt bought, or buys. A cost that is none, as from counts that a reply left out, is not known. Throws
   * what the artefact's writer threw, whatever the provider's client takes it for: a full disk with a system's code looks like a lost
   * connection, and would be bought for again and again.
   */
  async run(request: GenerationRequest, stop: AbortSignal): Promise<Result<Generated, GenerationFailure>> {
    const made = await this.#run(request, stop);
    if (this.#unwritten !== null) throw this.#unwritten.cause;
    return made.ok ? ok(withKnownCost(made.value)) : err(withKnownCost(made.error));
  }

  async #run(request: GenerationRequest, stop: AbortSignal): Promise<Result<Generated, GenerationFailure>> {
    const signal = AbortSignal.any([stop, this.#lost.signal]);
    const accepted = unreceivedAcceptance(this.#job);
    if (accepted === null || this.#provider.collect === undefined) {
      return this.#provider.generate(request, this.#sink, signal);
    }
    this.#acceptanceId = accepted;
    const collected = await this.#provider.collect(accepted, request, this.#sink, signal);
    if (collected !== null) return collected;
    this.#acceptanceId = null;
    // What is gone is bought anew, and under its old key a provider that remembers would only repeat that it is gone.
    const replacement = { ...request, idempotencyKey: replacementKey(this.#job, accepted, sha256) };
    return this.#provider.generate(replacement, this.#sink, signal);
  }

  /** Says that it takes long; how far it has come stays what it was. */
  tellSlow(): void {
    this.#reports.progress(this.#job, this.#fraction, 'Taking longer than usual.');
  }

  /**
   * After the call: cancels at the provider what was given up and will not be collected. A runner that leaves, or that lost its lease to
   * another one, cancels nothing: whoever goes on with the job collects it.
   * @param deadline aborted where the attempt took too long
   */
  async cancelUnwanted(stop: AbortSignal, deadline: AbortSignal): Promise<void> {
    if (this.#provider.cancel === undefined || this.#acceptanceId === null) return;
    const isTaken = stop.aborted || this.isLost;
    if (!isTaken && !deadline.aborted) return;
    if (isTaken && !(await this.#reports.isCancelled(this.#job._id))) return;
    await this.#provider.cancel(this.#acceptanceId, AbortSignal.timeout(CANCEL_MS_MAX));
  }

  /**
   * Sends the id to be stored and does not wait for the reply: the outbox writes it before, or with, whatever the attempt writes
   * later, and a provider that is done meanwhile shares its round trip. The provider's work is not thrown away for a slow server.
   */
  #accepted(acceptanceId: string): Promise<void> {
    // An empty name is none: nobody could ask for it, and a job that is to collect it could not be read.
    if (acceptanceId === '') return Promise.resolve();
    this.#acceptanceId = acceptanceId;
    const unkept = unkeptNote(acceptanceId);
    if (unkept !== null) {
      this.#reports.progress(this.#job, this.#fraction, unkept);
      return Promise.resolve();
    }
    void this.#reports.accepted(this.#job, acceptanceId).then((stored) => {
      if (!stored.ok && stored.error.code === 'lease_lost') this.#lost.abort(new Error('The lease was lost.'));
    });
    return Promise.resolve();
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function withKnownCost<Told extends Pick<Generated, 'providerCostMicroUsd'>>(told: Told): Told {
  return { ...told, providerCostMicroUsd: safeParse(microUsdSchema, told.providerCostMicroUsd).data ?? null };
}
