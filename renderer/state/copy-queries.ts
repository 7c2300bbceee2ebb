import { skipToken, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CopySettings, CopyTask } from '#contract/copy-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { useStoppable } from './stoppable.ts';

/** How often size and counts of the copy are asked for, in milliseconds. */
const COPY_POLL_MS = 5_000;

/** The copy on this machine: what it keeps, and how much that is. */
export function useCopy() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.copy,
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('copy.get', {}, signal)),
    refetchInterval: COPY_POLL_MS,
  });
}

/** The task on the whole copy that is under way, null where there is none; told by events. */
export function useCopyTask(): CopyTask | null {
  return useQuery<CopyTask | null>({ queryKey: queryKeys.copyTask, queryFn: skipToken }).data ?? null;
}

/** Sets what the copy keeps; answered when it is so. */
export function useCopySettings() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (settings: CopySettings) => valueOrThrow(await engine.call('copy.set', settings)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.copy }),
  });
}

/** Holds the first copy up or lets it go on. */
export function useSnapshotControl() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (action: 'pause' | 'resume') => valueOrThrow(await engine.call('copy.snapshot', { action })),
  });
}

/** Compares the copy with the server, document by document; `stop` gives up waiting, which ends it. */
export function useCopyCheck() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const { asked, stop } = useStoppable(
    async (_nothing: void, signal) => valueOrThrow(await engine.call('copy.verify', {}, signal)),
    { onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.copy }) },
  );
  return { check: asked, stop };
}
