import { FileCheck2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { MalformedRow } from '#contract/job-views.ts';
import { LongText } from '../../components/long-text.tsx';
import { MoreRows } from '../../components/more-rows.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useMalformedPages } from '../../state/engine-queries.tsx';
import { TableHead } from '../../components/table-head.tsx';
import './malformed.css';

/** What a document should be, by the collection that it is of. */
const PART_WORDS: Readonly<Record<MalformedRow['part'], string>> = {
  jobs: 'job',
  accounts: 'credit account',
  ledger: 'ledger entry',
};

/** Documents that are no jobs, accounts or entries: where each is wrong and why. They are never run and stop nobody. */
export function MalformedScreen(): ReactNode {
  useTitle('Malformed documents');
  const refusal = useRefusal('malformed.page');
  return (
    <div className="page">
      <header className="page-head">
        <h1>Malformed documents</h1>
        <p className="muted">
          These documents do not have the form of the job, credit account or ledger entry that they should be. They are
          never run and do not stop the others. Each names the place and the reason: mend it where it is written.
        </p>
      </header>
      {refusal === null ? <MalformedList /> : <RefusalNote refusal={refusal} />}
    </div>
  );
}

function MalformedList(): ReactNode {
  const list = useMalformedPages();
  if (list.isPending) return <output>Reading…</output>;
  if (list.data === undefined) return <FailureMessage failure={list.error} onAskAgain={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((page) => page.rows);
  if (rows.length === 0) {
    return (
      <ScreenMessage icon={FileCheck2} title="Every document has its form">
        A document that is no job, credit account or ledger entry is listed here with the path and the reason.
      </ScreenMessage>
    );
  }
  return (
    <>
      <ul className="malformed-list" aria-label="Malformed documents">
        {rows.map((row, index) => (
          // Documents of several collections, and ids of several types, may be told by one text.
          <Malformed key={`${index} ${row.id}`} row={row} />
        ))}
      </ul>
      <MoreRows list={list} />
    </>
  );
}

function Malformed({ row }: { row: MalformedRow }): ReactNode {
  return (
    <li className="panel">
      <header className="panel-head">
        <h2 className="mono">
          <bdi>{row.id}</bdi>
        </h2>
        <span className="muted">
          no {PART_WORDS[row.part]}, seen <RelativeTime atMs={row.seenAtMs} />
        </span>
      </header>
      <table className="plain-table">
        <caption className="visually-hidden">Problems of {row.id}</caption>
        <TableHead columns={['Path', 'Reason']} />
        <tbody>
          {row.problems.map(({ path, reason }, index) => (
            <tr key={`${index} ${path}`}>
              <td className="malformed-path mono">
                <bdi>{path}</bdi>
              </td>
              <td>
                <bdi>{reason}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <RawDocument json={row.documentJson} id={row.id} />
    </li>
  );
}

function RawDocument({ json, id }: { json: string; id: string }): ReactNode {
  return (
    <details className="raw">
      <summary>Document</summary>
      <LongText text={json} name={`Document ${id}`} isCode />
    </details>
  );
}
