import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AppError } from '#domain/errors.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { ok, type Result } from '#domain/result.ts';
import { encodeRun, runRecordSchema, type RunRecord, type RunScope } from './run-record.ts';
import type { FinishedRun } from './run.ts';
import { decodeSeen, encodeSeen } from './view-file.ts';
import { attemptWriting, readIfThere, readJson, writeWhole } from './whole-files.ts';

/** What a folder of runs remembers. */
export interface RunMemory {
  readonly seen: SeenEntries;
  /** The last run of the scope that it was opened for, null where there was none. */
  readonly lastRun: RunRecord | null;
}

const SEEN_FILE = 'seen-entries.cols';
/** What runs have seen that read only what had changed: it outweighs the other file, and is empty again once that is written. */
const RECENT_FILE = 'seen-recently.cols';

/** What runs have seen of the ledger. */
export interface KeptSeen {
  readonly whole: SeenEntries;
  readonly recent: SeenEntries;
}

/** What runs of a folder have seen. Errors: `malformed_document` for a damaged file. */
export async function openSeen(folder: string): Promise<Result<KeptSeen, AppError>> {
  const whole = await openSeenFile(path.join(folder, SEEN_FILE));
  if (!whole.ok) return whole;
  const recent = await openSeenFile(path.join(folder, RECENT_FILE));
  return recent.ok ? ok({ whole: whole.value, recent: recent.value }) : recent;
}

async function openSeenFile(file: string): Promise<Result<SeenEntries, AppError>> {
  const bytes = await readIfThere(file);
  if (!bytes.ok) return bytes;
  return bytes.value === null ? ok(NOTHING_SEEN) : decodeSeen(bytes.value);
}

/** Keeps all that was seen. Errors: `disk_full`, `internal`. */
export function saveSeen(folder: string, seen: SeenEntries): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, SEEN_FILE), encodeSeen(seen));
    await rm(path.join(folder, RECENT_FILE), { force: true });
  });
}

/** Keeps what was seen since all was written the last time. Errors: `disk_full`, `internal`. */
export function saveRecent(folder: string, recent: SeenEntries): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, RECENT_FILE), encodeSeen(recent));
  });
}

/**
 * Opens a folder of runs; one that is not there is an empty memory.
 * Errors: `malformed_document` for a damaged file.
 */
export async function openMemory(folder: string, scope: RunScope): Promise<Result<RunMemory, AppError>> {
  const seen = await openSeen(folder);
  if (!seen.ok) return seen;
  const lastRun = await openLastRun(folder, scope);
  if (!lastRun.ok) return lastRun;
  return ok({ seen: mergeSeen(seen.value.recent, seen.value.whole), lastRun: lastRun.value });
}

/** Stores a finished run beside what it has seen. Each file is complete or not there, whenever the power fails. */
export async function saveMemory(
  folder: string,
  before: SeenEntries,
  run: FinishedRun,
): Promise<Result<void, AppError>> {
  const saved = await saveRun(folder, run.record);
  return saved.ok ? saveSeen(folder, rememberSeen(run.view, before, null)) : saved;
}

/** Stores a run as the last one of its scope. Errors: `disk_full`, `internal`. */
export function saveRun(folder: string, record: RunRecord): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, runFileOf(record.scope)), [Buffer.from(encodeRun(record), 'utf8')]);
  });
}

/** The last run of a scope, null where there was none. Errors: `malformed_document`. */
export function openLastRun(folder: string, scope: RunScope): Promise<Result<RunRecord | null, AppError>> {
  return readJson(path.join(folder, runFileOf(scope)), runRecordSchema);
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

/** One file a scope; ids may hold any character, and a file's name must not. */
function runFileOf(scope: RunScope): string {
  const workspace = scope.workspaceId === null ? 'all' : `w-${Buffer.from(scope.workspaceId).toString('base64url')}`;
  return `last-run-${workspace.slice(0, 200)}-${scope.period ?? 'always'}.json`;
}
