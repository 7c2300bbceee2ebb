import { z } from 'zod';
import type { RequestTable } from './definition.ts';

/** A file that an export has written, by the path that the export answered with. */
const exportedPathSchema = z.object({ path: z.string().min(1).max(4096) });

/** What is done with a written export on the desktop. Error of each: `not_found` for a path that is no file of the folder of exports. */
export const EXPORT_REQUESTS = {
  /** Asks the person where the file is to be kept, and copies it there; `path` is null where they changed their mind. */
  'exports.saveAs': {
    params: exportedPathSchema,
    result: z.object({ path: z.string().nullable() }),
    permission: 'export',
    writes: false,
    audit: 'act',
  },
  /** Shows the file in the system's own file manager. */
  'exports.show': {
    params: exportedPathSchema,
    result: z.object({}),
    permission: 'export',
    writes: false,
    audit: 'act',
  },
} as const satisfies RequestTable;
