import { useQuery } from '@tanstack/react-query';
import type { JobDraft, KeptDraft } from './drafts.ts';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';

/** The key under which what the server says of a draft is kept. */
export function draftCheckKey(draftId: string): readonly string[] {
  return ['drafts.check', draftId];
}

/** Asked of the server whenever a draft is shown, and not while it is away; never answered by what was known before. */
function useAsked<Answer>(
  [draftId, ...more]: readonly [string, ...unknown[]],
  isConnected: boolean,
  ask: (signal: AbortSignal) => Promise<Answer>,
) {
  return useQuery({
    queryKey: [...draftCheckKey(draftId), ...more],
    queryFn: ({ signal }) => ask(signal),
    enabled: isConnected,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

/** What the server says now of a draft of a job; asked anew whenever the job changes, and not while the server is away. */
export function useDraftCheck(
  draft: JobDraft,
  { isConnected, jobUpdatedAtMs }: { isConnected: boolean; jobUpdatedAtMs: number | null },
) {
  const engine = useEngine();
  return useAsked([draft.id, jobUpdatedAtMs], isConnected, async (signal) => {
    const { subjectId: jobId } = draft;
    if (draft.kind === 'cancel') {
      return {
        kind: 'cancel',
        preview: valueOrThrow(await engine.call('cancel.preview', { jobId }, signal)),
      } as const;
    }
    const { reason, edited } = draft.body;
    const preview = valueOrThrow(await engine.call('retry.preview', { jobId, reason, edited }, signal));
    return { kind: 'retry', preview } as const;
  });
}
export type DraftCheck = NonNullable<ReturnType<typeof useDraftCheck>['data']>;

/** What proposing the mends of a draft would write now, from the server; not asked while it is away. */
export function useMendsDraftCheck({ id, subjectId: runId, body }: KeptDraft<'mends'>, isConnected: boolean) {
  const engine = useEngine();
  return useAsked([id], isConnected, async (signal) =>
    valueOrThrow(await engine.call('mends.preview', { runId, ...body }, signal)),
  );
}

/** How the group of a draft stands on the server now; not asked while it is away. */
export function useGroupDraftCheck({ id, subjectId, madeAtMs }: KeptDraft<'group'>, isConnected: boolean) {
  const engine = useEngine();
  return useAsked([id], isConnected, async (signal) =>
    valueOrThrow(await engine.call('failures.group', { groupId: subjectId, sinceMs: madeAtMs }, signal)),
  );
}

/** What people made of the findings of a draft until now; not asked while the server is away. */
export function useReviewDraftCheck({ id, subjectId: runId, body }: KeptDraft<'review'>, isConnected: boolean) {
  const engine = useEngine();
  const findingIds = body.findings.map(({ findingId }) => findingId);
  return useAsked([id], isConnected, async (signal) =>
    valueOrThrow(await engine.call('findings.reviews', { runId, findingIds }, signal)),
  );
}

/** How the proposals of a draft stand on the server now; not asked while it is away. */
export function useDecisionDraftCheck({ id, body }: KeptDraft<'decision'>, isConnected: boolean) {
  const engine = useEngine();
  const mendIds = body.mends.map(({ mendId }) => mendId);
  return useAsked([id], isConnected, async (signal) =>
    valueOrThrow(await engine.call('mends.named', { mendIds }, signal)),
  );
}
