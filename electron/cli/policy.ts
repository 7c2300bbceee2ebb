import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { putPolicy } from '#console/retry/policy-desk.ts';
import { replayOnServer } from '#console/retry/policy-replay.ts';
import { counted } from '#domain/counted.ts';
import { shownCredits, shownDollars } from '#domain/credits.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { FAILURE_CLASS_NAMES } from '#domain/failure-words.ts';
import type { Replay, ReplayedClass } from '#domain/policy-replay.ts';
import {
  diffPolicies,
  policyDraftSchema,
  problemsOf,
  type PolicyChange,
  type PolicyDraft,
} from '#domain/policy-version.ts';
import { CHARGE_WORDS, FIELD_WORDS, PERSON_RULE_WORDS, subjectWords, valueWords } from '#domain/policy-words.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { classRuleSchema, DEFAULT_RETRY_POLICY, retryPolicySchema, type RetryPolicy } from '#domain/retry-policy.ts';
import type { Store } from '#store/connection.ts';
import { runAsPerson } from './as-person.ts';
import { runOnServer, withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { readJsonFile } from './json-file.ts';
import { wholeNumber } from './whole-number.ts';

const VERSION_MAX = 999_999;
const DAY_MS = 86_400_000;

interface DraftFlags extends ServerFlags {
  readonly draft: string;
}

interface SimulateFlags extends DraftFlags {
  readonly days: 30 | 90;
}

interface PutFlags extends DraftFlags {
  readonly reason: string;
  readonly basedOn: number;
}

/** What a file may say of a draft: what it leaves out stays as it is in force. */
const draftFileSchema = z.strictObject({
  classes: z.partialRecord(failureClassSchema, classRuleSchema.partial().strict()).default({}),
  spend: retryPolicySchema.shape.spend.unwrap().partial().strict().default({}),
});

/** Adds `policy` to the program: the versions of the retry policy, and how the next one is tried out and put in force. */
export function addPolicyCommand(program: Command, context: CommandContext): void {
  const policy = program
    .command('policy')
    .description('The retry policy: which failures are retried by whom, and what becomes of the charge.');
  const reading = { appName: 'Runledger policy', request: 'policy.get', asked: {} } as const;
  const drafting = { ...reading, request: 'policy.replay' } as const;
  const draftOption = [
    '--draft <file>',
    'JSON with what differs: {"classes": {"timeout": {"automatic": 5}}, "spend": {}}',
  ] as const;

  withServerFlags(
    policy
      .command('show', { isDefault: true })
      .description('Shows the version in force, and who wrote which version when and why.'),
  ).action(async (flags: ServerFlags) => {
    context.exit(await runOnServer(flags, { appName: reading.appName, isReadOnly: true }, show));
  });
  withServerFlags(
    policy
      .command('diff')
      .description('Says in what two versions differ, or a draft and the version in force.')
      .argument('[from]', 'a version', wholeNumber(1, VERSION_MAX))
      .argument('[to]', 'a version; the one in force where it is left out', wholeNumber(1, VERSION_MAX))
      .option(...draftOption),
  ).action(async (from: number | undefined, to: number | undefined, flags: ServerFlags & Partial<DraftFlags>) => {
    context.exit(await runAsPerson(flags, reading, (store) => diff(store, { from, to, file: flags.draft })));
  });
  withServerFlags(
    policy
      .command('simulate')
      .description(
        'Replays a draft over the jobs of the last days: what would have been retried, and what that would have cost.',
      )
      .requiredOption(...draftOption)
      .option('--days <days>', '30 or 90', parseDays, 30),
  ).action(async (flags: SimulateFlags) => {
    context.exit(await runAsPerson(flags, drafting, (store) => simulate(store, flags, context.signal)));
  });
  withServerFlags(
    policy
      .command('put')
      .description('Puts a draft in force as the next version; nothing is ever changed in an earlier one.')
      .requiredOption(...draftOption)
      .requiredOption('--reason <text>', 'why; stands beside the version')
      .requiredOption('--based-on <version>', 'the version that it was drafted over', wholeNumber(1, VERSION_MAX)),
  ).action(async (flags: PutFlags) => {
    const { basedOn, reason } = flags;
    const asked = { basedOn, reason, draftFile: flags.draft };
    context.exit(
      await runAsPerson(flags, { ...drafting, request: 'policy.put', asked }, async (store, by) => {
        const before = await store.policies.inForce();
        if (!before.ok) return before;
        const draft = draftOf(before.value, flags.draft);
        if (!draft.ok) return draft;
        const put = await putPolicy(store, { basedOn, draft: draft.value, reason, by });
        if (!put.ok) return put;
        const changes = diffPolicies(before.value, put.value);
        const text = [`Version ${put.value.version} is in force.`, ...changes.map(lineOf)].join('\n');
        const noted = { before: before.value, after: put.value };
        return ok({ status: 0, json: { version: put.value, changes }, text, noted });
      }),
    );
  });
}

async function show({ policies }: Store): Promise<Result<CommandReport, AppError>> {
  const versions = await policies.list();
  if (!versions.ok) return versions;
  const all = [...versions.value, { ...DEFAULT_RETRY_POLICY, reason: null, by: null, at: null }];
  const [inForce = DEFAULT_RETRY_POLICY] = all;
  const { classes, spend } = inForce;
  const rules = failureClassSchema.options.map((name) => {
    const { automatic, person, charge } = classes[name];
    const rule = [
      `${FIELD_WORDS.automatic} ${automatic}`,
      `${FIELD_WORDS.person} ${PERSON_RULE_WORDS[person]}`,
      `${FIELD_WORDS.charge} ${CHARGE_WORDS[charge]}`,
    ];
    return `  ${FAILURE_CLASS_NAMES[name].padEnd(14)} ${rule.join(', ')}`;
  });
  const written = versions.value.map(
    ({ version, by, at, reason }) => `  ${version}  ${at.toISOString()}  ${by.id}: ${reason}`,
  );
  const text = [
    `Version ${inForce.version} is in force.`,
    ...rules,
    `  A plan above ${shown(spend.typedCredits)} is typed, above ${shown(spend.approvalCredits)} approved by another person.`,
    'Versions:',
    ...written,
    `  ${DEFAULT_RETRY_POLICY.version}  what the program brings`,
  ].join('\n');
  return ok({ status: 0, json: { inForce, versions: all }, text });
}

interface Compared {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly file: string | undefined;
}

async function diff({ policies }: Store, { from, to, file }: Compared): Promise<Result<CommandReport, AppError>> {
  const versions = await policies.list();
  if (!versions.ok) return versions;
  const all: readonly RetryPolicy[] = [...versions.value, DEFAULT_RETRY_POLICY];
  const [inForce = DEFAULT_RETRY_POLICY] = all;
  const versionOf = (wanted: number | undefined): Result<RetryPolicy, AppError> => {
    const found = wanted === undefined ? inForce : all.find(({ version }) => version === wanted);
    return found === undefined ? err(appError('not_found', `version ${wanted} of the policy`)) : ok(found);
  };
  if ((file === undefined) === (from === undefined)) {
    return err(appError('invalid_request', 'two versions, or --draft, are expected'));
  }
  const left = versionOf(from);
  if (!left.ok) return left;
  const right = file === undefined ? versionOf(to) : draftOf(left.value, file);
  if (!right.ok) return right;
  const changes = diffPolicies(left.value, right.value);
  const problems = file === undefined ? [] : problemsOf(right.value);
  const text = [...(changes.length === 0 ? ['Nothing differs.'] : changes.map(lineOf)), ...problems].join('\n');
  return ok({ status: problems.length === 0 ? 0 : 1, json: { changes, problems }, text });
}

async function simulate(
  store: Store,
  flags: SimulateFlags,
  signal: AbortSignal,
): Promise<Result<CommandReport, AppError>> {
  const inForce = await store.policies.inForce();
  if (!inForce.ok) return inForce;
  const draft = draftOf(inForce.value, flags.draft);
  if (!draft.ok) return draft;
  const now = await store.reader.serverNow();
  if (!now.ok) return now;
  const since = new Date(now.value.getTime() - flags.days * DAY_MS);
  const replayed = await replayOnServer(store.bulk, draft.value, { since, signal });
  if (!replayed.ok) return replayed;
  const json = { days: flags.days, basedOn: inForce.value.version, ...replayed.value };
  return ok({ status: 0, json, text: textOf(replayed.value, flags.days) });
}

function textOf({ jobs, isCut, classes }: Replay & { readonly isCut: boolean }, days: number): string {
  const cut = isCut ? ', the newest of more' : '';
  return [
    `${counted(jobs, 'job')} of the last ${days} days had a failure${cut}.`,
    ...classes.flatMap((one) => (one.failures === 0 && one.people.retried === 0 ? [] : linesOf(one))),
  ].join('\n');
}

function linesOf({
  failureClass,
  failures,
  retried,
  dropped,
  added,
  people,
  charge,
}: ReplayedClass): readonly string[] {
  const likely = added.successesLikely === null ? 'nobody knows how many' : `likely ${added.successesLikely}`;
  return [
    `${failureClass}: ${counted(failures, 'failure')}, ${retried} retried by a runner`,
    `  not retried any more: ${counted(dropped.attempts, 'attempt')}, ${shownDollars(dropped.costMicroUsd)} provider cost, ${counted(dropped.successes, 'success', 'successes')} worth ${shown(dropped.credits)}`,
    `  retried in addition: at most ${counted(added.attemptsMax, 'attempt')} of ${counted(added.generations, 'generation')}, ${shownDollars(added.costMicroUsdMax)} provider cost, at most ${counted(added.successesMax, 'success', 'successes')} worth ${shown(added.creditsMax)} (${likely})`,
    `  by people: ${counted(people.retried, 'retry', 'retries')}, ${people.refused} refused, ${counted(people.successesLost, 'success', 'successes')} lost`,
    `  charges: ${shown(charge.keptCredits)} kept in addition, ${shown(charge.returnedCredits)} given back in addition`,
  ];
}

/** The policy that a file makes of the one in force. Errors: `invalid_request` for a file that cannot be read or says no such thing. */
function draftOf(inForce: RetryPolicy, file: string): Result<PolicyDraft, AppError> {
  const read = readJsonFile(file, draftFileSchema);
  if (!read.ok) return read;
  const { classes, spend } = read.value;
  const rules = failureClassSchema.options.map((name) => [name, { ...inForce.classes[name], ...classes[name] }]);
  const merged: unknown = Object.fromEntries(rules);
  const draft = { classes: merged, spend: { ...inForce.spend, ...spend } };
  return ok(policyDraftSchema.parse(draft));
}

function lineOf(change: PolicyChange): string {
  const { subject, field, from, to } = change;
  return `${subjectWords(subject)}, ${FIELD_WORDS[field]}: ${valueWords(change, from, shown)} -> ${valueWords(change, to, shown)}`;
}

/** Credits as the window shows them. */
function shown(credits: number): string {
  return `${shownCredits(credits)} credits`;
}

function parseDays(text: string): 30 | 90 {
  if (text !== '30' && text !== '90') throw new InvalidArgumentError('30 or 90 is expected.');
  return text === '30' ? 30 : 90;
}
