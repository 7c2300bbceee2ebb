import { explainError } from '#domain/errors.ts';
import { openProcessStore } from '#store/process-store.ts';

/** The exit status of a command whose server does not answer: nothing was run, so nothing failed. */
export const EXIT_NO_SERVER = 2;

/** Whoever names a server for a tool has it at hand. */
const ANSWER_MS_MAX = 5000;

/** Asks the server that somebody named, and says on the standard error where it does not answer. @returns true where it does, or none was named */
export async function isThere(uri: string | undefined): Promise<boolean> {
  if (uri === undefined) return true;
  const store = await openProcessStore({
    uri,
    dbName: null,
    appName: 'runledger-test',
    isReadOnly: true,
    connectTimeoutMs: ANSWER_MS_MAX,
  });
  if (store.ok) await store.value.close();
  else process.stderr.write(`Nothing was run. ${explainError(store.error)}\n`);
  return store.ok;
}
