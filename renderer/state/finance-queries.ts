import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { RequestName, RequestParams } from '#contract/requests.ts';
import type { ReviewAct } from '#domain/reconciliation/finding-review.ts';
import type { MendState } from '#domain/reconciliation/mend-record.ts';
import { useKeepDraft } from './drafts.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine, useIsServerAway } from './engine-queries.tsx';
import { invoiceTextOf } from './invoice-text.ts';

/** The keys under which answers about mends, reviews, months and invoices are kept. */
export const financeKeys = {
  mends: ['mends'] as const,
  reviews: ['findings.review'] as const,
  periods: ['periods.list'] as const,
  invoices: ['invoices.list'] as const,
};

/**
 * Reads one answer of finance; what stands on the server is asked for anew whenever a screen is opened, and once the server is back where it is
 * away.
 */
function useAnswer<Name extends RequestName>(
  key: readonly unknown[],
  name: Name,
  params: RequestParams<Name>,
  options: { readonly enabled?: boolean; readonly placeholderData?: typeof keepPreviousData } = {},
) {
  const engine = useEngine();
  const isAway = useIsServerAway();
  return useQuery({
    queryKey: [...key, name, params],
    queryFn: async () => valueOrThrow(await engine.call(name, params)),
    staleTime: 0,
    ...options,
    enabled: !isAway && options.enabled !== false,
  });
}

/** Does one thing of finance; what it may have changed is read anew. */
function useAct<Name extends RequestName>(name: Name) {
  return useActBy(name, (params: RequestParams<Name>) => params);
}

/** The same of what its parameters are read from first, for example a file; that is a part of it. */
function useActBy<Name extends RequestName, From>(
  name: Name,
  read: (from: From) => RequestParams<Name> | Promise<RequestParams<Name>>,
) {
  const engine = useEngine();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (from: From) => valueOrThrow(await engine.call(name, await read(from))),
    onSettled: async () => {
      const keys = [
        financeKeys.mends,
        financeKeys.reviews,
        financeKeys.periods,
        financeKeys.invoices,
        queryKeys.findings,
      ];
      await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
    },
  });
}

/** The newest proposals of some states. */
export function useMends(states: MendState[]) {
  return useAnswer(financeKeys.mends, 'mends.list', { states });
}

/** Every proposal of one finding, the newest last. */
export function useMendsOfFinding(findingId: string) {
  return useAnswer(financeKeys.mends, 'mends.ofFinding', { findingId });
}

/** What proposing would write for these findings, from the server as it is now. */
export function useMendPreview(params: RequestParams<'mends.preview'>, isConnected: boolean) {
  return useAnswer(['mends.preview'], 'mends.preview', params, { enabled: isConnected });
}

/** Proposes mends. */
export const usePropose = () => useAct('mends.propose');
/** Approves, rejects or withdraws proposals. */
export const useDecide = () => useAct('mends.decide');
/** Posts proposals. */
export const usePost = () => useAct('mends.post');

/** What people made of a finding. It is the same in every run that has the finding: what was known stays while another run is asked. */
export function useReview(runId: string, findingId: string) {
  return useAnswer(financeKeys.reviews, 'findings.review', { runId, findingId }, { placeholderData: keepPreviousData });
}

/** A finding with the version of its review that the person saw; null where it is not known. */
export type SeenFinding = RequestParams<'findings.act'>['findings'][number];

/** What is sent of what was seen: a comment takes nothing away from what somebody else has said meanwhile. */
export function seenFor(act: ReviewAct, findings: readonly SeenFinding[]): SeenFinding[] {
  return findings.map(({ findingId, seenVersion }) => ({
    findingId,
    seenVersion: act.type === 'comment' ? null : seenVersion,
  }));
}

/** Assigns, comments, accepts, solves or reopens findings; while the server is away what is wanted is kept as a draft. */
export function useReviewOrKeep(runId: string) {
  const isAway = useIsServerAway();
  const act = useAct('findings.act');
  const keep = useKeepDraft();
  return {
    isAway,
    isPending: act.isPending || keep.isPending,
    isKept: keep.isSuccess,
    error: act.error ?? keep.error,
    review: (findings: readonly SeenFinding[], what: ReviewAct, onDone?: () => void) => {
      const options = onDone === undefined ? {} : { onSuccess: onDone };
      if (isAway) {
        keep.mutate({ kind: 'review', subjectId: runId, body: { act: what, findings: [...findings] } }, options);
      } else {
        keep.reset();
        act.mutate({ runId, findings: seenFor(what, findings), act: what }, options);
      }
    },
  };
}

/** The closed months and the next one. */
export function usePeriods() {
  return useAnswer(financeKeys.periods, 'periods.list', {});
}

/** Closes a month. */
export const useClosePeriod = () => useAct('periods.close');

/** The statements of a month. */
export function useStatements(period: string, workspaceId: string | null) {
  return useAnswer(['statements.get'], 'statements.get', { period, workspaceId });
}

/** The margin report of a month. */
export function useMargin(period: string) {
  return useAnswer(['margin.get'], 'margin.get', { period });
}

/** Writes statements or the margin report into a file. */
export const useStatementsExport = () => useAct('statements.export');
export const useMarginExport = () => useAct('margin.export');

/** The imported invoices and how they match. */
export function useInvoices() {
  return useAnswer(financeKeys.invoices, 'invoices.list', {});
}

/** Imports an invoice from a file that the person chose. */
export const useInvoiceImport = () =>
  useActBy('invoices.import', async ({ file, provider }: { file: File; provider: string }) => ({
    name: file.name,
    provider,
    text: await invoiceTextOf(file),
  }));

/** Takes an invoice away again. */
export const useInvoiceRemoval = () => useAct('invoices.remove');
