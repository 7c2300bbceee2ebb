import type { FailureDesk } from '#console/failures/failure-desk.ts';
import { ok } from '#domain/result.ts';
import type { HandlersOf } from './handler.ts';

/** Failures by their cause, and what is decided about them. */
export function failureHandlers(desk: FailureDesk): HandlersOf<'failures'> {
  return {
    'failures.list': (query, { signal }) => desk.list(query, signal),
    'failures.decide': async (order, { actor, note }) => {
      const decided = await desk.decide(order, actor);
      if (!decided.ok) return decided;
      note('before', decided.value.before.verdict?.as ?? 'open');
      note('after', decided.value.after.verdict?.as ?? 'open');
      return ok({});
    },
  };
}
