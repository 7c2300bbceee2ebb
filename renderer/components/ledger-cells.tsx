import type { ReactNode } from 'react';
import type { LedgerEntry } from '#domain/ledger.ts';
import { NameText } from './name-text.tsx';

/** The key of a ledger entry, below what the entry is. */
export function EntryKey({ entryKey, children }: { entryKey: string; children?: ReactNode }): ReactNode {
  return (
    <span className="cell-note">
      <bdi className="mono">
        <NameText name={entryKey} />
      </bdi>
      {children}
    </span>
  );
}

/** Why a ledger entry was written and by whom, as the rest of a table cell; what else is to be said of it comes behind. */
export function EntryCause({
  reason,
  actor,
  children,
}: {
  reason: string;
  actor: LedgerEntry['actor'];
  children?: ReactNode;
}): ReactNode {
  return (
    <>
      <bdi>{reason}</bdi>
      <span className="cell-note">
        <bdi>
          {actor.type} {actor.id}
        </bdi>
        {children}
      </span>
    </>
  );
}
