/** Gives the keyboard back to what had it before something that has closed, where the browser gave it to nobody; else to the screen. */
export function giveFocusBack(opener: Element | null): void {
  if (document.activeElement !== document.body) return;
  const next = opener?.isConnected === true && !opener.matches(':disabled') ? opener : document.querySelector('main');
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}
