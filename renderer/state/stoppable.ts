import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';

/** Something that takes a while and can be stopped: `stop` aborts what was begun last. */
export function useStoppable<Params, Value>(
  ask: (params: Params, signal: AbortSignal) => Promise<Value>,
  options: { readonly onSettled?: () => Promise<unknown> } = {},
) {
  const running = useRef<AbortController | null>(null);
  const asked = useMutation({
    mutationFn: (params: Params) => {
      running.current = new AbortController();
      return ask(params, running.current.signal);
    },
    ...options,
  });
  return { asked, stop: (): void => running.current?.abort() };
}
