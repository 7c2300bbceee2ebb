/* oxlint-disable jsx-a11y/control-has-associated-label -- a cell is no control: its name is what it holds */
import { SlidersHorizontal } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { FleetLimitsView } from '#contract/fleet-views.ts';
import { counted } from '#domain/counted.ts';
import { configuredLimits, limitWords, type ConfiguredLimit } from '#domain/runner-limit-change.ts';
import { OldNote } from '../../components/old-note.tsx';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage } from '../../components/screen-message.tsx';
import { useRefusal } from '../../state/access.ts';
import { useFleetLimits } from '../../state/fleet-queries.ts';
import { LimitsDialog } from './limits-dialog.tsx';
import { RateRow } from './rate-row.tsx';
import { TableHead } from '../../components/table-head.tsx';

/** What every runner of the fleet obeys, and what is left of it; changed here. */
export function LimitsPanel(): ReactNode {
  const limits = useFleetLimits();
  const refusal = useRefusal('fleet.setLimits');
  /** The limits that a change is made of: those that stood when the dialog was opened. */
  const [editing, setEditing] = useState<FleetLimitsView | null>(null);
  const view = limits.data;
  return (
    <Panel
      title="Limits of the fleet"
      aside={
        view !== undefined && (
          <button
            type="button"
            className="button"
            disabled={refusal !== null || limits.error !== null}
            onClick={() => setEditing(view)}
          >
            <SlidersHorizontal aria-hidden size={14} />
            Change limits…
          </button>
        )
      }
    >
      {refusal !== null && <RefusalNote refusal={refusal} />}
      {view === undefined && limits.error === null && <output>Reading the limits…</output>}
      {view === undefined && limits.error !== null && (
        <FailureMessage failure={limits.error} onAskAgain={() => void limits.refetch()} />
      )}
      {view !== undefined && (
        <>
          <OldNote failure={limits.error} />
          <InForce view={view} />
        </>
      )}
      {editing !== null && <LimitsDialog view={editing} onClose={() => setEditing(null)} />}
    </Panel>
  );
}

function InForce({ view }: { view: FleetLimitsView }): ReactNode {
  const concurrency = configuredLimits(view.limits);
  const providers = [...new Set([...Object.keys(view.limits.rates), ...view.rates.map(({ provider }) => provider)])];
  if (concurrency.length + providers.length === 0) {
    return (
      <p className="muted">
        Nothing is limited but by each runner&apos;s own number of jobs at once. Set a limit before a provider sets one
        for you.
      </p>
    );
  }
  return (
    <table className="plain-table">
      <caption className="visually-hidden">Limits in force</caption>
      <TableHead columns={['Of', 'Limit', 'Now']} />
      <tbody>
        {concurrency.map((limit) => (
          <tr key={`${limit.scope} ${limit.name}`}>
            <th scope="row">
              <bdi>{limitWords(limit.scope, limit.name)}</bdi>
            </th>
            <td className="tabular">{limit.max.toLocaleString('en')} at once</td>
            <td className="tabular">{usedOf(limit, view)}</td>
          </tr>
        ))}
        {providers.map((provider) => (
          <RateRow key={provider} provider={provider} view={view} />
        ))}
      </tbody>
    </table>
  );
}

/** A limit for each workspace is as full as the fullest workspace that it is for. */
function usedOf({ scope, name, max }: ConfiguredLimit, { held, limits }: FleetLimitsView): string {
  if (max === 0) return 'nothing begins';
  if (scope !== 'each_workspace') {
    const found = held.find((one) => one.scope === scope && one.name === name);
    return `${(found?.held ?? 0).toLocaleString('en')} in use`;
  }
  const full = held.filter(
    (one) => one.scope === 'workspace' && one.held >= max && !Object.hasOwn(limits.concurrency.workspaces, one.name),
  );
  if (full.length === 0) return 'no workspace is at it';
  return `${counted(full.length, 'workspace')} ${full.length === 1 ? 'is' : 'are'} at it`;
}
