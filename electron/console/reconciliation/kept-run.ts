import { SUMMARY_WORKSPACES_MAX, type FindingFilter, type RunSummary } from '#contract/reconciliation-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { compareText, type Finding } from '#domain/reconciliation/finding.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { LatestRun } from './memory-folder.ts';
import { sha256OfText } from './period-digest.ts';
import { encodeRun, type RunRecord } from './run-record.ts';

/** One page of findings, with the sums of all that the filter lets through. */
export interface FindingsPage {
  readonly rows: Finding[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly byRule: Record<string, { findings: number; credits: number }>;
}

/** The last finished run, as it is asked about: a summary, and its findings by page, by filter and by id. */
export class KeptRun {
  readonly summary: RunSummary;
  readonly #findings: readonly Finding[];

  constructor(record: RunRecord, latest: LatestRun) {
    this.#findings = record.findings;
    this.summary = summarize(record, latest);
  }

  /** The findings that a filter lets through, in the order of the run: by rule, workspace and subject. */
  matching(filter: FindingFilter): readonly Finding[] {
    const rules = new Set(filter.rules);
    const workspaces = new Set(filter.workspaceIds);
    return this.#findings.filter(
      ({ rule, workspaceId }) =>
        (rules.size === 0 || rules.has(rule)) && (workspaces.size === 0 || workspaces.has(workspaceId ?? '')),
    );
  }

  /** One page of them. Error: `invalid_request` where the cursor is none of this list. */
  page(filter: FindingFilter, cursor: string | null, limit: number): Result<FindingsPage, AppError> {
    const start = cursor === null ? 0 : Number(cursor);
    if (!Number.isSafeInteger(start) || start < 0) {
      return err(appError('invalid_request', 'the cursor is of another list'));
    }
    const matching = this.matching(filter);
    const end = start + limit;
    return ok({
      rows: matching.slice(start, end),
      nextCursor: end < matching.length ? String(end) : null,
      total: matching.length,
      byRule: sumByRule(matching),
    });
  }

  /** Those of these ids that the run has, in the order of the run. */
  findingsOf(ids: readonly string[]): readonly Finding[] {
    const wanted = new Set(ids);
    return this.#findings.filter(({ id }) => wanted.has(id));
  }

  /** A finding by its id; `not_found` where the run has none of it. */
  finding(id: string): Result<Finding, AppError> {
    const found = this.#findings.find((finding) => finding.id === id);
    return found === undefined ? err(appError('not_found', id)) : ok(found);
  }
}

function sumByRule(findings: readonly Finding[]): FindingsPage['byRule'] {
  const sums: FindingsPage['byRule'] = {};
  for (const { rule, credits } of findings) {
    const sum = (sums[rule] ??= { findings: 0, credits: 0 });
    sum.findings += 1;
    sum.credits += credits;
  }
  return sums;
}

function summarize(record: RunRecord, latest: LatestRun): RunSummary {
  const byRule = Object.entries(record.counts).filter(([, findings]) => findings > 0);
  return {
    runId: sha256OfText(encodeRun(record)).slice(0, 32),
    scope: record.scope,
    asOfMs: record.asOfMs,
    copyAsOfMs: latest.copyAsOfMs,
    server: record.server,
    inputs: record.inputs,
    findings: record.findings.length,
    byRule: Object.fromEntries(byRule),
    byWorkspace: countByWorkspace(record.findings),
    passed: record.passed,
    undecidedWorkspaces: record.undecidedWorkspaces.length,
    comparison: latest.comparison,
  };
}

function countByWorkspace(findings: readonly Finding[]): RunSummary['byWorkspace'] {
  const counts = new Map<string, number>();
  for (const { workspaceId } of findings) {
    if (workspaceId !== null) counts.set(workspaceId, (counts.get(workspaceId) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([leftId, left], [rightId, right]) => right - left || compareText(leftId, rightId))
    .slice(0, SUMMARY_WORKSPACES_MAX)
    .map(([workspaceId, count]) => ({ workspaceId, findings: count }));
}
