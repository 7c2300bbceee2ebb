import type { Provider } from '#runner/provider.ts';

/** Jobs with these prompts take down whoever runs them. */
export const POISON = { crash: 'poison: crash', loop: 'poison: endless loop', memory: 'poison: memory' } as const;

/** A provider in whose hands poisonous jobs do what they do. */
export function poisonable(provider: Provider): Provider {
  return {
    ...provider,
    generate: (request, sink, signal) => {
      if (request.prompt === POISON.crash) process.kill(process.pid, 'SIGKILL');
      if (request.prompt === POISON.loop) for (;;);
      if (request.prompt === POISON.memory) fillMemory();
      return provider.generate(request, sink, signal);
    },
  };
}

/** Asks for more than there can be; the process ends as it does when memory runs out. */
function fillMemory(): void {
  const hoard: string[][] = [];
  for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_, n) => `${n}`));
}
