import { PAGE_ENTRIES } from './monitored-copy.ts';
import { Engine } from '#engine/engine.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { NO_PROVIDERS } from '#engine/provider-settings.ts';
import { NO_SHELL, type Shell } from '#engine/shell-link.ts';

/** An engine that looks at a given server and runs nothing itself, as a person's console does; whoever makes it starts and stops it. */
export function consoleEngine(
  config: Pick<EngineConfig, 'dataDir' | 'mongodbUri' | 'dbName' | 'personName'> & Partial<EngineConfig>,
  log: (line: string, cause?: unknown) => void = () => undefined,
  shell: Shell = NO_SHELL,
): Engine {
  return new Engine({
    config: {
      version: '0.0.0',
      isReadOnly: false,
      profile: null,
      secrets: null,
      mapping: null,
      withRunner: false,
      concurrency: 1,
      isDemo: false,
      signInHosts: null,
      opensSignIn: true,
      providers: NO_PROVIDERS,
      ...config,
    },
    sandboxEntry: new URL('../../electron/sandbox/worker.ts', import.meta.url),
    deskEntry: new URL('../../electron/console/reconciliation/desk-worker.ts', import.meta.url),
    readerEntry: new URL('../../electron/cache/threads/reader-thread.ts', import.meta.url),
    withholdEntry: new URL('../../electron/cache/threads/withhold-thread.ts', import.meta.url),
    upgradeEntry: new URL('../../electron/cache/threads/upgrade-thread.ts', import.meta.url),
    pageEntries: PAGE_ENTRIES,
    checkEntry: new URL('../../electron/runner/validators/check-thread.ts', import.meta.url),
    log,
    shell,
  });
}
