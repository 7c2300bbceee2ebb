import { Option, type Command } from 'commander';
import { explainError } from '#domain/errors.ts';
import { leastPrivilegeRoles, roleScript } from '#domain/least-privilege.ts';
import { NO_MAPPING } from '#domain/mapping/job-mapping.ts';
import type { CommandContext } from './command-context.ts';
import { MAPPING_OPTION, readMappingFile } from './mapping-file.ts';

interface RolesFlags {
  readonly db: string;
  readonly mapping?: string;
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
    .addOption(new Option(MAPPING_OPTION.flags, MAPPING_OPTION.says).env(MAPPING_OPTION.variable))
    .option('--json', 'print the commands as one JSON list', false)
    .action((flags: RolesFlags) => context.exit(printRoles(flags)));
}

function printRoles({ db, mapping: file, json }: RolesFlags): number {
  const read = readMappingFile(file);
  if (!read.ok) {
    process.stderr.write(`${explainError(read.error)}\n`);
    return 1;
  }
  const mapping = read.value ?? NO_MAPPING;
  process.stdout.write(json ? `${JSON.stringify(leastPrivilegeRoles(db, mapping))}\n` : roleScript(db, mapping));
  return 0;
}
