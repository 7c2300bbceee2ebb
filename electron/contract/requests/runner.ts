import { z } from 'zod';
import { runnerStatusSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** This machine's runner. */
export const RUNNER_REQUESTS = {
  'runner.control': {
    params: z.object({ action: z.enum(['pause', 'resume']) }),
    result: runnerStatusSchema,
    permission: 'runner',
    writes: true,
  },
} as const satisfies RequestTable;
