import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { draftContentSchema, type Draft, type DraftContent, type DraftKind } from '#contract/own-views.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { valueOrThrow } from './engine-failure.ts';
import { queryKeys, useEngine } from './engine-queries.tsx';

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
  const content = safeParse(draftContentSchema, { kind, body: parseJson(bodyJson) });
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
export function useKeepDraft(onKept?: () => void) {
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
    onSuccess: () => {
      onKept?.();
      return queryClient.invalidateQueries({ queryKey: queryKeys.drafts });
    },
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
