import type { Page } from '@playwright/test';

/** How a list behaved while it was scrolled. */
export interface Scrolling {
  /** Milliseconds between one frame and the next. */
  readonly frames: readonly number[];
  /** The longest time that a row in sight was empty, in milliseconds. */
  readonly emptyMsMax: number;
}

/**
 * Scrolls an element down by a wheel's notch a frame, with a turn upwards at the end of each second, and counts frames.
 * @param selector of the element that scrolls
 * @param empty of a row that is shown before it is there; null where the list has no such
 */
export function scrolled(
  page: Page,
  { selector, empty, ms }: { readonly selector: string; readonly empty: string | null; readonly ms: number },
): Promise<Scrolling> {
  return page.evaluate(
    async (given) => {
      const element = document.querySelector(given.selector);
      if (element === null) throw new Error(`nothing is ${given.selector}`);
      const frames: number[] = [];
      let emptyMsMax = 0;
      let emptySince: number | null = null;
      const hasEmpty = (): boolean => {
        if (given.empty === null) return false;
        const sight = element.getBoundingClientRect();
        return [...element.querySelectorAll(given.empty)].some((row) => {
          const { top, bottom } = row.getBoundingClientRect();
          return bottom > sight.top + 1 && top < sight.bottom - 1;
        });
      };
      await new Promise<void>((resolve) => {
        const startedAt = performance.now();
        let last: number | null = null;
        const step = (now: number): void => {
          if (last !== null) frames.push(now - last);
          last = now;
          if (hasEmpty()) {
            emptySince ??= now;
            emptyMsMax = Math.max(emptyMsMax, now - emptySince);
          } else emptySince = null;
          const elapsed = now - startedAt;
          if (elapsed > given.ms) return resolve();
          element.scrollTop += elapsed % 1000 < 800 ? 120 : -60;
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      });
      return { frames, emptyMsMax };
    },
    { selector, empty, ms },
  );
}

/** The share of frames that came in time, 0 to 1: those that the screen's next refresh showed, with half a millisecond of the clock's. */
export function inTime({ frames }: Scrolling): number {
  return frames.filter((ms) => ms <= 17.2).length / Math.max(1, frames.length);
}
