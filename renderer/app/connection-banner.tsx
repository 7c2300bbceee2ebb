import { CircleAlert, LoaderCircle } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type {
  ConnectionStatus,
  CopyNote,
  CopyUpgrade,
  EngineStatus,
  MonitorStatus,
  SignInStatus,
} from '#contract/status.ts';
import { ERRORS, explainError, isSignInError } from '#domain/errors.ts';
import { CodeWords } from '../components/code-words.tsx';
import { SignInButton, SignInWait } from '../components/sign-in-wait.tsx';
import { UpgradeProgress } from '../components/upgrade-progress.tsx';
import { ExactTime } from '../components/time-text.tsx';
import { formatDuration } from '../components/durations.ts';
import { useClock } from '../state/clock.ts';
import { toWireError } from '../state/engine-failure.ts';
import { useEngineStatus } from '../state/engine-queries.tsx';

/** What is wrong or under way between window, engine and server, in a sentence with what to do. Nothing when all is well. */
export function ConnectionBanner(): ReactNode {
  const { data: status, error } = useEngineStatus();
  if (error !== null) {
    const failure = toWireError(error);
    return (
      <Banner tone="danger">
        <strong>{ERRORS[failure.code].message}</strong> {ERRORS[failure.code].action}
        {failure.detail !== null && <span className="banner-detail">{failure.detail}</span>}
      </Banner>
    );
  }
  if (status === undefined) return <Banner tone="busy">Starting the engine…</Banner>;
  return (
    <>
      <ConnectionNote connection={status.connection} monitor={status.monitor} signIn={status.signIn} />
      <UpgradeNote upgrade={status.copyUpgrade} />
      <SnapshotNote snapshot={status.monitor.snapshot} />
      <SetAsideNote note={status.copyNote} />
      <PartErrors status={status} />
    </>
  );
}

function ConnectionNote({
  connection,
  monitor,
  signIn,
}: {
  connection: ConnectionStatus;
  monitor: MonitorStatus;
  signIn: SignInStatus;
}): ReactNode {
  if (signIn.waiting !== null) {
    return (
      <Banner tone="busy">
        <SignInWait waiting={signIn.waiting} /> <AsOf monitor={monitor} />
      </Banner>
    );
  }
  if (connection.state === 'connected') return null;
  if (connection.state === 'connecting') {
    return (
      <Banner tone="busy">
        Connecting to <bdi>{connection.label}</bdi>
        {connection.attempt > 1 && ` (try ${connection.attempt})`}… <AsOf monitor={monitor} />
      </Banner>
    );
  }
  const { message, action } = ERRORS[connection.error.code];
  const isPersons = isSignInError(connection.error) || (signIn.isUsed && connection.error.code === 'login_refused');
  return (
    <Banner tone="danger">
      <strong>{message}</strong> {action} <NextTry atMs={connection.nextTryAtMs} /> <AsOf monitor={monitor} />
      {connection.error.detail !== null && <span className="banner-detail">{connection.error.detail}</span>}
      {isPersons && <SignInButton />}
    </Banner>
  );
}

function AsOf({ monitor }: { monitor: MonitorStatus }): ReactNode {
  if (monitor.asOfMs === null) return null;
  return (
    <>
      You see the offline copy as of <ExactTime atMs={monitor.asOfMs} />.
    </>
  );
}

function NextTry({ atMs }: { atMs: number | null }): ReactNode {
  const seconds = useClock((nowMs) => (atMs === null ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1000))));
  if (seconds === null) return null;
  return <span aria-hidden>{seconds === 0 ? 'Trying again now.' : `Next try in ${seconds} s.`}</span>;
}

function UpgradeNote({ upgrade }: { upgrade: CopyUpgrade | null }): ReactNode {
  if (upgrade === null) return null;
  return (
    <Banner tone="busy">
      <div>
        <UpgradeProgress upgrade={upgrade} />
      </div>
      Whatever reads the copy (jobs, health, failures, reconciliation) waits for it. The runner, plans that run,
      connections, people, rules and the doctor work meanwhile. Runledger may be closed: nothing is lost, and it begins
      anew with the next start.
    </Banner>
  );
}

function SnapshotNote({ snapshot }: { snapshot: MonitorStatus['snapshot'] }): ReactNode {
  if (snapshot === null) return null;
  const { rowsDone, rowsTotal, rowsPerSecond, remainingMs } = snapshot;
  return (
    <Banner tone="busy">
      <label className="banner-progress">
        Copying the jobs: {rowsDone.toLocaleString('en')} of about {rowsTotal.toLocaleString('en')}
        {rowsPerSecond > 0 && `, ${Math.round(rowsPerSecond).toLocaleString('en')} a second`}
        {remainingMs !== null && `, about ${formatDuration(remainingMs)} left`}
        <progress value={Math.min(rowsDone, rowsTotal)} max={Math.max(rowsTotal, 1)} />
      </label>
    </Banner>
  );
}

/** Stays until somebody has read it: a small copy is built anew in less time than it takes to look. */
function SetAsideNote({ note }: { note: CopyNote | null }): ReactNode {
  const [readAtMs, setReadAtMs] = useState<number | null>(null);
  if (note === null || note.atMs === readAtMs) return null;
  return (
    <Banner tone="warning">
      <strong>{note.says}</strong> A new copy is built from the server by itself. Saved views, drafts and settings stand
      in a file of their own and are as they were.{' '}
      <button type="button" className="button" onClick={() => setReadAtMs(note.atMs)}>
        I have read it
      </button>
    </Banner>
  );
}

function PartErrors({ status }: { status: EngineStatus }): ReactNode {
  const { connection, monitor, runner } = status;
  // While the server is away, its own banner says all there is to say.
  if (connection.state === 'disconnected') return null;
  return [monitor.error, runner.error].map((error, index) =>
    error === null ? null : (
      <Banner key={index === 0 ? 'monitor' : 'runner'} tone="warning">
        <strong>{index === 0 ? 'Offline copy:' : 'Runner:'}</strong> <CodeWords text={explainError(error)} />
      </Banner>
    ),
  );
}

function Banner({ tone, children }: { tone: 'busy' | 'warning' | 'danger'; children: ReactNode }): ReactNode {
  const Icon = tone === 'busy' ? LoaderCircle : CircleAlert;
  return (
    <div className="banner" data-tone={tone} role={tone === 'busy' ? 'status' : 'alert'}>
      <Icon aria-hidden size={16} className={tone === 'busy' ? 'is-turning' : undefined} />
      <div className="banner-text">{children}</div>
    </div>
  );
}
