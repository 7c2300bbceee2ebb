import type { ReactNode } from 'react';
import type { MendPreview } from '#contract/mend-views.ts';
import { Credits } from '../../components/credits-text.tsx';
import { LEDGER_ONLY, MEND_KINDS } from './mend-words.ts';
import { TableHead } from '../../components/table-head.tsx';
import './reconciliation.css';

/** How many lines of a preview are shown; the rest is summed up. */
const SHOWN_MAX = 50;

const OUTCOMES: Readonly<Record<Exclude<MendPreview['outcome'], 'proposes'>, string>> = {
  open_already: 'a proposal is open already',
  by_hand: 'no entry can mend it: accept it with a reason',
  gone: 'the server no longer has it',
};

/** What proposals would write, line by line, as the server says it now. */
export function MendPreviewTable({ rows }: { rows: readonly MendPreview[] }): ReactNode {
  const credits = rows.reduce((sum, row) => (row.outcome === 'proposes' ? sum + row.credits : sum), 0);
  return (
    <div className="mend-preview">
      <table className="plain-table">
        <caption className="visually-hidden">What would be written</caption>
        <TableHead columns={['Mend', 'Entries', { number: 'Credits' }]} />
        <tbody>
          {rows.slice(0, SHOWN_MAX).map((row) => (
            <PreviewRow key={row.findingId} row={row} />
          ))}
          {rows.length > SHOWN_MAX && (
            <tr>
              <td colSpan={3} className="muted">
                and {(rows.length - SHOWN_MAX).toLocaleString('en')} more
              </td>
            </tr>
          )}
          {rows.length > 1 && (
            <tr>
              <th scope="row" colSpan={2}>
                Together
              </th>
              <td className="number">
                <Credits credits={credits} />
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function PreviewRow({ row }: { row: MendPreview }): ReactNode {
  return (
    <tr>
      <td>
        {row.outcome === 'by_hand' ? 'Nothing' : MEND_KINDS[row.kind]}{' '}
        {row.isSecondPersonNeeded && <span className="tag">second person</span>}
        <span className="cell-note">
          <bdi className="mono">{row.jobId ?? row.workspaceId ?? row.findingId}</bdi>
          {row.outcome !== 'proposes' && `: ${OUTCOMES[row.outcome]}`}
        </span>
      </td>
      <td>
        {row.entries.map((entry) => (
          <span key={entry.key} className="cell-note">
            {entry.type} <Credits credits={entry.credits} />
          </span>
        ))}
        {row.isLedgerOnly && <span className="cell-note">{LEDGER_ONLY}</span>}
      </td>
      <td className="number">
        <Credits credits={row.outcome === 'proposes' ? row.credits : 0} />
      </td>
    </tr>
  );
}
