import { z } from 'zod';
import { REDACTION_REASON_MAX, redactionDraftSchema } from '#domain/redaction/redaction-rule.ts';
import { WRITES } from '#domain/privileges.ts';
import { redactionTrialSchema, redactionVersionViewSchema, TRIED_JOBS_MAX } from '../redaction-views.ts';
import type { RequestTable } from './definition.ts';

const versionsSchema = z.object({
  /** Every version, the one in force first; the last one is that nothing is hidden. */
  versions: z.array(redactionVersionViewSchema).min(1),
});

/** What is hidden from whom in prompts and outputs: read and changed by who may change the rules of the console. */
export const REDACTION_REQUESTS = {
  'redaction.get': { params: z.object({}), result: versionsSchema, permission: 'policy', writes: false },
  /** Puts rules in force. `write_conflict` where another version than `basedOn` is in force by now. */
  'redaction.put': {
    params: z.object({
      basedOn: z.int().nonnegative(),
      draft: redactionDraftSchema,
      reason: z.string().trim().min(1).max(REDACTION_REASON_MAX),
    }),
    result: versionsSchema,
    permission: 'policy',
    writes: WRITES.putRedaction,
  },
  /** Counts what rules would hide in the newest jobs of the offline copy. Writes nothing; what matches is not sent. */
  'redaction.try': {
    params: z.object({ draft: redactionDraftSchema, jobs: z.int().min(1).max(TRIED_JOBS_MAX) }),
    result: redactionTrialSchema,
    permission: 'policy',
    writes: false,
  },
} as const satisfies RequestTable;
