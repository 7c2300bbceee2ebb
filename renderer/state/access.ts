import { offlineRefusalOf } from '#contract/offline-writes.ts';
import { refusalOf } from '#contract/request-refusal.ts';
import type { RequestName } from '#contract/requests.ts';
import type { Refusal } from '#domain/people.ts';
import { useEngineStatus, useIsServerAway } from './engine-queries.tsx';

/**
 * Why the person at this window may not make a request now; null where they may, where it is kept as a draft while the server is away,
 * and while nothing is known yet. The engine enforces the same rule: a control that asks this one only spares people a refusal.
 */
export function useRefusal(request: RequestName): Refusal | null {
  const person = useEngineStatus().data?.person;
  const isAway = useIsServerAway();
  const refusal = person === undefined ? null : refusalOf(request, person);
  return refusal ?? (isAway ? offlineRefusalOf(request) : null);
}
