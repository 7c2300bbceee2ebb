import { InterruptedError, type IsUnwanted } from './interrupt.ts';

/** Whoever waits for a copy of an older version to be brought to this one. */
export interface UpgradeWatch {
  /** Hears how many jobs of all have been read, first with none. */
  readonly onProgress?: (jobsDone: number, jobsTotal: number) => void;
  /** True once it is to stop: the file then is as it was. */
  readonly isUnwanted?: IsUnwanted;
}

/** Tells how far it is. Throws {@link InterruptedError} where it is to stop. */
export function tellUpgrade(watch: UpgradeWatch, jobsDone: number, jobsTotal: number): void {
  if (watch.isUnwanted?.() === true) throw new InterruptedError('the copy need not be upgraded any more');
  watch.onProgress?.(jobsDone, jobsTotal);
}
