import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { openStore, type Store, type StoreOptions } from './connection.ts';

const CONNECT_MS_MAX = 10_000;

/**
 * Opens a store with this process's clock, ids and randomness; connecting takes at most ten seconds, and it may write, unless told. Errors: those
 * of {@link openStore}.
 */
export function openProcessStore(
  options: Pick<StoreOptions, 'uri' | 'dbName' | 'appName'> &
    Partial<Pick<StoreOptions, 'connectTimeoutMs' | 'silenceMs' | 'isReadOnly' | 'mapping' | 'signIn'>>,
): Promise<Result<Store, AppError>> {
  return openStore({
    connectTimeoutMs: CONNECT_MS_MAX,
    isReadOnly: false,
    newId: randomUUID,
    random: Math.random,
    wait: (ms) => delay(ms),
    monotonicMs: () => performance.now(),
    ...options,
  });
}
