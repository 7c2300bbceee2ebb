/** What a press may mean, from the inside out. */
const CONTROLS = 'button, a, input, select, textarea, label, summary, [role]';
/** What a press opens, and what gives the keyboard on to its first line by itself. */
const OPENED = 'dialog, [role="menu"]';
/** Two presses of a key within this time are one that was pressed twice, in milliseconds; nobody decides anew so soon. */
const TWICE_MS = 400;

/**
 * Takes presses as they are meant. A double click is meant for what its first click met, and so is a key that is pressed twice: the second
 * would meet what came into its place, the next row's button, what a dialog covered, or the first line of a menu. And Enter that is held is
 * pressed once.
 */
export function takePressesAsMeant(): void {
  takeClicksAsMeant();
  takeKeysAsMeant();
}

function takeClicksAsMeant(): void {
  let met: Element | null = null;
  let isMisplaced = false;
  const onMouseDown = (event: MouseEvent): void => {
    const control = event.target instanceof Element ? event.target.closest(CONTROLS) : null;
    isMisplaced = event.detail > 1 && control !== met;
    if (event.detail <= 1) met = control;
  };
  const onClick = (event: MouseEvent): void => {
    // What the keyboard presses counts no clicks.
    if (isMisplaced && event.detail > 1) drop(event);
  };
  addEventListener('mousedown', onMouseDown, { capture: true });
  addEventListener('click', onClick, { capture: true });
  addEventListener('dblclick', onClick, { capture: true });
}

function takeKeysAsMeant(): void {
  let first: { readonly key: string; readonly met: EventTarget | null; readonly atMs: number } | null = null;
  let moves = 0;
  const forget = (): void => {
    first = null;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return forget();
    const isHeld = event.key === 'Enter' && event.repeat;
    if (isHeld && !(event.target instanceof HTMLTextAreaElement)) return drop(event);
    const isSecond = first?.key === event.key && event.timeStamp - first.atMs < TWICE_MS;
    if (first !== null && isSecond && hasGivenWay(first.met, event.target)) return drop(event);
    first = { key: event.key, met: event.target, atMs: event.timeStamp };
    moves = 0;
  };
  // Where a press has moved the keyboard nobody chose to be; whatever it is moved to from there was chosen. A menu gives it on to its first line.
  const onFocusIn = ({ target, relatedTarget }: FocusEvent): void => {
    const isGivenOn =
      relatedTarget instanceof Element &&
      relatedTarget.matches(OPENED) &&
      target instanceof Node &&
      relatedTarget.contains(target);
    if (!isGivenOn) moves += 1;
    if (moves > 1) forget();
  };
  addEventListener('keydown', onKeyDown, { capture: true });
  addEventListener('focusin', onFocusIn, { capture: true });
  addEventListener('mousedown', forget, { capture: true });
}

/** Whether what a press met has gone, or has opened what has the keyboard now; a neighbour that was there all along was gone to. */
function hasGivenWay(met: EventTarget | null, now: EventTarget | null): boolean {
  if (!(met instanceof Element) || !(now instanceof Element) || met === now) return false;
  const opened = now.closest(OPENED);
  return !met.isConnected || !met.checkVisibility() || (opened !== null && !opened.contains(met));
}

function drop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}
