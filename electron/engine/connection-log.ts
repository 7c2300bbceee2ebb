import type { ConnectionStatus } from '#contract/status.ts';
import { explainError } from '#domain/errors.ts';

/** Tells a terminal what becomes of a connection: one line for each change, none for a try that ends like the one before. */
export function createConnectionLog(log: (line: string) => void): (status: ConnectionStatus) => void {
  let lastSaid: string | null = null;
  return (status) => {
    if (status.state === 'connecting') return;
    const line =
      status.state === 'connected'
        ? `Connected to ${status.label} (${status.server}).`
        : `${status.label}: ${explainError(status.error)}`;
    if (line !== lastSaid) log(line);
    lastSaid = line;
  };
}
