import { existsSync, mkdirSync, readFileSync, watch, writeFileSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { BrowserWindow } from './browser-window.ts';
import { PreventableEvent, refusal, say, StandInEmitter } from './refusing.ts';

const manifestSchema = z.object({ name: z.string(), productName: z.string().optional(), version: z.string() });

/** The application that the main script belongs to: the nearest package above it. */
function readManifest(from: string): z.infer<typeof manifestSchema> {
  for (let folder = path.dirname(from); ; folder = path.dirname(folder)) {
    try {
      return manifestSchema.parse(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')));
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause;
    }
    if (folder === path.dirname(folder)) throw new Error(`${from} belongs to no package.`);
  }
}

/** Where Electron keeps an application's data on this system. */
function defaultUserData(name: string, platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string {
  if (platform === 'win32') return path.join(env['APPDATA'] ?? path.join(homedir(), 'AppData', 'Roaming'), name);
  if (platform === 'darwin') return path.join(homedir(), 'Library', 'Application Support', name);
  return path.join(env['XDG_CONFIG_HOME'] ?? path.join(homedir(), '.config'), name);
}

/** Electron's `app`. */
export class App extends StandInEmitter {
  readonly isPackaged = false;
  readonly #manifest = readManifest(process.argv[1] ?? '');
  #userData: string;
  #lock: Database.Database | null = null;
  /** The data folder whose lock was tried. */
  #lockedData: string | null = null;
  #isHeeding = false;
  #isQuitting = false;
  #onQuit: () => Promise<void> = () => Promise.resolve();
  #onFirst: () => void = () => undefined;

  constructor() {
    super('app', [
      'second-instance',
      'open-url',
      'activate',
      'window-all-closed',
      'before-quit',
      'will-quit',
      'quit',
      'ready',
    ]);
    this.#userData = defaultUserData(this.name, process.platform, process.env);
  }

  get name(): string {
    return this.#manifest.productName ?? this.#manifest.name;
  }

  getVersion(): string {
    return this.#manifest.version;
  }

  getPath(name: string): string {
    if (name !== 'userData') throw refusal(`app.getPath('${name}')`);
    return this.#userData;
  }

  setPath(name: string, value: string): void {
    if (name !== 'userData') throw refusal(`app.setPath('${name}')`);
    this.#userData = value;
  }

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  isReady(): boolean {
    return true;
  }

  /** Chromium's sandbox is on for every page unless Chromium is started without it, which is said then. */
  enableSandbox(): void {
    return;
  }

  /** The stand-in registers nothing with the system. @returns false, as where registering failed */
  setAsDefaultProtocolClient(): boolean {
    return false;
  }

  /** An identity on Windows; the stand-in's windows are Chromium's. */
  setAppUserModelId(): void {
    return;
  }

  /**
   * True for the first instance on a data folder. The lock is the operating system's, held on a file by SQLite, so that it goes with
   * the process however it ends. A second instance leaves its command line for the first.
   */
  requestSingleInstanceLock(): boolean {
    if (this.#lockedData === null) this.#tryLock();
    if (this.#lockedData !== this.#userData) throw refusal('another data folder than the one that was told');
    if (this.#lock !== null && !this.#isHeeding) this.#heedOthers();
    return this.#lock !== null;
  }

  /**
   * Takes the lock before the application asks for it.
   * @param userData the data folder, empty for the default one; one that is not there yet is left to the application to make
   */
  beginOn(userData: string): void {
    if (userData !== '') this.#userData = userData;
    if (existsSync(this.#userData)) this.#tryLock();
  }

  get #lockFolder(): string {
    return path.join(this.#userData, 'electron-stand-in');
  }

  #tryLock(): void {
    this.#lockedData = this.#userData;
    const folder = this.#lockFolder;
    mkdirSync(folder, { recursive: true });
    const lock = new Database(path.join(folder, 'instance.lock'), { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (cause) {
      lock.close();
      if (!(cause instanceof Database.SqliteError && cause.code === 'SQLITE_BUSY')) throw cause;
      writeFileSync(path.join(folder, `${process.pid}.argv`), JSON.stringify(process.argv));
      return;
    }
    this.#lock = lock;
    // Of starts that an earlier instance did not hear of any more.
    for (const file of this.#otherStarts()) rmSync(file);
    this.#onFirst();
  }

  #otherStarts(): readonly string[] {
    const folder = this.#lockFolder;
    return readdirSync(folder)
      .filter((name) => name.endsWith('.argv'))
      .map((name) => path.join(folder, name));
  }

  /** Tells the application of every other start, also of those since the lock was taken. */
  #heedOthers(): void {
    this.#isHeeding = true;
    const heed = (): void => this.#otherStarts().forEach((file) => this.#secondInstance(file));
    watch(this.#lockFolder, { persistent: false }, heed);
    // The application sets its listeners once it has the lock.
    setImmediate(heed);
  }

  /** What to do as soon as this is known to be the one instance on its data folder. */
  afterLock(action: () => void): void {
    this.#onFirst = action;
  }

  /** What to do last before the process ends. */
  beforeExit(action: () => Promise<void>): void {
    this.#onQuit = action;
  }

  quit(): void {
    if (this.#isQuitting) return;
    const event = new PreventableEvent();
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    this.#isQuitting = true;
    for (const window of BrowserWindow.getAllWindows()) window.close();
    if (BrowserWindow.getAllWindows().length > 0) {
      this.#isQuitting = false;
      return;
    }
    const last = new PreventableEvent();
    this.emit('will-quit', last);
    this.emit('quit', {}, 0);
    this.exit(0);
  }

  exit(code: number): void {
    this.#isQuitting = true;
    void this.#onQuit().finally(() => process.exit(code));
  }

  /** A window was closed; `left` are still open. */
  windowClosed(left: number): void {
    if (left > 0 || this.#isQuitting) return;
    if (this.listenerCount('window-all-closed') === 0) this.quit();
    else this.emit('window-all-closed');
  }

  #secondInstance(file: string): void {
    try {
      const argv = z.array(z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
      rmSync(file);
      this.emit('second-instance', new PreventableEvent(), argv, process.cwd());
    } catch (cause) {
      // A folder is watched more than once for one change, and may be seen before the file is written whole.
      if (cause instanceof SyntaxError || (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'))
        return;
      say(`a second start could not be read: ${String(cause)}`);
    }
  }
}

export const app = new App();
