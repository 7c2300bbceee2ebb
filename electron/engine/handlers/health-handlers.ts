import { ok } from '#domain/result.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';

/** How generation is doing, beside the time before: answered from the offline copy, whether or not there is a server. */
export function healthHandlers(copy: ReadCopy): HandlersOf<'health'> {
  return {
    'health.get': async (query, { signal }) => {
      const reader = copy(signal);
      const now = await reader.health(query);
      if (!now.ok) return now;
      // The whole buckets just before: the same number of them, so that like is compared with like.
      const { fromMs, toMs } = now.value;
      const before = await reader.health({ ...query, fromMs: fromMs - (toMs - fromMs), toMs: fromMs, groupBy: null });
      if (!before.ok) return before;
      const groups = now.value.groups.map(({ key, figures, queue }) => ({ key, figures, queue }));
      return ok({ ...now.value, before: before.value.figures, groups });
    },
    'health.jobs': (query, { signal }) => copy(signal).healthJobs(query),
  };
}
