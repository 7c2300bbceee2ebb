import { Command } from 'commander';
import { explainError } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import { attach } from '#engine/attach.ts';
import { dataFilesOf } from '#engine/data-files.ts';
import { dataDirOf } from '#cli/data-dir.ts';
import { filledText } from '#cli/filled-text.ts';
import { MAPPING_OPTION, readMappingFile } from '#cli/mapping-file.ts';
import { printableText } from '#cli/printable.ts';
import { withQuietUsage } from '#cli/quiet-usage.ts';
import { labelOf } from '#store/server-address.ts';
import type { DoctorContext } from '#engine/doctor/check.ts';
import { runChecks, type CheckedPart } from '#engine/doctor/checks.ts';
import { goOnUnread } from '#engine/unread-output.ts';
import { terminalSignIn } from '../terminal-sign-in.ts';

/** Exit statuses: 0 nothing is wrong (there may be warnings), 1 it could not be looked at or was stopped, 3 something is wrong. */
const EXIT_FAILED = 1;
const EXIT_WRONG = 3;

interface DoctorFlags {
  readonly uri?: string;
  readonly db?: string;
  readonly dataDir?: string;
  readonly mapping?: string;
  readonly verify: boolean;
  readonly json: boolean;
}

/** `npm run doctor`: looks at runtime, server, privileges, indexes, clock, oplog, documents, mapping, copy and disk, and says what is wrong and what to do. Writes nothing. */
const program = withQuietUsage(new Command('npm run doctor --'))
  .description('Looks at the set-up and says what is wrong and what to do about it. Writes nothing.')
  .option('--uri <uri>', 'the MongoDB to look at; MONGODB_URI of the environment where it is left out')
  .option('--db <name>', 'the database, where the URI names none; RUNLEDGER_DB of the environment where it is left out')
  .option(
    MAPPING_OPTION.flags,
    `${MAPPING_OPTION.says}; ${MAPPING_OPTION.variable} of the environment where it is left out`,
  )
  .option('--data-dir <folder>', "where the application's data stand; default: the system's folder", filledText)
  .option('--verify', 'compare the offline copy with the server, document by document; reads both whole', false)
  .option('--json', 'print one JSON object and nothing else', false)
  .parse();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());
goOnUnread();
process.exitCode = await run(program.opts<DoctorFlags>());

async function run(flags: DoctorFlags): Promise<number> {
  const uri = flags.uri ?? process.env['MONGODB_URI'];
  if (uri === undefined || uri === '') {
    process.stderr.write('Name the server: --uri URI, or MONGODB_URI in the environment.\n');
    return EXIT_FAILED;
  }
  const dbName = flags.db ?? process.env['RUNLEDGER_DB'] ?? null;
  const label = labelOf(uri, dbName);
  if (!label.ok) {
    process.stderr.write(`${explainError(label.error)}\n`);
    return EXIT_FAILED;
  }
  const read = readMappingFile(flags.mapping ?? process.env[MAPPING_OPTION.variable]);
  if (!read.ok) {
    process.stderr.write(`${explainError(read.error)}\n`);
    return EXIT_FAILED;
  }
  const mapping = read.value;
  const signIn = terminalSignIn({ uri, db: dbName });
  const attached = await attach({ uri, dbName, appName: 'Runledger doctor', isReadOnly: true, mapping, signIn });
  const dataDir = dataDirOf(flags.dataDir ?? null);
  const context: DoctorContext = {
    store: attached.ok ? ok(attached.value.store) : err(attached.error),
    dataDir,
    copyFile: dataFilesOf(dataDir, label.value, mapping).copyFile,
    signal: stopping.signal,
    nowMs: Date.now,
    say: flags.json ? () => undefined : (line) => process.stderr.write(`${line}\n`),
  };
  try {
    const results = await runChecks(context, flags, flags.json ? () => undefined : print);
    if (flags.json) process.stdout.write(`${JSON.stringify({ checks: results })}\n`);
    if (stopping.signal.aborted) return EXIT_FAILED;
    return results.some(({ level }) => level === 'error') ? EXIT_WRONG : 0;
  } finally {
    if (attached.ok) await attached.value.close();
  }
}

function print({ name, level, says, todo }: CheckedPart): void {
  process.stdout.write(`${level.padEnd(8)}${name.padEnd(12)}${printableText(says)}\n`);
  if (todo !== null) process.stdout.write(`${' '.repeat(20)}${printableText(todo)}\n`);
}
