import { Cable, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import type { EngineStatus, MonitorStatus } from '#contract/status.ts';
import { useEngineStatus } from '../state/engine-queries.tsx';

const FOLLOWS: Readonly<Record<MonitorStatus['mode'], string>> = {
  starting: 'Starting to follow',
  snapshot: 'Copying',
  stream: 'Live',
  polling: 'Live by polling',
  stopped: 'Not following',
};

/** Where the data come from and how the copy is kept up, in two short lines. */
export function ConnectionCard(): ReactNode {
  const status = useEngineStatus().data;
  if (status === undefined) return null;
  const { connection, monitor } = status;
  const isConnected = connection.state === 'connected';
  const Icon = isConnected ? Cable : Unplug;
  return (
    <section className="side-card" aria-label="Connection" data-state={connection.state}>
      <Icon aria-hidden size={16} />
      <div className="side-card-text">
        <strong title={connection.label}>
          <bdi>{connection.label}</bdi>
        </strong>
        {connection.isSandbox && (
          <span>
            <span className="tag">Sandbox</span>
          </span>
        )}
        <span className="muted">{isConnected ? FOLLOWS[monitor.mode] : saysUnconnected(connection)}</span>
        {isConnected && (
          <span className="muted" title={connection.server}>
            {connection.server}
          </span>
        )}
      </div>
    </section>
  );
}

function saysUnconnected(connection: Exclude<EngineStatus['connection'], { state: 'connected' }>): string {
  return connection.state === 'connecting' ? 'Connecting…' : 'Not connected';
}
