/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
import { useState, type FormEvent, type ReactNode } from 'react';
import type { FleetRunner, FleetWish } from '#contract/fleet-views.ts';
import { CONCURRENCY_MAX } from '#domain/runner-node.ts';
import { FailureLine } from '../../components/failure-line.tsx';
import { RelativeTime } from '../../components/time-text.tsx';
import { useFleetControl } from '../../state/fleet-queries.ts';
import { DrainDialog } from './drain-dialog.tsx';

/** One runner, and what is wished of it. */
export function FleetRow({
  runner,
  isOwn,
  canControl,
}: {
  runner: FleetRunner;
  /** True for this machine's. */
  isOwn: boolean;
  canControl: boolean;
}): ReactNode {
  const { id, host, pid, version, state, isLive, concurrency, active, load } = runner;
  return (
    <tr data-live={isLive}>
      <th scope="row">
        <bdi className="mono">{id}</bdi>
        <span className="cell-note">
          {isOwn && <span className="tag">this machine</span>} version {version}
        </span>
      </th>
      <td>
        <strong>{isLive ? state : state === 'stopped' ? 'ended' : 'silent'}</strong>
        <WishText runner={runner} />
      </td>
      <td className="tabular">
        {active.toLocaleString('en')} of {concurrency.toLocaleString('en')}
        <progress className="busy" value={active} max={concurrency} aria-label={`${id} is busy`} />
      </td>
      <td>
        <bdi>{runner.providers.length === 0 ? 'not said' : runner.providers.join(', ')}</bdi>
        <span className="cell-note">
          <bdi>{runner.kinds.length === 0 ? 'every kind' : runner.kinds.join(', ')}</bdi>
        </span>
      </td>
      <td>
        <bdi>{host}</bdi>
        <span className="cell-note tabular">
          process {pid}
          {load !== null &&
            `, load ${load.perCore.toFixed(2)} a core, ${Math.round(load.memoryBytes / 2 ** 20).toLocaleString('en')} MiB`}
        </span>
      </td>
      <td>
        <RelativeTime atMs={runner.heartbeatAtMs} />
        <span className="cell-note">
          began <RelativeTime atMs={runner.startedAtMs} />
        </span>
      </td>
      <td>{isLive ? <Control runner={runner} canControl={canControl} /> : <span className="muted">–</span>}</td>
    </tr>
  );
}

function WishText({ runner: { wish, isLive } }: { runner: FleetRunner }): ReactNode {
  if (wish === null || !isLive) return null;
  const words = [
    ...(wish.state === null ? [] : [wish.state]),
    ...(wish.concurrency === null ? [] : [`${wish.concurrency.toLocaleString('en')} at once`]),
  ].join(', ');
  return (
    <span className="cell-note">
      {wish.isObeyed ? 'obeyed' : 'is about to obey'} <bdi>{wish.by.id}</bdi>: {words}
    </span>
  );
}

function Control({ runner, canControl }: { runner: FleetRunner; canControl: boolean }): ReactNode {
  const { id, state, concurrency } = runner;
  const control = useFleetControl();
  const [isDraining, setDraining] = useState(false);
  const [text, setText] = useState<string | null>(null);
  const isDisabled = !canControl || control.isPending || state === 'draining';
  const wish = (wished: FleetWish): void =>
    control.mutate({ runnerId: id, wish: wished }, { onSuccess: () => setDraining(false) });
  const scale = (event: FormEvent): void => {
    event.preventDefault();
    wish({ action: 'scale', concurrency: Number(text ?? concurrency) });
    setText(null);
  };
  return (
    <div className="fleet-control">
      <form onSubmit={scale} aria-label={`Scale ${id}`}>
        <input
          className="control tabular"
          type="number"
          min={1}
          max={CONCURRENCY_MAX}
          step={1}
          required
          aria-label={`Jobs at once of ${id}`}
          value={text ?? String(concurrency)}
          disabled={isDisabled}
          onChange={(event) => setText(event.target.value)}
        />
        <button
          type="submit"
          className="button"
          disabled={isDisabled || text === null || text === String(concurrency)}
          aria-label={`Scale ${id}`}
        >
          Scale
        </button>
      </form>
      <button
        type="button"
        className="button"
        disabled={isDisabled}
        aria-label={`${state === 'paused' ? 'Resume' : 'Pause'} ${id}`}
        onClick={() => wish({ action: state === 'paused' ? 'resume' : 'pause' })}
      >
        {state === 'paused' ? 'Resume' : 'Pause'}
      </button>
      <button
        type="button"
        className="button"
        data-kind="danger"
        disabled={isDisabled}
        aria-label={`Drain…: ${id}`}
        onClick={() => {
          control.reset();
          setDraining(true);
        }}
      >
        Drain…
      </button>
      {!isDraining && <FailureLine failure={control.error} />}
      {isDraining && (
        <DrainDialog
          runner={runner}
          draining={control}
          onDrain={() => wish({ action: 'drain' })}
          onClose={() => setDraining(false)}
        />
      )}
    </div>
  );
}
