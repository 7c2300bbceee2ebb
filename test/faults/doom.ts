import { z } from 'zod';
import type { RunnerStore } from '#store/ports.ts';

/** What a runner does to its server, step by step of the charge protocol and of a lease. */
const METHODS = [
  'reserveDue',
  'claimBatch',
  'heartbeat',
  'recordAcceptance',
  'applyChanges',
  'settle',
] as const satisfies readonly (keyof RunnerStore)[];

/** Where a process dies: just before a call, or when its reply is there and nobody has acted upon it. */
export const doomSchema = z.object({
  method: z.enum(METHODS),
  when: z.enum(['before', 'after']),
  /** At the how manyeth call. */
  nth: z.int().positive(),
});
export type Doom = z.infer<typeof doomSchema>;

/** The twelve points at which runners are killed, each by its name. */
export const KILL_POINTS = METHODS.flatMap((method) =>
  (['before', 'after'] as const).map((when) => ({ name: `${when}_${method}`, method, when })),
);

/** The store, until its process dies at one point. */
export function doomedStore(store: RunnerStore, doom: Doom, die: () => void): RunnerStore {
  let calls = 0;
  return new Proxy(store, {
    get(target, name): unknown {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        const isDoomed = name === doom.method && (calls += 1) === doom.nth;
        if (isDoomed && doom.when === 'before') die();
        const result: unknown = Reflect.apply(method, target, args);
        return isDoomed && doom.when === 'after' ? Promise.resolve(result).then(dying(die)) : result;
      };
    },
  });
}

function dying(die: () => void): (reply: unknown) => unknown {
  return (reply) => {
    die();
    return reply;
  };
}
