import type { AccessControl } from '../access/access-control.ts';
import { isSameName, roleDoc, type AccessStore, type CustomRole } from '../access/access-store.ts';
import { builtinRole, builtinRoleNames, type AccessName } from '../access/builtin-roles.ts';
import { merged, privilegesOf, toDoc, without, type Privilege } from '../access/privilege.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { Command, CommandCall } from './command.ts';
import { nameOf, namesWithout, rolesField } from './user-commands.ts';

/** Commands that make, change and tell roles. */
export function roleCommands({ store }: AccessControl): Record<string, Command> {
  const write = (run: Command['run']): Command => ({ writes: true, run });
  const change = (edit: (call: CommandCall, role: CustomRole) => CustomRole): Command =>
    write((call) => {
      const role = edit(call, existing(call, store));
      refuseForeign(role);
      refuseCycle(role, store);
      store.putRole(role);
      return {};
    });
  return {
    createRole: write((call) => createRole(call, store)),
    updateRole: change((call, role) => updatedRole(call, role, store)),
    grantRolesToRole: change((call, role) => ({
      ...role,
      roles: [...role.roles, ...namesWithout(rolesField(call, store), role.roles)],
    })),
    revokeRolesFromRole: change((call, role) => ({
      ...role,
      roles: namesWithout(role.roles, rolesField(call, store)),
    })),
    grantPrivilegesToRole: change((call, role) => ({
      ...role,
      privileges: merged([...role.privileges, ...privilegesOf(call.body['privileges'])]),
    })),
    revokePrivilegesFromRole: change((call, role) => ({
      ...role,
      privileges: without(role.privileges, privilegesOf(call.body['privileges'])),
    })),
    dropRole: write((call) => {
      store.removeRole(existing(call, store));
      return {};
    }),
    dropAllRolesFromDatabase: write((call) => {
      const roles = store.customRoles(call.db);
      for (const role of roles) store.removeRole(role);
      return { n: roles.length };
    }),
    rolesInfo: { writes: false, run: (call) => rolesInfo(call, store) },
  };
}

function existing(call: CommandCall, store: AccessStore): CustomRole {
  const name = nameOf(call, call.body[call.name], 'role');
  if (builtinRole(name) !== null)
    throw new ServerError(
      'InvalidRoleModification',
      `${name.name}@${name.db} is a built-in role and cannot be modified`,
    );
  const role = store.customRole(name);
  if (role === null) throw new ServerError('RoleNotFound', `Role ${name.name}@${name.db} not found`);
  return role;
}

function createRole(call: CommandCall, store: AccessStore): Doc {
  const name = call.body['createRole'];
  if (typeof name !== 'string' || name === '') throw new ServerError('BadValue', 'Role name must be non-empty');
  if (call.db === 'local') throw new ServerError('BadValue', 'Cannot create roles in the local database');
  refuseRestrictions(call);
  if (builtinRole({ name, db: call.db }) !== null)
    throw new ServerError('BadValue', 'Cannot create roles with the same name as a built-in role');
  if (store.customRole({ name, db: call.db }) !== null)
    throw new ServerError('Location51002', `Role "${name}@${call.db}" already exists`);
  const role = {
    name,
    db: call.db,
    roles: rolesField(call, store),
    privileges: merged(privilegesOf(call.body['privileges'])),
  };
  refuseForeign(role);
  store.putRole(role);
  return {};
}

function updatedRole(call: CommandCall, role: CustomRole, store: AccessStore): CustomRole {
  const { roles, privileges } = call.body;
  if (roles === undefined && privileges === undefined)
    throw new ServerError('BadValue', 'Must specify at least one field to update in updateRole');
  refuseRestrictions(call);
  return {
    ...role,
    ...(roles === undefined ? {} : { roles: rolesField(call, store) }),
    ...(privileges === undefined ? {} : { privileges: merged(privilegesOf(privileges)) }),
  };
}

function refuseRestrictions({ body }: CommandCall): void {
  const restrictions = body['authenticationRestrictions'];
  if (Array.isArray(restrictions) && restrictions.length > 0)
    throw new ServerError('NotImplemented', 'The sandbox server has no authenticationRestrictions');
}

/** Only roles of `admin` reach beyond their own database. Error: `InvalidRoleModification`. */
function refuseForeign(role: CustomRole): void {
  if (role.db === 'admin') return;
  if (role.roles.some((inherited) => inherited.db !== role.db))
    throw new ServerError(
      'InvalidRoleModification',
      `Roles on the '${role.db}' database cannot be granted roles from other databases`,
    );
  if (!role.privileges.every((privilege) => isWithin(privilege, role.db)))
    throw new ServerError(
      'InvalidRoleModification',
      `Roles on the '${role.db}' database cannot be granted privileges that target other databases or the cluster`,
    );
}

function isWithin({ reach }: Privilege, db: string): boolean {
  return (reach.type === 'database' || reach.type === 'namespace') && reach.db === db;
}

function refuseCycle(role: CustomRole, store: AccessStore): void {
  if (store.resolve(role.roles).roles.some((inherited) => isSameName(inherited, role)))
    throw new ServerError(
      'InvalidRoleModification',
      `Granting roles to ${role.name}@${role.db} would introduce a cycle in the role graph`,
    );
}

function rolesInfo(call: CommandCall, store: AccessStore): Doc {
  const given = call.body['rolesInfo'];
  if (typeof given === 'string' || isDoc(given) || Array.isArray(given)) {
    const names = [given].flat().map((one) => nameOf(call, one, 'role'));
    return { roles: names.flatMap((name) => (store.isRole(name) ? [shownRole(call, name, store)] : [])) };
  }
  const builtins = call.body['showBuiltinRoles'] === true ? builtinRoleNames(call.db) : [];
  return { roles: [...store.customRoles(call.db), ...builtins].map((name) => shownRole(call, name, store)) };
}

function shownRole(call: CommandCall, name: AccessName, store: AccessStore): Doc {
  const builtin = builtinRole(name);
  const own = builtin ?? store.customRole(name) ?? { roles: [], privileges: [] };
  const inherited = store.resolve(own.roles);
  return {
    _id: `${name.db}.${name.name}`,
    role: name.name,
    db: name.db,
    ...(call.body['showPrivileges'] === true ? { privileges: merged(own.privileges).map(toDoc) } : {}),
    roles: own.roles.map(roleDoc),
    inheritedRoles: inherited.roles.map(roleDoc),
    ...(call.body['showPrivileges'] === true
      ? { inheritedPrivileges: merged([...own.privileges, ...inherited.privileges]).map(toDoc) }
      : {}),
    isBuiltin: builtin !== null,
  };
}
