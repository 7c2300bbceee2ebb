import { z } from 'zod';
import { auditFilterSchema, auditRowSchema, auditVerdictSchema } from '../audit-views.ts';
import { cursorSchema, pageLimitSchema, timedListSchema, type RequestTable } from './definition.ts';

/** The audit of everything that was looked at or done. */
export const AUDIT_REQUESTS = {
  /** By time; of all consoles where the server is there, otherwise of this one. */
  'audit.page': {
    params: timedListSchema.extend({
      filter: auditFilterSchema,
      cursor: cursorSchema.nullable(),
      limit: pageLimitSchema,
    }),
    result: z.object({
      rows: z.array(auditRowSchema),
      nextCursor: cursorSchema.nullable(),
      /** True where the rows are those of every console, false where only this one's could be read. */
      isWhole: z.boolean(),
    }),
    permission: 'policy',
    writes: false,
  },
  'audit.verify': {
    params: z.object({}),
    result: auditVerdictSchema,
    permission: 'policy',
    writes: false,
  },
} as const satisfies RequestTable;
