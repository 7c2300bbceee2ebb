import path from 'node:path';
import { app, BrowserWindow, dialog, ipcMain, safeStorage, session, shell } from 'electron';
import { APP_ID, LINK_SCHEME } from '#contract/identity.ts';
import { PORT_CHANNEL } from '#contract/wire.ts';
import { explainError, type AppError } from '#domain/errors.ts';
import { exportFolderOf } from '#engine/data-files.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { goOnUnread } from '#engine/unread-output.ts';
import { openDataDir } from '#engine/writable-folders.ts';
import { AppLog, secretsIn } from './app-log.ts';
import { routeOfLink } from './deep-links.ts';
import { EngineHost, type EngineHostOptions } from './engine-host.ts';
import { EngineLine } from './engine-line.ts';
import { ExportPlaces } from './export-places.ts';
import { readLaunchOptions, type LaunchOptions } from './launch-options.ts';
import { setMenu } from './menu.ts';
import { Notifications } from './notifications.ts';
import { PAGE_URL } from './page-files.ts';
import { ExternalLinks } from './external-links.ts';
import { firstConfig } from './profiles/opening.ts';
import { ProfileShelf } from './profiles/profile-shelf.ts';
import { SecretVault } from './profiles/secret-vault.ts';
import { answerShellAsk } from './profiles/shell-answers.ts';
import { registerPageScheme, servePage } from './page-protocol.ts';
import { isTrustedSender, refusePermissions } from './security.ts';
import { SignInPages } from './sign-in-pages.ts';
import { HealthTray } from './tray.ts';
import { WaitingRoute } from './waiting-route.ts';
import { loadPage, openWindow } from './window.ts';

/** The application: composes the parts of the shell, and nothing else happens here. */
const here = import.meta.dirname;
const RUNS_ALREADY =
  'Runledger runs on this data folder already. Its window comes to the front; a link opens in it, and options of this start do nothing. ' +
  'End it first, or name another folder with --data-dir.';
const print = (line: string): void => void process.stderr.write(`${line}\n`);
goOnUnread();

const launch = readLaunchOptions(process.argv.slice(app.isPackaged ? 1 : 2), process.env);
if (!launch.ok) refuse(launch.error, print);
else {
  const { dataDir } = launch.value;
  const opened = openDataDir(dataDir ?? app.getPath('userData'));
  if (dataDir !== null && opened.ok) app.setPath('userData', dataDir);
  if (!opened.ok) refuse(opened.error, print);
  // A second start hands its link to the first and ends; two engines on one folder would fight over the offline copy.
  else if (app.requestSingleInstanceLock()) run(launch.value);
  else {
    print(RUNS_ALREADY);
    app.exit(0);
  }
}

/** Ends a start that cannot go on. Whoever opened an installed application sees no terminal, and on Linux no dialog before Electron is ready. */
function refuse(error: AppError, say: (line: string) => void): void {
  const sentence = explainError(error);
  say(sentence);
  if (!app.isPackaged) {
    app.exit(2);
    return;
  }
  void app.whenReady().then(() => {
    dialog.showErrorBox('Runledger cannot start', sentence);
    app.exit(2);
  });
}

function run(options: LaunchOptions): void {
  const dataDir = app.getPath('userData');
  let engine: EngineHost | null = null;
  const appLog = new AppLog({
    folder: path.join(dataDir, 'logs'),
    secrets: () => secretsIn(engine?.config ?? { ...options.engine, dataDir, version: app.getVersion() }),
    echo: print,
  });
  const log = (line: string): void => appLog.say('main', line);
  process.on('uncaughtExceptionMonitor', (cause) => log(`an uncaught error: ${cause.stack ?? cause.message}`));
  const open = (route: string | null): Promise<BrowserWindow> =>
    openWindow({
      preload: path.join(here, '../preload/index.cjs'),
      stateFile: path.join(dataDir, 'window.json'),
      route,
      follow: (url) => void links.follow(url),
      log,
    });
  const openOutside = (link: string): void => {
    // What a page to sign in at is asked for stands in its query, and belongs into no log.
    log(`opening ${link.split('?')[0] ?? ''} in the system's browser`);
    shell.openExternal(link).catch((cause: unknown) => log(`the browser could not be opened: ${String(cause)}`));
  };
  const links = new ExternalLinks(openOutside, () => performance.now());

  const notifications = new Notifications((route) => show(route));

  registerPageScheme();
  app.enableSandbox();
  // From its sources it is Electron's own program, which as the system's answer to our links would take them for folders.
  if (app.isPackaged) app.setAsDefaultProtocolClient(LINK_SCHEME);
  // Windows shows notifications only for an identity that its start menu knows.
  app.setAppUserModelId(APP_ID);

  ipcMain.on(PORT_CHANNEL, (event) => {
    if (isTrustedSender(event.senderFrame)) engine?.connect(event.sender);
    else log('a frame that is not the page asked for a port and got none');
  });

  const show = (route: string | null): void => {
    const [window] = BrowserWindow.getAllWindows();
    if (window === undefined) void open(route);
    else {
      if (window.isMinimized()) window.restore();
      window.focus();
      if (route !== null) void loadPage(window, `${PAGE_URL}#${route}`, log);
    }
  };
  const waiting = new WaitingRoute(options.link === null ? null : routeOfLink(options.link), show);
  const follow = (link: string | null): void => waiting.go(link === null ? null : routeOfLink(link));
  app.on('second-instance', (_event, argv) =>
    follow(argv.find((argument) => argument.startsWith(`${LINK_SCHEME}:`)) ?? null),
  );
  app.on('open-url', (event, url) => {
    event.preventDefault();
    follow(url);
  });
  app.on('activate', () => follow(null));
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });

  let isStopped = false;
  app.on('before-quit', (event) => {
    if (isStopped) return;
    // The engine hands its jobs back before the application goes.
    event.preventDefault();
    void Promise.resolve(engine?.stop()).then(async () => {
      await appLog.close();
      isStopped = true;
      app.quit();
    });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit());

  void app.whenReady().then(async () => {
    refusePermissions(session.defaultSession);
    servePage(path.join(here, '../renderer'), path.join(dataDir, 'artefacts'), () => engine?.previews ?? 'none');
    setMenu(process.platform, show);
    // The key store answers only now.
    const shelf = new ProfileShelf(
      path.join(dataDir, 'connections.json'),
      new SecretVault(safeStorage, process.platform),
      log,
    );
    const config = firstConfig(
      { ...options, config: { ...options.engine, dataDir, version: app.getVersion() } },
      shelf,
    );
    if (!config.ok) {
      refuse(config.error, log);
      return;
    }
    const tray = new HealthTray((action) => {
      if (action === 'open') show(null);
      else if (action === 'quit') app.quit();
      else line.control(action);
    });
    const line = new EngineLine((status) => tray.show(status), log);
    const places = new ExportPlaces(exportFolderOf(dataDir), {
      askPlace,
      showFile: (file) => shell.showItemInFolder(file),
    });
    const signInPages = new SignInPages({ agree: agreeToPage, open: openOutside }, () => performance.now());
    engine = hostEngine(
      { config: config.value, shelf, appLog, places, signInPages },
      {
        onNotice: (notice) => void notifications.show(notice),
        onPort: (port) => line.connect(port),
      },
    );
    engine.start();
    await open(waiting.open());
  });
}

/** The engine's process, which may start itself anew on another connection. */
function hostEngine(
  {
    config,
    shelf,
    appLog,
    places,
    signInPages,
  }: { config: EngineConfig; shelf: ProfileShelf; appLog: AppLog; places: ExportPlaces; signInPages: SignInPages },
  heard: Pick<EngineHostOptions, 'onNotice' | 'onPort'>,
): EngineHost {
  const host: EngineHost = new EngineHost({
    entry: path.join(here, 'engine.js'),
    config,
    answer: (ask) => {
      const restart = (next: EngineConfig): void => void host.restart(next);
      const parts = {
        shelf,
        logTail: () => appLog.tail,
        config: () => host.config,
        restart,
        exports: places,
        signInPages,
      };
      return answerShellAsk(parts, ask);
    },
    log: (line) => appLog.say('engine', line),
    now: () => performance.now(),
    ...heard,
  });
  return host;
}

/** Asks by the system's own dialog, which stays before the window until it is answered. */
async function askPlace(name: string): Promise<string | null> {
  const [window] = BrowserWindow.getAllWindows();
  const options = { title: 'Save the export', defaultPath: name };
  const { canceled, filePath } =
    window === undefined ? await dialog.showSaveDialog(options) : await dialog.showSaveDialog(window, options);
  return canceled || filePath === '' ? null : filePath;
}

/** Asks by the system's own dialog, which no page can answer, before somebody is led to a page that a server names. */
async function agreeToPage(host: string, server: string, withdrawn: AbortSignal): Promise<boolean> {
  const [window] = BrowserWindow.getAllWindows();
  const options = {
    type: 'question' as const,
    title: 'Sign in',
    message: `Open ${host} in your browser?`,
    detail: `The server ${server} wants you to sign in there. Go on only if you know this page.`,
    buttons: ['Open', 'Cancel'],
    defaultId: 0,
    cancelId: 1,
    // Closes it as if it had been cancelled.
    signal: withdrawn,
  };
  const { response } =
    window === undefined ? await dialog.showMessageBox(options) : await dialog.showMessageBox(window, options);
  return response === 0;
}
