import type { Command } from 'commander';
import { problemOfPattern } from '#console/redaction/linear-pattern.ts';
import { putRedaction, tryRedactionOnServer } from '#console/redaction/redaction-desk.ts';
import { TRIED_JOBS_MAX } from '#contract/redaction-views.ts';
import { counted } from '#domain/counted.ts';
import type { AppError } from '#domain/errors.ts';
import {
  diffRedaction,
  problemsOfRedaction,
  redactionDraftSchema,
  wordsOfRule,
  type RedactionChange,
} from '#domain/redaction/redaction-rule.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { runAsPerson } from './as-person.ts';
import { withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { readJsonFile } from './json-file.ts';
import { wholeNumber } from './whole-number.ts';

const VERSION_MAX = 999_999;

interface DraftFlags extends ServerFlags {
  readonly draft: string;
}

interface TryFlags extends DraftFlags {
  readonly jobs: number;
}

interface PutFlags extends DraftFlags {
  readonly reason: string;
  readonly basedOn: number;
}

/** Adds `redaction` to the program: the rules by which texts are hidden from roles, compared and put in force. */
export function addRedactionCommand(program: Command, context: CommandContext): void {
  const redaction = program.command('redaction').description('What is hidden from whom in prompts and outputs.');
  const reading = { appName: 'Runledger redaction', request: 'redaction.get', asked: {} } as const;
  const draftOption = ['--draft <file>', 'JSON with every rule that is to hold: {"rules": [...]}'] as const;

  withServerFlags(
    redaction
      .command('show', { isDefault: true })
      .description('Shows the rules in force, and who wrote which version when and why.'),
  ).action(async (flags: ServerFlags) => {
    context.exit(await runAsPerson(flags, reading, show));
  });
  withServerFlags(
    redaction
      .command('diff')
      .description('Says in what a draft differs from the rules in force.')
      .requiredOption(...draftOption),
  ).action(async (flags: DraftFlags) => {
    context.exit(await runAsPerson(flags, reading, (store) => diff(store, flags.draft)));
  });
  withServerFlags(
    redaction
      .command('try')
      .description('Counts what each rule of a draft would hide in the jobs that were changed last. Writes nothing.')
      .requiredOption(...draftOption)
      .option('--jobs <number>', 'of how many jobs', wholeNumber(1, TRIED_JOBS_MAX), 200),
  ).action(async (flags: TryFlags) => {
    context.exit(await runAsPerson(flags, { ...reading, request: 'redaction.try' }, (store) => tryOut(store, flags)));
  });
  withServerFlags(
    redaction
      .command('put')
      .description('Puts a draft in force as the next version; nothing is ever changed in an earlier one.')
      .requiredOption(...draftOption)
      .requiredOption('--reason <text>', 'why; stands beside the version')
      .requiredOption(
        '--based-on <version>',
        'the version that it was drafted over, 0 where there is none',
        wholeNumber(0, VERSION_MAX),
      ),
  ).action(async (flags: PutFlags) => {
    const { basedOn, reason } = flags;
    const asked = { basedOn, reason, draftFile: flags.draft };
    context.exit(
      await runAsPerson(flags, { ...reading, request: 'redaction.put', asked }, async (store, by) => {
        const before = await store.redaction.inForce();
        if (!before.ok) return before;
        const draft = readJsonFile(flags.draft, redactionDraftSchema);
        if (!draft.ok) return draft;
        const put = await putRedaction(store, { basedOn, draft: draft.value, reason, by });
        if (!put.ok) return put;
        const changes = diffRedaction(before.value, put.value);
        const text = [`Version ${put.value.version} is in force.`, ...changes.map(lineOf)].join('\n');
        const noted = { before: before.value, after: put.value };
        return ok({ status: 0, json: { version: put.value, changes }, text, isOwnWords: true, noted });
      }),
    );
  });
}

async function show({ redaction }: Store): Promise<Result<CommandReport, AppError>> {
  const versions = await redaction.list();
  if (!versions.ok) return versions;
  const [inForce] = versions.value;
  const text =
    inForce === undefined
      ? 'No rules; nothing is hidden.'
      : [
          `Version ${inForce.version} is in force.`,
          ...inForce.rules.map((rule) => `  ${wordsOfRule(rule)}`),
          'Versions:',
          ...versions.value.map(
            ({ version, by, at, reason }) => `  ${version}  ${at.toISOString()}  ${by.id}: ${reason}`,
          ),
        ].join('\n');
  return ok({ status: 0, json: { inForce: inForce ?? null, versions: versions.value }, text, isOwnWords: true });
}

async function diff({ redaction }: Store, file: string): Promise<Result<CommandReport, AppError>> {
  const inForce = await redaction.inForce();
  if (!inForce.ok) return inForce;
  const draft = readJsonFile(file, redactionDraftSchema);
  if (!draft.ok) return draft;
  const changes = diffRedaction(inForce.value, draft.value);
  const problems = problemsOfRedaction(draft.value, problemOfPattern);
  const text = [...(changes.length === 0 ? ['Nothing differs.'] : changes.map(lineOf)), ...problems].join('\n');
  return ok({ status: problems.length === 0 ? 0 : 1, json: { changes, problems }, text, isOwnWords: true });
}

async function tryOut({ bulk }: Store, { draft: file, jobs }: TryFlags): Promise<Result<CommandReport, AppError>> {
  const draft = readJsonFile(file, redactionDraftSchema);
  if (!draft.ok) return draft;
  const tried = await tryRedactionOnServer(bulk, draft.value, jobs);
  if (!tried.ok) return tried;
  const text = [
    `In ${counted(tried.value.jobs, 'job')}, changed last:`,
    ...tried.value.rules.map(
      ({ ruleId, matches, jobs: inJobs }) => `  ${ruleId}: ${counted(matches, 'time')}, in ${counted(inJobs, 'job')}`,
    ),
  ].join('\n');
  return ok({ status: 0, json: tried.value, text, isOwnWords: true });
}

function lineOf({ change, from, to }: RedactionChange): string {
  return `${change}: ${[from, to].filter((words) => words !== null).join(' -> ')}`;
}
