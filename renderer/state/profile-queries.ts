import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RequestParams } from '#contract/requests.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { putNewerAnswer } from './newer-answer.ts';

/** The connections that this machine keeps. */
export function useProfiles() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.profiles,
    queryFn: async () => valueOrThrow(await engine.call('profiles.list', {})),
  });
}

/** Keeps a connection, or changes one. */
export function useProfileSaving() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (order: RequestParams<'profiles.save'>) =>
      valueOrThrow(await engine.call('profiles.save', order)),
    onSuccess: (list) => putNewerAnswer(queryClient, queryKeys.profiles, list),
  });
}

/** Forgets a connection and what is kept for it. */
export function useProfileRemoval() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => valueOrThrow(await engine.call('profiles.remove', { id })),
    onSuccess: (list) => putNewerAnswer(queryClient, queryKeys.profiles, list),
  });
}

/** Connects once to see whether it works. */
export function useProfileTrial() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (order: RequestParams<'profiles.test'>) =>
      valueOrThrow(await engine.call('profiles.test', order)),
  });
}

/** Samples a connection's documents to see what a mapping makes of them, or to propose one. */
export function useMappingLook() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (order: RequestParams<'profiles.map'>) => valueOrThrow(await engine.call('profiles.map', order)),
  });
}

/** Begins a sign-in in the browser, opens its page once more, or waits for it no longer. */
export function useSignIn() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (act: RequestParams<'profiles.signIn'>['act']) =>
      valueOrThrow(await engine.call('profiles.signIn', { act })),
  });
}

/** Leaves this deployment for another; the window starts anew when the engine has. */
export function useProfileSwitch() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (order: RequestParams<'profiles.switch'>) =>
      valueOrThrow(await engine.call('profiles.switch', order)),
  });
}
