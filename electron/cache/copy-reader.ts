import type { CacheReader } from './reader.ts';

/** A method of the reader by its name. */
export type ReaderMethod = keyof CacheReader;

/** What a method of the reader answers. */
export type ReaderAnswer<Method extends ReaderMethod> = ReturnType<CacheReader[Method]>;

/**
 * The copy as whoever reads it sees it: on this thread ({@link CacheReader}), where it answers at once, or on threads of its own
 * (`ReaderThreads`), where it answers later. Whoever awaits every answer works with both.
 */
export type CopyReader = {
  readonly [Method in ReaderMethod]: (
    ...args: Parameters<CacheReader[Method]>
  ) => ReaderAnswer<Method> | Promise<ReaderAnswer<Method>>;
};
