import { z } from 'zod';

/** What books were made of, as it is kept. */
export const inputSumSchema = z.object({
  counts: z.object({ jobs: z.int(), unreadableJobs: z.int(), accounts: z.int(), entries: z.int() }),
  lanes: z.array(z.number()).readonly(),
});
