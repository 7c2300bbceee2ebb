import type {
  AttemptView,
  ChargeView,
  HistoryView,
  JobDetail,
  JobRow,
  LedgerView,
  ObservedView,
} from '#contract/job-views.ts';
import { entryViewOf } from '#console/entry-view.ts';
import { proveChargeStatus } from '#domain/charge.ts';
import { documentJsonOf } from '#domain/exact-json.ts';
import type { Failure } from '#domain/failure.ts';
import type { Attempt, HistoryEntry, Job } from '#domain/job.ts';
import type { CreditAccount, LedgerEntry } from '#domain/ledger.ts';
import { isLegalChange } from '#domain/state-machine.ts';

/** How much of a prompt and of an error a line of the list carries. */
const PROMPT_START_MAX = 160;
const FAILURE_MESSAGE_MAX = 300;
/** A document is shown whole up to this many characters of JSON. */
const DOCUMENT_JSON_MAX = 2_000_000;

/** How much of a prompt, and of the message of a failure, a line of the list shows. */
export function beginningsOf(
  prompt: string,
  failureMessage: string | null,
): Pick<JobRow, 'promptStart' | 'failureMessage'> {
  return {
    promptStart: prompt.slice(0, PROMPT_START_MAX),
    failureMessage: failureMessage?.slice(0, FAILURE_MESSAGE_MAX) ?? null,
  };
}

/** The line of the list for a job. */
export function toJobRow(job: Job): JobRow {
  return {
    id: job._id,
    kind: job.kind,
    state: job.state,
    workspaceId: job.workspaceId,
    userId: job.userId,
    ...beginningsOf(job.input.prompt, job.failure?.message ?? null),
    provider: job.provider.name,
    model: job.provider.model,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    priceCredits: job.billing.price,
    chargeStatus: job.billing.status,
    isBlockedForCredit: job.billing.blocked !== null,
    failureClass: job.failure?.class ?? null,
    failureCode: job.failure?.code ?? null,
    progressFraction: job.progress?.fraction ?? null,
    createdAtMs: job.createdAt.getTime(),
    updatedAtMs: job.updatedAt.getTime(),
    notBeforeMs: job.notBefore.getTime(),
    hit: null,
  };
}

/** What the copy holds about one job. */
export interface JobRecord {
  readonly job: Job;
  /** The document as it was received, for reading. */
  readonly document: unknown;
  readonly ledger: readonly LedgerEntry[];
  readonly account: CreditAccount | null;
  readonly observed: readonly ObservedView[];
  readonly isPromptKept: boolean;
  /** Ids of the jobs that name this one in their lineage. */
  readonly followers: readonly string[];
}

/** Everything that the screen of one job shows, from the copy's record of it. */
export function toJobDetail(record: JobRecord): JobDetail {
  const { job } = record;
  return {
    row: toJobRow(job),
    prompt: job.input.prompt,
    isPromptKept: record.isPromptKept,
    observed: [...record.observed],
    optionsJson: documentJsonOf(job.input.options),
    inputHash: job.input.hash,
    acceptanceId: job.provider.acceptanceId,
    lease:
      job.lease === null
        ? null
        : {
            runnerId: job.lease.runnerId,
            token: job.lease.token,
            expiresAtMs: job.lease.expiresAt.getTime(),
            heartbeatAtMs: job.lease.heartbeatAt.getTime(),
          },
    progress: job.progress === null ? null : { ...withTime(job.progress) },
    history: job.history.map(toHistoryView),
    attempts: job.attempts.map(toAttemptView),
    validation: job.validation,
    failure: toFailureView(job.failure),
    output: job.output,
    charge: toChargeView(record),
    lineage: job.lineage,
    followers: [...record.followers],
    documentJson: toDocumentJson(record.document),
  };
}

/** A document as indented JSON, cut where it would be too long to show. */
export function toDocumentJson(document: unknown): string {
  const json = documentJsonOf(document);
  return json.length <= DOCUMENT_JSON_MAX ? json : `${json.slice(0, DOCUMENT_JSON_MAX)}\n… cut at ${DOCUMENT_JSON_MAX}`;
}

function withTime<Value extends { readonly at: Date }>(value: Value): Omit<Value, 'at'> & { atMs: number } {
  const { at, ...rest } = value;
  return { ...rest, atMs: at.getTime() };
}

function toFailureView(failure: Failure | null): AttemptView['failure'] {
  return failure === null ? null : withTime(failure);
}

function toHistoryView(entry: HistoryEntry): HistoryView {
  const isLegal = entry.from === null ? entry.to === 'queued' : isLegalChange(entry.from, entry.to);
  return { ...withTime(entry), isLegal };
}

function toAttemptView(attempt: Attempt): AttemptView {
  return {
    n: attempt.n,
    generationId: attempt.generationId,
    startedAtMs: attempt.startedAt.getTime(),
    endedAtMs: attempt.endedAt?.getTime() ?? null,
    runnerId: attempt.runnerId,
    provider: attempt.provider,
    model: attempt.model,
    acceptanceId: attempt.acceptanceId,
    providerCostMicroUsd: attempt.providerCost,
    failure: toFailureView(attempt.failure),
    validation: attempt.validation,
  };
}

function toChargeView(record: JobRecord): ChargeView {
  const { billing } = record.job;
  const ofGeneration = record.ledger.filter((entry) => entry.generationId === billing.generationId);
  const hold = record.account === null ? null : (record.account.holds[billing.generationId]?.credits ?? 0);
  const proof = proveChargeStatus(billing, ofGeneration, hold);
  const standing = new Set(record.ledger.map((entry) => entry._id));
  const posted = record.ledger.map((entry): LedgerView => ({ ...entryViewOf(entry), isPending: false }));
  const pending: LedgerView[] = billing.pending
    .filter((entry) => !standing.has(entry.key))
    .map((entry) => ({ ...withTime(entry), isPending: true }));
  return {
    status: proof.status,
    evidence: [...proof.evidence],
    generationId: billing.generationId,
    priceCredits: billing.price,
    reservedCredits: billing.reserved,
    capturedCredits: billing.captured,
    refundedCredits: billing.refunded,
    blocked:
      billing.blocked === null
        ? null
        : { neededCredits: billing.blocked.neededCredits, atMs: billing.blocked.at.getTime() },
    entries: [...posted, ...pending].sort((left, right) => left.atMs - right.atMs),
    account:
      record.account === null ? null : { availableCredits: record.account.available, heldCredits: record.account.held },
  };
}
