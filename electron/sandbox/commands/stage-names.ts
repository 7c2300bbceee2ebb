import { refuseStage } from '../semantics/pipelines.ts';
import { ServerError } from '../semantics/server-error.ts';
import type { Doc } from '../semantics/values.ts';

/** Stages that bring documents of their own, which only the first stage may. */
const SOURCES: ReadonlySet<string> = new Set([
  '$changeStream',
  '$collStats',
  '$documents',
  '$indexStats',
  '$listLocalSessions',
  '$listSearchIndexes',
]);

/**
 * Refuses a pipeline by the names of its stages, before anything is read. Errors: 40323 for a stage of no name or of several, 40324 for one
 * that nobody has, 40601 for output in the middle, 40602 for a source behind another stage, `NotImplemented`.
 */
export function checkStages(stages: readonly Doc[]): void {
  for (const [at, stage] of stages.entries()) {
    const names = Object.keys(stage);
    const [name = ''] = names;
    if (names.length !== 1)
      throw new ServerError('Location40323', 'A pipeline stage specification object must contain exactly one field.');
    if (SOURCES.has(name)) {
      if (at > 0) throw new ServerError('Location40602', `${name} is only valid as the first stage in a pipeline`);
    } else if (name === '$out' || name === '$merge') {
      if (at < stages.length - 1)
        throw new ServerError('Location40601', `${name} can only be the final stage in the pipeline`);
    } else refuseStage(name);
  }
}
