import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RequestParams } from '#contract/requests.ts';
import type { RetryPreviewView } from '#contract/retry-views.ts';
import { explainError } from '#domain/errors.ts';
import { draftCheckKey, type DraftCheck } from './draft-checks.ts';
import type { JobDraft, KeptDraft } from './drafts.ts';
import { EngineFailure, valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';
import { canCollect } from './job-desk.ts';
import { financeKeys, seenFor, type SeenFinding } from './finance-queries.ts';

/** What a draft that was sent led to, and the way there. */
export interface SentDraft {
  readonly says: string;
  readonly name: string;
  /** Where it leads: a job, a plan, or a screen. */
  readonly to:
    | { readonly type: 'job'; readonly jobId: string }
    | { readonly type: 'plan'; readonly planId: string }
    | { readonly type: 'mends' }
    | { readonly type: 'findings' }
    | { readonly type: 'failures' };
}

/** What is sent: a draft, and what its check has shown, which it is sent on. */
export type DraftToSend =
  | { readonly kind: 'job'; readonly draft: JobDraft; readonly check: DraftCheck }
  | { readonly kind: 'plan'; readonly draft: KeptDraft<'plan'> }
  | { readonly kind: 'mends'; readonly draft: KeptDraft<'mends'> }
  /** The version that the check has shown: somebody else's decision in between is a conflict. */
  | { readonly kind: 'group'; readonly draft: KeptDraft<'group'>; readonly version: number }
  /** Those that the run still has, with the versions that the check has shown. */
  | { readonly kind: 'review'; readonly draft: KeptDraft<'review'>; readonly findings: readonly SeenFinding[] }
  | { readonly kind: 'decision'; readonly draft: KeptDraft<'decision'>; readonly mendIds: readonly string[] };

/**
 * What a kept retry asks for. The reason in it was written without knowing what the provider has accepted since, so that it is none for
 * buying that again: its result is collected.
 */
export function retryOrderOf(
  { id: requestId, subjectId: jobId, body: { reason, edited } }: KeptDraft<'retry'>,
  preview: Pick<RetryPreviewView, 'version' | 'warnings'>,
): RequestParams<'retry.run'> {
  const { version } = preview;
  return { requestId, jobId, version, reason, edited, isCollecting: canCollect(edited, preview) };
}

/**
 * Sends a draft on what its check has shown, and takes it away when it is done. A plan retries nothing and a proposal moves
 * nothing: both are decided about once more where they then stand.
 * @param onSent told also where the draft is no longer on screen by then
 */
export function useSendDraft(onSent: (done: SentDraft) => void) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  const sendOfJob = async (draft: JobDraft, check: DraftCheck): Promise<SentDraft> => {
    const { subjectId } = draft;
    if (draft.kind === 'cancel') {
      const isShown = check.kind === 'cancel' && check.preview.verdict === 'cancel';
      const generationId = isShown ? check.preview.generationId : null;
      valueOrThrow(await engine.call('cancel.run', { jobId: subjectId, reason: draft.body.reason, generationId }));
      return { says: 'Cancelled:', name: subjectId, to: { type: 'job', jobId: subjectId } };
    }
    if (check.kind === 'cancel') throw new Error('a retry is sent on the check of a retry');
    const { jobId } = valueOrThrow(await engine.call('retry.run', retryOrderOf(draft, check.preview)));
    return { says: 'Waits again:', name: jobId, to: { type: 'job', jobId } };
  };
  const send = async (order: DraftToSend): Promise<SentDraft> => {
    const { subjectId } = order.draft;
    switch (order.kind) {
      case 'job':
        return sendOfJob(order.draft, order.check);
      case 'plan': {
        const { planId } = valueOrThrow(await engine.call('plans.make', order.draft.body)).plan;
        return { says: 'Planned, nothing is retried yet:', name: 'Look at the plan', to: { type: 'plan', planId } };
      }
      case 'mends': {
        const { rows } = valueOrThrow(await engine.call('mends.propose', { runId: subjectId, ...order.draft.body }));
        const says = `${rows.length.toLocaleString('en')} proposed, nothing is posted yet:`;
        return { says, name: 'Show the proposals', to: { type: 'mends' } };
      }
      case 'group': {
        const { act, title } = order.draft.body;
        const decision = { groupId: subjectId, seenVersion: order.version, act };
        valueOrThrow(await engine.call('failures.decide', decision));
        return { says: 'Decided:', name: title, to: { type: 'failures' } };
      }
      case 'review': {
        const review = {
          runId: subjectId,
          findings: seenFor(order.draft.body.act, order.findings),
          act: order.draft.body.act,
        };
        const { rows } = valueOrThrow(await engine.call('findings.act', review));
        const says = `Done to ${rows.length.toLocaleString('en')}:`;
        return { says, name: 'Show the findings', to: { type: 'findings' } };
      }
      case 'decision': {
        const { decision, note } = order.draft.body;
        const decided = { mendIds: [...order.mendIds], decision, note };
        const { rows } = valueOrThrow(await engine.call('mends.decide', decided));
        const refused = rows.flatMap(({ error }) => error ?? []);
        const [first] = refused;
        if (first !== undefined && refused.length === rows.length) throw new EngineFailure(first);
        const done = `${(rows.length - refused.length).toLocaleString('en')} ${decision}`;
        const says = first === undefined ? `${done}:` : `${done}, ${refused.length} refused (${explainError(first)}):`;
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
    onSettled: async (_done, _error, { draft }) => {
      // What it may have changed is read anew wherever it is shown, and what the server says of it too.
      const keys = [
        queryKeys.drafts,
        queryKeys.job(draft.subjectId),
        queryKeys.failures,
        queryKeys.findings,
        financeKeys.mends,
        financeKeys.reviews,
        draftCheckKey(draft.id),
      ];
      await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
    },
  });
}
