import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { z } from 'zod';
import {
  cancelDraftBodySchema,
  mendsDraftBodySchema,
  planDraftBodySchema,
  retryDraftBodySchema,
  type Draft,
} from '#contract/own-views.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';

const contentSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('retry'), body: retryDraftBodySchema }),
  z.object({ kind: z.literal('cancel'), body: cancelDraftBodySchema }),
  z.object({ kind: z.literal('plan'), body: planDraftBodySchema }),
  z.object({ kind: z.literal('mends'), body: mendsDraftBodySchema }),
]);
type DraftContent = z.output<typeof contentSchema>;
export type DraftKind = DraftContent['kind'];
type DraftFrame = Omit<Draft, 'kind' | 'bodyJson'>;

/** What a person wanted done while the server was away, as its kind keeps it. */
export type KeptDraft<Kind extends DraftKind = DraftKind> = DraftFrame & Extract<DraftContent, { kind: Kind }>;
/** A draft that is about one job. */
export type JobDraft = KeptDraft<'retry' | 'cancel'>;

/** All drafts, the latest first. One that this version cannot read is counted and left where it is. */
export function useDrafts() {
  const engine = useEngine();
  return useQuery({
    queryKey: queryKeys.drafts,
    queryFn: async ({ signal }) => {
      const { drafts } = valueOrThrow(await engine.call('drafts.list', {}, signal));
      const known = drafts.flatMap((draft) => toKeptDraft(draft) ?? []);
      return { drafts: known, unknown: drafts.length - known.length };
    },
  });
}

function toKeptDraft({ kind, bodyJson, ...frame }: Draft): KeptDraft | null {
  const content = contentSchema.safeParse({ kind, body: parseJson(bodyJson) });
  return content.success ? { ...frame, ...content.data } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Then it is a draft that cannot be read, and is counted as one.
    return null;
  }
}

/** What is given to keep a draft: what it is about, and what was filled in. */
export type DraftToKeep = Pick<Draft, 'subjectId'> & DraftContent;

/** Keeps a draft. Nothing is sent by it. */
export function useKeepDraft() {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ kind, subjectId, body }: DraftToKeep) =>
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

/** What the server says now of a draft of a job; asked anew whenever the job changes, and not while the server is away. */
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

/** What proposing the mends of a draft would write now, from the server; not asked while it is away. */
export function useMendsDraftCheck({ id, subjectId: runId, body }: KeptDraft<'mends'>, isConnected: boolean) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['drafts.check', id],
    queryFn: async ({ signal }) => valueOrThrow(await engine.call('mends.preview', { runId, ...body }, signal)),
    enabled: isConnected,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

/** What a draft that was sent led to, and the way there. */
export interface SentDraft {
  readonly says: string;
  readonly name: string;
  /** Where it leads: a job, a plan, or the proposals. */
  readonly to:
    | { readonly type: 'job'; readonly jobId: string }
    | { readonly type: 'plan'; readonly planId: string }
    | { readonly type: 'mends' };
}

/** What is sent: a draft, and for one of a job the check that it is sent on. */
export type DraftToSend =
  | { readonly draft: JobDraft; readonly check: DraftCheck }
  | { readonly draft: KeptDraft<'plan' | 'mends'>; readonly check: null };

/**
 * Sends a draft on what its check has shown, and takes it away when it is done. A plan retries nothing and a proposal moves
 * nothing: both are decided about once more where they then stand.
 * @param onSent told also where the draft is no longer on screen by then
 */
export function useSendDraft(onSent: (done: SentDraft) => void) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const send = async ({ draft, check }: DraftToSend): Promise<SentDraft> => {
    const { id, subjectId } = draft;
    switch (draft.kind) {
      case 'cancel':
        valueOrThrow(await engine.call('cancel.run', { jobId: subjectId, reason: draft.body.reason }));
        return { says: 'Cancelled:', name: subjectId, to: { type: 'job', jobId: subjectId } };
      case 'retry': {
        if (check === null) throw new Error('a retry is sent on what its check has shown');
        const { version } = check.preview;
        const { reason, edited } = draft.body;
        const { jobId } = valueOrThrow(
          await engine.call('retry.run', { requestId: id, jobId: subjectId, version, reason, edited }),
        );
        return { says: 'Waits again:', name: jobId, to: { type: 'job', jobId } };
      }
      case 'plan': {
        const { planId } = valueOrThrow(await engine.call('plans.make', draft.body)).plan;
        return { says: 'Planned, nothing is retried yet:', name: 'Look at the plan', to: { type: 'plan', planId } };
      }
      case 'mends': {
        const { rows } = valueOrThrow(await engine.call('mends.propose', { runId: subjectId, ...draft.body }));
        const says = `${rows.length.toLocaleString('en')} proposed, nothing is posted yet:`;
        return { says, name: 'Show the proposals', to: { type: 'mends' } };
      }
    }
  };
  return useMutation({
    mutationFn: async (order: DraftToSend) => {
      const done = await send(order);
      valueOrThrow(await engine.call('drafts.delete', { id: order.draft.id }));
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
