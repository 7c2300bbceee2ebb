import type { Command } from 'commander';
import { verifyAudit, type AuditVerdict } from '#console/audit/verify-audit.ts';
import { explainError } from '#domain/errors.ts';
import { attach } from '#engine/attach.ts';
import type { CommandContext } from './command-context.ts';

/** Exit statuses: 0 the audit is whole, 1 it could not be checked, 3 something was changed or removed. */
const EXIT_FAILED = 1;
const EXIT_FAULTS = 3;

interface VerifyFlags {
  readonly uri: string;
  readonly db?: string;
  readonly json: boolean;
}

/** Adds `verify-audit` to the program. */
export function addVerifyAuditCommand(program: Command, context: CommandContext): void {
  program
    .command('verify-audit')
    .description(
      'Checks the audit of all consoles entry by entry: what was changed or removed is named. Writes nothing.',
    )
    .requiredOption('--uri <uri>', 'the MongoDB to look at')
    .option('--db <name>', 'the database, where the URI names none')
    .option('--json', 'print one JSON object and nothing else', false)
    .action(async (flags: VerifyFlags) => context.exit(await runCommand(flags, context.signal)));
}

async function runCommand(flags: VerifyFlags, signal: AbortSignal): Promise<number> {
  const attached = await attach({
    uri: flags.uri,
    dbName: flags.db ?? null,
    appName: 'Runledger audit',
    isReadOnly: true,
  });
  if (!attached.ok) {
    process.stderr.write(`${explainError(attached.error)}\n`);
    return EXIT_FAILED;
  }
  try {
    const verdict = await verifyAudit(attached.value.store.audit, null, signal);
    if (!verdict.ok) {
      process.stderr.write(`${explainError(verdict.error)}\n`);
      return EXIT_FAILED;
    }
    process.stdout.write(flags.json ? `${JSON.stringify(verdict.value)}\n` : textOf(verdict.value));
    return verdict.value.faults.length > 0 ? EXIT_FAULTS : 0;
  } finally {
    await attached.value.close();
  }
}

function textOf({ entries, chains, faults }: AuditVerdict): string {
  const checked = `Checked ${entries} entries of ${chains} consoles: `;
  if (faults.length === 0) return `${checked}nothing was changed or removed.\n`;
  const lines = faults.map(({ chainId, seq, reason }) => `  ${reason.padEnd(10)} entry ${seq} of ${chainId}\n`);
  return `${checked}${faults.length} faults.\n${lines.join('')}`;
}
