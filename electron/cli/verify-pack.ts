import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { verifyCasePack, type PackVerdict } from '#console/case-pack/case-pack.ts';
import { counted } from '#domain/counted.ts';
import type { CommandContext } from './command-context.ts';
import { printableLine } from './printable.ts';

/** Exit statuses: 0 the pack is as it was made, 1 it could not be read, 3 something in it was changed. */
const EXIT_FAILED = 1;
const EXIT_FAULTS = 3;

/** Adds `verify-pack` to the program. */
export function addVerifyPackCommand(program: Command, context: CommandContext): void {
  program
    .command('verify-pack')
    .description('Checks a case pack file by file, and prints the hash of its content to compare.')
    .argument('<file>', 'the pack')
    .option('--json', 'print one JSON object and nothing else', false)
    .action(async (file: string, flags: { readonly json: boolean }) => {
      const bytes = await readFile(file).catch((cause: unknown) => cause);
      if (!(bytes instanceof Uint8Array)) {
        const why = bytes instanceof Error && 'code' in bytes ? String(bytes.code) : 'unknown';
        process.stderr.write(`The file cannot be read (${why}). Check its name.\n`);
        context.exit(EXIT_FAILED);
        return;
      }
      const verdict = verifyCasePack(bytes);
      process.stdout.write(flags.json ? `${JSON.stringify(verdict)}\n` : textOf(verdict));
      context.exit(verdict.faults.length > 0 ? EXIT_FAULTS : 0);
    });
}

function textOf({ contentHash, madeAt, jobs, faults }: PackVerdict): string {
  const head =
    contentHash === null
      ? ''
      : `${printableLine(`${counted(jobs, 'job')}, made at ${madeAt ?? ''}, content ${contentHash}`)}\n`;
  if (faults.length === 0)
    return `${head}Nothing was changed. Compare the content's hash with the one you were given.\n`;
  return `${head}${faults.map((fault) => `  ${printableLine(fault)}\n`).join('')}`;
}
