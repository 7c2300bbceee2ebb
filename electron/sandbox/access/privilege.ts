import { isDoc, type Doc } from '../semantics/values.ts';
import { ServerError } from '../semantics/server-error.ts';
import { ACTIONS } from './actions.ts';

/** What a privilege reaches. `normal` are all databases but `local` and `config`, and all collections but the system's. */
export type Reach =
  | { readonly type: 'any' }
  | { readonly type: 'cluster' }
  | { readonly type: 'normal' }
  | { readonly type: 'database'; readonly db: string }
  | { readonly type: 'collection'; readonly coll: string }
  | { readonly type: 'namespace'; readonly db: string; readonly coll: string };

/** Actions that may be done to what a privilege reaches. */
export interface Privilege {
  readonly reach: Reach;
  readonly actions: readonly string[];
}

/** What a command acts on. */
export type Target = Extract<Reach, { readonly type: 'cluster' | 'normal' | 'database' | 'namespace' }>;

/** True where the privileges together allow every one of the actions on the target. */
export function isAllowed(privileges: readonly Privilege[], target: Target, actions: readonly string[]): boolean {
  const reaching = privileges.filter((privilege) => reaches(privilege.reach, target));
  return actions.every((action) =>
    reaching.some((privilege) => privilege.actions.includes(action) || privilege.actions.includes('anyAction')),
  );
}

/** True where any privilege names something of the database: then its collections' names may be told. */
export function reachesInto(privileges: readonly Privilege[], db: string): boolean {
  return privileges.some(({ reach }) => {
    if (reach.type === 'database' || reach.type === 'namespace') return reach.db === db;
    if (reach.type === 'normal') return !isInternal(db);
    return reach.type === 'any' || reach.type === 'collection';
  });
}

function reaches(reach: Reach, target: Target): boolean {
  switch (reach.type) {
    case 'any':
      return true;
    case 'cluster':
      return target.type === 'cluster';
    case 'normal':
      if (target.type === 'normal') return true;
      if (target.type === 'cluster' || isInternal(target.db)) return false;
      return target.type === 'database' || !isSystem(target.coll);
    case 'database':
      if (target.type === 'database') return target.db === reach.db;
      return target.type === 'namespace' && target.db === reach.db && !isSystem(target.coll);
    case 'collection':
      return target.type === 'namespace' && target.coll === reach.coll;
    case 'namespace':
      return target.type === 'namespace' && target.db === reach.db && target.coll === reach.coll;
  }
}

function isInternal(db: string): boolean {
  return db === 'local' || db === 'config';
}

function isSystem(coll: string): boolean {
  return coll.startsWith('system.');
}

/** Privileges with one entry for each reach and its actions in the order of the alphabet, as MongoDB tells them. */
export function merged(privileges: readonly Privilege[]): readonly Privilege[] {
  const byReach = new Map<string, { readonly reach: Reach; readonly actions: Set<string> }>();
  for (const { reach, actions } of privileges) {
    const key = JSON.stringify(resourceOf(reach));
    const entry = byReach.get(key) ?? { reach, actions: new Set<string>() };
    for (const action of actions) entry.actions.add(action);
    byReach.set(key, entry);
  }
  return [...byReach.values()].map(({ reach, actions }) => ({ reach, actions: [...actions].sort() }));
}

/** What is left of privileges when others are taken away. */
export function without(privileges: readonly Privilege[], taken: readonly Privilege[]): readonly Privilege[] {
  return merged(privileges)
    .map(({ reach, actions }) => {
      const key = JSON.stringify(resourceOf(reach));
      const gone = taken.filter((one) => JSON.stringify(resourceOf(one.reach)) === key).flatMap((one) => one.actions);
      return { reach, actions: actions.filter((action) => !gone.includes(action)) };
    })
    .filter((privilege) => privilege.actions.length > 0);
}

/** A privilege as commands tell it. */
export function toDoc(privilege: Privilege): Doc {
  return { resource: resourceOf(privilege.reach), actions: [...privilege.actions] };
}

function resourceOf(reach: Reach): Doc {
  switch (reach.type) {
    case 'any':
      return { anyResource: true };
    case 'cluster':
      return { cluster: true };
    case 'normal':
      return { db: '', collection: '' };
    case 'database':
      return { db: reach.db, collection: '' };
    case 'collection':
      return { db: '', collection: reach.coll };
    case 'namespace':
      return { db: reach.db, collection: reach.coll };
  }
}

/** Reads the privileges that a command gives. Errors: `TypeMismatch`, `BadValue` for an action that MongoDB does not have. */
export function privilegesOf(given: unknown): readonly Privilege[] {
  if (!Array.isArray(given)) throw new ServerError('TypeMismatch', "'privileges' must be an array");
  return (given as unknown[]).map((one) => {
    const actions = isDoc(one) ? one['actions'] : undefined;
    if (!isDoc(one) || !Array.isArray(actions) || !actions.every((action) => typeof action === 'string'))
      throw new ServerError('TypeMismatch', 'a privilege must be an object with a resource and an array of actions');
    const unknown = actions.filter((action) => !ACTIONS.has(action));
    if (unknown.length > 0)
      throw new ServerError('BadValue', `Unrecognized action privilege strings: ${unknown.join(', ')}`);
    return { reach: reachOf(one['resource']), actions };
  });
}

function reachOf(resource: unknown): Reach {
  if (isDoc(resource)) {
    if (resource['anyResource'] === true) return { type: 'any' };
    if (resource['cluster'] === true) return { type: 'cluster' };
    const { db, collection: coll } = resource;
    if (typeof db === 'string' && typeof coll === 'string') {
      if (db === '') return coll === '' ? { type: 'normal' } : { type: 'collection', coll };
      return coll === '' ? { type: 'database', db } : { type: 'namespace', db, coll };
    }
  }
  throw new ServerError(
    'BadValue',
    'Exactly one of anyResource, cluster, or db and collection must be set on a resource of a privilege',
  );
}
