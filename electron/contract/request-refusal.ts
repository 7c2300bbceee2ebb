import { missingPrivileges, type Privilege } from '#domain/privileges.ts';
import type { Refusal } from '#domain/people.ts';
import type { PersonStatus } from './person-views.ts';
import type { RequestDefinition } from './requests/definition.ts';
import { refusalBy } from './requests/refusal.ts';
import { REQUESTS, requestNameSchema, type RequestName } from './requests.ts';

/**
 * Why somebody may not make a request here and now; null where they may. The engine refuses by it, and a window asks it so that
 * nobody is offered what would be refused.
 */
export function refusalOf(name: RequestName, person: Pick<PersonStatus, 'access' | 'lacking'>): Refusal | null {
  return refusalBy(name, REQUESTS[name], person);
}

/** Why somebody may not make each of the requests that they may not make, once for each of them. */
export function refusalsOf(person: Pick<PersonStatus, 'access' | 'lacking'>): readonly Refusal[] {
  return requestNameSchema.options.flatMap((name) => refusalOf(name, person) ?? []);
}

/** Refusals of which none says the same as another. */
export function distinctRefusals(refusals: readonly Refusal[]): readonly Refusal[] {
  return [...new Map(refusals.map((refusal) => [refusal.detail, refusal])).values()];
}

/**
 * Of each request that writes, the actions that it needs and that no privilege covers, each as `action on collection`; requests that
 * lack nothing are left out.
 * @param privileges null where the server asks nobody to log in: then nothing lacks
 */
export function lackingByRequest(privileges: readonly Privilege[] | null, dbName: string): PersonStatus['lacking'] {
  const lacking: Record<string, string[]> = {};
  for (const name of requestNameSchema.options) {
    const { writes }: RequestDefinition = REQUESTS[name];
    const missing = writes === false ? [] : missingPrivileges(writes, privileges, dbName);
    if (missing.length > 0) lacking[name] = [...missing];
  }
  return lacking;
}
