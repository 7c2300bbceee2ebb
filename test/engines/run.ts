import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { MongoClient } from 'mongodb';
import { startSandbox } from '#sandbox/server.ts';
import { EXIT_NO_SERVER, isThere } from '../support/named-server.ts';
import { MANUAL_RULES } from './by-manual.ts';
import { compareCases, CRASHES, makeWorlds, type Explained } from './compare.ts';
import { DEVIATIONS } from './deviations.ts';
import { PLAIN_ZEROS } from './zeros.ts';

/**
 * `npm run test:engines`: random cases on the sandbox and on an independent engine, the DocumentDB engine beside the project or the one
 * of `--uri`. Exit status: 0 where every difference is explained, 1 where one is not, 3 where there is no engine and nothing was run.
 */
const NOT_RUN = 3;
const START = fileURLToPath(new URL('../../../shared/documentdb/start', import.meta.url));
const PORT = '27317';
const CASES_AT_ONCE = 25;
/** The engine leaves the question unanswered in which it crashes. */
const ANSWER_MS_MAX = 30_000;
/** After so many operations a line says how far it is, so that a run that is cut off says what it saw. */
const PROGRESS_OPERATIONS = 1000;

const values = new Command('test:engines')
  .description('Sends random cases to the sandbox and to an independent engine, and compares what they answer.')
  .option('--uri <uri>', 'an engine of your own; its databases engines_0, engines_1 and so on are dropped')
  .option('--reference', 'the engine is MongoDB itself: nothing explains a difference', false)
  .option('--operations <n>', 'how many operations', '50000')
  .option('--seed <n>', 'the seed; of the clock, and printed, unless told')
  .option('--lanes <n>', 'how many cases at once', '4')
  .option('--failures <n>', 'end at the n-th unexplained difference', '1')
  .option('--restart <command>', 'what starts the engine at --uri again when it crashed')
  .option(
    '--quick',
    'tell of a case as it was met, which is large, in place of the smallest that shows the difference',
    false,
  )
  .option('--replay <worlds:seed>', 'only the cases of a difference, by what stands beside it')
  .parse()
  .opts<{
    uri?: string;
    reference: boolean;
    operations: string;
    seed?: string;
    lanes: string;
    failures: string;
    restart?: string;
    quick: boolean;
    replay?: string;
  }>();

/** Runs what starts and stops an engine. @returns what it printed last, or null where it failed */
async function script(command: string, parameters: readonly string[]): Promise<string | null> {
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return status === 0 ? (output.trim().split('\n').at(-1) ?? null) : null;
}

async function engineUri(): Promise<string | null> {
  if (values.uri !== undefined) return values.uri;
  return existsSync(START) ? script(START, [PORT]) : null;
}

interface Replayed {
  readonly worlds: number;
  readonly seed: number;
}

function readReplay(text: string | undefined): Replayed | null {
  if (text === undefined) return null;
  const [worlds, seed] = text.split(':').map(Number);
  if (!Number.isInteger(worlds) || !Number.isInteger(seed)) throw new Error('--replay needs WORLDS:SEED.');
  return { worlds: worlds ?? 0, seed: seed ?? 0 };
}

async function compareAll(engine: string): Promise<number> {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const wanted = Number(values.operations);
  const explained: Explained = new Map();
  const sandbox = await startSandbox({ dataDir: 'memory' });
  const clients = [
    await new MongoClient(sandbox.uri).connect(),
    await new MongoClient(engine, { socketTimeoutMS: ANSWER_MS_MAX }).connect(),
  ] as const;
  const failures: string[] = [];
  const failuresMax = Number(values.failures);
  let operations = 0;
  console.log(`Seed ${seed}: ${wanted} operations on the sandbox and on ${engine}.`);
  let told = 0;
  const tell = (position: string): void => {
    if (operations < told + PROGRESS_OPERATIONS) return;
    told = operations;
    console.log(`${operations} operations so far, seed ${seed}, ${position}.`);
  };
  let starting: Promise<unknown> | null = null;
  const restart = async (): Promise<void> => {
    // All lanes miss it at once.
    starting ??= (values.restart === undefined ? script(START, [PORT]) : script('sh', ['-c', values.restart])).finally(
      () => (starting = null),
    );
    await starting;
    console.log(`The engine was started again after ${operations} operations.`);
  };
  const lane = async (number: number, replayed: Replayed | null): Promise<void> => {
    const name = `engines_${number}`;
    const dbs = { sandbox: clients[0].db(name), engine: clients[1].db(name) };
    const worlds = replayed?.worlds ?? seed + number;
    const rebuild = (): Promise<void> => makeWorlds(dbs, worlds);
    const pair = {
      ...dbs,
      rebuild,
      restart: values.uri === undefined || values.restart !== undefined ? restart : null,
      isReference: values.reference,
    };
    await rebuild();
    const isOver = (round: number): boolean =>
      replayed === null ? operations >= wanted || failures.length >= failuresMax : round > 0;
    for (let round = 0; !isOver(round); round += 1) {
      const caseSeed = replayed?.seed ?? worlds + round * 1000;
      const result = await compareCases(pair, {
        seed: caseSeed,
        cases: CASES_AT_ONCE,
        explained,
        shrinks: !values.quick,
      });
      operations += result.operations;
      tell(`lane ${number}, round ${round}`);
      if (result.failure === null) continue;
      failures.push(result.failure);
      console.error(`${result.failure}\n  again with --replay ${worlds}:${caseSeed}`);
    }
    await Promise.all([dbs.sandbox.dropDatabase(), dbs.engine.dropDatabase()]);
  };
  try {
    const replayed = readReplay(values.replay);
    const lanes = replayed === null ? Number(values.lanes) : 1;
    await Promise.all(Array.from({ length: lanes }, (_none, number) => lane(number, replayed)));
  } catch (cause) {
    failures.push(String(cause));
    console.error(`${String(cause)} The run ends after ${operations} operations.`);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await sandbox.stop();
  }
  for (const { name, rule } of [...DEVIATIONS, PLAIN_ZEROS, ...MANUAL_RULES]) {
    const count = explained.get(name) ?? 0;
    if (count > 0) console.log(`${count} times: ${name}. MongoDB: ${rule}`);
  }
  const crashes = explained.get(CRASHES) ?? 0;
  if (crashes > 0) console.log(`${crashes} ${CRASHES}.`);
  console.log(`${operations} operations, ${failures.length} unexplained differences, seed ${seed}.`);
  return failures.length === 0 ? 0 : 1;
}

const uri = await engineUri();
if (uri === null) {
  console.error('Nothing was compared, because there is no independent engine: name one with --uri.');
  process.exitCode = NOT_RUN;
} else if (!(await isThere(uri))) {
  process.exitCode = EXIT_NO_SERVER;
} else {
  try {
    process.exitCode = await compareAll(uri);
  } finally {
    if (values.uri === undefined) await script(START, ['stop']);
  }
}
