import { isLeased, type Job } from '#domain/job.ts';
import type { ReadableStore } from '#store/ports.ts';
import { artefactDigest, type ArtefactFolder, type KeptArtefact } from './artefacts.ts';

/** What a folder of artefacts holds, by what the jobs of one deployment say of it. */
export interface SortedArtefacts {
  /** Outputs of jobs, and what attempts under way may still make one. */
  readonly needed: number;
  /** Too young to be judged. */
  readonly young: number;
  /** Kept by attempts that never came to their end, and of which nothing can be made any more. */
  readonly left: readonly KeptArtefact[];
  /** Of jobs that are not there, or that cannot be read: of another deployment, or of deleted jobs. */
  readonly unknown: readonly KeptArtefact[];
}

/**
 * Sorts the artefacts of a folder. An artefact is kept a moment before its job is completed; a runner that is killed in between, or whose
 * server does not answer, leaves it behind, and the next attempt keeps another. What is said of an attempt that is over holds for good: a
 * completion is written under the lease of its own attempt. The files are read first and the jobs after them, so that nothing is judged that
 * the jobs could not know of. Throws the driver's errors, and what reading the folder throws.
 * @param options `ageMsMin`: younger ones are left alone; `now` by this machine's clock, as the files' times are
 */
export async function sortArtefacts(
  folder: Pick<ArtefactFolder, 'kept'>,
  reader: Pick<ReadableStore, 'iterateJobs'>,
  options: { readonly ageMsMin: number; readonly now: Date; readonly signal: AbortSignal },
): Promise<SortedArtefacts> {
  const unknown = new Map<string, KeptArtefact[]>();
  let [needed, young] = [0, 0];
  for await (const artefact of folder.kept()) {
    if (options.now.getTime() - artefact.writtenAt.getTime() < options.ageMsMin) young += 1;
    else unknown.set(artefact.digest, [...(unknown.get(artefact.digest) ?? []), artefact]);
  }
  const left: KeptArtefact[] = [];
  for await (const document of unknown.size === 0 ? [] : reader.iterateJobs(options.signal)) {
    if (document.type !== 'job') continue;
    for (const generationId of generationsOf(document.job)) {
      const digest = artefactDigest({ jobId: document.job._id, generationId });
      for (const artefact of unknown.get(digest) ?? []) {
        if (isNeeded(document.job, generationId, artefact)) needed += 1;
        else left.push(artefact);
      }
      unknown.delete(digest);
    }
  }
  return { needed, young, left, unknown: [...unknown.values()].flat() };
}

function generationsOf({ billing, attempts }: Job): ReadonlySet<string> {
  return new Set([billing.generationId, ...attempts.map(({ generationId }) => generationId)]);
}

/** Of an attempt that the job does not know yet nothing is said: it may have been put back to an earlier state of its own. */
function isNeeded(job: Job, generationId: string, { uri, attempt }: KeptArtefact): boolean {
  const isOpen = isLeased(job) && generationId === job.billing.generationId && attempt === job.attempt;
  return job.output?.uri === uri || isOpen || attempt > job.attempt;
}
