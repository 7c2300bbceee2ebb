import type { ReactNode } from 'react';
import type { BalancedEntryView, FindingDetail } from '#contract/reconciliation-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { EntryCause, EntryKey } from '../../components/ledger-cells.tsx';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { TableHead } from '../../components/table-head.tsx';

const ENTRIES_OF: Readonly<Record<FindingDetail['entriesOf'], string>> = {
  generation: 'Entries of the generation',
  workspace: 'Entries of the workspace',
  named: 'The entries',
};

/** The entries that explain a finding, in order and with the running balance; those that offend are marked. */
export function EntriesPanel({ detail }: { detail: FindingDetail }): ReactNode {
  const { entries, opening, hasMore, entriesOf } = detail;
  return (
    <Panel title={ENTRIES_OF[entriesOf]}>
      {entries.length === 0 ? (
        <p className="muted">The ledger has none in the offline copy.</p>
      ) : (
        <div className="finding-entries">
          <table className="plain-table">
            <caption className="visually-hidden">{ENTRIES_OF[entriesOf]} with the running balance</caption>
            <TableHead
              columns={['Entry', { number: 'Credits' }, { number: 'Held then' }, { number: 'Balance then' }]}
            />
            <tbody>
              {entriesOf === 'workspace' && hasMore && (
                <tr>
                  <td className="muted" colSpan={2}>
                    Everything earlier
                  </td>
                  <td className="number">
                    <Credits credits={opening.held} />
                  </td>
                  <td className="number">
                    <Credits credits={opening.total} />
                  </td>
                </tr>
              )}
              {entries.map((entry) => (
                <EntryRow key={entry.key} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasMore && entriesOf === 'generation' && (
        <p className="muted">The generation has more entries than are shown.</p>
      )}
    </Panel>
  );
}

function EntryRow({ entry }: { entry: BalancedEntryView }): ReactNode {
  return (
    <tr data-offending={entry.isOffending}>
      <td>
        <strong>{entry.type}</strong> {entry.isOffending && <span className="tag">named by the finding</span>}
        <EntryKey entryKey={entry.key}>
          , <ExactTime atMs={entry.atMs} />
        </EntryKey>
        <EntryCause reason={entry.reason} actor={entry.actor} />
      </td>
      <td className="number">
        <Credits credits={entry.credits} />
      </td>
      <td className="number">
        <Credits credits={entry.heldAfter} />
      </td>
      <td className="number">
        <Credits credits={entry.totalAfter} />
      </td>
    </tr>
  );
}
