import { statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { ArtefactFolder, type KeptArtefact } from '#runner/artefacts.ts';
import { sortArtefacts } from '#runner/left-artefacts.ts';
import type { Store } from '#store/connection.ts';
import { runOnServer, withServerFlags, type CommandReport, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';
import { wholeNumber } from './whole-number.ts';

/** Exit statuses: 0 nothing is left behind (any more), 1 it could not be done, 3 something is left behind. */
const EXIT_FOUND = 3;
const HOUR_MS = 3_600_000;
const HOURS_MAX = 100_000;

interface ArtefactFlags extends ServerFlags {
  readonly artefacts: string;
  readonly remove: boolean;
  readonly olderThan: number;
}

/** Adds `artefacts` to the program. */
export function addArtefactsCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('artefacts')
      .description(
        'Lists artefacts of this machine that attempts have left behind which never came to their end. Removes nothing without --remove. What is of no job of this deployment is only counted.',
      )
      .option('--artefacts <folder>', "the folder of a runner's outputs", 'artefacts')
      .option('--remove', 'remove what was left behind', false)
      .option('--older-than <hours>', 'leave younger ones alone', wholeNumber(1, HOURS_MAX), 24),
  ).action(async (flags: ArtefactFlags) => {
    const access = { appName: 'Runledger artefacts', isReadOnly: true };
    context.exit(await runOnServer(flags, access, (store) => lookAtArtefacts(store, flags, context.signal)));
  });
}

async function lookAtArtefacts(
  { reader }: Store,
  { artefacts, olderThan, remove }: ArtefactFlags,
  signal: AbortSignal,
): Promise<Result<CommandReport, AppError>> {
  const place = path.resolve(artefacts);
  // Nothing is left behind in a folder that is not there, and would not have been looked for where it is.
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return err(appError('invalid_request', `--artefacts: there is no folder ${place}`));
  }
  const folder = new ArtefactFolder(place);
  const which = { ageMsMin: olderThan * HOUR_MS, now: new Date(), signal };
  const { needed, young, left, unknown } = await sortArtefacts(folder, reader, which);
  let removed = 0;
  for (const artefact of remove ? left : []) {
    if (signal.aborted) break;
    await folder.remove(artefact);
    removed += 1;
  }
  const counts = `${needed} needed, ${young} too young, ${left.length} left behind (${bytesOf(left)} bytes), ${unknown.length} of no job of this deployment.`;
  const advice = remove ? `${removed} removed.` : 'Nothing was removed; --remove removes what was left behind.';
  return ok({
    status: removed === left.length ? 0 : EXIT_FOUND,
    json: {
      needed,
      young,
      left: left.map(({ uri, bytes, writtenAt }) => ({ uri, bytes, writtenAt })),
      unknown: unknown.length,
      bytes: bytesOf(left),
      removed,
      isDryRun: !remove,
    },
    text: [
      ...left.map(({ uri, bytes, writtenAt }) => `${uri}  ${bytes} bytes since ${writtenAt.toISOString()}`),
      counts,
      advice,
    ].join('\n'),
    isOwnWords: true,
  });
}

function bytesOf(artefacts: readonly KeptArtefact[]): number {
  return artefacts.reduce((sum, { bytes }) => sum + bytes, 0);
}
