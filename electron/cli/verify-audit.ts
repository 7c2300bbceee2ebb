import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { AuditFile } from '#cache/audit-file.ts';
import { verifyAudit, type AuditVerdict } from '#console/audit/verify-audit.ts';
import { counted } from '#domain/counted.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import { dataFilesOf } from '#engine/data-files.ts';
import type { Store } from '#store/connection.ts';
import { labelOf } from '#store/server-address.ts';
import { runOnServer, withServerFlags, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { dataDirOf } from './data-dir.ts';

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
      const verdict = await verifyWithOwn(flags, store, context.signal);
      if (!verdict.ok) return verdict;
      const hasFaults = verdict.value.faults.length > 0;
      return ok({ status: hasFaults ? EXIT_FAULTS : 0, json: verdict.value, text: textOf(verdict.value) });
    });
    context.exit(status);
  });
}

/** Also against the chain of this machine's console, where it has one of this database. */
async function verifyWithOwn(
  { uri, db }: ServerFlags,
  store: Store,
  signal: AbortSignal,
): Promise<Result<AuditVerdict, AppError>> {
  const label = labelOf(uri, db ?? null);
  if (!label.ok) return label;
  const { auditFile } = dataFilesOf(dataDirOf(null), label.value);
  if (!existsSync(auditFile)) return verifyAudit(store.audit, null, signal);
  const own = AuditFile.open(auditFile, randomUUID);
  if (!own.ok) return own;
  try {
    return await verifyAudit(store.audit, own.value, signal);
  } finally {
    own.value.close();
  }
}

function textOf({ entries, chains, faults }: AuditVerdict): string {
  const checked = `Checked ${counted(entries, 'entry', 'entries')} of ${counted(chains, 'console')}: `;
  if (faults.length === 0) return `${checked}nothing was changed or removed.`;
  const lines = faults.map(({ chainId, seq, reason }) => `  ${reason.padEnd(10)} entry ${seq} of ${chainId}`);
  return `${checked}${counted(faults.length, 'fault')}.\n${lines.join('\n')}`;
}
