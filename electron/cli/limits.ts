import type { Command } from 'commander';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import {
  configuredLimits,
  isNamedScope,
  limitChanges,
  limitScopeSchema,
  limitWords,
  rateWords,
  withLimit,
  withRate,
} from '#domain/runner-limit-change.ts';
import { RATE_MAX, runnerLimitsSchema, type LimitsInForce, type RunnerLimits } from '#domain/runner-limits.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { Store } from '#store/connection.ts';
import { runAsPerson } from './as-person.ts';
import { runOnServer, withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { wholeNumber } from './whole-number.ts';

interface RateFlags {
  readonly requests?: number;
  readonly tokens?: number;
  readonly tokensPerRequest?: number;
}

type Change = (limits: RunnerLimits) => Result<RunnerLimits, AppError>;

/** Adds `limits` to the program: what the whole fleet may do at once and in a minute, and its change. */
export function addLimitsCommand(program: Command, context: CommandContext): void {
  const limits = program
    .command('limits')
    .description('The limits that every runner of a database obeys within half a second of a change.');
  withServerFlags(
    limits.command('show', { isDefault: true }).description('Shows the limits and what is left of them.'),
  ).action(async (flags: ServerFlags) => {
    const access = { appName: 'Runledger limits', isReadOnly: true };
    context.exit(await runOnServer(flags, access, ({ reader }) => show(reader)));
  });
  withServerFlags(
    limits
      .command('set')
      .description(
        'Sets how many attempts may be under way at once; "none" takes the limit away, 0 lets nothing begin.',
      )
      .argument('<scope>', limitScopeSchema.options.join(', '))
      .argument('<max>', 'a whole number, or none')
      .argument('[name]', 'of the provider, kind or workspace'),
  ).action(async (scope: string, max: string, name: string | undefined, flags: ServerFlags) => {
    const asked = { scope, max, name: name ?? null };
    context.exit(await change(flags, asked, (before) => changedLimit(before, scope, max, name ?? '')));
  });
  withServerFlags(
    limits
      .command('rate')
      .description('Sets what a provider is asked in a minute; without any option its rate is taken away.')
      .argument('<provider>')
      .option('--requests <number>', 'requests a minute', wholeNumber(1, RATE_MAX.requestsPerMinute))
      .option('--tokens <number>', 'tokens a minute', wholeNumber(1, RATE_MAX.tokensPerMinute))
      .option(
        '--tokens-per-request <number>',
        'what one request counts against the tokens; 1000 unless told',
        wholeNumber(1, RATE_MAX.tokensPerRequest),
      ),
  ).action(async (provider: string, flags: ServerFlags & RateFlags) => {
    const { requests, tokens, tokensPerRequest } = flags;
    const asked = { provider, requests, tokens, tokensPerRequest };
    context.exit(await change(flags, asked, (before) => changedRate(before, provider, flags)));
  });
}

function change(flags: ServerFlags, asked: Readonly<Record<string, unknown>>, changeOf: Change): Promise<number> {
  const needs = { appName: 'Runledger limits', request: 'fleet.setLimits', asked } as const;
  return runAsPerson(flags, needs, ({ reader, writer }, actor) => changeLimits({ reader, writer }, changeOf, actor));
}

async function changeLimits(
  { reader, writer }: Pick<Store, 'reader' | 'writer'>,
  changeOf: Change,
  actor: Actor,
): Promise<Result<CommandReport, AppError>> {
  const before = await reader.readLimits();
  if (!before.ok) return before;
  const wanted = changeOf(before.value.limits);
  if (!wanted.ok) return wanted;
  const after = safeParse(runnerLimitsSchema, wanted.value);
  if (!after.success) return err(appError('invalid_request', after.error.issues[0]?.message ?? 'no limits'));
  const changes = limitChanges(before.value.limits, after.data);
  if (changes.length === 0) {
    return ok({
      status: 0,
      json: { changes, limits: after.data },
      text: 'That is how it is already; nothing was written.',
    });
  }
  const written = await writer.setLimits(after.data, before.value.revision, actor);
  if (!written.ok) return written;
  const noted = { before: before.value.limits, after: after.data };
  return ok({ status: 0, json: { changes, limits: after.data }, text: changes.join('\n'), noted });
}

function changedLimit(
  limits: RunnerLimits,
  scopeText: string,
  maxText: string,
  name: string,
): Result<RunnerLimits, AppError> {
  const scope = safeParse(limitScopeSchema, scopeText);
  if (!scope.success) {
    return err(appError('invalid_request', `${scopeText}: ${limitScopeSchema.options.join(', ')} is expected`));
  }
  if (isNamedScope(scope.data) !== (name !== '')) {
    const isWanted = isNamedScope(scope.data);
    return err(appError('invalid_request', isWanted ? `name the ${scope.data}` : `${scope.data} has no name`));
  }
  if (maxText === 'none') return ok(withLimit(limits, scope.data, name, null));
  return /^\d+$/v.test(maxText)
    ? ok(withLimit(limits, scope.data, name, Number(maxText)))
    : err(appError('invalid_request', `${maxText}: a whole number or none is expected`));
}

function changedRate(limits: RunnerLimits, provider: string, flags: RateFlags): Result<RunnerLimits, AppError> {
  const { requests, tokens, tokensPerRequest } = flags;
  if (tokens === undefined && tokensPerRequest !== undefined) {
    return err(appError('invalid_request', '--tokens-per-request counts against --tokens, which is not given'));
  }
  if (requests === undefined && tokens === undefined) return ok(withRate(limits, provider, null));
  return ok(
    withRate(limits, provider, {
      requestsPerMinute: requests ?? null,
      tokensPerMinute: tokens ?? null,
      tokensPerRequest: tokensPerRequest ?? 1000,
    }),
  );
}

async function show(reader: Store['reader']): Promise<Result<CommandReport, AppError>> {
  const found = await reader.readLimits();
  if (!found.ok) return found;
  const lines = linesOf(found.value);
  const text = lines.length === 0 ? 'Nothing is limited.' : lines.join('\n');
  return ok({ status: 0, json: found.value, text });
}

function linesOf({ limits, concurrency, rates, at }: LimitsInForce): readonly string[] {
  const atOnce = configuredLimits(limits).map(({ scope, name, max }) => {
    const places = concurrency.filter((one) => one.scope === scope && one.name === name);
    const held = places.reduce((sum, one) => sum + one.held, 0);
    const inUse = scope === 'each_workspace' ? '' : `, ${held} in use`;
    return `${limitWords(scope, name)}  ${max} at once${inUse}`;
  });
  const aMinute = rates.map((rate) => {
    const left = rate.requestsLeft === null ? '' : `, ${rate.requestsLeft} left now`;
    const heldBack =
      rate.heldBackUntil !== null && rate.heldBackUntil > at
        ? `, left alone until ${rate.heldBackUntil.toISOString()}`
        : '';
    return `provider ${rate.provider}  ${rateWords(rate)}${left}${heldBack}`;
  });
  return [...atOnce, ...aMinute];
}
