import type { ReactNode } from 'react';

/** A named part of a screen that scrolls by itself, and is reached by the keyboard for that. */
export function ScrollBox({
  name,
  className,
  children,
}: {
  name: string;
  className: string;
  children: ReactNode;
}): ReactNode {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it what is scrolled away cannot be read by keyboard
    <section className={className} tabIndex={0} aria-label={name}>
      {children}
    </section>
  );
}
