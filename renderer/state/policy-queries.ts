import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { PolicyVersionView, ReplayDays } from '#contract/policy-views.ts';
import type { RequestParams } from '#contract/requests.ts';
import type { PolicyDraft } from '#domain/policy-version.ts';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';
import { putNewerAnswer } from './newer-answer.ts';
import { useStoppable } from './stoppable.ts';
import { useVersionDrafts } from './version-drafts.ts';

const versionsKey = ['policy.get'] as const;
/** How often it is asked whether somebody else has put another version in force, in milliseconds. */
const POLICY_POLL_MS = 30_000;

/** Every version of the retry policy, the one in force first. */
export function usePolicyVersions() {
  const engine = useEngine();
  return useQuery({
    queryKey: versionsKey,
    queryFn: async () => valueOrThrow(await engine.call('policy.get', {})).versions,
    refetchInterval: POLICY_POLL_MS,
  });
}

/** The policy in force; undefined while nobody could say it. */
export function usePolicyInForce(): PolicyVersionView | undefined {
  return usePolicyVersions().data?.[0];
}

/** Puts a draft in force. */
export function usePutPolicy() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: RequestParams<'policy.put'>) =>
      valueOrThrow(await engine.call('policy.put', order)).versions,
    onSuccess: (versions, { draft }) => {
      // Also where its editor was left before the answer.
      const drafts = useVersionDrafts.getState();
      if (drafts.policy?.draft === draft) drafts.keepPolicy(null);
      return putNewerAnswer(queryClient, versionsKey, versions);
    },
    onError: () => queryClient.invalidateQueries({ queryKey: versionsKey }),
  });
}

/** Replays a draft over the jobs of the last days; `stop` ends it. */
export function useReplay() {
  const engine = useEngine();
  const { asked, stop } = useStoppable(
    async (order: { readonly draft: PolicyDraft; readonly days: ReplayDays }, signal) =>
      valueOrThrow(await engine.call('policy.replay', order, signal)),
  );
  return { replay: asked, stop };
}
