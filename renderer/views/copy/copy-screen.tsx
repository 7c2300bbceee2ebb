import { Pause, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import type { CopyView } from '#contract/copy-views.ts';
import type { CopyNote, MonitorStatus } from '#contract/status.ts';
import { counted, formatCount } from '#domain/counted.ts';
import { formatDuration } from '../../components/durations.ts';
import { Fact, Facts, Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { ExactTime } from '../../components/time-text.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useCopy, useCopyTask, useSnapshotControl } from '../../state/copy-queries.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { CopyCheck } from './copy-check.tsx';
import { CopySettingsForm } from './copy-settings-form.tsx';
import { formatBytes } from './copy-words.ts';
import './copy.css';

const FOLLOWED_BY: Readonly<Record<MonitorStatus['mode'], string>> = {
  starting: 'Not yet: the server is being looked for',
  snapshot: 'While everything is copied, changes come by themselves',
  stream: "By the server's change stream: changes come as they happen",
  polling: 'By asking again and again, because there are no change streams here; deletions are found by a slower sweep',
  stopped: 'Not followed',
};

/** The copy on this machine: how it is kept up, whether it is right, and what it keeps. */
export function CopyScreen(): ReactNode {
  useTitle('Offline copy');
  const copy = useCopy();
  const { monitor, copyNote } = useEngineStatus().data ?? {};
  return (
    <div className="page">
      <header className="page-head">
        <h1>Offline copy</h1>
        <p className="muted">
          Every screen reads this copy of the server&apos;s jobs, accounts and ledger, which is why it answers at once
          and works without a connection.
        </p>
      </header>
      {copy.data === undefined && copy.error === null && <output>Reading…</output>}
      {copy.data === undefined && copy.error !== null && (
        <FailureMessage failure={copy.error} onAskAgain={() => void copy.refetch()} />
      )}
      {copy.data !== undefined && monitor !== undefined && (
        <>
          <StandingPanel copy={copy.data} monitor={monitor} note={copyNote ?? null} />
          <CopyCheck verified={copy.data.verified} />
          <CopySettingsForm copy={copy.data} />
        </>
      )}
    </div>
  );
}

function StandingPanel({
  copy,
  monitor,
  note,
}: {
  copy: CopyView;
  monitor: MonitorStatus;
  note: CopyNote | null;
}): ReactNode {
  const { documents } = copy;
  const count = (value: number): string => value.toLocaleString('en');
  return (
    <Panel title="Where it stands">
      <Facts>
        <Fact name="Nothing is missing up to">{monitor.asOfMs !== null && <ExactTime atMs={monitor.asOfMs} />}</Fact>
        <Fact name="Followed">{FOLLOWED_BY[monitor.mode]}</Fact>
        <Fact name="Jobs">{count(documents.jobs)}</Fact>
        <Fact name="Ledger entries">{count(documents.ledger)}</Fact>
        <Fact name="Accounts">{count(documents.accounts)}</Fact>
        <Fact name="Malformed documents">{count(documents.malformed)}</Fact>
        <Fact name="On the disk">{formatBytes(copy.fileBytes)}</Fact>
        <Fact name="Jobs kept">
          {monitor.keptSinceMs === null ? (
            'all'
          ) : (
            <>
              those not at their end, and those that changed since <ExactTime atMs={monitor.keptSinceMs} />
            </>
          )}
        </Fact>
        {note !== null && (
          <Fact name="Begun anew">
            <ExactTime atMs={note.atMs} />: {note.says}
          </Fact>
        )}
        <Fact name="Prompts">{copy.keepsPrompts ? 'kept' : 'left out'}</Fact>
      </Facts>
      <Snapshot snapshot={monitor.snapshot} />
      <WipeNote />
    </Panel>
  );
}

function Snapshot({ snapshot }: { snapshot: MonitorStatus['snapshot'] }): ReactNode {
  const control = useSnapshotControl();
  if (snapshot === null) return null;
  const { rowsDone, rowsTotal, rowsPerSecond, remainingMs, isPaused } = snapshot;
  const rate = `${Math.round(rowsPerSecond).toLocaleString('en')} a second`;
  return (
    <div className="copy-task">
      <label>
        {formatCount(rowsDone)} of about {counted(rowsTotal, 'document')} copied
        {isPaused ? '; paused' : `, ${rate}`}
        {!isPaused && remainingMs !== null && `, about ${formatDuration(remainingMs)} left`}
        <progress value={Math.min(rowsDone, rowsTotal)} max={Math.max(rowsTotal, 1)} />
      </label>
      <button type="button" className="button" onClick={() => control.mutate(isPaused ? 'resume' : 'pause')}>
        {isPaused ? <Play aria-hidden size={14} /> : <Pause aria-hidden size={14} />}
        {isPaused ? 'Go on copying' : 'Pause copying'}
      </button>
    </div>
  );
}

function WipeNote(): ReactNode {
  const task = useCopyTask();
  if (task?.type !== 'wipe') return null;
  return (
    <output className="copy-task">
      <label>
        Taking prompts out: {formatCount(task.done)} of {counted(task.total, 'job')}
        <progress value={task.done} max={Math.max(task.total, 1)} />
      </label>
    </output>
  );
}
