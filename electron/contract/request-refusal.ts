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
