import { z } from 'zod';
import { foundOwnersSchema, ownerEntrySchema, ownerSchema, ownerViewSchema } from '../owner-views.ts';
import { cursorSchema, pageLimitSchema, timedListSchema, type RequestTable } from './definition.ts';

const ownerIdSchema = z.string().min(1).max(200);

/** The most workspaces, and the most users, that one question finds. */
const FOUND_MAX = 50;

/** Workspaces and users, from the offline copy. */
export const OWNER_REQUESTS = {
  /** Zeros where the copy has no job of it. */
  'owner.get': {
    params: z.object({ owner: ownerSchema, id: ownerIdSchema }),
    result: ownerViewSchema,
    permission: 'view',
    writes: false,
  },
  /** Workspaces and users by the beginning of their id, each in the order of the ids; empty where the copy has none. */
  'owner.find': {
    params: z.object({ beginning: ownerIdSchema, limit: z.int().min(1).max(FOUND_MAX) }),
    result: foundOwnersSchema,
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
