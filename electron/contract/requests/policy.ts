import { z } from 'zod';
import { POLICY_REASON_MAX, policyDraftSchema } from '#domain/policy-version.ts';
import { WRITES } from '#domain/privileges.ts';
import { policyVersionViewSchema, replayDaysSchema, replayViewSchema } from '../policy-views.ts';
import type { RequestTable } from './definition.ts';

const policyResult = z.object({
  /** Every version, the one in force first; the last one is what the program brings. */
  versions: z.array(policyVersionViewSchema).min(1),
});

/** The retry policy: read by everybody, put in force and tried out by who may change the rules of the console. */
export const POLICY_REQUESTS = {
  'policy.get': { params: z.object({}), result: policyResult, permission: 'view', writes: false },
  /** Puts a draft in force. `write_conflict` where another version than `basedOn` is in force by now. */
  'policy.put': {
    params: z.object({
      basedOn: z.int().positive(),
      draft: policyDraftSchema,
      reason: z.string().trim().min(1).max(POLICY_REASON_MAX),
    }),
    result: policyResult,
    permission: 'policy',
    writes: WRITES.putPolicy,
  },
  /** Replays a draft over the jobs of a time in the offline copy. Writes nothing; `copy_incomplete` where there is no whole copy yet. */
  'policy.replay': {
    params: z.object({ draft: policyDraftSchema, days: replayDaysSchema }),
    result: replayViewSchema,
    permission: 'policy',
    writes: false,
  },
} as const satisfies RequestTable;
