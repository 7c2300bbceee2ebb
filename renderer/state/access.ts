import type { Permission, Refusal } from '#domain/people.ts';
import { useEngineStatus } from './engine-queries.tsx';

/**
 * Why the person at this window may not do something now; null where they may, and while nothing is known yet. The engine
 * enforces the same rule: a control that asks this one only spares people a refusal.
 * @param kind `write` for what changes something on the server
 */
export function useRefusal(permission: Permission, kind: 'read' | 'write'): Refusal | null {
  const access = useEngineStatus().data?.person.access;
  if (access === undefined) return null;
  return access[permission].read ?? (kind === 'write' ? access[permission].write : null);
}
