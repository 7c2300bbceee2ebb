import { inheritFocus, openersGone } from '../components/focus-back.ts';

/** What the Tab key stops at, as far as it is switched on and can be seen. */
const STOPS = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex]';

/**
 * Gives the keyboard on where the browser takes it from a control and gives it to nobody: back to what was switched off for as long as
 * something was under way, and to the neighbour of what was taken away. Not where the person has gone elsewhere meanwhile.
 */
export function keepFocus(page: HTMLElement): void {
  let held: HTMLElement | null = null;
  let isByKeyboard = false;
  addEventListener('focusin', ({ target }) => {
    held = target instanceof HTMLElement ? target : null;
  });
  addEventListener('keydown', () => (isByKeyboard = true), { capture: true });
  addEventListener('pointerdown', () => (isByKeyboard = false), { capture: true });
  addEventListener('focusout', ({ target }) => {
    // What is taken away is left while it still stands there.
    queueMicrotask(() => {
      if (target === held && held !== null && document.activeElement !== held && canBeHeld(held)) held = null;
    });
  });
  new MutationObserver((changes) => {
    for (const opener of openersGone()) inheritFocus(opener, nextTo(gapLeftBy(opener, changes)));
    if (held === null || document.activeElement !== document.body) return;
    if (!held.isConnected) {
      // A dialog gives back by itself what it has taken. And whoever clicked is not about to type: what opens for letters would be in the way.
      if (!isByKeyboard || held.closest('dialog') !== null) return;
      held = nextTo(gapLeftBy(held, changes)) ?? held;
    }
    // The neighbour may be switched off with the row that goes, and is waited for.
    if (held.isConnected && !held.matches(':disabled')) held.focus({ preventScroll: true });
  }).observe(page, { subtree: true, childList: true, attributes: true, attributeFilter: ['disabled'] });
}

/** Where something stood that was taken away. */
interface Gap {
  /** What was taken away as a whole: a row for example. */
  readonly gone: Element;
  /** Which of its stops had the keyboard. */
  readonly stop: number;
  readonly parent: Element;
  readonly next: Node | null;
  readonly previous: Node | null;
  /** What came at the same time: of another screen nothing is a neighbour. */
  readonly came: ReadonlySet<Node>;
}

function gapLeftBy(control: Element, changes: readonly MutationRecord[]): Gap | null {
  for (const { target, removedNodes, nextSibling, previousSibling } of changes) {
    const gone = [...removedNodes].find((node) => node.contains(control));
    if (!(gone instanceof Element) || !(target instanceof Element) || !target.isConnected) continue;
    const came = new Set(changes.flatMap(({ addedNodes }) => [...addedNodes]));
    const stop = stopsIn(gone).indexOf(control);
    return { gone, stop, parent: target, next: nextSibling, previous: previousSibling, came };
  }
  return null;
}

/** The same control of the next row, or of the one before; otherwise what stands nearest, and at last what all of it stands in. */
function nextTo(gap: Gap | null): HTMLElement | null {
  if (gap === null) return null;
  const { gone, stop, parent, next, previous, came } = gap;
  const after = [...siblings(next, 'nextSibling')];
  const before = [...siblings(previous, 'previousSibling')];
  const isRow = ({ tagName }: Element): boolean => tagName === gone.tagName && !parent.matches('main');
  for (const row of [...after, ...before].filter(isRow)) {
    const found = stopsIn(row)[stop];
    if (found instanceof HTMLElement && found.checkVisibility()) return found;
  }
  // Beside a button stand others that do something else: who approved and presses on would reject.
  const isNear = (one: Element): boolean => !came.has(one) && !(gone.matches('button') && one.matches('button'));
  const nearest = [
    ...after.filter(isNear).map((one) => stopsIn(one).find(canBeHeld)),
    ...before.filter(isNear).map((one) => stopsIn(one).findLast(canBeHeld)),
  ].find((found) => found !== undefined);
  if (nearest !== undefined) return nearest;
  const around = parent.closest<HTMLElement>('dialog, main, [tabindex]');
  return around?.matches('dialog') === true ? (stopsIn(around).find(canBeHeld) ?? null) : around;
}

function* siblings(from: Node | null, way: 'nextSibling' | 'previousSibling'): Generator<Element> {
  for (let node = from; node !== null; node = node[way]) {
    if (node instanceof Element && node.isConnected) yield node;
  }
}

function stopsIn(whole: Element): readonly Element[] {
  return [...(whole.matches(STOPS) ? [whole] : []), ...whole.querySelectorAll(STOPS)];
}

function canBeHeld(control: Element): control is HTMLElement {
  return (
    control instanceof HTMLElement &&
    control.tabIndex >= 0 &&
    !control.matches(':disabled') &&
    control.checkVisibility()
  );
}
