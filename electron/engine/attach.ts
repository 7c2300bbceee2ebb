import type { AppError } from '#domain/errors.ts';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { ok, type Result } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import type { SignIn } from '#store/sign-in.ts';
import type { KeptConnection } from './connection-keeper.ts';
import { loaded } from './loaded.ts';

/** A store that a {@link ConnectionKeeper} can look after. */
export interface AttachedStore extends KeptConnection {
  readonly store: Store;
}

/** The server to attach to; `uri` may hold a password, null for `dbName` takes the one that the URI names. */
export interface AttachOptions {
  readonly uri: string;
  readonly dbName: string | null;
  /** What the server's own logs call this connection. */
  readonly appName: string;
  /** True where nothing may be written over this connection; left out, it may. */
  readonly isReadOnly?: boolean;
  /** How the documents there stand for jobs; left out or null where they are jobs already. */
  readonly mapping?: JobMapping | null | undefined;
  /** How people sign in where the address wants them to; left out where nobody is there to do so. */
  readonly signIn?: SignIn | null;
}

/**
 * Opens a store with this process's clock and randomness. Errors: those of `openStore`, and `internal`. The driver is loaded here and by nobody before:
 * a copy is shown without it.
 */
export async function attach(options: AttachOptions): Promise<Result<AttachedStore, AppError>> {
  const program = await loaded("MongoDB's driver", () => import('#store/process-store.ts'));
  if (!program.ok) return program;
  const store = await program.value.openProcessStore(options);
  const noteRefused = <Value>(result: Result<Value, AppError>): Result<Value, AppError> => {
    if (!result.ok && result.error.code === 'login_refused') options.signIn?.refused(result.error);
    return result;
  };
  if (!store.ok) return noteRefused(store);
  const { topology } = store.value.reader;
  return ok({
    store: store.value,
    server: topology.server,
    hasChangeStreams: topology.hasChangeStreams,
    ping: async () => noteRefused(await store.value.reader.ping()),
    close: () => store.value.close(),
  });
}
