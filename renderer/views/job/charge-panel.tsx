import { CircleHelp, Hourglass, Wallet } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ChargeView, LedgerView } from '#contract/job-views.ts';
import { ChargeBadge } from '../../components/charge-badge.tsx';
import { Credits } from '../../components/credits-text.tsx';
import { EntryCause, EntryKey } from '../../components/ledger-cells.tsx';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { ExactTime, RelativeTime } from '../../components/time-text.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** What the customer paid for this job, and the entries and the hold that prove it. */
export function ChargePanel({ charge }: { charge: ChargeView }): ReactNode {
  return (
    <Panel title="Charge" aside={<ChargeBadge status={charge.status} />}>
      {charge.status === 'unknown' && <Unproved evidence={charge.evidence} />}
      {charge.blocked !== null && (
        <p className="note" data-tone="warning">
          <Wallet aria-hidden size={15} />
          <span>
            Waits for a top-up since <RelativeTime atMs={charge.blocked.atMs} />: it needs{' '}
            <Credits credits={charge.blocked.neededCredits} />.
          </span>
        </p>
      )}
      <Facts>
        <Fact name="Price">
          <Credits credits={charge.priceCredits} />
        </Fact>
        <Fact name="Held">
          <Credits credits={charge.reservedCredits} />
        </Fact>
        <Fact name="Captured">
          <Credits credits={charge.capturedCredits} />
        </Fact>
        <Fact name="Refunded">
          <Credits credits={charge.refundedCredits} />
        </Fact>
        <Fact name="Generation">
          <bdi className="mono">{charge.generationId}</bdi>
        </Fact>
        <Fact name="Account">
          {charge.account !== null && (
            <>
              <Credits credits={charge.account.availableCredits} /> available,{' '}
              <Credits credits={charge.account.heldCredits} /> held
            </>
          )}
        </Fact>
      </Facts>
      <LedgerEntries entries={charge.entries} />
    </Panel>
  );
}

function Unproved({ evidence }: { evidence: readonly string[] }): ReactNode {
  return (
    <div className="note" data-tone="danger" role="alert">
      <CircleHelp aria-hidden size={15} />
      <div>
        <strong>What was charged cannot be proved.</strong> No retry is possible until finance has resolved it.
        <ul>
          {evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function LedgerEntries({ entries }: { entries: readonly LedgerView[] }): ReactNode {
  if (entries.length === 0) return <p className="muted">The ledger has no entry for this job.</p>;
  return (
    <table className="plain-table">
      <caption>Ledger entries</caption>
      <TableHead columns={['Entry', { number: 'Credits' }, 'Why and by whom']} />
      <tbody>
        {entries.map((entry) => (
          <LedgerLine key={entry.key} entry={entry} />
        ))}
      </tbody>
    </table>
  );
}

function LedgerLine({ entry }: { entry: LedgerView }): ReactNode {
  return (
    <tr data-pending={entry.isPending}>
      <td>
        <strong>{entry.type}</strong>
        {entry.isPending && (
          <span className="check text-warning">
            <Hourglass aria-hidden size={13} /> owed, not yet posted
          </span>
        )}
        <EntryKey entryKey={entry.key} />
      </td>
      <td className="number">
        <Credits credits={entry.credits} />
      </td>
      <td>
        <EntryCause reason={entry.reason} actor={entry.actor}>
          {entry.attempt !== null && entry.attempt > 0 && `, attempt ${entry.attempt}`}, <ExactTime atMs={entry.atMs} />
        </EntryCause>
      </td>
    </tr>
  );
}
