import { useMutation, useQuery } from '@tanstack/react-query';
import { valueOrThrow } from './engine-failure.ts';
import { useEngine } from './engine-queries.tsx';

/** What a look at the set-up found; looked at anew each time the screen is opened. */
export function useDoctor() {
  const engine = useEngine();
  return useQuery({
    queryKey: ['doctor.run'],
    queryFn: async () => valueOrThrow(await engine.call('doctor.run', {})).parts,
    staleTime: 0,
    retry: false,
  });
}

/** Puts what helps whoever helps on the clipboard. */
export function useDiagnosticsCopy() {
  const engine = useEngine();
  return useMutation({
    mutationFn: async () => {
      const { text } = valueOrThrow(await engine.call('doctor.diagnostics', {}));
      await navigator.clipboard.writeText(text);
      return text.length;
    },
  });
}
