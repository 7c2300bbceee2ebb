import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { goOnUnread } from '#engine/unread-output.ts';
import { buildIfStale } from './bundle.ts';
import { findOrFetchChromium, NO_CHROMIUM } from './chromium.ts';
import { findOrFetchElectron } from './electron-runtime.ts';
import { filledText } from './filled-text.ts';
import { withQuietUsage } from './quiet-usage.ts';
import { hasVirtualDisplay, onVirtualDisplay, runApplication, type Launch } from './run-application.ts';
import { standInModule } from './stand-in-bundle.ts';
import { readVersion } from './version.ts';
import { wholeNumber } from './whole-number.ts';

/** `npm start`: the application on Electron, or on what stands in for it. Exit status: the application's. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface StartFlags {
  readonly uri?: string;
  readonly profile?: string;
  readonly sandbox: boolean;
  readonly db?: string;
  readonly dataDir?: string;
  readonly person?: string;
  readonly readOnly: boolean;
  readonly runner: boolean;
  readonly concurrency?: number;
  readonly headless: boolean;
  readonly runtime: 'auto' | 'electron' | 'stand-in';
}

const program = withQuietUsage(new Command('npm start --'))
  .description(
    'Opens Runledger on a URI, on a connection that was kept, or on the one that was open last; at first that is a sandbox server with demo data of its own.',
  )
  .argument('[link]', 'an address to open, such as runledger://job/JOB_ID', linkOf)
  .option(
    '--uri <uri>',
    'the MongoDB to attach to (or MONGODB_URI, which other users of this machine cannot read)',
    filledText,
  )
  .option('--profile <name>', 'the kept connection to open (or RUNLEDGER_PROFILE)', filledText)
  .addOption(
    new Option('--sandbox', 'the sandbox server, whatever was open last').default(false).conflicts(['uri', 'profile']),
  )
  .option('--db <name>', 'the database (or RUNLEDGER_DB); default: the one in the URI, or runledger')
  .option(
    '--data-dir <folder>',
    "where the offline copy and the sandbox's data stand; default: the system's folder",
    filledText,
  )
  .option('--person <name>', 'who sits here, where the server asks nobody to log in; default: the name of the account')
  .option('--read-only', 'write nothing over this connection, whatever the role allows', false)
  .option('--runner', 'also run jobs here; the sandbox always has its runner', false)
  .option('--concurrency <number>', 'attempts at once of this runner; default: 4', wholeNumber(1, 1000))
  .option('--headless', 'open no window on the screen (the stand-in only)', false)
  .addOption(
    new Option(
      '--runtime <runtime>',
      'electron tries to fetch it again; auto takes the stand-in where it cannot be had',
    )
      .choices(['auto', 'electron', 'stand-in'])
      .default('auto'),
  )
  .showHelpAfterError()
  .parse();

goOnUnread();
process.exitCode = await start(program.opts<StartFlags>(), program.args);

async function start(flags: StartFlags, links: readonly string[]): Promise<number> {
  if (!buildIfStale(root, say)) {
    say('The application could not be built; what is wrong stands above.');
    return 1;
  }
  const launch = onElectron(flags) ?? (flags.runtime === 'electron' ? null : await onStandIn(flags));
  if (launch === null) return 1;
  say(destinationOf(flags));
  say('Close the window or press Ctrl-C to stop.');
  // In the environment and not in the arguments, which every user of the machine can list.
  const env = { ...launch.env, ...(flags.uri === undefined ? {} : { MONGODB_URI: flags.uri }) };
  return runApplication({ ...launch, args: [...launch.args, ...applicationArguments(flags), ...links], env }, say);
}

function linkOf(text: string): string {
  if (!text.startsWith('runledger://')) throw new InvalidArgumentError('An address begins with runledger://.');
  return text;
}

function destinationOf(flags: StartFlags): string {
  const sandbox = 'The sandbox server runs with demo data. It is for trying things out, never for production.';
  if (flags.sandbox) return sandbox;
  const profile = flags.profile ?? process.env['RUNLEDGER_PROFILE'] ?? '';
  if (flags.uri === undefined && profile !== '') return `Opening the connection ${profile}.`;
  const hasUri = flags.uri !== undefined || (process.env['MONGODB_URI'] ?? '') !== '';
  if (hasUri) return 'Attaching to the MongoDB that the URI names.';
  return `No MONGODB_URI: the connection that was open last is opened. Without one: ${sandbox}`;
}

function applicationArguments(flags: StartFlags): readonly string[] {
  return [
    ...(flags.profile === undefined ? [] : ['--profile', flags.profile]),
    ...(flags.sandbox ? ['--sandbox'] : []),
    ...(flags.db === undefined ? [] : ['--db', flags.db]),
    ...(flags.dataDir === undefined ? [] : ['--data-dir', path.resolve(flags.dataDir)]),
    ...(flags.person === undefined ? [] : ['--person', flags.person]),
    ...(flags.readOnly ? ['--read-only'] : []),
    ...(flags.runner ? ['--runner'] : []),
    ...(flags.concurrency === undefined ? [] : ['--concurrency', String(flags.concurrency)]),
  ];
}

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return [process.env['DISPLAY'], process.env['WAYLAND_DISPLAY']].some((name) => name !== undefined && name !== '');
}

/** Null where Electron cannot be had, or cannot show itself; that has been said then. */
function onElectron(flags: StartFlags): Launch | null {
  if (flags.runtime === 'stand-in') return null;
  const isInsisting = flags.runtime === 'electron';
  const executable = findOrFetchElectron({ root, env: process.env, isInsisting, now: Date.now(), say });
  if (executable === null) return null;
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  if (isRoot) say("Chromium's own process sandbox is off, because it refuses to run as root with it.");
  // For the end-to-end specs only, and never in a package: Chromium also listens for a debugger on loopback.
  const debugging = process.env['RUNLEDGER_DEBUGGING'] === '1' ? ['--remote-debugging-port=0'] : [];
  const args = [...(isRoot ? ['--no-sandbox'] : []), ...debugging, root];
  const launch = { command: executable, args, env: {} };
  const isVirtual = !hasDisplay();
  if (isVirtual && !hasVirtualDisplay()) {
    say("There is no display, and no xvfb-run (Debian's package `xvfb`) to make a virtual one for Electron.");
    return null;
  }
  say(`Runledger ${readVersion()} on Electron.`);
  if (isVirtual) say('There is no display; the window opens on a virtual one (xvfb-run).');
  return isVirtual ? onVirtualDisplay(launch) : launch;
}

/** Null where no Chromium can be had, which has been said then. */
async function onStandIn(flags: StartFlags): Promise<Launch | null> {
  const executable = await findOrFetchChromium({ env: process.env, say });
  if (executable === null) {
    say(NO_CHROMIUM);
    return null;
  }
  say(`Runledger ${readVersion()} on the Electron stand-in (Node and ${executable}), not on Electron itself.`);
  const isHeadless = flags.headless || !hasDisplay();
  const dataDir = flags.dataDir ?? process.env['RUNLEDGER_DATA_DIR'] ?? '';
  if (isHeadless && !flags.headless) say('There is no display: the window is open, but nobody can see it.');
  return {
    command: process.execPath,
    args: ['--import', pathToFileURL(await standInModule(root)).href, path.join(root, 'out/main/index.js')],
    env: {
      ELECTRON_STAND_IN_CHROMIUM: executable,
      ELECTRON_STAND_IN_USER_DATA: dataDir === '' ? '' : path.resolve(dataDir),
      ...(isHeadless ? { ELECTRON_STAND_IN_HEADLESS: '1' } : {}),
    },
  };
}
