import type { Command } from 'commander';
import { leastPrivilegeRoles, roleScript } from '#domain/least-privilege.ts';
import type { CommandContext } from './command-context.ts';

interface RolesFlags {
  readonly db: string;
  readonly json: boolean;
}

/** Adds `roles` to the program. It connects to nothing: whoever administers the server runs what it prints. */
export function addRolesCommand(program: Command, context: CommandContext): void {
  program
    .command('roles')
    .description(
      'Prints the least-privilege roles for viewers, support, finance, founders and runners, as lines for mongosh.',
    )
    .requiredOption('--db <name>', 'the database that the roles are about')
    .option('--json', 'print the commands as one JSON list', false)
    .action((flags: RolesFlags) => {
      process.stdout.write(flags.json ? `${JSON.stringify(leastPrivilegeRoles(flags.db))}\n` : roleScript(flags.db));
      context.exit(0);
    });
}
