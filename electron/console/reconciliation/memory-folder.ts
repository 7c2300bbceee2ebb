import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { runSummarySchema } from '#contract/reconciliation-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import { NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { encodeRun, runRecordSchema, type RunRecord, type RunScope } from './run-record.ts';
import type { FinishedRun } from './run.ts';
import { decodeSeen, encodeSeen } from './view-file.ts';

/** What a folder of runs remembers. */
export interface RunMemory {
  readonly seen: SeenEntries;
  /** The last run of the scope that it was opened for, null where there was none. */
  readonly lastRun: RunRecord | null;
}

const SEEN_FILE = 'seen-entries.cols';

/**
 * Opens a folder of runs; one that is not there is an empty memory.
 * Errors: `malformed_document` for a damaged file.
 */
export async function openMemory(folder: string, scope: RunScope): Promise<Result<RunMemory, AppError>> {
  const seenFile = await readIfThere(path.join(folder, SEEN_FILE));
  if (!seenFile.ok) return seenFile;
  const seen = seenFile.value === null ? ok(NOTHING_SEEN) : decodeSeen(seenFile.value);
  if (!seen.ok) return seen;
  const lastRun = await readJson(path.join(folder, runFileOf(scope)), runRecordSchema);
  if (!lastRun.ok) return lastRun;
  return ok({ seen: seen.value, lastRun: lastRun.value });
}

/** Stores a finished run beside what it has seen. Each file is complete or not there, whenever the power fails. */
export async function saveMemory(
  folder: string,
  before: SeenEntries,
  run: FinishedRun,
): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, runFileOf(run.record.scope)), [Buffer.from(encodeRun(run.record), 'utf8')]);
    const seen = rememberSeen(run.view, before, null);
    await writeWhole(path.join(folder, SEEN_FILE), encodeSeen(seen));
  });
}

/** What a closed month counted, where this folder has it already; null where not. A damaged file counts as none. */
export async function openSealed(folder: string, name: string): Promise<SeenEntries | null> {
  const file = await readIfThere(path.join(folder, `${name}.cols`));
  if (!file.ok || file.value === null) return null;
  const seen = decodeSeen(file.value);
  return seen.ok ? seen.value : null;
}

/** Keeps what a closed month counted, so that it is asked of the server once. Errors: `disk_full`, `internal`. */
export function saveSealed(folder: string, name: string, seen: SeenEntries): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, `${name}.cols`), encodeSeen(seen));
  });
}

const LATEST_FILE = 'latest-run.json';
const latestRunSchema = runSummarySchema.pick({ scope: true, copyAsOfMs: true, comparison: true }).extend({
  /** The findings that the run before did not have, by id. */
  newIds: z.array(z.string()).default([]),
  /** Those that it had and this one has not, as they were. */
  solved: z.array(findingSchema).default([]),
});
/** Which run of a folder was the last, and what its record does not say of it. */
export type LatestRun = z.infer<typeof latestRunSchema>;

/** Which run was the last, null where none was. Errors: `malformed_document` for a damaged file. */
export function openLatest(folder: string): Promise<Result<LatestRun | null, AppError>> {
  return readJson(path.join(folder, LATEST_FILE), latestRunSchema);
}

/** Says which run was the last, once it is saved. Errors: `disk_full`, `internal`. */
export function saveLatest(folder: string, latest: LatestRun): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    const text = JSON.stringify(latestRunSchema.parse(latest));
    await writeWhole(path.join(folder, LATEST_FILE), [Buffer.from(text, 'utf8')]);
  });
}

/** One file a scope; ids may hold any character, and a file's name must not. */
function runFileOf(scope: RunScope): string {
  const workspace = scope.workspaceId === null ? 'all' : `w-${Buffer.from(scope.workspaceId).toString('base64url')}`;
  return `last-run-${workspace.slice(0, 200)}-${scope.period ?? 'always'}.json`;
}

async function readIfThere(file: string): Promise<Result<Uint8Array | null, AppError>> {
  try {
    return ok(await readFile(file));
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return ok(null);
    return err(appError('malformed_document', `${path.basename(file)} cannot be read: ${codeOf(cause)}`, cause));
  }
}

async function readJson<Value>(file: string, schema: z.ZodType<Value>): Promise<Result<Value | null, AppError>> {
  const bytes = await readIfThere(file);
  if (!bytes.ok) return bytes;
  if (bytes.value === null) return ok(null);
  try {
    return ok(schema.parse(JSON.parse(Buffer.from(bytes.value).toString('utf8'))));
  } catch (cause) {
    return err(appError('malformed_document', `${path.basename(file)} is damaged`, cause));
  }
}

async function writeWhole(file: string, pieces: readonly Uint8Array[]): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, 'w');
  try {
    for (const piece of pieces) if (piece.length > 0) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

async function attemptWriting(write: () => Promise<void>): Promise<Result<void, AppError>> {
  try {
    await write();
    return ok(undefined);
  } catch (cause) {
    const code = codeOf(cause);
    return err(appError(code === 'ENOSPC' ? 'disk_full' : 'internal', `the run could not be stored: ${code}`, cause));
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
