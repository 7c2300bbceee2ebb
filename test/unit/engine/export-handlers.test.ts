import { expect, it } from 'vitest';
import { exportHandlers } from '#engine/handlers/export-handlers.ts';
import type { Asking } from '#engine/handlers/handler.ts';
import type { Shell } from '#engine/shell-link.ts';
import { accessOf } from '#domain/people.ts';
import { err } from '#domain/result.ts';

const asking: Asking = {
  actor: { type: 'user', id: 'ann' },
  signal: new AbortController().signal,
  access: accessOf({ role: 'founder', isReadOnly: false }),
  note: () => undefined,
};

/** Handlers of a desktop that notes what it is asked and then refuses. */
function handlersThatNote() {
  const asked: unknown[] = [];
  const shell: Shell = {
    ask: (name, params) => {
      asked.push([name, params]);
      return Promise.resolve(err({ code: 'not_found', detail: null }));
    },
  };
  return { handlers: exportHandlers(shell, '/data/exports'), asked };
}

it('asks the desktop for a file of the folder of exports, by its name alone', async () => {
  const { handlers, asked } = handlersThatNote();
  await handlers['exports.saveAs']({ path: '/data/exports/case.zip' }, asking);
  await handlers['exports.show']({ path: '/data/exports/case.zip' }, asking);
  expect(asked).toEqual([
    ['exports.saveAs', { file: 'case.zip' }],
    ['exports.show', { file: 'case.zip' }],
  ]);
});

it.each([
  '/data/copies/live.sqlite',
  '/data/exports/../settings.sqlite',
  '/data/exports/deeper/case.zip',
  'case.zip',
  '/data/exports',
  '../exports/case.zip',
])('asks the desktop for nothing that a window names elsewhere: %s', async (path) => {
  const { handlers, asked } = handlersThatNote();
  for (const name of ['exports.saveAs', 'exports.show'] as const)
    expect(await handlers[name]({ path }, asking)).toMatchObject({ ok: false, error: { code: 'not_found' } });
  expect(asked).toEqual([]);
});
