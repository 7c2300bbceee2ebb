import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RequestParams } from '#contract/requests.ts';
import type { RedactionDraft } from '#domain/redaction/redaction-rule.ts';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';
import { putNewerAnswer } from './newer-answer.ts';
import { useStoppable } from './stoppable.ts';
import { useVersionDrafts } from './version-drafts.ts';

const versionsKey = ['redaction.get'] as const;
/** How often it is asked whether somebody else has put other rules in force, in milliseconds. */
const REDACTION_POLL_MS = 30_000;
/** How many of the newest jobs a draft is tried against. */
export const TRIED_JOBS = 500;

/** Every version of the redaction rules, the one in force first. */
export function useRedactionVersions() {
  const engine = useEngine();
  return useQuery({
    queryKey: versionsKey,
    queryFn: async () => valueOrThrow(await engine.call('redaction.get', {})).versions,
    refetchInterval: REDACTION_POLL_MS,
  });
}

/** Puts rules in force. */
export function usePutRedaction() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: RequestParams<'redaction.put'>) =>
      valueOrThrow(await engine.call('redaction.put', order)).versions,
    onSuccess: (versions, { draft }) => {
      // Also where its editor was left before the answer.
      const drafts = useVersionDrafts.getState();
      if (drafts.redaction?.draft === draft) drafts.keepRedaction(null);
      return putNewerAnswer(queryClient, versionsKey, versions);
    },
    onError: () => queryClient.invalidateQueries({ queryKey: versionsKey }),
  });
}

/** Counts what a draft would hide in the newest jobs; `stop` ends it. */
export function useTryRedaction() {
  const engine = useEngine();
  const { asked, stop } = useStoppable(async (draft: RedactionDraft, signal) =>
    valueOrThrow(await engine.call('redaction.try', { draft, jobs: TRIED_JOBS }, signal)),
  );
  return { trial: asked, stop };
}
