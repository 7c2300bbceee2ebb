import {
  findingFilterSchema,
  findingsLayoutSchema,
  type FindingFilter,
  type FindingsLayout,
} from '#contract/reconciliation-views.ts';

/** Reads a filter of findings from an address; a part that makes no sense is dropped. */
export function parseFindingsQuery(query: string): FindingFilter {
  const params = new URLSearchParams(query);
  const parts = findingFilterSchema.shape;
  return {
    rules: parts.rules.catch([]).parse(params.getAll('rule')),
    workspaceIds: parts.workspaceIds.catch([]).parse(params.getAll('workspace')),
  };
}

/** How findings are laid out where an address says nothing of it. */
const DEFAULT_LAYOUT: FindingsLayout = findingsLayoutSchema.parse({});

/** Reads from an address how findings are laid out; a part that makes no sense is dropped. */
export function parseFindingsLayout(query: string): FindingsLayout {
  const params = new URLSearchParams(query);
  const parts = findingsLayoutSchema.shape;
  return {
    groupBy: parts.groupBy.catch(DEFAULT_LAYOUT.groupBy).parse(params.get('group') ?? undefined),
    since: parts.since.catch(DEFAULT_LAYOUT.since).parse(params.get('since') ?? undefined),
  };
}

/** Reads from an address which run it is about; null for the last one. */
export function parseRunId(query: string): string | null {
  const runId = new URLSearchParams(query).get('run') ?? '';
  return /^[0-9a-f]{1,64}$/.test(runId) ? runId : null;
}

/** The address of the findings that a filter lets through. @param runId null for the last run */
export function findingsHref(
  { rules, workspaceIds }: FindingFilter,
  { groupBy, since }: FindingsLayout = DEFAULT_LAYOUT,
  runId: string | null = null,
): string {
  const params = new URLSearchParams();
  if (runId !== null) params.set('run', runId);
  if (groupBy !== DEFAULT_LAYOUT.groupBy) params.set('group', groupBy);
  if (since !== DEFAULT_LAYOUT.since) params.set('since', since);
  for (const rule of rules) params.append('rule', rule);
  for (const workspaceId of workspaceIds) params.append('workspace', workspaceId.toWellFormed());
  const query = params.toString();
  return query === '' ? '/reconciliation' : `/reconciliation?${query}`;
}

/** The address of the screen of one finding. @param runId null for the last run */
export function findingHref(findingId: string, runId: string | null = null): string {
  const path = `/reconciliation/${encodeURIComponent(findingId.toWellFormed())}`;
  return runId === null ? path : `${path}?run=${runId}`;
}
