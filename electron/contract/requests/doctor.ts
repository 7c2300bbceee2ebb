import { z } from 'zod';
import type { RequestTable } from './definition.ts';

/** What one look at the set-up found, in words for people. */
const doctorPartSchema = z.object({
  name: z.string().max(40),
  /** `skipped` could not be looked at; `warning` works, but not as well as it could. */
  level: z.enum(['ok', 'warning', 'error', 'skipped']),
  says: z.string().max(20_000),
  /** What to do about it; null where nothing need be done. */
  todo: z.string().max(1000).nullable(),
});

/** What is wrong with the set-up, and what to send to whoever helps. */
export const DOCTOR_REQUESTS = {
  /** Looks at runtime, server, privileges, indexes, clock, oplog, documents, mapping, copy and disk. Writes nothing. */
  'doctor.run': {
    params: z.object({}),
    result: z.object({ parts: z.array(doctorPartSchema).max(50) }),
    permission: 'view',
    writes: false,
  },
  /** One text with versions, state and the last lines of the log, redacted; no prompt and no secret is in it. */
  'doctor.diagnostics': {
    params: z.object({}),
    result: z.object({ text: z.string().max(2_000_000) }),
    permission: 'view',
    writes: false,
    audit: 'act',
  },
} as const satisfies RequestTable;
