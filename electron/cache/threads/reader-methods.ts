import type { ReaderMethod } from '../copy-reader.ts';

/** Every method of the reader; the compiler refuses a list that lacks one. */
const METHODS: Readonly<Record<ReaderMethod, true>> = {
  standing: true,
  jobsPage: true,
  jobIds: true,
  seekJobs: true,
  countJobs: true,
  job: true,
  jobWords: true,
  entriesOfJob: true,
  entriesOfGeneration: true,
  observedOf: true,
  account: true,
  experience: true,
  twins: true,
  replay: true,
  planJobs: true,
  planExperience: true,
  malformedPage: true,
  counts: true,
  documentCounts: true,
  health: true,
  healthJobs: true,
  failureGroups: true,
  failureCustomers: true,
  failuresSince: true,
  ownerTotals: true,
  ownersBeginning: true,
  ownerLedger: true,
  followersOf: true,
  workspacesOfUser: true,
  digest: true,
  contents: true,
  contentOf: true,
  stuckJobs: true,
  longWaits: true,
  longRuns: true,
};

/** The methods by name. */
export const READER_METHODS = Object.keys(METHODS).filter(isReaderMethod);

/** True for the name of a method of the reader. */
export function isReaderMethod(name: string): name is ReaderMethod {
  return Object.hasOwn(METHODS, name);
}
