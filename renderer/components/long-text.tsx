/* oxlint-disable jsx-a11y/no-noninteractive-tabindex -- text that scrolls cannot be read by keyboard unless it takes the focus */
import { useState, type ReactNode } from 'react';
import { CopyButton } from './copy-button.tsx';
import { MarkedText } from './marked-text.tsx';

/** How much of a text is laid out before the reader asks for all of it, in characters. */
const SHOWN_MAX = 20_000;

/**
 * Text that came from outside, shown as it is: never as markup, in its own reading direction, cut where laying it out
 * would hold the window up.
 */
export function LongText({ text, name, isCode = false }: { text: string; name: string; isCode?: boolean }): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && text.length > SHOWN_MAX;
  if (text === '') return <p className="muted">Empty.</p>;
  return (
    <div className="long-text">
      <CopyButton text={text} name={name} />
      {/* Scrolled by keyboard too, so it takes the focus. */}
      <section className={`long-text-box ${isCode ? 'code' : 'prose'}`} tabIndex={0} aria-label={name}>
        <pre dir={isCode ? 'ltr' : 'auto'}>
          <MarkedText text={isCut ? text.slice(0, SHOWN_MAX) : text} />
        </pre>
      </section>
      {isCut && (
        <button type="button" className="button" onClick={() => setWhole(true)}>
          Show all {text.length.toLocaleString('en')} characters
        </button>
      )}
    </div>
  );
}
