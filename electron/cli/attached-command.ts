import { Option, type Command } from 'commander';
import { readPerson } from '#console/people/person-desk.ts';
import { compilePattern, problemOfPattern } from '#console/redaction/linear-pattern.ts';
import { appError, explainError, type AppError } from '#domain/errors.ts';
import { lensOf, type Lens } from '#domain/redaction/lens.ts';
import { problemsOfRedaction } from '#domain/redaction/redaction-rule.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { attach } from '#engine/attach.ts';
import { cleanTexts } from '#engine/redaction/clean-reply.ts';
import { MAPPING_OPTION, readMappingFile } from './mapping-file.ts';
import { printableText } from './printable.ts';
import { readOnlyAsked } from './read-only-asked.ts';
import { terminalSignIn } from './terminal-sign-in.ts';
import { systemName } from '#engine/system-name.ts';
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
  /** True where it is made of the console's own words, which redaction would make unreadable. */
  readonly isOwnWords?: boolean;
  /** What the audit keeps of before and after, where it is told of the command. */
  readonly noted?: Readonly<Record<string, unknown>>;
}

/** Runs a command on a server: opens it, prints the report or what is wrong, closes it. @returns the exit status */
export async function runOnServer(
  flags: ServerFlags,
  access: { readonly appName: string; readonly isReadOnly: boolean },
  run: (store: Store) => Promise<Result<CommandReport, AppError>>,
): Promise<number> {
  const forbidden = access.isReadOnly ? null : readOnlyAsked();
  if (forbidden !== null) return refuse(forbidden);
  const mapping = readMappingFile(flags.mapping);
  if (!mapping.ok) return refuse(mapping.error);
  const attached = await attach({
    uri: flags.uri,
    dbName: flags.db ?? null,
    mapping: mapping.value,
    signIn: terminalSignIn(flags),
    ...access,
  });
  if (!attached.ok) return refuse(attached.error);
  try {
    const { store } = attached.value;
    // Asked before anything is done: of what was done without it nothing could be told.
    const first = await readLens(store);
    if (!first.ok) return refuse(first.error);
    const report = await run(store);
    // A command may take hours, in which the rules may change.
    const last = await readLens(store);
    const lens = last.ok ? last.value : first.value;
    if (!report.ok) return refuse(seenError(report.error, lens));
    const { json, text, status } = seenReport(report.value, lens);
    process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : `${printableText(text)}\n`);
    return status;
  } finally {
    await attached.value.close();
  }
}

/**
 * What is hidden from who gives the command, by their role and by the rules on the server; null where nothing is. Error:
 * `malformed_document`.
 */
export async function readLens({ redaction, people }: Store): Promise<Result<Lens | null, AppError>> {
  const rules = await redaction.inForce();
  if (!rules.ok) return rules;
  const [problem] = problemsOfRedaction(rules.value, problemOfPattern);
  if (problem !== undefined) return err(appError('malformed_document', `redaction rules: ${problem}`));
  const person = await readPerson(people, systemName());
  if (!person.ok) return person;
  return ok(lensOf(rules.value, person.value.role, { compile: compilePattern, tokenOf: () => 'hidden' }));
}

function seenReport(report: CommandReport, lens: Lens | null): CommandReport {
  if (lens === null || report.isOwnWords === true) return report;
  // A document is no job where it stands in a report: paths say nothing of it, and reports quote no prompts.
  return { ...report, json: cleanTexts(report.json, lens), text: lens.clean(report.text) };
}

function seenError(error: AppError, lens: Lens | null): AppError {
  return lens === null || error.detail === null ? error : { ...error, detail: lens.clean(error.detail) };
}

function refuse(error: AppError): number {
  process.stderr.write(`${printableText(explainError(error))}\n`);
  return EXIT_FAILED;
}
