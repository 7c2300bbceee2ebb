import type { CopyReader } from '#cache/copy-reader.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { lensOfRules, type RuleHits } from '#domain/redaction/lens.ts';
import { redactJobDocument } from '#domain/redaction/redact-document.ts';
import {
  nextRedactionVersion,
  problemsOfRedaction,
  type RedactionDraft,
  type RedactionVersion,
} from '#domain/redaction/redaction-rule.ts';
import { err, ok, type Result } from '#domain/result.ts';
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
  const [problem] = problemsOfRedaction(draft, problemOfPattern);
  if (problem !== undefined) return err(appError('invalid_request', problem));
  // Each rule is counted by itself: of two that hide the same, both are told of.
  const tried = draft.rules.map((rule) => ({
    id: rule.id,
    lens: lensOfRules([rule], { compile: compilePattern, tokenOf: (text) => text }),
    matches: 0,
    jobs: 0,
  }));
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
      if (found.value === null) continue;
      const { document } = found.value;
      for (const rule of tried) {
        const hits: RuleHits = new Map();
        redactJobDocument(document, rule.lens, hits);
        const matches = hits.get(rule.id) ?? 0;
        rule.matches += matches;
        if (matches > 0) rule.jobs += 1;
      }
    }
    cursor = page.value.nextCursor;
  } while (cursor !== null && jobs < jobsMax);
  return ok({ jobs, rules: tried.map(({ id, matches, jobs: inJobs }) => ({ ruleId: id, matches, jobs: inJobs })) });
}
