import { EventEmitter } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Session, WebContents } from 'electron';
import { describe, expect, it } from 'vitest';
import { FUSES } from '#cli/packaging.ts';
import { PREVIEW_PATH } from '#contract/output-views.ts';
import { ExternalLinks } from '../../../electron/main/external-links.ts';
import { CONTENT_SECURITY_POLICY, PAGE_ORIGIN, PAGE_URL, pageFileOf } from '../../../electron/main/page-files.ts';
import { confine, isTrustedSender, refusePermissions, WEB_PREFERENCES } from '../../../electron/main/security.ts';

/**
 * Electron's own security checklist (https://www.electronjs.org/docs/latest/tutorial/security), one test an item, in its order.
 * What only a running window shows stands in test/e2e/security.spec.ts besides.
 */
const root = fileURLToPath(new URL('../../..', import.meta.url));

function sourcesOf(pattern: string): readonly { readonly file: string; readonly text: string }[] {
  const files = globSync(pattern, { cwd: root });
  expect(files.length).toBeGreaterThan(0);
  return files.map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
}

const shell = sourcesOf('electron/{main,preload}/**/*.ts');
const page = sourcesOf('renderer/**/*.{ts,tsx,css,html}');

function filesWith(sources: typeof shell, pattern: RegExp): readonly string[] {
  return sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);
}

/** What a directive of the policy allows. */
function allowed(directive: string): readonly string[] {
  const found = CONTENT_SECURITY_POLICY.split('; ').find((part) => part.startsWith(`${directive} `));
  return found?.split(' ').slice(1) ?? [];
}

/** The contents of a window as far as main listens to them, which say whether something was let happen. */
class ListenedContents extends EventEmitter {
  openHandler: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });

  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler;
  }

  isLetHappen(name: string, url: string, isMainFrame = true): boolean {
    let isPrevented = false;
    const event = {
      url,
      isMainFrame,
      preventDefault: () => {
        isPrevented = true;
      },
    };
    this.emit(name, event, {}, {});
    return !isPrevented;
  }
}

function confined(follow: (url: string) => void = () => undefined): ListenedContents {
  const contents = new ListenedContents();
  // Only what `confine` calls is there; anything else would throw.
  confine(contents as unknown as WebContents, follow);
  return contents;
}

const FOREIGN = [
  'https://example.com/',
  'http://localhost/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'data:text/html,x',
  'app://other/index.html',
  `${PAGE_ORIGIN}.example.com/`,
  '',
];

describe("Electron's security checklist", () => {
  it('1: only secure content is loaded, and none from elsewhere', () => {
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/https?:|ws:|\*/);
    expect(filesWith(page, /(?:src|href)=["']https?:|url\(["']?https?:|@import\s+["']https?:/)).toEqual([]);
  });

  it('2: no Node in a page, a frame or a worker of it', () => {
    const { nodeIntegration, nodeIntegrationInWorker, nodeIntegrationInSubFrames } = WEB_PREFERENCES;
    expect([nodeIntegration, nodeIntegrationInWorker, nodeIntegrationInSubFrames]).toEqual([false, false, false]);
  });

  it('3: the page and the preload are isolated from one another', () => {
    expect(WEB_PREFERENCES.contextIsolation).toBe(true);
  });

  it('4: every process of a page is sandboxed', () => {
    expect(WEB_PREFERENCES.sandbox).toBe(true);
    expect(filesWith(shell, /app\.enableSandbox\(\)/)).toEqual(['electron/main/index.ts']);
    expect(filesWith(shell, /no-sandbox/)).toEqual([]);
  });

  it('5: permissions are refused, asked for or looked up, but writing to the clipboard from the page itself', () => {
    type Ask = (contents: { getURL(): string }, permission: string, answer: (is: boolean) => void) => void;
    type Check = (contents: { getURL(): string } | null, permission: string) => boolean;
    let [ask, check]: [Ask | null, Check | null] = [null, null];
    const session = Object.assign(new EventEmitter(), {
      setPermissionRequestHandler: (handler: Ask) => (ask = handler),
      setPermissionCheckHandler: (handler: Check) => (check = handler),
    });
    refusePermissions(session as unknown as Session);
    const decide = (url: string, permission: string): readonly (boolean | undefined)[] => {
      let isGranted: boolean | undefined;
      ask?.({ getURL: () => url }, permission, (is) => (isGranted = is));
      return [isGranted, check?.({ getURL: () => url }, permission)];
    };
    const refused = [
      'media',
      'geolocation',
      'notifications',
      'midi',
      'fullscreen',
      'openExternal',
      'clipboard-read',
      'usb',
    ];
    for (const permission of refused)
      expect([permission, decide(PAGE_URL, permission)]).toEqual([permission, [false, false]]);
    expect(decide(PAGE_URL, 'clipboard-sanitized-write')).toEqual([true, true]);
    expect(decide('https://example.com/', 'clipboard-sanitized-write')).toEqual([false, false]);
    let isSaved = true;
    session.emit('will-download', { preventDefault: () => (isSaved = false) });
    expect(isSaved).toBe(false);
  });

  it('6: web security is on', () => {
    expect(WEB_PREFERENCES.webSecurity).toBe(true);
    expect(filesWith(shell, /disable-web-security|ignore-certificate-errors|certificate-error/)).toEqual([]);
  });

  it('7: the policy of the page allows its own files and nothing written inline', () => {
    expect(allowed('default-src')).toEqual(["'none'"]);
    expect(allowed('script-src')).toEqual(["'self'"]);
    expect(allowed('style-src')).toEqual(["'self'"]);
    expect(allowed('connect-src')).toEqual(["'self'"]);
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-(?:inline|eval|hashes)/);
    expect(pageFileOf(PAGE_URL, '/bundle')?.headers['Content-Security-Policy']).toBe(CONTENT_SECURITY_POLICY);
  });

  it('8: no insecure content in a secure page', () => {
    expect(WEB_PREFERENCES.allowRunningInsecureContent).toBe(false);
  });

  it('9: no experimental features', () => {
    expect(WEB_PREFERENCES.experimentalFeatures).toBe(false);
  });

  it('10: no features of Blink that are off by default', () => {
    expect(filesWith(shell, /enableBlinkFeatures|enable-blink-features/)).toEqual([]);
  });

  it('11: no page in the page, and so none that may open windows', () => {
    expect(filesWith(page, /<webview|allowpopups/i)).toEqual([]);
  });

  it('12: a page in the page is refused, whatever its options are', () => {
    expect(WEB_PREFERENCES.webviewTag).toBe(false);
    expect(confined().isLetHappen('will-attach-webview', PAGE_URL)).toBe(false);
  });

  it.each(['will-navigate', 'will-redirect'])('13: the page goes nowhere but to itself (%s)', (name) => {
    const contents = confined();
    expect(FOREIGN.filter((url) => contents.isLetHappen(name, url))).toEqual([]);
    expect(contents.isLetHappen(name, `${PAGE_URL}#/jobs`)).toBe(true);
  });

  it('13: a frame of the page goes nowhere but to an artefact', () => {
    const contents = confined();
    const isLet = (url: string): boolean => contents.isLetHappen('will-frame-navigate', url, false);
    expect([...FOREIGN, PAGE_URL, `${PAGE_ORIGIN}/preview/../index.html`].filter(isLet)).toEqual([]);
    expect(isLet(`${PAGE_ORIGIN}${PREVIEW_PATH}a.html`)).toBe(true);
    expect(contents.isLetHappen('will-frame-navigate', PAGE_URL)).toBe(true);
  });

  it('14: the page opens no window', () => {
    const contents = confined();
    expect([...FOREIGN, PAGE_URL].map((url) => contents.openHandler({ url }).action)).toEqual(
      [...FOREIGN, PAGE_URL].map(() => 'deny'),
    );
  });

  it('15: of a page only an address on the list is handed to the system to open, in one place', () => {
    const opened: string[] = [];
    const links = new ExternalLinks(
      (link) => opened.push(link),
      () => opened.length * 1000,
    );
    const contents = confined((url) => links.follow(url));
    for (const url of [...FOREIGN, PAGE_URL]) contents.openHandler({ url });
    expect(opened).toEqual([]);
    const docs = 'https://www.mongodb.com/docs/manual/indexes/';
    expect(contents.openHandler({ url: docs })).toEqual({ action: 'deny' });
    expect(opened).toEqual([docs]);
    expect(filesWith(shell, /openPath/)).toEqual([]);
    expect(filesWith(shell, /openExternal|import \{[^}]*\bshell\b[^}]*\} from 'electron'/)).toEqual([
      'electron/main/index.ts',
    ]);
    const [index] = shell.filter(({ file }) => file === 'electron/main/index.ts');
    expect(index?.text.match(/openExternal\([^)]*\)/g)).toEqual(['openExternal(link)']);
    // Shown in its folder and never opened, by the places of exports alone, which know no file but those.
    expect(index?.text.match(/showItemInFolder\([^)]*\)/g)).toEqual(['showItemInFolder(file)']);
    expect(filesWith(shell, /showItemInFolder/)).toEqual(['electron/main/index.ts']);
  });

  it('16: Electron is of a pinned version, and that one is installed', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const pinned = manifest.devDependencies['electron'] ?? '';
    expect(pinned).toMatch(/^\d+\.\d+\.\d+$/);
    const installed = createRequire(import.meta.url)('electron/package.json') as { version: string };
    expect(installed.version).toBe(pinned);
  });

  it('17: whoever sends to main is looked at first, in every place where main listens', () => {
    expect(isTrustedSender({ url: PAGE_URL, parent: null })).toBe(true);
    for (const url of FOREIGN) expect([url, isTrustedSender({ url, parent: null })]).toEqual([url, false]);
    expect(isTrustedSender({ url: PAGE_URL, parent: {} })).toBe(false);
    expect(isTrustedSender(null)).toBe(false);
    for (const { text } of shell) {
      const listens = [...text.matchAll(/ipcMain\.(?:on|once|handle|handleOnce)\(/g)].length;
      const looks = [...text.matchAll(/isTrustedSender\(event\.senderFrame\)/g)].length;
      expect(looks).toBeGreaterThanOrEqual(listens);
    }
  });

  it('18: the page comes by a protocol of its own, which serves the bundle and nothing besides', () => {
    expect(filesWith(shell, /loadFile\(|file:\/\//)).toEqual([]);
    expect(PAGE_URL.startsWith('app://')).toBe(true);
    const outside = [
      `${PAGE_ORIGIN}/../secret.json`,
      `${PAGE_ORIGIN}/%2e%2e%2fsecret.json`,
      `${PAGE_ORIGIN}/..%5csecret.json`,
      `${PAGE_ORIGIN}/%00.html`,
      'app://other/index.html',
      'file:///bundle/index.html',
      `${PAGE_ORIGIN}/binary.exe`,
    ];
    const served = outside.flatMap((url) => pageFileOf(url, '/bundle')?.path ?? []);
    expect(served.filter((file) => !file.startsWith('/bundle/'))).toEqual([]);
    expect(pageFileOf(`${PAGE_ORIGIN}/binary.exe`, '/bundle')).toBeNull();
    expect(pageFileOf('app://other/index.html', '/bundle')).toBeNull();
  });

  it('19: the fuses leave an executable that is nothing but this application', () => {
    // The order of the options: https://github.com/electron/fuses
    const { version: _version, strictlyRequireAllFuses, ...fuses } = FUSES;
    expect(strictlyRequireAllFuses).toBe(true);
    expect(Object.values(fuses).filter((value) => value === true)).toHaveLength(4);
    expect(FUSES).toMatchObject({
      0: false, // RunAsNode
      1: true, // EnableCookieEncryption
      2: false, // EnableNodeOptionsEnvironmentVariable
      3: false, // EnableNodeCliInspectArguments
      4: true, // EnableEmbeddedAsarIntegrityValidation
      5: true, // OnlyLoadAppFromAsar
      6: false, // LoadBrowserProcessSpecificV8Snapshot
      7: false, // GrantFileProtocolExtraPrivileges
      8: true, // WasmTrapHandlers
    });
  });

  it('20: the page gets three functions and nothing of Electron', () => {
    const [preload, ...others] = shell.filter(({ text }) => text.includes('exposeInMainWorld'));
    expect([preload?.file, others]).toEqual(['electron/preload/index.ts', []]);
    const text = preload?.text ?? '';
    expect([...text.matchAll(/exposeInMainWorld\(/g)]).toHaveLength(1);
    const bridge = /const bridge: WindowBridge = \{([\s\S]*?)\n\};/.exec(text)?.[1] ?? '';
    expect([...bridge.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name)).toEqual(['invoke', 'cancel', 'subscribe']);
    expect(bridge).not.toMatch(/ipcRenderer|require|electron/);
  });
});
