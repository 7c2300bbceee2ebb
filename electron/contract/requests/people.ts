import { z } from 'zod';
import { roleSchema } from '#domain/people.ts';
import { WRITES } from '#domain/privileges.ts';
import { personIdSchema, personRowSchema } from '../person-views.ts';
import type { RequestTable } from './definition.ts';

/** Who has which role. */
export const PEOPLE_REQUESTS = {
  'people.list': {
    params: z.object({}),
    result: z.object({ people: z.array(personRowSchema) }),
    permission: 'policy',
    writes: false,
  },
  /** Gives somebody a role, null takes it away. `illegal_role_change` where nobody would be left who may give roles. */
  'people.set': {
    params: z.object({ personId: personIdSchema, role: roleSchema.nullable() }),
    result: z.object({ people: z.array(personRowSchema) }),
    permission: 'policy',
    writes: WRITES.setPeople,
  },
} as const satisfies RequestTable;
