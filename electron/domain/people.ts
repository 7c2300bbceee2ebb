import { z } from 'zod';
import { PERMISSION_WORDS } from './permission-words.ts';
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

/** What somebody may no longer do where one role takes the place of another; null is none, with which they may look as a viewer does. */
export function lostPermissions(from: Role, to: Role | null): readonly Permission[] {
  const kept = PERMISSIONS_OF[roleOf(to === null ? null : { role: to }, true)];
  return PERMISSIONS_OF[from].filter((permission) => !kept.includes(permission));
}

/** Why something is refused: by the role, because the connection is read-only, by the login's privileges, or while the server is away. */
const refusalSchema = z.object({
  cause: z.enum(['role', 'read_only', 'privileges', 'offline']),
  /** What is missing, for people: a role's name, actions and collections, or why it needs the server. */
  detail: z.string().max(1000),
});
export type Refusal = z.infer<typeof refusalSchema>;

/** Of each permission, whether role and connection cover reading and writing; null where they do. */
export const accessSchema = z.record(
  permissionSchema,
  z.object({ read: refusalSchema.nullable(), write: refusalSchema.nullable() }),
);
export type Access = z.infer<typeof accessSchema>;

/** What decides about somebody's access. */
export interface AccessFacts {
  readonly role: Role;
  readonly isReadOnly: boolean;
}

/**
 * What a person's role and the kind of this connection cover, and why not where not; the role is named before everything else. What
 * the server's own privileges do not cover is another for each request.
 */
export function accessOf({ role, isReadOnly }: AccessFacts): Access {
  const granted = PERMISSIONS_OF[role];
  const write: Refusal | null = isReadOnly
    ? { cause: 'read_only', detail: 'this connection was opened to read only' }
    : null;
  const entries = permissionSchema.options.map((permission) => {
    if (!granted.includes(permission)) {
      const refusal: Refusal = { cause: 'role', detail: roleRefusalText(role, permission) };
      return [permission, { read: refusal, write: refusal }] as const;
    }
    return [permission, { read: null, write }] as const;
  });
  return accessSchema.parse(Object.fromEntries(entries));
}

function roleRefusalText(role: Role, permission: Permission): string {
  const covering = roleSchema.options.filter((one) => PERMISSIONS_OF[one].includes(permission));
  return `the role ${role} may not ${PERMISSION_WORDS[permission].toLowerCase()}; who may: ${covering.join(', ')}`;
}

/** The code of the catalogue for a refusal. */
export function refusalCode(
  refusal: Refusal,
): 'permission_denied' | 'read_only' | 'not_authorized' | 'server_unreachable' {
  switch (refusal.cause) {
    case 'role':
      return 'permission_denied';
    case 'read_only':
      return 'read_only';
    case 'privileges':
      return 'not_authorized';
    case 'offline':
      return 'server_unreachable';
    default:
      return assertNever(refusal.cause);
  }
}
