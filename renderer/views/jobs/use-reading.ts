import { useState, type FocusEventHandler, type PointerEventHandler, type UIEventHandler } from 'react';

/** For the table with all that lies over its rows: on the way to the bar of what is new one still reads. */
interface TableHandlers {
  readonly onPointerEnter: PointerEventHandler;
  readonly onPointerLeave: PointerEventHandler;
  readonly onFocus: FocusEventHandler;
  readonly onBlur: FocusEventHandler;
}

/** For the element that scrolls the rows. */
interface RowsHandlers {
  readonly onScroll: UIEventHandler<HTMLElement>;
}

/**
 * Whether somebody reads the list right now: then its rows must not move under them.
 * @param hasCursor true where a row is marked by keyboard
 */
export function useReading(hasCursor: boolean): {
  isReading: boolean;
  ofTable: TableHandlers;
  ofRows: RowsHandlers;
} {
  const [isOver, setOver] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  return {
    isReading: isOver || isScrolled || (isFocused && hasCursor),
    ofTable: {
      onPointerEnter: () => setOver(true),
      onPointerLeave: () => setOver(false),
      onFocus: () => setFocused(true),
      onBlur: ({ currentTarget, relatedTarget }) => setFocused(currentTarget.contains(relatedTarget)),
    },
    ofRows: {
      onScroll: (event) => setScrolled(event.currentTarget.scrollTop > 0),
    },
  };
}
