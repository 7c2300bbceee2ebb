import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { ERRORS } from '#domain/errors.ts';
import { OldNote } from '../../../renderer/components/old-note.tsx';
import { EngineFailure } from '../../../renderer/state/engine-failure.ts';

function markupOf(failure: Error | null): string {
  return renderToStaticMarkup(createElement(OldNote, { failure }));
}

it('says nothing while what is shown could be read', () => {
  expect(markupOf(null)).toBe('');
});

it('says that what is shown may be old, and why, as an alarm', () => {
  const markup = markupOf(new EngineFailure({ code: 'timed_out', detail: null }));
  expect(markup).toContain('What you see may be old.');
  expect(markup).toContain(ERRORS.timed_out.message);
  expect(markup).toContain('role="alert"');
});

it('raises no second alarm while the server is away, which stands above every screen', () => {
  const markup = markupOf(new EngineFailure({ code: 'server_unreachable', detail: 'no address answers' }));
  expect(markup).toContain('What you see may be old');
  expect(markup).not.toContain('role="alert"');
});
