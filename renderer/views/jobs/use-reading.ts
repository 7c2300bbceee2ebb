import { useState, type FocusEventHandler, type PointerEventHandler, type UIEventHandler } from 'react';

interface ReadingHandlers {
  readonly onPointerEnter: PointerEventHandler;
  readonly onPointerLeave: PointerEventHandler;
  readonly onFocus: FocusEventHandler;
  readonly onBlur: FocusEventHandler;
  readonly onScroll: UIEventHandler<HTMLElement>;
}

/**
 * Whether somebody reads the list right now: then its rows must not move under them.
 * @param hasCursor true where a row is marked by keyboard
 */
export function useReading(hasCursor: boolean): { isReading: boolean; handlers: ReadingHandlers } {
  const [isOver, setOver] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  return {
    isReading: isOver || isScrolled || (isFocused && hasCursor),
    handlers: {
      onPointerEnter: () => setOver(true),
      onPointerLeave: () => setOver(false),
      onFocus: () => setFocused(true),
      onBlur: () => setFocused(false),
      onScroll: (event) => setScrolled(event.currentTarget.scrollTop > 0),
    },
  };
}
