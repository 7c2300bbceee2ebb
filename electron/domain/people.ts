import { z } from 'zod';
import { assertNever } from './result.ts';

/**
 * What somebody may do. Each request of the contract names the one that it needs. `policy` is the rules of the console itself:
 * the retry policy, who has which role, what is redacted.
 */
export const permissionSchema = z.enum(['view', 'payload', 'money', 'retry', 'policy', 'runner', 'export']);
export type Permission = z.infer<typeof permissionSchema>;

/** What a person is to the console. */
export const roleSchema = z.enum(['viewer', 'support', 'finance', 'founder']);
export type Role = z.infer<typeof roleSchema>;

/** What each role may do. */
export const PERMISSIONS_OF: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['view'],
  support: ['view', 'payload', 'retry', 'export'],
  finance: ['view', 'money', 'export'],
  founder: permissionSchema.options,
};

/** The longest name of a person, in characters; it is an actor's id too. */
export const PERSON_ID_MAX = 200;

/** A person as `console_people` keeps them: `_id` is the name by which the server or the system knows them. */
export const personSchema = z.object({
  _id: z.string().min(1).max(PERSON_ID_MAX),
  role: roleSchema,
  since: z.date(),
  by: z.string().min(1).max(PERSON_ID_MAX),
});
export type Person = z.infer<typeof personSchema>;

/**
 * The role of somebody who opens the console. Where nobody has a role yet, whoever comes first must be able to give them out;
 * from then on who is not listed may look and nothing else.
 * @param listed the person's own entry, null where there is none
 */
export function roleOf(listed: Pick<Person, 'role'> | null, isAnybodyListed: boolean): Role {
  if (listed !== null) return listed.role;
  return isAnybodyListed ? 'viewer' : 'founder';
}

/** Why a permission is refused: by the role, because the connection is read-only, or by the login's privileges. */
export const refusalSchema = z.object({
  cause: z.enum(['role', 'read_only', 'privileges']),
  /** What is missing, for people: a role's name, or actions and collections. */
  detail: z.string().max(1000),
});
export type Refusal = z.infer<typeof refusalSchema>;

/** Of each permission, whether it covers reading and writing here and now; null where it does. */
export const accessSchema = z.record(
  permissionSchema,
  z.object({ read: refusalSchema.nullable(), write: refusalSchema.nullable() }),
);
export type Access = z.infer<typeof accessSchema>;

/** What decides about somebody's access. */
export interface AccessFacts {
  readonly role: Role;
  readonly isReadOnly: boolean;
  /** Of each permission, the privileges on the server that its writing requests need and the login lacks. */
  readonly missingPrivileges: Readonly<Partial<Record<Permission, readonly string[]>>>;
}

/** What a person may do over this connection, and why not where not. The role is named before everything else. */
export function accessOf(facts: AccessFacts): Access {
  const granted = PERMISSIONS_OF[facts.role];
  const entries = permissionSchema.options.map((permission) => {
    if (!granted.includes(permission)) {
      const refusal: Refusal = { cause: 'role', detail: `the role ${facts.role} does not include ${permission}` };
      return [permission, { read: refusal, write: refusal }] as const;
    }
    return [permission, { read: null, write: writeRefusalOf(permission, facts) }] as const;
  });
  return accessSchema.parse(Object.fromEntries(entries));
}

function writeRefusalOf(permission: Permission, facts: AccessFacts): Refusal | null {
  if (facts.isReadOnly) return { cause: 'read_only', detail: 'this connection was opened to read only' };
  const missing = facts.missingPrivileges[permission] ?? [];
  if (missing.length === 0) return null;
  return { cause: 'privileges', detail: `the server's user lacks ${missing.join(', ')}`.slice(0, 1000) };
}

/** The code of the catalogue for a refusal. */
export function refusalCode(refusal: Refusal): 'permission_denied' | 'read_only' | 'not_authorized' {
  switch (refusal.cause) {
    case 'role':
      return 'permission_denied';
    case 'read_only':
      return 'read_only';
    case 'privileges':
      return 'not_authorized';
    default:
      return assertNever(refusal.cause);
  }
}
