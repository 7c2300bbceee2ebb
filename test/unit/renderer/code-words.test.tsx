import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { CodeWords } from '../../../renderer/components/code-words.tsx';

const shown = (text: string): string => renderToStaticMarkup(<CodeWords text={text} />);

describe('a sentence for people', () => {
  it('shows what is typed into a terminal as code and not between backticks', () => {
    expect(shown('List them with `npm run cli`; `--create` creates them.')).toBe(
      'List them with <code>npm run cli</code>; <code>--create</code> creates them.',
    );
  });

  it('that has none is as it is', () => {
    expect(shown('All is well.')).toBe('All is well.');
  });

  it('keeps a backtick that no other one ends', () => {
    expect(shown('the name `a is none')).toBe('the name `a is none');
  });
});
