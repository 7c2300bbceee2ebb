import type { CopyReader } from '#cache/copy-reader.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { lensOfRules, type Lens, type RuleHits } from '#domain/redaction/lens.ts';
import { redactJobDocument } from '#domain/redaction/redact-document.ts';
import {
  nextRedactionVersion,
  problemsOfRedaction,
  type RedactionDraft,
  type RedactionVersion,
} from '#domain/redaction/redaction-rule.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { BulkReads } from '#store/bulk-reads.ts';
import type { ReadableStore } from '#store/ports.ts';
import type { RedactionStore } from '#store/redaction-store.ts';
import { putVersion } from '../put-version.ts';
import { compilePattern, problemOfPattern } from './linear-pattern.ts';

/** A draft that somebody wants in force. */
export interface RedactionOrder {
  /** The version that the draft was written over; 0 where there was none. */
  readonly basedOn: number;
  readonly draft: RedactionDraft;
  readonly reason: string;
  readonly by: Actor;
}

/**
 * Puts a draft in force as the next version. Errors, besides the store's: `write_conflict` where it was written over another version
 * than the one in force, and `invalid_request` for a draft that cannot be used or changes nothing.
 */
export function putRedaction(
  { redaction, reader }: { readonly redaction: RedactionStore; readonly reader: Pick<ReadableStore, 'serverNow'> },
  { basedOn, draft, reason, by }: RedactionOrder,
): Promise<Result<RedactionVersion, AppError>> {
  return putVersion({ versions: redaction, reader }, basedOn, (inForce, at) =>
    nextRedactionVersion(inForce, draft, { by, at, reason, problemOfPattern }),
  );
}

/** What rules would hide in recent jobs. */
export interface RedactionTrial {
  /** How many of the newest jobs were looked at. */
  readonly jobs: number;
  readonly rules: readonly { readonly ruleId: string; readonly matches: number; readonly jobs: number }[];
}

/** Jobs of one page of a trial. */
const PAGE_JOBS = 100;
const EVERY_JOB = jobFilterSchema.parse({});

/** Tries rules against the newest jobs of the copy; outputs are not looked at. Writes nothing. Error: `invalid_request`. */
export async function tryRedaction(
  copy: Pick<CopyReader, 'jobsPage' | 'job'>,
  draft: RedactionDraft,
  { jobsMax, signal }: { readonly jobsMax: number; readonly signal: AbortSignal },
): Promise<Result<RedactionTrial, AppError>> {
  const trial = begun(draft);
  if (!trial.ok) return trial;
  const { value: tried } = trial;
  let jobs = 0;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<CopyReader['jobsPage']>> = await copy.jobsPage({
      filter: EVERY_JOB,
      sort: { column: 'createdAt', direction: 'descending' },
      startAtMs: null,
      cursor,
      limit: Math.min(PAGE_JOBS, jobsMax - jobs),
    });
    if (!page.ok) return page;
    for (const { id } of page.value.rows) {
      if (signal.aborted) return err(appError('cancelled'));
      const found = await copy.job(id);
      if (!found.ok) return found;
      jobs += 1;
      if (found.value !== null) tried.add(found.value.document);
    }
    cursor = page.value.nextCursor;
  } while (cursor !== null && jobs < jobsMax);
  return ok({ jobs, rules: tried.counts() });
}

/**
 * Tries rules against the jobs on the server that were changed last: for the command line, which has no offline copy. Writes nothing.
 * Error, besides the store's: `invalid_request`.
 */
export async function tryRedactionOnServer(
  bulk: Pick<BulkReads, 'eachRecentJob'>,
  draft: RedactionDraft,
  jobsMax: number,
): Promise<Result<RedactionTrial, AppError>> {
  const trial = begun(draft);
  if (!trial.ok) return trial;
  let jobs = 0;
  const found = await bulk.eachRecentJob(jobsMax, ({ document }) => {
    jobs += 1;
    trial.value.add(document);
  });
  if (!found.ok) return found;
  return ok({ jobs, rules: trial.value.counts() });
}

function begun(draft: RedactionDraft): Result<RuleCounts, AppError> {
  const [problem] = problemsOfRedaction(draft, problemOfPattern);
  return problem === undefined ? ok(new RuleCounts(draft)) : err(appError('invalid_request', problem));
}

/** Counts what each rule hides by itself: of two that hide the same, both are told of. */
class RuleCounts {
  readonly #rules: { readonly id: string; readonly lens: Lens; matches: number; jobs: number }[];

  constructor({ rules }: RedactionDraft) {
    this.#rules = rules.map((rule) => ({
      id: rule.id,
      lens: lensOfRules([rule], { compile: compilePattern, tokenOf: (text) => text }),
      matches: 0,
      jobs: 0,
    }));
  }

  add(document: object): void {
    for (const rule of this.#rules) {
      const hits: RuleHits = new Map();
      redactJobDocument(document, rule.lens, hits);
      const matches = hits.get(rule.id) ?? 0;
      rule.matches += matches;
      if (matches > 0) rule.jobs += 1;
    }
  }

  counts(): RedactionTrial['rules'] {
    return this.#rules.map(({ id, matches, jobs }) => ({ ruleId: id, matches, jobs }));
  }
}
