import type { DeskHost } from '#console/reconciliation/desk-host.ts';
import type { EngineStatus } from '#contract/status.ts';
import { appError } from '#domain/errors.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { err, ok } from '#domain/result.ts';
import { reasonWithoutJob } from '../redaction/redacted-copy.ts';
import type { HandlersOf } from './handler.ts';

/** What the answers about reconciliation are made from. */
export type ReconciliationDesk = Pick<
  DeskHost,
  'state' | 'run' | 'runs' | 'repeat' | 'cancel' | 'findings' | 'finding' | 'export' | 'request'
>;

/** Runs of reconciliation; a run needs the server too, to confirm what the copy says. */
export function reconciliationHandlers(
  reconciliation: ReconciliationDesk,
  status: () => EngineStatus,
  lens: () => Lens | null,
): HandlersOf<'reconciliation'> {
  return {
    'reconciliation.get': async () => ok(await reconciliation.state()),
    'reconciliation.run': async ({ scope }) => {
      const { connection } = status();
      // What the copy says must be confirmed before anything is said.
      if (connection.state !== 'connected') return err(appError('server_unreachable', 'findings cannot be confirmed'));
      return ok(await reconciliation.run(scope));
    },
    'reconciliation.runs': () => reconciliation.runs(),
    'reconciliation.repeat': ({ runId }) =>
      status().connection.state === 'connected'
        ? reconciliation.repeat(runId)
        : Promise.resolve(err(appError('server_unreachable', 'findings cannot be confirmed'))),
    'reconciliation.cancel': () => ok(reconciliation.cancel()),
    'reconciliation.findings': (params) => reconciliation.findings(params),
    'reconciliation.finding': async (params) => {
      const found = await reconciliation.finding(params);
      const seen = lens();
      if (!found.ok || seen === null) return found;
      // The books are read by a thread that knows no prompts, and what others wrote into the ledger may quote one.
      const entries = found.value.entries.map((entry) => ({ ...entry, reason: reasonWithoutJob(entry, seen) }));
      return ok({ ...found.value, entries });
    },
    'reconciliation.export': (params) => reconciliation.export(params),
  };
}
