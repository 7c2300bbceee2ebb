import { Command } from 'commander';
import { PRIVATE_UMASK } from '#engine/private-files.ts';
import { goOnUnread } from '#engine/unread-output.ts';
import type { CommandContext } from './command-context.ts';
import { addArtefactsCommand } from './artefacts.ts';
import { addHoldsCommand } from './holds.ts';
import { addIndexesCommand } from './indexes.ts';
import { addLimitsCommand } from './limits.ts';
import { addPolicyCommand } from './policy.ts';
import { addRedactionCommand } from './redaction.ts';
import { addReconcileCommand } from './reconcile.ts';
import { addRetryCommand } from './retry.ts';
import { addRolesCommand } from './roles.ts';
import { addRunnersCommand } from './runners.ts';
import { withQuietUsage } from './quiet-usage.ts';
import { addVerifyAuditCommand } from './verify-audit.ts';
import { addVerifyPackCommand } from './verify-pack.ts';
import { addWhyCommand } from './why.ts';

/**
 * `npm run cli -- COMMAND`: the headless entry points that are no programs of their own. Each subcommand stands in its own
 * file and adds itself here.
 */
const program = withQuietUsage(new Command('npm run cli --'))
  .description('Runledger without a window.')
  .showHelpAfterError();
// What commands write, runs of reconciliation and the audit, is nothing for other users of the machine.
process.umask(PRIVATE_UMASK);
goOnUnread();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());

const context: CommandContext = {
  signal: stopping.signal,
  exit: (status) => {
    process.exitCode = status;
  },
};
addArtefactsCommand(program, context);
addHoldsCommand(program, context);
addIndexesCommand(program, context);
addLimitsCommand(program, context);
addPolicyCommand(program, context);
addReconcileCommand(program, context);
addRedactionCommand(program, context);
addRetryCommand(program, context);
addRolesCommand(program, context);
addVerifyAuditCommand(program, context);
addVerifyPackCommand(program, context);
addRunnersCommand(program, context);
addWhyCommand(program, context);

await program.parseAsync();
