/** The lengths of buckets that are kept of everything, in seconds, ascending; each is a multiple of the one before. */
export const HEALTH_GRAINS = [300, 3600, 86_400] as const;

/** The length of the buckets that are kept of each workspace: shorter ones would be one job each. */
export const WORKSPACE_GRAIN = 86_400;

/**
 * The lengths of buckets in which all of a workspace is summed up: a week and four of them. With these, ninety days are at most
 * fourteen buckets of a workspace, single days at both ends included; a third length would save few and cost every job another row.
 */
export const TOTALS_GRAINS = [7 * WORKSPACE_GRAIN, 28 * WORKSPACE_GRAIN] as const;

/** The bucket that a time is in. @param grain its length in seconds */
export function bucketOf(timeMs: number, grain: number): number {
  return Math.floor(timeMs / (grain * 1000));
}
