import { exportFolderOf } from '#engine/data-files.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { ShellLink } from '#engine/shell-link.ts';
import { ExportPlaces } from '../../electron/main/export-places.ts';
import { OpenAsks } from '../../electron/main/open-asks.ts';
import type { ProfileShelf } from '../../electron/main/profiles/profile-shelf.ts';
import { SignInPages } from '../../electron/main/sign-in-pages.ts';
import { answerShellAsk } from '../../electron/main/profiles/shell-answers.ts';

/**
 * What an engine asks its shell, answered as main does and across a port; going to another connection is noted by nobody, and whoever
 * is asked where an export is to be kept answers as told, or changes their mind.
 */
export function shelfShell(parts: {
  readonly shelf: ProfileShelf;
  readonly config: () => EngineConfig;
  readonly logTail?: () => readonly string[];
  readonly restart?: (config: EngineConfig) => void;
  readonly askPlace?: (name: string) => Promise<string | null>;
  /** Who is led to a page to sign in at; left out, nobody. */
  readonly browse?: (url: string) => void;
  /** Whether they agree to a page; left out, to every one at once. */
  readonly agree?: (host: string, server: string, withdrawn: AbortSignal) => Promise<boolean>;
  /** The clock by which pages are kept apart. */
  readonly monotonicMs?: () => number;
}): ShellLink {
  const {
    shelf,
    config,
    logTail = () => [],
    restart = () => undefined,
    askPlace = () => Promise.resolve(null),
    browse = () => undefined,
    agree = () => Promise.resolve(true),
    monotonicMs = () => performance.now(),
  } = parts;
  const signInPages = new SignInPages({ agree, open: browse }, monotonicMs);
  const asks = new OpenAsks((ask) => {
    const exports = new ExportPlaces(exportFolderOf(config().dataDir), { askPlace, showFile: () => undefined });
    return answerShellAsk({ shelf, logTail, config, restart, exports, signInPages }, ask);
  });
  const shell: ShellLink = new ShellLink((sent) => {
    if (sent.type === 'withdraw') {
      asks.withdraw(sent.id);
      return;
    }
    const { id, name, params } = sent;
    void asks.answer(id, name, structuredClone(params)).then((answer) =>
      // As over a port: what crosses it is a copy, and comes later.
      setImmediate(() => shell.answered(id, structuredClone(answer))),
    );
  });
  return shell;
}
