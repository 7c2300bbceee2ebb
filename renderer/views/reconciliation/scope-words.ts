import type { ReconciliationScope } from '#contract/reconciliation-views.ts';

/** What a run was about, in words: `everything`, `2026-10`, `workspace acorn, 2026-10`. */
export function scopeWords({ workspaceId, period }: ReconciliationScope): string {
  const parts = [...(workspaceId === null ? [] : [`workspace ${workspaceId}`]), ...(period === null ? [] : [period])];
  return parts.length === 0 ? 'everything' : parts.join(', ');
}
