import type { Command } from 'commander';
import { explainError } from '#domain/errors.ts';
import { attach } from '#engine/attach.ts';
import { indexStatement } from '#store/indexes.ts';
import type { CommandContext } from './command-context.ts';

/** Exit statuses: 0 nothing is missing (any more), 1 it could not be done, 3 something is missing. */
const EXIT_FAILED = 1;
const EXIT_MISSING = 3;

interface IndexFlags {
  readonly uri: string;
  readonly db?: string;
  readonly create: boolean;
  readonly json: boolean;
}

/** Adds `indexes` to the program. */
export function addIndexesCommand(program: Command, context: CommandContext): void {
  program
    .command('indexes')
    .description('Lists the indexes that a runner needs and that are missing. Writes nothing without --create.')
    .requiredOption('--uri <uri>', 'the MongoDB to look at')
    .option('--db <name>', 'the database, where the URI names none')
    .option(
      '--create',
      'create what is missing; on a large collection that takes minutes, during which work goes on',
      false,
    )
    .option('--json', 'print one JSON object and nothing else', false)
    .action(async (flags: IndexFlags) => context.exit(await runCommand(flags)));
}

async function runCommand(flags: IndexFlags): Promise<number> {
  const attached = await attach({ uri: flags.uri, dbName: flags.db ?? null, appName: 'Runledger indexes' });
  if (!attached.ok) {
    process.stderr.write(`${explainError(attached.error)}\n`);
    return EXIT_FAILED;
  }
  const { store } = attached.value;
  try {
    const { missingIndexes } = store;
    const created = flags.create ? await store.writer.createIndexes() : null;
    if (created !== null && !created.ok) {
      process.stderr.write(`${explainError(created.error)}\n`);
      return EXIT_FAILED;
    }
    const missing = created === null ? missingIndexes : [];
    const report = { missing, created: created?.value ?? [] };
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : textOf(report));
    return missing.length > 0 ? EXIT_MISSING : 0;
  } finally {
    await attached.value.close();
  }
}

function textOf({ missing, created }: { missing: readonly string[]; created: readonly string[] }): string {
  if (missing.length > 0) {
    const statements = missing.map((name) => `  ${indexStatement(name)}\n`).join('');
    return `Missing: ${missing.length}. Create them with --create, or in mongosh:\n${statements}`;
  }
  if (created.length > 0) return `Created: ${created.join(', ')}\n`;
  return 'Nothing is missing.\n';
}
