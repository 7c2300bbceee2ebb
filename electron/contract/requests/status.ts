import { z } from 'zod';
import { engineStatusSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** What the frame of the window shows. */
export const STATUS_REQUESTS = {
  'status.get': {
    params: z.object({}),
    result: engineStatusSchema,
    permission: 'view',
    writes: false,
  },
} as const satisfies RequestTable;
