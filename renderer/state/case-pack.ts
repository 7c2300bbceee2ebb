import { useMutation } from '@tanstack/react-query';
import type { CaseChoice } from '#contract/requests/jobs.ts';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';

/** Packs jobs into one archive in the folder of exports. */
export function useCaseExport() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (chosen: CaseChoice) => valueOrThrow(await engine.call('case.export', { chosen })),
  });
}
