import { findingFilterSchema, type FindingFilter } from '#contract/reconciliation-views.ts';

/** Reads a filter of findings from an address; a part that makes no sense is dropped. */
export function parseFindingsQuery(query: string): FindingFilter {
  const params = new URLSearchParams(query);
  const parts = findingFilterSchema.shape;
  return {
    rules: parts.rules.catch([]).parse(params.getAll('rule')),
    workspaceIds: parts.workspaceIds.catch([]).parse(params.getAll('workspace')),
  };
}

/** The address of the findings that a filter lets through. */
export function findingsHref({ rules, workspaceIds }: FindingFilter): string {
  const params = new URLSearchParams();
  for (const rule of rules) params.append('rule', rule);
  for (const workspaceId of workspaceIds) params.append('workspace', workspaceId.toWellFormed());
  const query = params.toString();
  return query === '' ? '/reconciliation' : `/reconciliation?${query}`;
}

/** The address of the screen of one finding. */
export function findingHref(findingId: string): string {
  return `/reconciliation/${encodeURIComponent(findingId.toWellFormed())}`;
}
