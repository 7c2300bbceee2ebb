import { z } from 'zod';
import { WRITES } from '#domain/privileges.ts';
import { runnerActionSchema } from '../runner-action.ts';
import { runnerStatusSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** This machine's runner. */
export const RUNNER_REQUESTS = {
  'runner.control': {
    params: z.object({ action: runnerActionSchema }),
    result: runnerStatusSchema,
    permission: 'runner',
    writes: WRITES.run,
  },
} as const satisfies RequestTable;
