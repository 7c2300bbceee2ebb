/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { FleetView } from '#contract/fleet-views.ts';
import { formatDuration } from '../../components/durations.ts';
import { Panel } from '../../components/panel.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useHealth } from '../../state/health-queries.ts';
import { EVERY_JOB, healthHref } from '../../state/health-query-string.ts';
import { TableHead } from '../../components/table-head.tsx';
import { formatShare } from '../health/health-figures.ts';

const LAST_DAY = { period: '24h', groupBy: 'provider', filter: EVERY_JOB } as const;

/** Each provider of the last day: what is in flight there, how often it failed, and how many attempts the fleet may have at once. */
export function ProviderTable({ fleet }: { fleet: FleetView | null }): ReactNode {
  const health = useHealth(LAST_DAY);
  const groups = health.data?.view.groups ?? [];
  const known = new Set(groups.map(({ key }) => key));
  const idle = [...new Set(fleet?.runners.flatMap(({ isLive, providers }) => (isLive ? providers : [])))].filter(
    (provider) => !known.has(provider),
  );
  return (
    <Panel title="Providers" aside={<span className="muted">last 24 hours</span>}>
      {health.data === undefined && health.error !== null && (
        <FailureMessage failure={health.error} onAskAgain={() => void health.refetch()} />
      )}
      {health.data !== undefined && groups.length + idle.length === 0 && (
        <p className="muted">No provider was asked.</p>
      )}
      {groups.length + idle.length > 0 && (
        <table className="plain-table">
          <caption className="visually-hidden">Providers</caption>
          <TableHead
            columns={[
              'Provider',
              { number: 'In flight' },
              { number: 'Room of its runners' },
              { number: 'Completed' },
              { number: 'Failed' },
              { number: 'Error rate' },
              { number: 'Finish p95' },
            ]}
          />
          <tbody>
            {groups.map(({ key, figures, queue }) => (
              <tr key={key}>
                <th scope="row">
                  <Link href={healthHref({ ...LAST_DAY, filter: { ...EVERY_JOB, provider: key } })}>
                    <bdi>{key}</bdi>
                  </Link>
                </th>
                <td className="number tabular">{(queue.running + queue.validating).toLocaleString('en')}</td>
                <td className="number tabular">{roomFor(key, fleet)}</td>
                <td className="number tabular">{figures.completed.toLocaleString('en')}</td>
                <td className="number tabular">{figures.failed.toLocaleString('en')}</td>
                <td className="number tabular">
                  {figures.successRate === null ? '–' : formatShare(1 - figures.successRate)}
                </td>
                <td className="number tabular">
                  {figures.finishTime.p95Ms === null ? '–' : formatDuration(figures.finishTime.p95Ms)}
                </td>
              </tr>
            ))}
            {idle.map((provider) => (
              <tr key={provider}>
                <th scope="row">
                  <bdi>{provider}</bdi>
                </th>
                <td className="number tabular">0</td>
                <td className="number tabular">{roomFor(provider, fleet)}</td>
                <td className="muted" colSpan={4}>
                  nothing was asked of it
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** How many attempts the live runners that take a provider may have at once, of all providers together. */
function roomFor(provider: string, fleet: FleetView | null): string {
  if (fleet === null) return 'not known';
  const takers = fleet.runners.filter(
    ({ isLive, state, providers }) =>
      isLive && state === 'running' && (providers.length === 0 || providers.includes(provider)),
  );
  return takers.reduce((sum, { concurrency }) => sum + concurrency, 0).toLocaleString('en');
}
