import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { appError, systemCodeOf, writingError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** What the name of a damaged file ends in once another one has taken its place. */
export const SET_ASIDE = '.damaged';

/** The bytes of a file, null where there is none. Errors: `malformed_document` where it cannot be read. */
export async function readIfThere(file: string): Promise<Result<Uint8Array | null, AppError>> {
  try {
    return ok(await readFile(file));
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === 'ENOENT') return ok(null);
    const says = `${path.basename(file)} cannot be read`;
    return err(appError('malformed_document', code === null ? says : `${says}: ${code}`, cause));
  }
}

/** What a JSON file holds, null where there is none. Errors: `malformed_document`. */
export async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Result<Value | null, AppError>> {
  const bytes = await readIfThere(file);
  if (!bytes.ok) return bytes;
  if (bytes.value === null) return ok(null);
  try {
    return ok(schema.parse(JSON.parse(Buffer.from(bytes.value).toString('utf8'))));
  } catch (cause) {
    return err(appError('malformed_document', `${path.basename(file)} is damaged`, cause));
  }
}

/** Writes a file that is complete or not there, whenever the power fails. */
export async function writeWhole(file: string, pieces: readonly Uint8Array[]): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, 'w');
  try {
    for (const piece of pieces) if (piece.length > 0) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  await syncFolder(path.dirname(file));
}

/** Makes a renaming last. Windows opens no folders, and writes their entries down by itself. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Runs the writing of what belongs to a run; what the disk refuses becomes `disk_full` or `internal`. */
export async function attemptWriting(write: () => Promise<void>): Promise<Result<void, AppError>> {
  try {
    await write();
    return ok(undefined);
  } catch (cause) {
    return err(writingError('the run could not be stored', cause));
  }
}
