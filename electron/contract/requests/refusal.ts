import type { Refusal } from '#domain/people.ts';
import type { PersonStatus } from '../person-views.ts';
import type { RequestDefinition } from './definition.ts';

/**
 * Why somebody may not make the request of that name and definition; null where they may. The role is named first, then the connection,
 * then what the server's user lacks. For processes that do not load the whole contract; everybody else asks `refusalOf`.
 */
export function refusalBy(
  name: string,
  { permission, writes }: Pick<RequestDefinition, 'permission' | 'writes'>,
  { access, lacking }: Pick<PersonStatus, 'access' | 'lacking'>,
): Refusal | null {
  const { read, write } = access[permission];
  if (read !== null || writes === false) return read;
  if (write !== null) return write;
  const missing = lacking[name] ?? [];
  if (missing.length === 0) return null;
  return { cause: 'privileges', detail: `the server's user lacks ${missing.join(', ')}`.slice(0, 1000) };
}
