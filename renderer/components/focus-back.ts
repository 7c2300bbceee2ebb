/** What stands open, by what it was opened from; and who has the keyboard in its place where that was taken away meanwhile. */
const openers = new Map<Element, HTMLElement | null>();

/** Notes that what has the keyboard has opened something, which gives it back with {@link giveFocusBack}. */
export function noteOpener(): Element | null {
  const opener = document.activeElement;
  if (opener !== null && opener !== document.body) openers.set(opener, null);
  return opener;
}

/** What has opened something and was taken away since, for example the row that is deleted from a dialog. */
export function openersGone(): readonly Element[] {
  return [...openers].filter(([opener, heir]) => !opener.isConnected && heir === null).map(([opener]) => opener);
}

/** Lets another control have the keyboard back in the place of one that was taken away. */
export function inheritFocus(opener: Element, heir: HTMLElement | null): void {
  openers.set(opener, heir);
}

/** Gives the keyboard back to what had it before something that has closed, where the browser gave it to nobody; else to the screen. */
export function giveFocusBack(opener: Element | null): void {
  const heir = opener === null ? undefined : openers.get(opener);
  if (opener !== null) openers.delete(opener);
  if (document.activeElement !== document.body) return;
  const next = [opener, heir].find((one) => one?.isConnected === true && !one.matches(':disabled'));
  const holder = next ?? document.querySelector('main');
  if (holder instanceof HTMLElement) holder.focus({ preventScroll: true });
}
