import { ShieldCheck, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { CopyView } from '#contract/copy-views.ts';
import type { RequestResult } from '#contract/requests.ts';
import { counted, formatCount } from '#domain/counted.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { Panel } from '../../components/panel.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useCopyCheck, useCopyTask } from '../../state/copy-queries.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';

type Report = RequestResult<'copy.verify'>;

const DIFFERENCES: Readonly<Record<Report['differences'][number]['type'], string>> = {
  missing: 'is missing from the copy',
  extra: 'stands in the copy only',
  differs: 'is another on the server',
};

/** Compares the copy with the server when it is asked to, and says what differs. */
export function CopyCheck({ verified }: { verified: CopyView['verified'] }): ReactNode {
  const { check, stop } = useCopyCheck();
  const task = useCopyTask();
  const isConnected = useEngineStatus().data?.connection.state === 'connected';
  return (
    <Panel title="Is it right?">
      <p className="muted">
        Reads everything on the server and compares it with the copy, range by range. Nothing is expected to differ.
        {verified !== null && check.data === undefined && (
          <>
            {' '}
            Last compared <ExactTime atMs={verified.atMs} />:{' '}
            {verified.differences === 0 ? 'nothing' : verified.differences} differed.
          </>
        )}
      </p>
      <div className="copy-task">
        <button
          type="button"
          className="button"
          disabled={check.isPending || !isConnected}
          title={isConnected ? undefined : 'The server is not connected'}
          onClick={() => check.mutate()}
        >
          <ShieldCheck aria-hidden size={14} />
          {check.isPending ? 'Comparing…' : 'Compare with the server'}
        </button>
        {check.isPending && (
          <button type="button" className="button" onClick={stop}>
            <X aria-hidden size={14} />
            Stop
          </button>
        )}
        {!isConnected && <span className="muted">The server is not connected.</span>}
        {check.isPending && task?.type === 'verify' && (
          <label>
            {formatCount(task.done)} of about {counted(task.total, 'document')}
            <progress value={task.done} max={Math.max(task.total, 1)} />
          </label>
        )}
      </div>
      <FailureLine failure={check.error} />
      {check.data !== undefined && <Verdict report={check.data} />}
    </Panel>
  );
}

function Verdict({ report }: { report: Report }): ReactNode {
  const { documents, newer, differences, differencesTotal, untold, untoldTotal, isComplete } = report;
  const compared = `${counted(documents, 'document')} compared`;
  const behind = newer === 0 ? '' : ` ${newer.toLocaleString('en')} changed, and the copy has not come to them yet.`;
  if (differencesTotal === 0 && untoldTotal === 0) {
    return (
      <output className={isComplete ? 'text-success' : undefined}>
        {compared}: nothing differs.{behind}
      </output>
    );
  }
  return (
    <div className="note" data-tone={differencesTotal === 0 ? 'warning' : 'danger'} role="alert">
      <div>
        <strong>
          {compared}: {differencesTotal === 0 ? 'nothing' : differencesTotal.toLocaleString('en')}{' '}
          {differencesTotal < 2 ? 'differs' : 'differ'}
          {differencesTotal === 0 && ' for certain'}.
        </strong>
        {behind}
        {!isComplete && ' The copy is not complete yet: what is missing is still to come.'}
        <Named documents={differences} total={differencesTotal} />
        {untoldTotal > 0 && (
          <>
            <p>
              {untoldTotal.toLocaleString('en')} {untoldTotal === 1 ? 'is' : 'are'} not the same, and nothing tells
              whether {untoldTotal === 1 ? 'it' : 'they'} changed since the copy was last kept. Compare again when it
              has caught up.
            </p>
            <Named documents={untold} total={untoldTotal} />
          </>
        )}
      </div>
    </div>
  );
}

function Named({ documents, total }: { documents: Report['differences']; total: number }): ReactNode {
  const left = total - documents.length;
  return (
    <>
      <ul className="copy-differences">
        {documents.map(({ part, id, type }) => (
          <li key={`${part} ${id}`}>
            {part} <bdi className="mono">{id}</bdi> {DIFFERENCES[type]}
          </li>
        ))}
      </ul>
      {left > 0 && `and ${left.toLocaleString('en')} more`}
    </>
  );
}
