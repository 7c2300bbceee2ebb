import { FileCheck2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { MalformedRow } from '#contract/job-views.ts';
import { ERRORS } from '#domain/errors.ts';
import { LongText } from '../../components/long-text.tsx';
import { MoreRows } from '../../components/more-rows.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useMalformedPages } from '../../state/engine-queries.tsx';
import { TableHead } from '../../components/table-head.tsx';
import './malformed.css';

/** Documents of the job collection that are no jobs: where each is wrong and why. They are never run and stop nobody. */
export function MalformedScreen(): ReactNode {
  useTitle('Malformed documents');
  const list = useMalformedPages();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Malformed documents</h1>
        <p className="muted">
          These documents of the job collection do not have the form of a job. They are never run and do not stop the
          others. {ERRORS.malformed_document.action}
        </p>
      </header>
      <MalformedList list={list} />
    </div>
  );
}

function MalformedList({ list }: { list: ReturnType<typeof useMalformedPages> }): ReactNode {
  if (list.isPending) return <output>Reading…</output>;
  if (list.data === undefined) return <FailureMessage failure={list.error} onAskAgain={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((page) => page.rows);
  if (rows.length === 0) {
    return (
      <ScreenMessage icon={FileCheck2} title="Every document is a job">
        A document that does not have the form of a job is listed here with the path and the reason.
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
          seen <RelativeTime atMs={row.seenAtMs} />
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
