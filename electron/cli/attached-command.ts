import { Option, type Command } from 'commander';
import { explainError, type AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { attach } from '#engine/attach.ts';
import { MAPPING_OPTION, readMappingFile } from './mapping-file.ts';
import type { Store } from '#store/connection.ts';

/** The exit status of a command that could not do what it was asked to. */
export const EXIT_FAILED = 1;

/** What every command that looks at a server is told. */
export interface ServerFlags {
  readonly uri: string;
  readonly db?: string;
  readonly json: boolean;
  readonly mapping?: string;
}

/** Adds the options of {@link ServerFlags} to a command. */
export function withServerFlags(command: Command): Command {
  return command
    .addOption(
      // In the environment nobody else on the machine can read it.
      new Option('--uri <uri>', 'the MongoDB to look at').env('MONGODB_URI').makeOptionMandatory(),
    )
    .addOption(new Option(MAPPING_OPTION.flags, MAPPING_OPTION.says).env(MAPPING_OPTION.variable))
    .addOption(new Option('--db <name>', 'the database, where the URI names none').env('RUNLEDGER_DB'))
    .option('--json', 'print one JSON object and nothing else', false);
}

/** What a command has found: the status that it ends with, and what it prints either way. */
export interface CommandReport {
  readonly status: number;
  readonly json: unknown;
  readonly text: string;
}

/** Runs a command on a server: opens it, prints the report or what is wrong, closes it. @returns the exit status */
export async function runOnServer(
  flags: ServerFlags,
  access: { readonly appName: string; readonly isReadOnly: boolean },
  run: (store: Store) => Promise<Result<CommandReport, AppError>>,
): Promise<number> {
  const mapping = readMappingFile(flags.mapping);
  if (!mapping.ok) return refuse(mapping.error);
  const attached = await attach({ uri: flags.uri, dbName: flags.db ?? null, mapping: mapping.value, ...access });
  if (!attached.ok) return refuse(attached.error);
  try {
    const report = await run(attached.value.store);
    if (!report.ok) return refuse(report.error);
    const { json, text, status } = report.value;
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
    return status;
  } finally {
    await attached.value.close();
  }
}

function refuse(error: AppError): number {
  process.stderr.write(`${explainError(error)}\n`);
  return EXIT_FAILED;
}
