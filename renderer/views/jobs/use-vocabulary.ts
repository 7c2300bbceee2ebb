import { useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { JobRow } from '#contract/job-views.ts';
import { queryKeys, useEngineStatus } from '../../state/engine-queries.tsx';
import type { Vocabulary } from './query-completion.ts';

/** Values of one token that are offered at most. */
const VALUES_MAX = 200;

/** The values that can be completed: the kinds that there are, and what stands in the rows that were read so far. */
export function useVocabulary(isAsked: boolean): Vocabulary {
  const queries = useQueryClient();
  const byKind = useEngineStatus().data?.counts.byKind;
  return useMemo(() => {
    if (!isAsked) return {};
    const rows = queries
      .getQueriesData<InfiniteData<{ readonly rows: readonly JobRow[] }>>({ queryKey: queryKeys.jobPages })
      .flatMap(([, data]) => data?.pages.slice(0, 5).flatMap((page) => page.rows) ?? []);
    const distinct = (valueOf: (row: JobRow) => string | null): readonly string[] =>
      [...new Set(rows.flatMap((row) => valueOf(row) ?? []))].sort().slice(0, VALUES_MAX);
    return {
      // Counts come a moment after the first rows.
      kind: [...new Set([...Object.keys(byKind ?? {}), ...distinct((row) => row.kind)])].sort(),
      provider: distinct((row) => row.provider),
      model: distinct((row) => row.model),
      workspace: distinct((row) => row.workspaceId),
      user: distinct((row) => row.userId),
      code: distinct((row) => row.failureCode),
    };
  }, [isAsked, queries, byKind]);
}
