import { explainError } from '#domain/errors.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

/** Are the documents of the jobs' collection jobs as Runledger reads them? */
export const documentsCheck: DoctorCheck = {
  name: 'documents',
  run: async ({ store }) => {
    if (!store.ok) return skipped('no server to look at');
    const sample = await store.value.look.sampleJobs();
    if (!sample.ok) return { level: 'error', says: explainError(sample.error), todo: null };
    const { documents, jobs, faults } = sample.value;
    if (documents === 0) return skipped('there is no document among the jobs yet');
    const says = `${jobs} of ${documents} sampled documents are jobs (${((jobs / documents) * 100).toFixed(1)} %)`;
    if (jobs === documents) return fine(says);
    const named = faults.map((fault) => `\n  ${fault.documents} × ${fault.path}: ${fault.reason}`);
    return {
      level: jobs === 0 ? 'error' : 'warning',
      says: `${says}; the others:${named.join('')}`,
      todo: 'See Malformed in the window; what is listed there is never run. Mend the documents where they are written.',
    };
  },
};
