import { createHash } from 'node:crypto';
import type { CommandCall } from '../commands/command.ts';
import type { Deployment } from '../deployment.ts';
import { ServerError } from '../semantics/server-error.ts';
import { AccessStore, isSameName, type Grants } from './access-store.ts';
import type { AccessName } from './builtin-roles.ts';
import { commandText } from './command-text.ts';
import { isAllowed, reachesInto, type Target } from './privilege.ts';
import { requirementOf } from './requirements.ts';

/** What the first user may be made with, while there is nobody who could log in: MongoDB's localhost exception. */
const BEGINNING: Grants = {
  roles: [],
  privileges: [{ reach: { type: 'database', db: 'admin' }, actions: ['createUser', 'grantRole'] }],
};
const NOTHING: Grants = { roles: [], privileges: [] };
/** Commands that whoever connects may send. */
export const WITHOUT_LOGIN: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'ping',
  'buildInfo',
  'buildinfo',
  'connectionStatus',
  'endSessions',
  'saslStart',
  'saslContinue',
  'logout',
  'configureFailPoint',
]);

/** What one client may do, asked of what its user's roles grant at this moment. */
export interface Access {
  readonly isEnabled: boolean;
  /** Who logged in and is still there; null for nobody. */
  readonly user: AccessName | null;
  may(target: Target, ...actions: readonly string[]): boolean;
  /** True where the client may run that command. */
  allows(call: CommandCall): boolean;
  /** True for the roles that the user has, also through others. */
  hasRole(role: AccessName): boolean;
  /** True where any privilege names something of that database. */
  mayKnow(db: string): boolean;
}

const EVERYTHING: Access = {
  isEnabled: false,
  user: null,
  may: () => true,
  allows: () => true,
  hasRole: () => true,
  mayKnow: () => true,
};

/** Decides who may run which command. Where it is off everybody may do everything. */
export class AccessControl {
  readonly store: AccessStore;
  readonly isEnabled: boolean;

  constructor(deployment: Deployment, isEnabled: boolean) {
    this.store = new AccessStore(deployment);
    this.isEnabled = isEnabled;
  }

  accessOf(user: AccessName | null): Access {
    if (!this.isEnabled) return EVERYTHING;
    const known = user === null ? null : this.store.grantsOf(user);
    const grants = known ?? (this.store.hasNobody ? BEGINNING : NOTHING);
    const access: Access = {
      isEnabled: true,
      user: known === null ? null : user,
      may: (target, ...actions) => isAllowed(grants.privileges, target, actions),
      allows: (call) => requirementOf(call.name)(call, access),
      hasRole: (role) => grants.roles.some((one) => isSameName(one, role)),
      mayKnow: (db) => reachesInto(grants.privileges, db),
    };
    return access;
  }

  /** Errors: `Unauthorized`, in MongoDB's words; `ReauthenticationRequired` where the token of a login has ended. */
  check(call: CommandCall): void {
    if (!this.isEnabled || WITHOUT_LOGIN.has(call.name)) return;
    const { loginEndsAtMs } = call.client;
    if (loginEndsAtMs !== null && loginEndsAtMs <= call.startedAt.getTime())
      throw new ServerError('ReauthenticationRequired', 'reauthentication is required');
    const access = this.accessOf(call.client.user);
    if (access.user === null && !this.store.hasNobody)
      throw new ServerError('Unauthorized', `Command ${call.name} requires authentication`);
    if (!access.allows(call))
      throw new ServerError(
        'Unauthorized',
        `not authorized on ${call.db} to execute command ${commandText(call.body)}`,
      );
  }
}

const NOBODY = sha256('');

/** MongoDB's digest of who a session belongs to. */
export function userDigest(user: AccessName | null): Buffer {
  return user === null ? NOBODY : sha256(`${user.name}@${user.db}`);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
