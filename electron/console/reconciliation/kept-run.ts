import { sha256OfText } from '#cache/sha256.ts';
import {
  SUMMARY_WORKSPACES_MAX,
  type FindingFilter,
  type FindingGroup,
  type FindingsLayout,
  type RunSummary,
} from '#contract/reconciliation-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { compareText, type Finding } from '#domain/reconciliation/finding.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { encodeRun, type RunRecord } from './run-record.ts';

/** What the record of a run does not say of it. */
export interface BesideRun extends Pick<RunSummary, 'copyAsOfMs' | 'comparison' | 'lostMemory'> {
  /** The findings that the run before did not have, by id. */
  readonly newIds: readonly string[];
  /** Those that it had and this one has not, as they were. */
  readonly solved: readonly Finding[];
}

/** One page of findings, with the sums of all that the filter lets through. */
export interface FindingsPage {
  readonly rows: Finding[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly byRule: Record<string, { findings: number; credits: number }>;
  readonly groups: FindingGroup[];
}

const AS_THEY_ARE: FindingsLayout = { groupBy: 'rule', since: 'any' };

/** A finished run, as it is asked about: a summary, and its findings by page, by filter and by id. */
export class KeptRun {
  readonly summary: RunSummary;
  readonly #findings: readonly Finding[];
  readonly #newIds: ReadonlySet<string>;
  readonly #solved: readonly Finding[];

  constructor(record: RunRecord, latest: BesideRun) {
    this.#findings = record.findings;
    // Without a run before there is nothing that they could be new against: all are.
    this.#newIds = new Set(latest.comparison === null ? record.findings.map(({ id }) => id) : latest.newIds);
    this.#solved = latest.solved;
    this.summary = summarize(record, latest);
  }

  /** The findings that a filter lets through, group by group; within one in the order of the run: by rule, workspace and subject. */
  matching(filter: FindingFilter, layout: FindingsLayout = AS_THEY_ARE): readonly Finding[] {
    const rules = new Set(filter.rules);
    const workspaces = new Set(filter.workspaceIds);
    const matching = this.#since(layout.since).filter(
      ({ rule, workspaceId }) =>
        (rules.size === 0 || rules.has(rule)) && (workspaces.size === 0 || workspaces.has(workspaceId ?? '')),
    );
    return inGroups(matching, layout.groupBy).flatMap(({ findings }) => findings);
  }

  /** One page of them. Error: `invalid_request` where the cursor is none of this list. */
  page(
    filter: FindingFilter,
    cursor: string | null,
    limit: number,
    layout: FindingsLayout = AS_THEY_ARE,
  ): Result<FindingsPage, AppError> {
    const start = cursor === null ? 0 : Number(cursor);
    if (!Number.isSafeInteger(start) || start < 0) {
      return err(appError('invalid_request', 'the cursor is of another list'));
    }
    const matching = this.matching(filter, layout);
    const end = start + limit;
    return ok({
      rows: matching.slice(start, end),
      nextCursor: end < matching.length ? String(end) : null,
      total: matching.length,
      byRule: sumByRule(matching),
      groups: inGroups(matching, layout.groupBy).map(({ key, findings }) => ({
        key,
        findings: findings.length,
        credits: findings.reduce((sum, { credits }) => sum + credits, 0),
      })),
    });
  }

  #since(since: FindingsLayout['since']): readonly Finding[] {
    switch (since) {
      case 'any':
        return this.#findings;
      case 'new':
        return this.#findings.filter(({ id }) => this.#newIds.has(id));
      case 'still_open':
        return this.#findings.filter(({ id }) => !this.#newIds.has(id));
      case 'solved':
        return this.#solved;
    }
  }

  /** Those of these ids that the run has, in the order of the run. */
  findingsOf(ids: readonly string[]): readonly Finding[] {
    const wanted = new Set(ids);
    return [...this.#findings, ...this.#solved].filter(({ id }) => wanted.has(id));
  }

  /** A finding by its id; `not_found` where the run has none of it. */
  finding(id: string): Result<Finding, AppError> {
    const [found] = this.findingsOf([id]);
    return found === undefined ? err(appError('not_found', id)) : ok(found);
  }
}

/** The sizes that findings are grouped by: the least absolute amount of each, in the smallest unit, the largest first. */
const SIZES: readonly number[] = [100_000, 10_000, 1000, 100, 1, 0];

function keyOf(finding: Finding, groupBy: FindingsLayout['groupBy']): string {
  switch (groupBy) {
    case 'rule':
      return finding.rule;
    case 'workspace':
      return finding.workspaceId ?? '';
    case 'amount':
      return String(SIZES.find((least) => Math.abs(finding.credits) >= least) ?? 0);
  }
}

/** Groups in their order: rules by number, workspaces by name, amounts from the largest on. */
function inGroups(
  findings: readonly Finding[],
  groupBy: FindingsLayout['groupBy'],
): readonly { readonly key: string; readonly findings: readonly Finding[] }[] {
  const groups = [...Map.groupBy(findings, (finding) => keyOf(finding, groupBy))].map(([key, found]) => ({
    key,
    findings: found,
  }));
  if (groupBy === 'workspace') return groups.toSorted((left, right) => compareText(left.key, right.key));
  return groupBy === 'amount' ? groups.toSorted((left, right) => Number(right.key) - Number(left.key)) : groups;
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

/** Names a run by all that stands in it: the same for the same outcome. */
export function runIdOf(record: RunRecord): string {
  return sha256OfText(encodeRun(record)).slice(0, 32);
}

function summarize(record: RunRecord, latest: BesideRun): RunSummary {
  const byRule = Object.entries(record.counts).filter(([, findings]) => findings > 0);
  return {
    runId: runIdOf(record),
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
    isWhole: record.isWhole ?? true,
    comparison: latest.comparison,
    lostMemory: latest.lostMemory,
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
