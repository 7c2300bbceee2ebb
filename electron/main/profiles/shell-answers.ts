import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { safeParse } from '#domain/safe-parse.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { SHELL_ASKS, type ShellAnswer, type ShellAskName } from '#engine/shell-asks.ts';
import type { ExportPlaces } from '../export-places.ts';
import { switchedConfig } from './opening.ts';
import type { SignInPages } from '../sign-in-pages.ts';
import type { ProfileShelf } from './profile-shelf.ts';

/** What main answers the engine's asks with. */
export interface ShellParts {
  readonly shelf: ProfileShelf;
  /** The last lines of the log. */
  readonly logTail: () => readonly string[];
  /** How the engine runs now. */
  readonly config: () => EngineConfig;
  /** Starts the engine anew; called after the answer has gone out. */
  readonly restart: (config: EngineConfig) => void;
  readonly exports: Pick<ExportPlaces, 'saveAs' | 'show'>;
  readonly signInPages: Pick<SignInPages, 'open'>;
}

/** One ask of the engine. */
export interface OpenAsk {
  readonly name: ShellAskName;
  readonly params: unknown;
  /** Aborts when nobody waits for the answer any more. */
  readonly withdrawn: AbortSignal;
}

/** Answers one ask of the engine. What does not have the form that was agreed is refused, also between our own processes. */
export async function answerShellAsk(parts: ShellParts, { name, params, withdrawn }: OpenAsk): Promise<ShellAnswer> {
  const answer = await answerOf(parts, name, params, withdrawn);
  if (answer.ok) return answer;
  return { ok: false, error: { code: answer.error.code, detail: answer.error.detail } };
}

type MaybeLater = Result<unknown, AppError> | Promise<Result<unknown, AppError>>;

function answerOf(
  { shelf, logTail, config, restart, exports, signInPages }: ShellParts,
  name: ShellAskName,
  raw: unknown,
  withdrawn: AbortSignal,
): MaybeLater {
  switch (name) {
    case 'profiles.list':
      return shelf.list();
    case 'profiles.save':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), ({ profile, secrets, keepSecrets }) =>
        shelf.save(profile, secrets, keepSecrets),
      );
    case 'profiles.remove':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), ({ id }) => shelf.remove(id));
    case 'profiles.secrets':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), (profile) => ok(shelf.secretsOf(profile)));
    case 'profiles.switch':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), ({ id, secrets }) => {
        const target = id === null ? ok(null) : shelf.ready(id, secrets);
        if (!target.ok) return target;
        shelf.opened(id);
        const next = switchedConfig(config(), target.value);
        setImmediate(() => restart(next));
        return ok({});
      });
    case 'exports.saveAs':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), ({ file }) => exports.saveAs(file));
    case 'exports.show':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), ({ file }) => exports.show(file));
    case 'signIn.open':
      return withParams(safeParse(SHELL_ASKS[name].params, raw), ({ url, server }) =>
        signInPages.open(url, server, withdrawn),
      );
    case 'log.tail':
      return ok({ lines: logTail() });
    default:
      return name satisfies never;
  }
}

function withParams<Params>(
  parsed: { readonly success: true; readonly data: Params } | { readonly success: false },
  act: (params: Params) => MaybeLater,
): MaybeLater {
  return parsed.success ? act(parsed.data) : err(appError('malformed_request', "the engine's ask of the desktop"));
}
