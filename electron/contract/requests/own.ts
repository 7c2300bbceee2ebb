import { z } from 'zod';
import { draftSchema, savedViewSchema } from '../own-views.ts';
import type { RequestTable } from './definition.ts';

const doneSchema = z.object({});
const idOnlySchema = z.object({ id: z.string().min(1).max(100) });

/** What a person keeps on this machine: saved views and drafts. Nothing of it reaches the server. */
export const OWN_REQUESTS = {
  'views.list': {
    params: z.object({}),
    result: z.object({ views: z.array(savedViewSchema) }),
    permission: 'view',
    writes: false,
  },
  /** Keeps a view; one with the same id is replaced. */
  'views.put': { params: savedViewSchema, result: doneSchema, permission: 'view', writes: false },
  'views.delete': { params: idOnlySchema, result: doneSchema, permission: 'view', writes: false },
  'drafts.list': {
    params: z.object({}),
    /** The latest first; those whose kind the person may deal with, see `permissionOfDraft`. */
    result: z.object({ drafts: z.array(draftSchema) }),
    permission: 'view',
    writes: false,
  },
  /** Keeps a draft; one with the same id is replaced. Nothing is ever sent because a draft is kept. Refused by its kind. */
  'drafts.put': { params: draftSchema, result: doneSchema, permission: 'view', writes: false },
  'drafts.delete': { params: idOnlySchema, result: doneSchema, permission: 'view', writes: false },
} as const satisfies RequestTable;
