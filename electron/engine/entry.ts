import { explainError } from '#domain/errors.ts';
import { safeParse } from '#domain/safe-parse.ts';
import { Engine } from './engine.ts';
import { parentMessageSchema, type EngineMessage, type PreviewsAllowed } from './messages.ts';
import { parentPortOf } from './parent-port.ts';
import { PRIVATE_UMASK } from './private-files.ts';
import { ShellLink } from './shell-link.ts';
import { toWireError } from './window-session.ts';

/**
 * The engine as a process of its own: Electron's utility process, or a child process with the same port to its parent. Takes
 * its configuration by message, so that a password never stands in an argument or a variable of the environment.
 */
const parent = parentPortOf(process);
const tell = (message: EngineMessage): void => parent.postMessage(message);
const log = (line: string, cause?: unknown): void => {
  process.stderr.write(`${line}${cause instanceof Error ? `: ${cause.message}` : ''}\n`);
};

/** From source the workers are TypeScript beside this part; in a build they are bundles beside this one. */
const isSource = import.meta.url.endsWith('.ts');
const sandboxEntry = new URL(isSource ? '../sandbox/worker.ts' : './sandbox-worker.js', import.meta.url);
const deskEntry = new URL(
  isSource ? '../console/reconciliation/desk-worker.ts' : './reconciliation-worker.js',
  import.meta.url,
);

const readerEntry = new URL(isSource ? '../cache/threads/reader-thread.ts' : './copy-reader.js', import.meta.url);
const withholdEntry = new URL(
  isSource ? '../cache/threads/withhold-thread.ts' : './copy-withholding.js',
  import.meta.url,
);
const upgradeEntry = new URL(isSource ? '../cache/threads/upgrade-thread.ts' : './copy-upgrade.js', import.meta.url);
const pageEntries = {
  pages: new URL(isSource ? '../monitor/threads/page-thread.ts' : './copy-pages.js', import.meta.url),
  log: new URL(isSource ? '../cache/threads/log-thread.ts' : './copy-log.js', import.meta.url),
};
const checkEntry = new URL(isSource ? '../runner/validators/check-thread.ts' : './check-thread.js', import.meta.url);

// What this process writes are prompts, outputs and figures of customers, and other users of the machine read none of it.
process.umask(PRIVATE_UMASK);

const shell = new ShellLink(tell);
let engine: Engine | null = null;
/** Ports that came before the engine was ready. */
let starting: Promise<unknown> = Promise.resolve();

async function stop(): Promise<never> {
  await starting;
  await engine?.stop();
  tell({ type: 'stopped' });
  process.exit(0);
}

parent.on('message', ({ data, ports }) => {
  const message = safeParse(parentMessageSchema, data);
  if (!message.success) {
    log('the parent sent a message that is none of the contract');
    return;
  }
  switch (message.data.type) {
    case 'init': {
      const notify = (notice: { readonly title: string; readonly body: string }): void =>
        tell({ type: 'notify', ...notice, route: '/alerts' });
      const onPreviews = (allowed: PreviewsAllowed): void => tell({ type: 'previews', allowed });
      const { config } = message.data;
      const { profile } = config;
      if (profile?.login.type === 'aws' && profile.login.awsProfile !== null) {
        // Where the driver's AWS identity comes from is told to it in the environment and no other way.
        process.env['AWS_PROFILE'] = profile.login.awsProfile;
      }
      const entries = { sandboxEntry, deskEntry, readerEntry, withholdEntry, upgradeEntry, pageEntries, checkEntry };
      const created = new Engine({ config, ...entries, notify, onPreviews, log, shell });
      engine = created;
      starting = created.start().then((started) => {
        if (started.ok) tell({ type: 'ready' });
        else {
          log(explainError(started.error));
          tell({ type: 'fatal', error: toWireError(started.error) });
        }
      });
      return;
    }
    case 'connect': {
      const [port] = ports;
      if (port !== undefined) void starting.then(() => engine?.connect(port));
      return;
    }
    case 'answer':
      shell.answered(message.data.id, message.data.answer);
      return;
    case 'stop':
      void stop();
  }
});
process.once('SIGTERM', () => void stop());
