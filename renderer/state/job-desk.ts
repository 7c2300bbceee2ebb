import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { EditedInput, RetryPreviewView } from '#contract/retry-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';

/** What a retry of a job would cost and whether it may happen. Asked of the server anew whenever the job changes. */
export function useRetryPreview(jobId: string, updatedAtMs: number) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['retry.preview', jobId, updatedAtMs],
    queryFn: async () => valueOrThrow(await engine.call('retry.preview', { jobId, reason: '', edited: null })),
    staleTime: 0,
    gcTime: 0,
    // What somebody is writing stays while the figures are asked for anew.
    placeholderData: keepPreviousData,
  });
}

/**
 * True where a retry can ask for the result that the provider accepted to make and nobody received, in place of buying it again: of an
 * edited input there is none.
 */
export function canCollect(edited: EditedInput | null, { warnings }: Pick<RetryPreviewView, 'warnings'>): boolean {
  return edited === null && warnings.some(({ type }) => type === 'provider_accepted');
}

/**
 * Retries a job, once however often the button is pressed until it is answered. Gives the id of the job that now waits.
 * @param onRetried called once it is, whoever shows it meanwhile
 */
export function useRetry(jobId: string, onRetried: () => void) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const [requestId, setRequestId] = useState(() => crypto.randomUUID());
  return useMutation({
    mutationFn: async (order: { version: number; reason: string; edited: EditedInput | null; isCollecting: boolean }) =>
      valueOrThrow(await engine.call('retry.run', { requestId, jobId, ...order })),
    onSuccess: () => {
      setRequestId(crypto.randomUUID());
      onRetried();
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.job(jobId) }),
  });
}

/** What cancelling a job would give back. */
export function useCancelPreview(jobId: string, updatedAtMs: number) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['cancel.preview', jobId, updatedAtMs],
    queryFn: async () => valueOrThrow(await engine.call('cancel.preview', { jobId })),
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
}

/**
 * Cancels a job, in the generation that was shown.
 * @param onCancelled called once it is, also where nobody looks any more
 */
export function useCancel(jobId: string, onCancelled: () => void) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (wish: { reason: string; generationId: string }) =>
      valueOrThrow(await engine.call('cancel.run', { jobId, ...wish })),
    onSuccess: onCancelled,
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.job(jobId) }),
  });
}
