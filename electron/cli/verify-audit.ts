import type { Command } from 'commander';
import { verifyAudit, type AuditVerdict } from '#console/audit/verify-audit.ts';
import { ok } from '#domain/result.ts';
import { runOnServer, withServerFlags, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';

/** The exit status where something was changed or removed; 0 where the audit is whole, 1 where it could not be checked. */
const EXIT_FAULTS = 3;

/** Adds `verify-audit` to the program. */
export function addVerifyAuditCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('verify-audit')
      .description(
        'Checks the audit of all consoles entry by entry: what was changed or removed is named. Writes nothing.',
      ),
  ).action(async (flags: ServerFlags) => {
    const access = { appName: 'Runledger audit', isReadOnly: true };
    const status = await runOnServer(flags, access, async (store) => {
      const verdict = await verifyAudit(store.audit, null, context.signal);
      if (!verdict.ok) return verdict;
      const hasFaults = verdict.value.faults.length > 0;
      return ok({ status: hasFaults ? EXIT_FAULTS : 0, json: verdict.value, text: textOf(verdict.value) });
    });
    context.exit(status);
  });
}

function textOf({ entries, chains, faults }: AuditVerdict): string {
  const checked = `Checked ${entries} entries of ${chains} consoles: `;
  if (faults.length === 0) return `${checked}nothing was changed or removed.`;
  const lines = faults.map(({ chainId, seq, reason }) => `  ${reason.padEnd(10)} entry ${seq} of ${chainId}`);
  return `${checked}${faults.length} faults.\n${lines.join('\n')}`;
}
