import { z } from 'zod';
import { ownerEntrySchema, ownerSchema, ownerViewSchema } from '../owner-views.ts';
import { cursorSchema, pageLimitSchema, timedListSchema, type RequestTable } from './definition.ts';

const ownerIdSchema = z.string().min(1).max(200);

/** Workspaces and users, from the offline copy. */
export const OWNER_REQUESTS = {
  /** Zeros where the copy has no job of it. */
  'owner.get': {
    params: z.object({ owner: ownerSchema, id: ownerIdSchema }),
    result: ownerViewSchema,
    permission: 'view',
    writes: false,
  },
  /** Entries of the ledger by their time; of a user those of their jobs, by the jobs' creation. */
  'owner.ledger': {
    params: timedListSchema.extend({
      owner: ownerSchema,
      id: ownerIdSchema,
      cursor: cursorSchema.nullable(),
      limit: pageLimitSchema,
    }),
    result: z.object({ entries: z.array(ownerEntrySchema), nextCursor: cursorSchema.nullable() }),
    permission: 'view',
    writes: false,
  },
} as const satisfies RequestTable;
