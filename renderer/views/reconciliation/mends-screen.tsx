import { Hammer } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import type { MendView } from '#contract/mend-views.ts';
import type { MendState } from '#domain/reconciliation/mend-record.ts';
import { navigateTo } from '../../app/hash-location.ts';
import { MalformedNote } from '../../components/malformed-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useMends } from '../../state/finance-queries.ts';
import { mendsHref, parseMendsQuery } from '../../state/finance-query-string.ts';
import { FinanceTabs } from './finance-tabs.tsx';
import { MendActions } from './mend-actions.tsx';
import { MendRow } from './mend-row.tsx';
import { TableHead } from '../../components/table-head.tsx';
import { ServerWait } from './server-wait.tsx';
import './reconciliation.css';

const OPEN: MendState[] = ['proposed', 'approved'];
const OVER: MendState[] = ['posted', 'rejected', 'withdrawn'];

/** Proposals of mends: who proposed what, who approves it, and posting it. */
export function MendsScreen(): ReactNode {
  useTitle('Mends');
  const isOver = parseMendsQuery(useSearch());
  const mends = useMends(isOver ? OVER : OPEN);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Mends</h1>
        <p className="muted">
          Differences are mended by new entries only. Above a set amount a second person approves a proposal before it
          is posted; posting twice does nothing.
        </p>
      </header>
      <FinanceTabs />
      <fieldset className="segmented" aria-label="Which proposals">
        <button type="button" className="button" aria-pressed={!isOver} onClick={() => navigateTo(mendsHref(false))}>
          Open
        </button>
        <button type="button" className="button" aria-pressed={isOver} onClick={() => navigateTo(mendsHref(true))}>
          Closed
        </button>
      </fieldset>
      {mends.isPending && <ServerWait doing="Reading the proposals…" />}
      {mends.data === undefined && mends.error !== null && (
        <FailureMessage failure={mends.error} onAskAgain={() => void mends.refetch()} />
      )}
      <MalformedNote one="proposal" records={mends.data?.malformed ?? []} />
      {mends.data !== undefined && <Mends key={String(isOver)} rows={mends.data.rows} isOver={isOver} />}
    </div>
  );
}

function Mends({ rows, isOver }: { rows: readonly MendView[]; isOver: boolean }): ReactNode {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (rows.length === 0) {
    return (
      <ScreenMessage
        icon={Hammer}
        title={isOver ? 'Nothing was posted, rejected or withdrawn yet' : 'No proposal is open'}
        action={
          <Link className="button" href="/reconciliation">
            Show the findings
          </Link>
        }
      >
        Proposals are made from findings.
      </ScreenMessage>
    );
  }
  const shown = rows.filter(({ mendId }) => chosen.has(mendId));
  const toggle = (mendId: string): void => {
    const next = new Set(chosen);
    if (!next.delete(mendId)) next.add(mendId);
    setChosen(next);
  };
  return (
    <>
      {!isOver && (
        <MendActions
          mends={rows}
          chosen={shown}
          isAll={shown.length === rows.length}
          onAll={(isAll) => setChosen(new Set(isAll ? rows.map(({ mendId }) => mendId) : []))}
          onDone={() => setChosen(new Set())}
        />
      )}
      <table className="findings-table">
        <caption className="visually-hidden">{isOver ? 'Closed proposals' : 'Open proposals'}</caption>
        <TableHead
          columns={[
            ...(isOver ? [] : [{ choose: 'Chosen' }]),
            'Mend',
            'Finding',
            'Workspace',
            'State',
            { number: 'Credits' },
          ]}
        />
        <tbody>
          {rows.map((mend) => (
            <MendRow
              key={mend.mendId}
              mend={mend}
              isChosen={chosen.has(mend.mendId)}
              onToggle={isOver ? null : () => toggle(mend.mendId)}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}
