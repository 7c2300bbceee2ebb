import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { appError, explainError, type AppError } from '#domain/errors.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { HeadlessRunner } from '#engine/headless-runner.ts';
import { configuredProviders } from '#engine/configured-providers.ts';
import { namedProviders, providerSourcesSchema } from '#engine/provider-settings.ts';
import { goOnUnread } from '#engine/unread-output.ts';
import { openArtefactFolder } from '#engine/writable-folders.ts';
import type { AttemptOutcome } from '#runner/attempt.ts';
import { filledText } from './filled-text.ts';
import { listenSettings } from './listen-settings.ts';
import { readOnlyAsked } from './read-only-asked.ts';
import { withQuietUsage } from './quiet-usage.ts';
import { wholeNumber } from './whole-number.ts';
import { readVersion } from './version.ts';
import { MAPPING_OPTION, readMappingFile } from './mapping-file.ts';

/**
 * `npm run runner`: a runner without a window. The first SIGTERM, SIGINT or SIGHUP lets attempts under way finish, a second one gives
 * their jobs back and leaves. Exit status 0 after either, 1 where it could not begin.
 */
interface RunnerFlags {
  readonly uri?: string;
  readonly db?: string;
  readonly concurrency: number;
  readonly artefacts: string;
  readonly mapping?: string;
  readonly providers?: string;
  readonly keys?: string;
  readonly listen?: number;
  readonly listenHost: string;
  readonly callbackUrl?: string;
}

const flags = withQuietUsage(new Command('npm run runner --'))
  .description('Runs the jobs of a deployment, without a window, until it is told to stop.')
  .option('--uri <uri>', 'the MongoDB (or MONGODB_URI, which other users of this machine cannot read)')
  .option('--db <name>', 'the database (or RUNLEDGER_DB); default: the one in the URI, or runledger')
  .addOption(new Option(MAPPING_OPTION.flags, MAPPING_OPTION.says).env(MAPPING_OPTION.variable))
  .option('--concurrency <number>', 'attempts at once', wholeNumber(1, 1000), 4)
  .option('--artefacts <folder>', 'where outputs are kept', filledText, 'artefacts')
  .option('--providers <file>', 'a file of providers (or RUNLEDGER_PROVIDERS)')
  .option('--keys <file>', 'a file of their keys, which nobody else may read (or RUNLEDGER_KEYS)')
  .option('--listen <port>', 'tell of health, metrics and events there, to who has the token', wholeNumber(1, 65_535))
  .option(
    '--listen-host <address>',
    'the address to listen on; others than loopback are reached by other machines',
    '127.0.0.1',
  )
  .option('--callback-url <url>', 'how providers reach that port, where they call back', webAddress)
  .addHelpText(
    'after',
    '\nOne OpenAI-compatible provider is named by RUNLEDGER_PROVIDER_URL and RUNLEDGER_PROVIDER_KEY instead.' +
      '\nThe token for --listen is RUNLEDGER_LISTEN_TOKEN, or stands in the file listen-token beside the artefacts.',
  )
  .parse()
  .opts<RunnerFlags>();
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const ended: Record<AttemptOutcome['type'], number> = { completed: 0, deferred: 0, failed: 0, abandoned: 0 };
goOnUnread();
process.exitCode = await main();

async function main(): Promise<number> {
  const uri = flags.uri ?? process.env['MONGODB_URI'] ?? '';
  if (uri === '') return refuse(appError('invalid_request', 'no --uri and no MONGODB_URI'));
  const forbidden = readOnlyAsked();
  if (forbidden !== null) return refuse(forbidden);
  const mapping = readMappingFile(flags.mapping);
  if (!mapping.ok) return refuse(mapping.error);
  const sources = safeParse(providerSourcesSchema, namedProviders({ ...process.env, ...flaggedSources() }));
  if (!sources.success) return refuse(appError('invalid_request', 'RUNLEDGER_PROVIDER_URL is not a URL'));
  const listening = listenSettings(flags, process.env['RUNLEDGER_LISTEN_TOKEN'], say);
  if (!listening.ok) return refuse(listening.error);
  const providers = configuredProviders(sources.data, listening.value?.callbacks ?? null);
  if (!providers.ok) return refuse(providers.error);
  if (providers.value.length === 0) {
    return refuse(appError('invalid_request', 'neither RUNLEDGER_PROVIDER_URL nor --providers names a provider'));
  }
  const folder = openArtefactFolder(path.resolve(flags.artefacts));
  if (!folder.ok) return refuse(folder.error);
  const runner = new HeadlessRunner({
    uri,
    dbName: flags.db ?? process.env['RUNLEDGER_DB'] ?? null,
    mapping: mapping.value,
    concurrency: flags.concurrency,
    providers: providers.value,
    artefactDir: folder.value,
    version: readVersion(),
    log: say,
    listen: listening.value,
    onOutcome: (jobId, outcome) => {
      ended[outcome.type] += 1;
      // Ids come from the server, and could hold what moves a terminal's cursor.
      process.stdout.write(`${JSON.stringify({ jobId, outcome: outcome.type, ...classOf(outcome) })}\n`);
    },
  });
  const signals = listen();
  const started = await runner.start();
  if (!started.ok) return refuse(started.error);
  const end = await Promise.race([signals.first, runner.refused, runner.ended.then(() => null)]);
  if (end !== null) {
    await runner.leave();
    return refuse(end);
  }
  say('Finishing what is under way. Once more (Ctrl-C or SIGTERM) gives it back and leaves.');
  await Promise.race([runner.drain(), signals.second.then(() => runner.leave())]);
  say(
    `${ended.completed} completed, ${ended.deferred} to be tried again, ${ended.failed} failed, ` +
      `${ended.abandoned} given back or left to others.`,
  );
  return 0;
}

/** What is bought with another address is paid for, and never reported back. */
function webAddress(text: string): string {
  const isWeb = /^https?:\/\//i.test(text) && URL.canParse(text);
  if (!isWeb) throw new InvalidArgumentError('An address such as https://runner.example is expected.');
  return text;
}

function flaggedSources(): Readonly<Record<string, string>> {
  return {
    ...(flags.providers === undefined ? {} : { RUNLEDGER_PROVIDERS: flags.providers }),
    ...(flags.keys === undefined ? {} : { RUNLEDGER_KEYS: flags.keys }),
  };
}

function classOf(outcome: AttemptOutcome): { readonly class?: string } {
  return outcome.type === 'deferred' || outcome.type === 'failed' ? { class: outcome.failure.class } : {};
}

/** The first and the second wish to end, whichever signal says it. */
function listen(): { readonly first: Promise<null>; readonly second: Promise<void> } {
  const first = Promise.withResolvers<null>();
  const second = Promise.withResolvers<void>();
  let count = 0;
  // A terminal that is closed says it by SIGHUP, and would otherwise end a runner in the middle of what it has bought.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      count += 1;
      if (count === 1) first.resolve(null);
      else second.resolve();
    });
  }
  return { first: first.promise, second: second.promise };
}

function refuse(error: AppError): number {
  say(explainError(error));
  return 1;
}
