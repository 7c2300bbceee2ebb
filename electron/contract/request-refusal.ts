import { missingPrivileges, type Privilege } from '#domain/privileges.ts';
import type { Refusal } from '#domain/people.ts';
import type { PersonStatus } from './person-views.ts';
import type { RequestDefinition } from './requests/definition.ts';
import { REQUESTS, requestNameSchema, type RequestName } from './requests.ts';

/**
 * Why somebody may not make a request here and now; null where they may. The engine refuses by it, and a window asks it so that
 * nobody is offered what would be refused. The role is named first, then the connection, then what the server's user lacks.
 */
export function refusalOf(
  name: RequestName,
  { access, lacking }: Pick<PersonStatus, 'access' | 'lacking'>,
): Refusal | null {
  const { permission, writes }: RequestDefinition = REQUESTS[name];
  const { read, write } = access[permission];
  if (read !== null || writes === false) return read;
  if (write !== null) return write;
  const missing = lacking[name] ?? [];
  if (missing.length === 0) return null;
  return { cause: 'privileges', detail: `the server's user lacks ${missing.join(', ')}`.slice(0, 1000) };
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
