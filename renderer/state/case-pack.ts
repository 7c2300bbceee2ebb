import { useMutation } from '@tanstack/react-query';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';

/** Packs jobs into one archive in the folder of exports. */
export function useCaseExport() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async (jobIds: readonly string[]) =>
      valueOrThrow(await engine.call('case.export', { jobIds: [...jobIds] })),
  });
}
