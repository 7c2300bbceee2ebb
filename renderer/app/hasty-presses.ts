/** What a press may mean, from the inside out. */
const CONTROLS = 'button, a, input, select, textarea, label, summary, [role]';

/**
 * Takes presses as they are meant. A double click is meant for what its first click met: where that has gone, or moved, the second would
 * meet what came into its place, the next row's button or what a dialog covered. And Enter that is held is pressed once.
 */
export function takePressesAsMeant(): void {
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
  const onKeyDown = (event: KeyboardEvent): void => {
    const isPress = event.key === 'Enter' && event.repeat;
    if (isPress && !(event.target instanceof HTMLTextAreaElement)) drop(event);
  };
  addEventListener('mousedown', onMouseDown, { capture: true });
  addEventListener('click', onClick, { capture: true });
  addEventListener('dblclick', onClick, { capture: true });
  addEventListener('keydown', onKeyDown, { capture: true });
}

function drop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}
