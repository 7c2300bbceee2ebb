import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { cancelDraftBodySchema, retryDraftBodySchema, type Draft } from '#contract/own-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';

/** What a person wanted done to a job while the server was away. */
export type JobDraft =
  | (Omit<Draft, 'kind' | 'bodyJson'> & { readonly kind: 'retry'; readonly body: RetryDraftBody })
  | (Omit<Draft, 'kind' | 'bodyJson'> & { readonly kind: 'cancel'; readonly body: CancelDraftBody });

type RetryDraftBody = ReturnType<typeof retryDraftBodySchema.parse>;
type CancelDraftBody = ReturnType<typeof cancelDraftBodySchema.parse>;

/** Drafts of jobs, the latest first. One that this version cannot read is counted and left where it is. */
export function useDrafts() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.drafts,
    queryFn: async ({ signal }) => {
      const { drafts } = valueOrThrow(await engine.call('drafts.list', {}, signal));
      const known = drafts.flatMap((draft) => toJobDraft(draft) ?? []);
      return { drafts: known, unknown: drafts.length - known.length };
    },
  });
}

function toJobDraft({ kind, bodyJson, ...draft }: Draft): JobDraft | null {
  const body = parseJson(bodyJson);
  if (kind === 'retry') {
    const parsed = retryDraftBodySchema.safeParse(body);
    return parsed.success ? { ...draft, kind, body: parsed.data } : null;
  }
  const parsed = cancelDraftBodySchema.safeParse(body);
  return kind === 'cancel' && parsed.success ? { ...draft, kind, body: parsed.data } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Then it is a draft that cannot be read, and is counted as one.
    return null;
  }
}

/** Keeps a draft. Nothing is sent by it. */
export function useKeepDraft() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ kind, subjectId, body }: Pick<JobDraft, 'kind' | 'subjectId' | 'body'>) =>
      valueOrThrow(
        await engine.call('drafts.put', {
          // Sent later, it is the request's id too: what was sent twice is done once.
          id: crypto.randomUUID(),
          kind,
          subjectId,
          seenVersion: null,
          bodyJson: JSON.stringify(body),
          madeAtMs: Date.now(),
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: queryKeys.drafts }),
  });
}

/** Takes a draft away unsent. */
export function useDropDraft() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => valueOrThrow(await engine.call('drafts.delete', { id })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queryKeys.drafts }),
  });
}

/** What the server says now of a draft; asked anew whenever the job changes, and not while the server is away. */
export function useDraftCheck(
  draft: JobDraft,
  { isConnected, jobUpdatedAtMs }: { isConnected: boolean; jobUpdatedAtMs: number | null },
) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['drafts.check', draft.id, jobUpdatedAtMs],
    queryFn: async ({ signal }) => {
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
    },
    enabled: isConnected,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}
export type DraftCheck = NonNullable<ReturnType<typeof useDraftCheck>['data']>;

/** What a draft that was sent led to. */
export interface SentDraft {
  readonly jobId: string;
  readonly kind: JobDraft['kind'];
}

/**
 * Sends a draft on what its check has shown, and takes it away when it is done.
 * @param onSent told also where the draft is no longer on screen by then
 */
export function useSendDraft(onSent: (done: SentDraft) => void) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ draft, check }: { draft: JobDraft; check: DraftCheck }) => {
      const { id, subjectId: jobId } = draft;
      const done = { jobId, kind: draft.kind };
      if (draft.kind === 'cancel') valueOrThrow(await engine.call('cancel.run', { jobId, reason: draft.body.reason }));
      else {
        const { version } = check.preview;
        const sent = { requestId: id, jobId, version, ...draft.body };
        done.jobId = valueOrThrow(
          await engine.call('retry.run', { ...sent, reason: draft.body.reason, edited: draft.body.edited }),
        ).jobId;
      }
      valueOrThrow(await engine.call('drafts.delete', { id }));
      return done;
    },
    onSuccess: onSent,
    onSettled: (_done, _error, { draft }) =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: queryKeys.drafts }),
        queryClient.invalidateQueries({ queryKey: queryKeys.job(draft.subjectId) }),
      ]),
  });
}
