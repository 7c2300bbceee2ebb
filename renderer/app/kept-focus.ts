/**
 * Gives the keyboard back to a control that was switched off for as long as something was under way: the browser takes it from what is
 * switched off and gives it to nobody. Not where the person has gone elsewhere meanwhile.
 */
export function keepFocusThroughWaits(page: HTMLElement): void {
  let waiting: EventTarget | null = null;
  addEventListener('focusin', () => {
    waiting = null;
  });
  addEventListener('focusout', ({ target }) => {
    if (target instanceof Element && target.matches(':disabled')) waiting = target;
  });
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target !== waiting || document.activeElement !== document.body) continue;
      if (target instanceof HTMLElement && !target.matches(':disabled')) target.focus({ preventScroll: true });
    }
  }).observe(page, { subtree: true, attributes: true, attributeFilter: ['disabled'] });
}
