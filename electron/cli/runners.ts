import type { Command } from 'commander';
import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { CONCURRENCY_MAX, isLive, type RunnerNode, type RunnerWish } from '#domain/runner-node.ts';
import type { Store } from '#store/connection.ts';
import { runAsPerson } from './as-person.ts';
import { runOnServer, withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';

/** Adds `runners` to the program: lists the fleet, or leaves a wish for one of it. */
export function addRunnersCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('runners')
      .description('Lists every runner; or lets one pause, resume, drain or scale, wherever it runs, within seconds.')
      .argument('[action]', 'pause, resume, drain or scale')
      .argument('[runner-id]', 'the runner')
      .argument('[concurrency]', 'for scale: attempts at once'),
  ).action(
    async (
      action: string | undefined,
      runnerId: string | undefined,
      number: string | undefined,
      flags: ServerFlags,
    ) => {
      const appName = 'Runledger runners';
      if (action === undefined) {
        context.exit(await runOnServer(flags, { appName, isReadOnly: true }, listRunners));
        return;
      }
      const asked = { action, runnerId: runnerId ?? '', number };
      const needs = { appName, request: 'fleet.control', asked } as const;
      context.exit(await runAsPerson(flags, needs, (store, actor) => leaveWish(store, asked, actor)));
    },
  );
}

async function listRunners({ reader }: Store): Promise<Result<CommandReport, AppError>> {
  const [now, nodes] = [await reader.serverNow(), await reader.listRunners()];
  if (!now.ok) return now;
  if (!nodes.ok) return nodes;
  const { values, malformed } = nodes.value;
  const runners = values.map((node) => ({ ...node, isLive: isLive(node, now.value) }));
  const lines = [
    ...(runners.length === 0 ? ['There is no runner. Start one: npm run runner -- --uri URI'] : runners.map(lineOf)),
    ...malformed.map(({ id, problem }) => `${id}  cannot be read: ${problem}`),
  ];
  return ok({ status: 0, json: { runners, malformed }, text: lines.join('\n') });
}

function lineOf(node: RunnerNode & { readonly isLive: boolean }): string {
  const state = node.isLive || node.state === 'stopped' ? node.state : 'silent';
  const load = node.load === null ? '' : `, load ${node.load.perCore.toFixed(2)}`;
  const heard = `heard of ${node.heartbeatAt.toISOString()}`;
  return `${node._id}  ${state}  ${node.active} of ${node.concurrency}${load}  ${node.host}  ${node.version}  ${heard}`;
}

async function leaveWish(
  { writer }: Store,
  asked: { readonly action: string; readonly runnerId: string; readonly number: string | undefined },
  actor: Actor,
): Promise<Result<CommandReport, AppError>> {
  const wish = wishOf(asked.action, asked.number);
  if (!wish.ok) return wish;
  if (asked.runnerId === '') return err(appError('invalid_request', `${asked.action} takes the id of a runner`));
  const node = await writer.controlRunner(asked.runnerId, wish.value, actor);
  if (!node.ok) return node;
  const text = `${node.value._id} is told to ${asked.action} and obeys within seconds.`;
  return ok({ status: 0, json: { runner: node.value }, text });
}

function wishOf(action: string, number: string | undefined): Result<RunnerWish, AppError> {
  if (action === 'pause' || action === 'resume' || action === 'drain') return ok({ action });
  if (action !== 'scale')
    return err(appError('invalid_request', `${action}: pause, resume, drain or scale is expected`));
  const concurrency = Number(number);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > CONCURRENCY_MAX) {
    return err(appError('invalid_request', `scale takes a whole number from 1 to ${CONCURRENCY_MAX}`));
  }
  return ok({ action, concurrency });
}
