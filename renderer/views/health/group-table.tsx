/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { HealthFigures, HealthGroup, HealthGroupRow } from '#contract/health-views.ts';
import { counted } from '#domain/counted.ts';
import { formatDuration } from '../../components/durations.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Panel } from '../../components/panel.tsx';
import { filterOfGroup, healthHref, type HealthScreenView } from '../../state/health-query-string.ts';
import { useCreditsFormat } from './figure-tiles.tsx';
import { formatCost, formatShare } from './health-figures.ts';
import { TableHead } from '../../components/table-head.tsx';

/** The same figures for each kind, provider, model or workspace; a name restricts the screen to it. */
export function GroupTable({
  groupBy,
  groups,
  view,
}: {
  groupBy: HealthGroup;
  groups: readonly HealthGroupRow[];
  view: HealthScreenView;
}): ReactNode {
  return (
    <Panel title={`By ${groupBy}`} aside={<span className="muted">those with the most jobs first</span>}>
      {groups.length === 0 ? (
        <p className="muted">No job arrived or ended in this time.</p>
      ) : (
        <ScrollBox className="wide-table" name={`Figures by ${groupBy}`}>
          <table className="plain-table group-table">
            <caption className="visually-hidden">Health by {groupBy}</caption>
            <TableHead
              columns={[
                groupBy,
                { number: 'Arrived' },
                { number: 'Completed' },
                { number: 'Failed' },
                { number: 'Success' },
                { number: 'Queue p95' },
                { number: 'Finish p95' },
                { number: 'Attempts' },
                { number: 'Earned' },
                { number: 'Cost' },
                { number: 'Lost' },
                { number: 'Waits' },
                { number: 'In flight' },
              ]}
            />
            <tbody>
              {groups.map((group) => (
                <GroupRow
                  key={group.key}
                  group={group}
                  href={healthHref({ ...view, filter: { ...view.filter, ...filterOfGroup(groupBy, group.key) } })}
                />
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Panel>
  );
}

function GroupRow({ group: { key, figures, queue }, href }: { group: HealthGroupRow; href: string }): ReactNode {
  const credits = useCreditsFormat();
  const count = (value: number): string => value.toLocaleString('en');
  const duration = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms));
  return (
    <tr>
      <th scope="row">
        <Link href={href} title={`Only ${key}`}>
          <bdi>{key === '' ? 'none' : key}</bdi>
        </Link>
      </th>
      {[
        count(figures.arrived),
        count(figures.completed),
        count(figures.failed),
        figures.successRate === null ? '–' : formatShare(figures.successRate),
        duration(figures.queueTime.p95Ms),
        duration(figures.finishTime.p95Ms),
        figures.attemptsPerCompleted?.toFixed(2) ?? '–',
        credits(figures.earnedCredits),
        <Cost key="cost" figures={figures} />,
        credits(figures.lostCredits),
        count(queue.queued + queue.retrying),
        count(queue.running + queue.validating),
      ].map((figure, index) => (
        // The cells of a row never change their order.
        <td className="number tabular" key={index}>
          {figure}
        </td>
      ))}
    </tr>
  );
}

/** What the jobs of a group cost, and of how many of them that is not known. */
function Cost({ figures: { costMicroUsd, unknownCosts } }: { figures: HealthFigures }): ReactNode {
  return (
    <>
      {formatCost(costMicroUsd, unknownCosts)}
      {unknownCosts > 0 && <span className="cell-note">not known of {counted(unknownCosts, 'job')}</span>}
    </>
  );
}
