import { useState, type ReactNode } from 'react';
import type { OwnerEntry, OwnerKind } from '#contract/owner-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { JobLink } from '../../components/job-link.tsx';
import { EntryCause } from '../../components/ledger-cells.tsx';
import { MoreRows } from '../../components/more-rows.tsx';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { NEWEST_FIRST, TimeBar } from '../../components/time-jump.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useOwnerLedger } from '../../state/owner-queries.ts';
import { TableHead } from '../../components/table-head.tsx';

/** The entries of the ledger by time, page by page. */
export function OwnerLedger({ owner, id }: { owner: OwnerKind; id: string }): ReactNode {
  const [view, setView] = useState(NEWEST_FIRST);
  const ledger = useOwnerLedger(owner, id, view);
  if (ledger.data === undefined) {
    return (
      <Panel title="Ledger">
        {ledger.error === null ? (
          <output>Reading…</output>
        ) : (
          <FailureMessage failure={ledger.error} onAskAgain={() => void ledger.refetch()} />
        )}
      </Panel>
    );
  }
  const entries = ledger.data.pages.flatMap((page) => page.entries);
  return (
    <Panel title="Ledger">
      {owner === 'user' && <p className="muted">Of the user's jobs, by when the job was made.</p>}
      <TimeBar view={view} what={owner === 'user' ? 'Jobs made' : 'Entered'} onChange={setView} />
      {entries.length === 0 ? (
        <p className="muted">
          {view.startAtMs === null ? 'The ledger has no entry.' : 'The ledger has no entry from there on.'}
        </p>
      ) : (
        <table className="plain-table">
          <caption className="visually-hidden">Ledger entries</caption>
          <TableHead columns={['When', 'Entry', { number: 'Credits' }, 'Job', 'Why and by whom']} />
          <tbody>
            {entries.map((entry) => (
              <EntryLine key={entry.key} entry={entry} />
            ))}
          </tbody>
        </table>
      )}
      <MoreRows list={ledger} says={view.direction === 'descending' ? 'Show earlier entries' : 'Show later entries'} />
    </Panel>
  );
}

function EntryLine({ entry }: { entry: OwnerEntry }): ReactNode {
  return (
    <tr>
      <td>
        <ExactTime atMs={entry.atMs} />
      </td>
      <td>
        <strong>{entry.type}</strong>
      </td>
      <td className="number">
        <Credits credits={entry.credits} />
      </td>
      <td>{entry.jobId !== null && <JobLink jobId={entry.jobId} />}</td>
      <td>
        <EntryCause reason={entry.reason} actor={entry.actor} />
      </td>
    </tr>
  );
}
