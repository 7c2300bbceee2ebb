import { Cog } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FleetView } from '#contract/fleet-views.ts';
import { MalformedNote } from '../../components/malformed-note.tsx';
import { OldNote } from '../../components/old-note.tsx';
import { Panel } from '../../components/panel.tsx';
import { RefusalNote } from '../../components/refusal-note.tsx';
import { FailureMessage, ScreenMessage } from '../../components/screen-message.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { useTitle } from '../../components/use-title.ts';
import { useRefusal } from '../../state/access.ts';
import { useEngineStatus } from '../../state/engine-queries.tsx';
import { useFleet } from '../../state/fleet-queries.ts';
import { FleetRow } from './fleet-row.tsx';
import { LimitsPanel } from './limits-panel.tsx';
import { ProviderTable } from './provider-table.tsx';
import { TableHead } from '../../components/table-head.tsx';
import './runner.css';

/** This machine's runner and those of all others: what each does, and how it is paused, drained and scaled. */
export function RunnerScreen(): ReactNode {
  useTitle('Runners');
  const fleet = useFleet();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Runners</h1>
        <p className="muted">
          Runners announce themselves on the server every few seconds and obey there what is wished of them. A runner
          that is drained finishes what it has and ends.
        </p>
      </header>
      {fleet.data !== undefined ? (
        <>
          <OldNote failure={fleet.error} />
          <MalformedNote one="runner" records={fleet.data.malformed} />
          <Fleet fleet={fleet.data} isOld={fleet.error !== null} />
        </>
      ) : fleet.error !== null ? (
        <FailureMessage failure={fleet.error} onAskAgain={() => void fleet.refetch()} />
      ) : (
        <div aria-busy="true">
          <output className="visually-hidden">Looking for runners…</output>
          <div className="skeleton-block" />
        </div>
      )}
      <LimitsPanel />
      <ProviderTable fleet={fleet.data ?? null} />
    </div>
  );
}

function Fleet({ fleet: { runners }, isOld }: { fleet: FleetView; isOld: boolean }): ReactNode {
  const refusal = useRefusal('fleet.control');
  const ownId = useEngineStatus().data?.runner.runnerId ?? null;
  if (runners.length === 0) {
    return (
      <ScreenMessage icon={Cog} title="No runner yet">
        Nothing runs the jobs of this database. Start Runledger with --runner, or npm run runner on a server.
      </ScreenMessage>
    );
  }
  const live = runners.filter(({ isLive }) => isLive).length;
  return (
    <Panel title="Fleet" aside={<span className="muted tabular">{live.toLocaleString('en')} alive</span>}>
      {refusal !== null && <RefusalNote refusal={refusal} />}
      <ScrollBox className="wide-table" name="Runners of the fleet">
        <table className="plain-table fleet-table">
          <caption className="visually-hidden">Runners</caption>
          <TableHead columns={['Runner', 'State', 'Busy', 'Takes', 'Machine', 'Heard of', 'Control']} />
          <tbody>
            {runners.map((runner) => (
              <FleetRow
                key={runner.id}
                runner={runner}
                isOwn={runner.id === ownId}
                canControl={refusal === null && !isOld && runner.isLive}
              />
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </Panel>
  );
}
