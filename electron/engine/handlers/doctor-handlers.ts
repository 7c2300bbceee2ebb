import type { EngineStatus } from '#contract/status.ts';
import { appError, explainError, type AppError } from '#domain/errors.ts';
import { redactText } from '#domain/redacted-text.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import { runChecks, type CheckedPart } from '../doctor/checks.ts';
import type { Shell } from '../shell-link.ts';
import type { HandlersOf } from './handler.ts';

/** What the doctor looks at. */
export interface DoctorParts {
  readonly shell: Shell;
  /** Null while the server is away. */
  readonly store: () => Store | null;
  readonly status: () => EngineStatus;
  readonly dataDir: string;
  readonly copyFile: string;
  readonly metInCopy: (error: AppError) => void;
  readonly now: () => number;
}

/** What is wrong with the set-up, and what to send to whoever helps. */
export function doctorHandlers(parts: DoctorParts): HandlersOf<'doctor'> {
  const check = (signal: AbortSignal): Promise<readonly CheckedPart[]> =>
    runChecks(
      {
        store: openStoreOf(parts),
        dataDir: parts.dataDir,
        copyFile: parts.copyFile,
        metInCopy: parts.metInCopy,
        signal,
        say: () => undefined,
        nowMs: parts.now,
      },
      { verify: false },
      () => undefined,
    );
  return {
    'doctor.run': async (_params, { signal }) => ok({ parts: [...(await check(signal))] }),
    'doctor.diagnostics': async (_params, { signal }) => {
      const checked = await check(signal);
      const log = await parts.shell.ask('log.tail', {});
      const { person: _person, ...status } = parts.status();
      const lines = [
        `Runledger ${status.version}, ${new Date(parts.now()).toISOString()}`,
        ...checked.map(
          ({ name, level, says, todo }) =>
            `${level.padEnd(8)}${name.padEnd(12)}${says}${todo === null ? '' : `\n  ${todo}`}`,
        ),
        '',
        JSON.stringify(status, null, 2),
        '',
        ...(log.ok ? log.value.lines : [explainError(log.error)]),
      ];
      return ok({ text: redactText(lines.join('\n')) });
    },
  };
}

function openStoreOf({ store, status }: DoctorParts): Result<Store, AppError> {
  const open = store();
  if (open !== null) return ok(open);
  const { connection } = status();
  return err(
    connection.state === 'disconnected' ? connection.error : appError('server_unreachable', 'not connected yet'),
  );
}
