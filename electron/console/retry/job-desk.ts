import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EditedInput } from '#contract/retry-views.ts';
import { canonicalInput } from '#domain/canonical-input.ts';
import { editedJob } from '#domain/edited-job.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { unsafeIntegerIn } from '#domain/exact-json.ts';
import { classifyFailure } from '#domain/failure.ts';
import type { Job, JobInput } from '#domain/job.ts';
import { INPUT_BYTES_MAX } from '#domain/job-size.ts';
import { findKind } from '#domain/kinds.ts';
import type { Actor } from '#domain/ledger.ts';
import { collectablePurchase, type Collected } from '#domain/generation-key.ts';
import { COLLECTED, NO_REASON_GIVEN } from '#domain/policy-replay.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { restoreEdited } from '#domain/redaction/restore-edited.ts';
import { err, ok, type Result } from '#domain/result.ts';
import {
  keptByCancel,
  previewCancel,
  previewRetry,
  type CancelPreview,
  type RetryPreview,
} from '#domain/retry-preview.ts';
import { planChange } from '#domain/transition.ts';
import type { CopyReader } from '#cache/copy-reader.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';
import { documentBytesOf, tooLargeError, whyUnwritable } from '#store/full-documents.ts';
import type { PolicySource, ReadableStore, WritableStore } from '#store/ports.ts';

/** What the desk works with. */
export interface JobDeskParts {
  readonly reader: ReadableStore;
  readonly writer: Pick<WritableStore, 'applyChanges' | 'settle' | 'insertJobs' | 'moveOn'>;
  /** For what earlier jobs tell; what decides is read from the server. */
  readonly cache: Pick<CopyReader, 'experience' | 'twins'>;
  readonly policies: PolicySource;
  /** What hides parts of inputs from who edits them; null where nothing does. */
  readonly lens: () => Lens | null;
}

/** What a person brings to a retry. */
export interface RetryWish {
  readonly jobId: string;
  readonly reason: string;
  readonly edited: EditedInput | null;
  /** True where the result that the provider accepted to make is to be collected, and not bought again. */
  readonly isCollecting: boolean;
}

/** A wish that is carried out: of the version that was shown, and once for each `requestId`. */
export interface RetryOrder extends RetryWish {
  /** Who does it; stands in the job's history. */
  readonly by: Actor;
  readonly requestId: string;
  readonly version: number;
}

/** Who cancels a job, why, and what of it was shown. */
export interface CancelWish {
  readonly reason: string;
  readonly by: Actor;
  readonly generationId?: string | null;
}

/** How far back earlier jobs are looked at, in milliseconds. */
const EXPERIENCE_MS = 30 * 86_400_000;
/** How often a cancellation is planned anew when the job moves under it. */
const CANCEL_TRIES_MAX = 10;

const CHANGED_BY_ANOTHER = 'somebody else changed the job; look at it again';

const optionsSchema = z.record(z.string(), z.unknown());

/**
 * Where a person retries or cancels one job. Everything that decides is read from the server at that moment, and written under
 * the version that it was decided from. Errors of every method, besides the store's: `not_found`, `malformed_document`,
 * `invalid_request` where edited options are none, `document_too_large` where an input or a job is too large, `text_hidden` where an edit touches what its author may not see.
 */
export class JobDesk {
  readonly #parts: JobDeskParts;

  constructor(parts: JobDeskParts) {
    this.#parts = parts;
  }

  /** What a retry would cost and whether it may happen. Writes nothing. */
  async previewRetry(wish: RetryWish): Promise<Result<RetryPreview, AppError>> {
    const job = await this.#read(wish.jobId);
    if (!job.ok) return job;
    const input = inputOf(job.value, wish.edited, this.#parts.lens());
    return input.ok ? this.#preview(job.value, wish, input.value) : input;
  }

  /**
   * Retries a job: the failed one as a new generation, or with an edited input as a new job that is linked to it.
   * Errors: `write_conflict` where it is no longer what was shown, `retry_blocked` with why.
   * @returns the id of the job that now waits
   */
  async retry(order: RetryOrder): Promise<Result<string, AppError>> {
    const read = await this.#read(order.jobId);
    if (!read.ok) return read;
    const job = read.value;
    const generationId = `g-${order.requestId}`;
    // The reply to the first sending was lost: what it asked for has happened.
    if (job.billing.generationId === generationId) return ok(job._id);
    const ordered = order.edited === null ? ok(null) : await this.#orderedBefore(order.requestId);
    if (!ordered.ok) return ordered;
    if (ordered.value !== null) return ok(ordered.value);
    if (job.version !== order.version) {
      return err(appError('write_conflict', `the job is ${job.state} now; look at it again`));
    }
    const input = inputOf(job, order.edited, this.#parts.lens());
    if (!input.ok) return input;
    const preview = await this.#preview(job, order, input.value);
    if (!preview.ok) return preview;
    const { verdict } = preview.value;
    if (verdict.verdict !== 'retry') return err(appError('retry_blocked', verdict.why));
    const collects = order.isCollecting ? collectablePurchase(job) : null;
    if (order.isCollecting && (collects === null || input.value.hash !== job.input.hash)) {
      return err(appError('retry_blocked', 'the provider has no result of this input that nobody received'));
    }
    const reason = order.reason.trim() === '' ? (collects === null ? NO_REASON_GIVEN : COLLECTED) : order.reason.trim();
    const decided = { reason, policyVersion: verdict.policyVersion, actor: order.by };
    if (input.value.hash === job.input.hash) return this.#requeue(job, { generationId, collects }, decided);
    return this.#order(job, input.value, { ...decided, generationId, requestId: order.requestId });
  }

  /** What cancelling would give back. Writes nothing. */
  async previewCancel(jobId: string): Promise<Result<CancelPreview, AppError>> {
    const job = await this.#read(jobId);
    if (!job.ok) return job;
    const policy = await this.#parts.policies.inForce();
    return policy.ok ? ok(previewCancel(job.value, policy.value)) : policy;
  }

  /**
   * Ends a job that is not at its end, and gives back what the policy says. A runner that works on it loses its lease and
   * stops. Errors: `illegal_transition` where the job came to its end meanwhile, `write_conflict` where somebody has begun it anew
   * since the generation that was shown; it stays as it is.
   * @param wish `generationId` is left out or null where nothing was shown
   */
  async cancel(
    jobId: string,
    { reason, by, generationId = null }: CancelWish,
  ): Promise<Result<{ readonly releasedCredits: number; readonly keptCredits: number }, AppError>> {
    const { policies, writer } = this.#parts;
    for (let tries = 0; tries < CANCEL_TRIES_MAX; tries += 1) {
      const job = await this.#read(jobId);
      if (!job.ok) return job;
      if (generationId !== null && job.value.billing.generationId !== generationId) {
        return err(appError('write_conflict', 'the job was retried since; look at it again'));
      }
      const policy = await policies.inForce();
      if (!policy.ok) return policy;
      const preview = previewCancel(job.value, policy.value);
      if (preview.verdict === 'blocked') return err(appError('illegal_transition', preview.why));
      const why = reason.trim() === '' ? 'cancelled by hand' : reason.trim();
      const failure = classifyFailure({ source: 'cancelled', message: why });
      const { charge } = policy.value.classes.cancelled;
      const change = planChange(
        job.value,
        { type: 'fail', failure, charge, finalCredits: keptByCancel(job.value), providerCost: null, validation: null },
        { actor: by, reason: why, policyVersion: policy.value.version },
      );
      if (!change.ok) return err(appError('illegal_transition', `the job is ${job.value.state}`));
      const written = await writer.applyChanges([change.value]);
      if (!written.ok) return written;
      const [applied] = written.value;
      if (applied?.ok === true) {
        // What is left owing here is swept by the next runner.
        await writer.settle([jobId]);
        return ok({ releasedCredits: preview.releasedCredits, keptCredits: preview.keptCredits });
      }
    }
    return err(appError('write_conflict', `the job moved ${CANCEL_TRIES_MAX} times while it was to be cancelled`));
  }

  async #preview(job: Job, wish: RetryWish, input: JobInput): Promise<Result<RetryPreview, AppError>> {
    const { reader, cache, policies } = this.#parts;
    const [entries, account, now, policy] = await Promise.all([
      reader.readGenerationEntries(job.billing.generationId),
      reader.readAccount(job.workspaceId),
      reader.serverNow(),
      policies.inForce(),
    ]);
    if (!entries.ok) return entries;
    if (!account.ok) return account;
    if (!now.ok) return now;
    if (!policy.ok) return policy;
    const experience = await cache.experience({
      kind: job.kind,
      model: job.provider.model,
      failureClass: job.state === 'failed' ? job.failure.class : null,
      sinceMs: now.value.getTime() - EXPERIENCE_MS,
      windowMs: EXPERIENCE_MS,
    });
    if (!experience.ok) return experience;
    const twins = await cache.twins({ workspaceId: job.workspaceId, inputHash: input.hash, exceptId: job._id });
    if (!twins.ok) return twins;
    return ok(
      previewRetry(
        {
          job,
          entries: entries.value,
          account: account.value,
          experience: experience.value,
          twins: twins.value,
          policy: policy.value,
        },
        {
          reason: wish.reason,
          editedInputHash: wish.edited === null ? null : input.hash,
          isCollecting: wish.isCollecting,
        },
      ),
    );
  }

  async #requeue(
    job: Job,
    generation: { readonly generationId: string; readonly collects: Collected | null },
    decided: Decided,
  ): Promise<Result<string, AppError>> {
    const event = { type: 'requeue', ...generation, priceCredits: job.billing.price } as const;
    const change = planChange(job, event, decided);
    if (!change.ok) return err(appError('illegal_transition', `the job is ${job.state}`));
    const written = await this.#parts.writer.applyChanges([change.value]);
    if (!written.ok) return written;
    const [applied] = written.value;
    if (applied?.ok === true) return ok(job._id);
    return applied?.error.code === 'document_too_large' ? applied : err(appError('write_conflict', CHANGED_BY_ANOTHER));
  }

  async #order(
    failed: Job,
    input: JobInput,
    decided: Decided & { readonly generationId: string; readonly requestId: string },
  ): Promise<Result<string, AppError>> {
    const { reader, writer } = this.#parts;
    const now = await reader.serverNow();
    if (!now.ok) return now;
    const job = editedJob(failed, { ...decided, id: editedJobId(decided.requestId), input, now: now.value });
    // First, because what is inserted is paid for: whoever else looked at this version looks again, and finds the new job.
    const moved = await writer.moveOn(failed);
    if (!moved.ok) return moved;
    if (!moved.value) return err(appError('write_conflict', CHANGED_BY_ANOTHER));
    const inserted = await writer.insertJobs([job]);
    return inserted.ok ? ok(job._id) : inserted;
  }

  /** The edited job of an order whose reply was lost; null where nothing came of it. */
  async #orderedBefore(requestId: string): Promise<Result<string | null, AppError>> {
    const id = editedJobId(requestId);
    const found = await this.#parts.reader.readJob(id);
    return found.ok ? ok(found.value === null ? null : id) : found;
  }

  async #read(jobId: string): Promise<Result<Job, AppError>> {
    const found = await this.#parts.reader.readJob(jobId);
    if (!found.ok) return found;
    if (found.value === null) return err(appError('not_found', jobId));
    if (found.value.type === 'job') return ok(found.value.job);
    const [problem] = found.value.malformed.problems;
    return err(appError('malformed_document', `${problem?.path ?? ''}: ${problem?.reason ?? ''}`));
  }
}

/** The id of the job that an order with an edited input makes: the same however often it is sent. */
function editedJobId(requestId: string): string {
  return `job-${requestId}`;
}

interface Decided {
  readonly actor: Actor;
  readonly reason: string;
  readonly policyVersion: number;
}

/**
 * The input that a retry would run with: the job's own, or the edited one, held against its kind's schema. What the editor could not
 * see is what it was.
 */
function inputOf(job: Job, edited: EditedInput | null, lens: Lens | null): Result<JobInput, AppError> {
  if (edited === null) return ok(job.input);
  const options = parseOptions(edited.optionsJson);
  if (!options.ok) return options;
  const typed = { prompt: edited.prompt, options: options.value };
  const input = lens === null ? ok(typed) : restoreEdited(job.input, typed, lens);
  if (!input.ok) return input;
  const kind = findKind(job.kind);
  const checked = kind && safeParse(kind.optionsSchema, input.value.options);
  if (checked?.success === false) {
    return err(appError('invalid_request', `options: ${firstIssueOf(checked.error)}`));
  }
  const { prompt, options: restored } = input.value;
  const whole = { prompt, options: { ...restored } };
  const why = whyUnwritable(whole);
  if (why !== null) return err(appError('invalid_request', `the input: ${why}`));
  const bytes = documentBytesOf(whole);
  if (bytes > INPUT_BYTES_MAX) return err(tooLargeError('the input', bytes, INPUT_BYTES_MAX));
  return ok({ ...whole, hash: createHash('sha256').update(canonicalInput(whole)).digest('hex') });
}

function parseOptions(json: string): Result<Record<string, unknown>, AppError> {
  try {
    const unsafe = unsafeIntegerIn(json);
    if (unsafe !== null) return err(appError('invalid_request', `options: ${unsafe} has more digits than are kept`));
    const parsed = safeParse(optionsSchema, JSON.parse(json));
    return parsed.success ? ok(parsed.data) : err(appError('invalid_request', 'options: not a JSON object'));
  } catch (cause) {
    return err(appError('invalid_request', 'options: not JSON', cause));
  }
}
