import { z } from 'zod';
import { copySettingsSchema, copyViewSchema } from '../copy-views.ts';
import { timeMsSchema } from '../status.ts';
import type { RequestTable } from './definition.ts';

/** A document that is not the same in the copy and on the server. */
const copyDifferenceSchema = z.object({
  part: z.enum(['jobs', 'accounts', 'ledger']),
  id: z.string(),
  type: z.enum(['missing', 'extra', 'differs']),
});

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
      /** Changed on the server, and the copy has not come to them yet: no difference. */
      newer: z.int().nonnegative(),
      /** The first 500 by name. */
      differences: z.array(copyDifferenceSchema),
      differencesTotal: z.int().nonnegative(),
      /** Not the same, and nothing tells whether they changed since the copy was last kept; the first 500 by name. */
      untold: z.array(copyDifferenceSchema),
      untoldTotal: z.int().nonnegative(),
    }),
    permission: 'view',
    writes: false,
  },
} as const satisfies RequestTable;
