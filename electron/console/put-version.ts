import { appError, type AppError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import type { ReadableStore } from '#store/ports.ts';

/** Where versions stand. */
export interface Versions<InForce extends { readonly version: number }, Version> {
  inForce(): Promise<Result<InForce, AppError>>;
  append(version: Version): Promise<Result<boolean, AppError>>;
}

/**
 * Puts the next version in force. Errors, besides the store's and those of `next`: `write_conflict` where it was written over another
 * version than the one in force.
 * @param basedOn the version that it was written over
 * @param next makes it of the one in force, at the server's time
 */
export async function putVersion<InForce extends { readonly version: number }, Version>(
  {
    versions,
    reader,
  }: { readonly versions: Versions<InForce, Version>; readonly reader: Pick<ReadableStore, 'serverNow'> },
  basedOn: number,
  next: (inForce: InForce, at: Date) => Result<Version, AppError>,
): Promise<Result<Version, AppError>> {
  const inForce = await versions.inForce();
  if (!inForce.ok) return inForce;
  const conflict = err(appError('write_conflict', `the draft was written over version ${basedOn}`));
  if (inForce.value.version !== basedOn) return conflict;
  const now = await reader.serverNow();
  if (!now.ok) return now;
  const made = next(inForce.value, now.value);
  if (!made.ok) return made;
  const written = await versions.append(made.value);
  if (!written.ok) return written;
  return written.value ? made : conflict;
}
