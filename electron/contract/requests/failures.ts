import { z } from 'zod';
import { failureActSchema } from '#domain/failure-groups.ts';
import { failureClassSchema } from '#domain/failure.ts';
import { WRITES } from '#domain/privileges.ts';
import { failuresViewSchema, groupNowSchema } from '../failure-views.ts';
import { timeMsSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** Failures grouped by their cause, and what was decided about the groups. */
export const FAILURE_REQUESTS = {
  'failures.list': {
    params: z.object({
      /** By the time of the failure; widened to whole days in UTC. */
      fromMs: timeMsSchema,
      toMs: timeMsSchema,
      workspaceId: z.string().max(200).nullable().default(null),
      classes: z.array(failureClassSchema).max(10).default([]),
    }),
    result: failuresViewSchema,
    permission: 'view',
    writes: false,
  },
  /** How a group stands on the server now, and what failed of it since a time. Errors: `server_unreachable`, `not_found`. */
  'failures.group': {
    params: z.object({ groupId: z.string().min(1).max(200), sinceMs: timeMsSchema }),
    result: groupNowSchema,
    permission: 'retry',
    writes: false,
  },
  /** Decides about a group; `write_conflict` where somebody else did since `seenVersion`. */
  'failures.decide': {
    params: z.object({
      groupId: z.string().min(1).max(200),
      seenVersion: z.int().nonnegative(),
      act: failureActSchema,
    }),
    result: z.object({}),
    permission: 'retry',
    writes: WRITES.decideFailures,
  },
} as const satisfies RequestTable;
