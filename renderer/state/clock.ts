import { useSyncExternalStore } from 'react';

const TICK_MS = 1_000;
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) {
    nowMs = Date.now();
    timer = setInterval(() => {
      nowMs = Date.now();
      listeners.forEach((each) => each());
    }, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

/** Derives something from the time of this machine once a second; the component renders only when what it derives changes. */
export function useClock<Derived extends string | number | boolean | null>(
  derive: (nowMs: number) => Derived,
): Derived {
  return useSyncExternalStore(subscribe, () => derive(nowMs));
}
