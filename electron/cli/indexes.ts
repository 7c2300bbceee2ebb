import type { Command } from 'commander';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { ok } from '#domain/result.ts';
import { indexStatement } from '#store/indexes.ts';
import { runOnServer, withServerFlags, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';

/** The exit status where something is missing; 0 where nothing is (any more), 1 where it could not be done. */
const EXIT_MISSING = 3;

interface IndexFlags extends ServerFlags {
  readonly create: boolean;
}

/** Adds `indexes` to the program. */
export function addIndexesCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('indexes')
      .description('Lists the indexes that a runner needs and that are missing. Writes nothing without --create.'),
  )
    .option(
      '--create',
      'create what is missing; on a large collection that takes minutes, during which work goes on',
      false,
    )
    .action(async (flags: IndexFlags) => {
      const access = { appName: 'Runledger indexes', isReadOnly: !flags.create };
      const status = await runOnServer(flags, access, async ({ missingIndexes, writer, look }) => {
        const created = flags.create ? await writer.createIndexes() : null;
        if (created !== null && !created.ok) return created;
        const report = { missing: created === null ? missingIndexes : [], created: created?.value ?? [] };
        return ok({
          status: report.missing.length > 0 ? EXIT_MISSING : 0,
          json: report,
          text: textOf(report, look.mapping),
        });
      });
      context.exit(status);
    });
}

function textOf(
  { missing, created }: { missing: readonly string[]; created: readonly string[] },
  mapping: JobMapping | null,
): string {
  if (missing.length > 0) {
    const statements = missing.map((name) => `  ${indexStatement(name, mapping)}`).join('\n');
    return `Missing: ${missing.length}. Create them with --create, or in mongosh:\n${statements}`;
  }
  if (created.length > 0) return `Created: ${created.join(', ')}`;
  return 'Nothing is missing.';
}
