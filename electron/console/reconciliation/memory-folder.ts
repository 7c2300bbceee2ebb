import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AppError } from '#domain/errors.ts';
import { mergeSeen, NOTHING_SEEN, rememberSeen, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { ok, type Result } from '#domain/result.ts';
import { BlockFolder, BLOCKS_FOLDER } from './blocks/block-folder.ts';
import { encodeRun, runRecordSchema, type RunRecord, type RunScope } from './run-record.ts';
import type { FinishedRun } from './run.ts';
import { decodeSeen, encodeSeen } from './view-file.ts';
import { attemptWriting, readIfThere, readJson, SET_ASIDE, writeWhole } from './whole-files.ts';

/** What a folder of runs remembers. */
export interface RunMemory {
  readonly seen: SeenEntries;
  /** The last run of the scope that it was opened for, null where there was none. */
  readonly lastRun: RunRecord | null;
  /** Files that are damaged: what they remembered is not in it. */
  readonly lost: readonly string[];
}

const SEEN_FILE = 'seen-entries.cols';
/** What runs have seen that read only what had changed: it outweighs the other file, and is empty again once that is written. */
const RECENT_FILE = 'seen-recently.cols';

/** What runs have seen of the ledger. */
export interface KeptSeen {
  readonly whole: SeenEntries;
  readonly recent: SeenEntries;
  /** Files that are damaged: what they remembered is not in it. They are set aside by {@link saveSeen}. */
  readonly lost: readonly string[];
}

/**
 * What runs of a folder have seen in files of its own; what books in blocks remember stands with the blocks.
 * Errors: `malformed_document` for a file that cannot be read at all.
 */
export async function openSeen(folder: string): Promise<Result<KeptSeen, AppError>> {
  const whole = await openSeenFile(folder, SEEN_FILE);
  if (!whole.ok) return whole;
  const recent = await openSeenFile(folder, RECENT_FILE);
  if (!recent.ok) return recent;
  const lost = [whole.value.lost, recent.value.lost].flatMap((name) => name ?? []);
  return ok({ whole: whole.value.seen, recent: recent.value.seen, lost });
}

/** All that runs of a folder have seen, with what books in blocks remember. Errors: those of {@link openSeen}. */
export async function openAllSeen(folder: string): Promise<Result<KeptSeen, AppError>> {
  const opened = await openSeen(folder);
  if (!opened.ok) return opened;
  const blocks = new BlockFolder(path.join(folder, BLOCKS_FOLDER)).seen();
  const { recent, whole, lost } = opened.value;
  return ok({ recent, whole: mergeSeen(blocks.seen, whole), lost: [...lost, ...blocks.lost] });
}

async function openSeenFile(
  folder: string,
  name: string,
): Promise<Result<{ readonly seen: SeenEntries; readonly lost: string | null }, AppError>> {
  const bytes = await readIfThere(path.join(folder, name));
  if (!bytes.ok) return bytes;
  if (bytes.value === null) return ok({ seen: NOTHING_SEEN, lost: null });
  const seen = decodeSeen(bytes.value);
  return ok(seen.ok ? { seen: seen.value, lost: null } : { seen: NOTHING_SEEN, lost: name });
}

/**
 * Keeps all that was seen, as the one memory of the folder.
 * @param lost damaged files, which are set aside and not written over
 * Errors: `disk_full`, `internal`.
 */
export function saveSeen(
  folder: string,
  seen: SeenEntries,
  lost: readonly string[] = [],
): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await moveAside(folder, lost);
    await writeWhole(path.join(folder, SEEN_FILE), encodeSeen(seen));
    await rm(path.join(folder, RECENT_FILE), { force: true });
    // All that they remembered stands in the one file now, and weaker memories must not grow old beside it.
    await rm(path.join(folder, BLOCKS_FOLDER), { recursive: true, force: true });
  });
}

/** Sets damaged files aside, so that they are not lost once more by every run. Errors: `internal`. */
export function setSeenAside(folder: string, lost: readonly string[]): Promise<Result<void, AppError>> {
  return attemptWriting(() => moveAside(folder, lost));
}

async function moveAside(folder: string, lost: readonly string[]): Promise<void> {
  for (const name of [SEEN_FILE, RECENT_FILE].filter((one) => lost.includes(one))) {
    await rename(path.join(folder, name), path.join(folder, `${name}${SET_ASIDE}`));
  }
}

/** Keeps what was seen since all was written the last time. Errors: `disk_full`, `internal`. */
export function saveRecent(folder: string, recent: SeenEntries): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, RECENT_FILE), encodeSeen(recent));
  });
}

/**
 * Opens a folder of runs; one that is not there is an empty memory. What is damaged is named in `lost`, and the run goes on without it.
 * Errors: `malformed_document` for a file that cannot be read at all.
 */
export async function openMemory(folder: string, scope: RunScope): Promise<Result<RunMemory, AppError>> {
  const seen = await openAllSeen(folder);
  if (!seen.ok) return seen;
  const { lastRun, lost } = await openLastRun(folder, scope);
  return ok({
    seen: mergeSeen(seen.value.recent, seen.value.whole),
    lastRun,
    lost: [...seen.value.lost, ...lost],
  });
}

/** Stores a finished run beside what it has seen. Each file is complete or not there, whenever the power fails. */
export async function saveMemory(
  folder: string,
  before: Pick<RunMemory, 'seen' | 'lost'>,
  run: FinishedRun,
): Promise<Result<void, AppError>> {
  const saved = await saveRun(folder, run.record);
  return saved.ok ? saveSeen(folder, rememberSeen(run.view, before.seen, null), before.lost) : saved;
}

/** Stores a run as the last one of its scope. Errors: `disk_full`, `internal`. */
export function saveRun(folder: string, record: RunRecord): Promise<Result<void, AppError>> {
  return attemptWriting(async () => {
    await mkdir(folder, { recursive: true });
    await writeWhole(path.join(folder, runFileOf(record.scope)), [Buffer.from(encodeRun(record), 'utf8')]);
  });
}

/** The last run of a scope, null where there was none; `lost` names its file where that is damaged, and the next run writes it anew. */
export async function openLastRun(
  folder: string,
  scope: RunScope,
): Promise<{ readonly lastRun: RunRecord | null; readonly lost: readonly string[] }> {
  const name = runFileOf(scope);
  const read = await readJson(path.join(folder, name), runRecordSchema);
  return read.ok ? { lastRun: read.value, lost: [] } : { lastRun: null, lost: [name] };
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
