import { z } from 'zod';
import { timeMsSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** The offline copy itself. */
export const COPY_REQUESTS = {
  /**
   * Compares the copy with the server, document by document, and names what differs; nothing is expected to. Takes as long as
   * reading everything; ends early where the window stops waiting.
   */
  'copy.verify': {
    params: z.object({}),
    result: z.object({
      asOfMs: timeMsSchema.nullable(),
      isComplete: z.boolean(),
      documents: z.int().nonnegative(),
      ranges: z.int().nonnegative(),
      /** Changed on the server after `asOfMs`: no difference, the copy is behind. */
      newer: z.int().nonnegative(),
      /** The first 500 by name. */
      differences: z.array(
        z.object({
          part: z.enum(['jobs', 'accounts', 'ledger']),
          id: z.string(),
          type: z.enum(['missing', 'extra', 'differs']),
        }),
      ),
      differencesTotal: z.int().nonnegative(),
    }),
    permission: 'view',
    writes: false,
  },
} as const satisfies RequestTable;
