import type { Command } from 'commander';
import { readStandstill } from '#console/standstill.ts';
import { describeStandstill } from '#domain/job-standstill.ts';
import { ok } from '#domain/result.ts';
import { runOnServer, withServerFlags, type ServerFlags } from './attached-command.ts';
import type { CommandContext } from './command-context.ts';

/** Adds `why` to the program. Exit status 0 with an answer, 1 where there is none. */
export function addWhyCommand(program: Command, context: CommandContext): void {
  withServerFlags(
    program
      .command('why')
      .description('Names the one cause for which a job is not moving, with what proves it. Writes nothing.')
      .argument('<job-id>', 'the job'),
  ).action(async (jobId: string, flags: ServerFlags) => {
    const access = { appName: 'Runledger why', isReadOnly: true };
    const status = await runOnServer(flags, access, async (store) => {
      const standstill = await readStandstill(store.reader, jobId);
      if (!standstill.ok) return standstill;
      const text = describeStandstill(standstill.value);
      return ok({ status: 0, json: { jobId, ...standstill.value, explanation: text }, text });
    });
    context.exit(status);
  });
}
