import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command } from 'commander';
import { z } from 'zod';

/**
 * `npm run test:mongod [-- --spec DIR]`: on a real MongoDB, the one that `MONGODB_URI` names or one that the package `mongodb-memory-server`
 * fetches: the integration tests, MongoDB's own tests below DIR, and random cases of which the sandbox must answer each as it does.
 * Exit status: 0 where everything passed, 1 where something failed, 3 where there is no MongoDB to be had and nothing was run.
 */
const NOT_RUN = 3;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A MongoDB to test on. */
interface Mongod {
  readonly uri: string;
  readonly name: string;
  stop(): Promise<void>;
}

/** Fetched only when it is asked for: nobody else has to wait for a package that fetches a server. */
const PACKAGE = 'mongodb-memory-server-core';
const PACKAGE_VERSION = '11.3.0';
const MONGOD_VERSION = '7.0.14';

const functionSchema = z.custom<(...args: readonly unknown[]) => unknown>((value) => typeof value === 'function');
const packageSchema = z.object({ MongoMemoryReplSet: z.custom<{ create: unknown }>((it) => typeof it === 'function') });
const runningSchema = z.object({ getUri: functionSchema, stop: functionSchema });

/** @returns the reason where there is none */
async function findMongod(): Promise<Mongod | string> {
  const uri = process.env['MONGODB_URI'];
  if (uri !== undefined && uri !== '')
    return { uri, name: 'the server that MONGODB_URI names', stop: () => Promise.resolve() };
  const folder = join(root, 'node_modules/.cache/mongod');
  try {
    mkdirSync(folder, { recursive: true });
    const install = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    if (!(await passes('npm', [...install, `${PACKAGE}@${PACKAGE_VERSION}`], {})))
      return `the package ${PACKAGE} could not be installed`;
    const entry = createRequire(join(folder, 'from-here.js')).resolve(PACKAGE);
    const { MongoMemoryReplSet } = packageSchema.parse(await import(pathToFileURL(entry).href));
    const create = functionSchema.parse(MongoMemoryReplSet.create);
    const replicaSet = await create.call(MongoMemoryReplSet, {
      replSet: { count: 1 },
      binary: { version: MONGOD_VERSION, downloadDir: folder },
    });
    const running = runningSchema.parse(replicaSet);
    return {
      uri: z.string().parse(running.getUri.call(replicaSet)),
      name: `MongoDB ${MONGOD_VERSION}, fetched for this run`,
      stop: async () => void (await running.stop.call(replicaSet)),
    };
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/, Details:|\n/);
    return reason;
  }
}

/** Runs a program where everybody sees what it says. @returns true where it ended well */
async function passes(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status === 0;
}

async function run(specDir: string | undefined): Promise<number> {
  const mongod = await findMongod();
  if (typeof mongod === 'string') {
    console.error(`Nothing was run on a real MongoDB, because there is none: ${mongod}.`);
    console.error('Name one with MONGODB_URI, or run this where the package can fetch one.');
    return NOT_RUN;
  }
  console.log(`On ${mongod.name}:`);
  try {
    const vitest = ['vitest', 'run', '--config', 'test/vitest.config.ts', '--project', 'integration'];
    const conformance = ['run', '-s', 'conformance', '--', '--uri', mongod.uri];
    const engines = ['run', '-s', 'test:engines', '--', '--uri', mongod.uri, '--reference', '--failures', '8'];
    const suites: (readonly [string, readonly string[]])[] = [
      ['npx', ['--no-install', ...vitest]],
      ['npm', engines],
    ];
    if (specDir === undefined) console.log("MongoDB's own tests are left out: --spec names their folder.");
    else suites.push(['npm', [...conformance, '--dir', specDir]]);
    let failed = 0;
    for (const [program, args] of suites) if (!(await passes(program, args, { MONGODB_URI: mongod.uri }))) failed += 1;
    console.log(failed === 0 ? `Everything passed on ${mongod.name}.` : `${failed} of ${suites.length} suites failed.`);
    return failed === 0 ? 0 : 1;
  } finally {
    await mongod.stop();
  }
}

const { spec } = new Command('test:mongod')
  .description('Runs the tests that need a server, and compares the sandbox, on a real MongoDB.')
  .option('--spec <folder>', "a folder of MongoDB's own tests in the unified format")
  .parse()
  .opts<{ spec?: string }>();
process.exitCode = await run(spec);
