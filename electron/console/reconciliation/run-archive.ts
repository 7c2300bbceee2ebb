import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { runSummarySchema, type RunSummary } from '#contract/reconciliation-views.ts';
import { writingError, type AppError } from '#domain/errors.ts';
import { findingSchema } from '#domain/reconciliation/finding.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { KeptRun } from './kept-run.ts';
import { runRecordSchema, type RunRecord } from './run-record.ts';
import { attemptWriting, readJson, writeWhole } from './whole-files.ts';

/** How many runs a folder keeps: with one more the oldest is deleted. */
export const RUNS_MAX = 100;

const INDEX_FILE = 'index.json';
const RUN_FILE = /^run-([0-9a-f]+)\.json$/;
const indexSchema = z.array(runSummarySchema);

const archivedRunSchema = z.object({
  record: runRecordSchema,
  /** What the record does not say: where the copy stood, and how the run stands to the one before it. */
  beside: runSummarySchema.pick({ scope: true, copyAsOfMs: true, comparison: true, lostMemory: true }).extend({
    newIds: z.array(z.string()),
    solved: z.array(findingSchema),
  }),
});
/** A run as the archive has it: whole, and how it stood to the run before it. */
export type ArchivedRun = z.infer<typeof archivedRunSchema>;

/** The runs of a deployment, each in a file of its own, with an index of what they came to. */
export class RunArchive {
  readonly #folder: string;

  /** @param folder where runs are kept; a folder of its own is made in it */
  constructor(folder: string) {
    this.#folder = path.join(folder, 'runs');
  }

  /** The runs, newest first; where the index is damaged, those whose files can be read. Errors: `internal`. */
  async list(): Promise<Result<readonly RunSummary[], AppError>> {
    const index = await readJson(path.join(this.#folder, INDEX_FILE), indexSchema);
    return index.ok ? ok(index.value ?? []) : this.#listFiles();
  }

  async #listFiles(): Promise<Result<readonly RunSummary[], AppError>> {
    const summaries: RunSummary[] = [];
    try {
      for (const name of await readdir(this.#folder)) {
        const runId = RUN_FILE.exec(name)?.[1];
        const run = runId === undefined ? null : await this.open(runId);
        if (run?.ok === true && run.value !== null)
          summaries.push(new KeptRun(run.value.record, run.value.beside).summary);
      }
    } catch (cause) {
      return err(writingError('the runs could not be listed', cause));
    }
    return ok(summaries.toSorted((left, right) => right.asOfMs - left.asOfMs));
  }

  /** A run by its id, null where it is not kept. Errors: `malformed_document`. */
  async open(runId: string): Promise<Result<ArchivedRun | null, AppError>> {
    return readJson(this.#fileOf(runId), archivedRunSchema);
  }

  /** Adds a run, and deletes the oldest where there are too many. Errors: `disk_full`, `internal`, those of `list`. */
  async add(run: ArchivedRun): Promise<Result<RunSummary, AppError>> {
    const listed = await this.list();
    if (!listed.ok) return listed;
    const { summary } = new KeptRun(run.record, run.beside);
    const kept = [summary, ...listed.value.filter(({ runId }) => runId !== summary.runId)].slice(0, RUNS_MAX);
    const written = await attemptWriting(async () => {
      await mkdir(this.#folder, { recursive: true });
      await writeWhole(this.#fileOf(summary.runId), [
        Buffer.from(JSON.stringify(archivedRunSchema.parse(run)), 'utf8'),
      ]);
      // The run first: an index that names a run which is not there would be wrong.
      await writeWhole(path.join(this.#folder, INDEX_FILE), [Buffer.from(JSON.stringify(kept), 'utf8')]);
      await this.#deleteOthers(new Set(kept.map(({ runId }) => runId)));
    });
    return written.ok ? ok(summary) : written;
  }

  async #deleteOthers(kept: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const runId = RUN_FILE.exec(name)?.[1];
      if (runId !== undefined && !kept.has(runId)) await rm(path.join(this.#folder, name), { force: true });
    }
  }

  #fileOf(runId: string): string {
    return path.join(this.#folder, `run-${runId.replaceAll(/[^0-9a-f]/g, '')}.json`);
  }
}

/** How a run stands to an earlier one, for the archive. */
export function besideOf(
  record: RunRecord,
  { copyAsOfMs, lostMemory }: Pick<RunSummary, 'copyAsOfMs' | 'lostMemory'>,
  compared: {
    readonly new: ArchivedRun['record']['findings'];
    readonly stillOpen: readonly unknown[];
    readonly solved: ArchivedRun['record']['findings'];
  } | null,
): ArchivedRun['beside'] {
  return {
    scope: record.scope,
    copyAsOfMs,
    lostMemory,
    comparison:
      compared === null
        ? null
        : { new: compared.new.length, stillOpen: compared.stillOpen.length, solved: compared.solved.length },
    newIds: compared === null ? [] : compared.new.map(({ id }) => id),
    solved: compared === null ? [] : [...compared.solved],
  };
}
