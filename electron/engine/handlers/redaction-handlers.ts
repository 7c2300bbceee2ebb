import { putRedaction, tryRedaction } from '#console/redaction/redaction-desk.ts';
import type { RedactionVersionView } from '#contract/redaction-views.ts';
import type { AppError } from '#domain/errors.ts';
import { diffRedaction, NO_REDACTION, type RedactionVersion } from '#domain/redaction/redaction-rule.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import type { RedactionBoard } from '../redaction/redaction-board.ts';
import { whereOpen, type HandlersOf, type ReadCopy } from './handler.ts';

type RedactionPlace = Pick<Store, 'redaction' | 'reader'>;

/** What the answers about redaction are made from. */
export interface RedactionHandlerParts {
  /** The copy as it is: rules are tried against what they would hide, and only counts are told. */
  readonly copy: ReadCopy;
  /** Null while there has been no server. */
  readonly store: () => RedactionPlace | null;
  readonly board: RedactionBoard;
}

/** The redaction rules: they stand on the server, so they are read and written there. */
export function redactionHandlers({ copy, store, board }: RedactionHandlerParts): HandlersOf<'redaction'> {
  const withStore = <Value>(
    work: (open: RedactionPlace) => Promise<Result<Value, AppError>>,
  ): Promise<Result<Value, AppError>> => whereOpen(store(), work);
  const versionsOf = async ({
    redaction,
  }: RedactionPlace): Promise<Result<{ versions: RedactionVersionView[] }, AppError>> => {
    const versions = await redaction.list();
    return versions.ok ? ok({ versions: toViews(versions.value) }) : versions;
  };
  return {
    'redaction.get': () => withStore(versionsOf),
    'redaction.put': ({ basedOn, draft, reason }, { actor, note }) =>
      withStore(async (open) => {
        const before = await open.redaction.inForce();
        if (!before.ok) return before;
        note('before', { version: before.value.version });
        const put = await putRedaction(open, { basedOn, draft, reason, by: actor });
        if (!put.ok) return put;
        const changes = diffRedaction(before.value, put.value);
        note('after', {
          version: put.value.version,
          changes: changes.map(({ change, from, to }) => `${change}: ${[from, to].filter(Boolean).join(' -> ')}`),
        });
        // Whoever changes the rules sees through them at once.
        await board.refresh();
        return versionsOf(open);
      }),
    'redaction.try': ({ draft, jobs }, { signal }) =>
      tryRedaction(copy(signal), draft, { jobsMax: jobs, signal }).then((tried) =>
        tried.ok ? ok({ jobs: tried.value.jobs, rules: [...tried.value.rules] }) : tried,
      ),
  };
}

function toViews(versions: readonly RedactionVersion[]): RedactionVersionView[] {
  const written = versions.map(({ version, rules, reason, by, at }) => ({
    version,
    rules,
    written: { reason, by, atMs: at.getTime() },
  }));
  return [...written, { ...NO_REDACTION, rules: [...NO_REDACTION.rules], written: null }];
}
