import { z } from 'zod';
import { roleSchema } from '#domain/people.ts';
import { WRITES } from '#domain/privileges.ts';
import { personIdSchema, personRowSchema } from '../person-views.ts';
import { malformedRecordSchema } from '../malformed-record.ts';
import type { RequestTable } from './definition.ts';

const peopleResult = z.object({ people: z.array(personRowSchema), malformed: z.array(malformedRecordSchema) });

/** Who has which role. */
export const PEOPLE_REQUESTS = {
  'people.list': {
    params: z.object({}),
    result: peopleResult,
    permission: 'policy',
    writes: false,
  },
  /** Gives somebody a role, null takes it away. `illegal_role_change` where nobody would be left who may give roles. */
  'people.set': {
    params: z.object({ personId: personIdSchema, role: roleSchema.nullable() }),
    result: peopleResult,
    permission: 'policy',
    writes: WRITES.setPeople,
  },
} as const satisfies RequestTable;
