import type { Command } from 'commander';
import { readStandstill } from '#console/standstill.ts';
import { describeStandstill } from '#domain/job-standstill.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { ok } from '#domain/result.ts';
import { redactFound } from '#engine/redaction/redacted-copy.ts';
import type { ReadableStore } from '#store/ports.ts';
import { readLens, runOnServer, withServerFlags, type ServerFlags } from './attached-command.ts';
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
      const lens = await readLens(store);
      if (!lens.ok) return lens;
      const standstill = await readStandstill(seenThrough(store.reader, lens.value), jobId);
      if (!standstill.ok) return standstill;
      const text = describeStandstill(standstill.value);
      return ok({ status: 0, json: { jobId, ...standstill.value, explanation: text }, text });
    });
    context.exit(status);
  });
}

type StandstillReader = Parameters<typeof readStandstill>[0];

/** A provider's words about its progress may quote a prompt, and only beside the prompt can a quotation be told. */
function seenThrough(reader: ReadableStore, lens: Lens | null): StandstillReader {
  if (lens === null) return reader;
  return {
    readJob: async (jobId) => {
      const found = await reader.readJob(jobId);
      return found.ok && found.value !== null ? ok(redactFound(found.value, lens)) : found;
    },
    readAccount: (workspaceId) => reader.readAccount(workspaceId),
    listRunners: () => reader.listRunners(),
    readLimits: () => reader.readLimits(),
    serverNow: () => reader.serverNow(),
  };
}
