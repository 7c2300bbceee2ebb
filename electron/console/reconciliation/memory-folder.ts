import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { AppError } from '#domain/errors.ts';
import { NOTHING_SEEN, type SeenEntries } from '#domain/reconciliation/seen-entries.ts';
import { ok, type Result } from '#domain/result.ts';
import { encodeRun, runRecordSchema, type RunRecord, type RunScope } from './run-record.ts';
import { decodeSeen, encodeSeen } from './view-file.ts';
import { attemptWriting, readIfThere, readJson, SET_ASIDE, writeWhole } from './whole-files.ts';
import { workspaceFileName } from './workspace-file-name.ts';

/** What runs had seen before blocks remembered it. */
const SEEN_FILE = 'seen-entries.cols';
/** Books as they were kept before there were blocks. */
const FORMER_FILES = ['standing-view.cols', 'standing-books.json'];
/** What runs have seen that read only what had changed: it outweighs the blocks, and goes once these are written anew. */
const RECENT_FILE = 'seen-recently.cols';

/** What runs have seen of the ledger, beside what blocks remember: `whole` is weaker than that and `recent` stronger. */
export interface KeptSeen {
  readonly whole: SeenEntries;
  readonly recent: SeenEntries;
  /** Files that are damaged: what they remembered is not in it. They are set aside by {@link setSeenAside}. */
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

/** Gives up what blocks remember by now. Throws what the disk refuses. */
export async function forgetSeen(folder: string): Promise<void> {
  for (const name of [SEEN_FILE, RECENT_FILE, ...FORMER_FILES]) await rm(path.join(folder, name), { force: true });
}

/** Sets damaged files aside, so that they are not lost once more by every run. Throws what the disk refuses. */
export async function setSeenAside(folder: string, lost: readonly string[]): Promise<void> {
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

/** One file a scope. */
function runFileOf({ workspaceId, period }: RunScope): string {
  // Files that begin with `last-run-w-` are older, and name workspaces by another rule.
  const of = workspaceId === null ? 'all' : `of-${workspaceFileName(workspaceId)}`;
  return `last-run-${of}-${period ?? 'always'}.json`;
}
