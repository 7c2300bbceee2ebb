import type { EngineConfig } from '#engine/messages.ts';
import { ShellLink } from '#engine/shell-link.ts';
import type { ProfileShelf } from '../../electron/main/profiles/profile-shelf.ts';
import { answerShellAsk } from '../../electron/main/profiles/shell-answers.ts';

/** What an engine asks its shell, answered as main does and across a port; going to another connection is noted by nobody. */
export function shelfShell(parts: {
  readonly shelf: ProfileShelf;
  readonly config: () => EngineConfig;
  readonly logTail?: () => readonly string[];
}): ShellLink {
  const { shelf, config, logTail = () => [] } = parts;
  const shell: ShellLink = new ShellLink(({ id, name, params }) => {
    const answer = answerShellAsk({ shelf, logTail, config, restart: () => undefined }, name, structuredClone(params));
    setImmediate(() => shell.answered(id, structuredClone(answer)));
  });
  return shell;
}
