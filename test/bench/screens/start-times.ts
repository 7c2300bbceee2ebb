import { startApplication, type StartOptions } from '../../e2e/application.ts';
import { FIRST_ROWS_MARK } from '../../../renderer/views/jobs/use-first-rows-mark.ts';

/** By the clock, in milliseconds from where the start command's process was started. */
export interface StartTime {
  /** Until the page began to load. */
  readonly loadingMs: number;
  /** Until rows of jobs had been drawn. */
  readonly rowsMs: number;
}

/** A start is over long before, and nobody looks on until then. */
const ALONE_MS = 6000;

/** Starts the application again and again on a folder and reads, once it is quiet, what its page noted of its own start. */
export async function startTimes(
  dataDir: string,
  { rounds, ...launch }: StartOptions & { readonly rounds: number },
): Promise<readonly StartTime[]> {
  const times: StartTime[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startedMs = Date.now();
    const application = await startApplication({ ...launch, aloneMs: ALONE_MS }, dataDir);
    const { page } = application;
    // Rows that took longer are waited for: what they took was noted all the same.
    await page.waitForFunction((mark) => performance.getEntriesByName(mark).length > 0, FIRST_ROWS_MARK);
    const noted = await page.evaluate(
      (mark) => ({ originMs: performance.timeOrigin, rowsMs: performance.getEntriesByName(mark)[0]?.startTime ?? 0 }),
      FIRST_ROWS_MARK,
    );
    await application.stop();
    times.push({ loadingMs: noted.originMs - startedMs, rowsMs: noted.originMs + noted.rowsMs - startedMs });
  }
  return times;
}
