import { z } from 'zod';
import { copySettingsSchema, copyViewSchema } from '../copy-views.ts';
import { timeMsSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** The offline copy itself. */
export const COPY_REQUESTS = {
  'copy.get': { params: z.object({}), result: copyViewSchema, permission: 'view', writes: false },
  /**
   * Sets what the copy keeps, and makes it so: what is left out is dropped, prompts are wiped before it is answered, and what is
   * taken in again is read from the server. Concerns this machine only.
   */
  'copy.set': {
    params: copySettingsSchema,
    result: copySettingsSchema,
    permission: 'view',
    writes: false,
    audit: 'act',
  },
  /** Holds the copying of what stands on the server up, or lets it go on; changes are followed all the same. */
  'copy.snapshot': {
    params: z.object({ action: z.enum(['pause', 'resume']) }),
    result: z.object({}),
    permission: 'view',
    writes: false,
  },
  /**
   * Compares the copy with the server, document by document, and names what differs; nothing is expected to. Takes as long as
   * reading everything, and events tell how far it is; ends early where the window stops waiting.
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
