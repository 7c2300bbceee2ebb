import { expect, it, vi } from 'vitest';
import { appError } from '#domain/errors.ts';
import { accessOf } from '#domain/people.ts';
import type { Lens } from '#domain/redaction/lens.ts';
import { err, ok } from '#domain/result.ts';
import type { Handlers } from '#engine/handlers/handler.ts';
import type { EnginePort } from '#engine/port.ts';
import { WindowSession } from '#engine/window-session.ts';

/** The answer of a session to one request. */
async function answerTo(
  name: 'drafts.list' | 'copy.get',
  handlers: Partial<Handlers>,
  { lens = null, log = () => undefined }: { lens?: Lens | null; log?: (line: string, cause?: unknown) => void } = {},
): Promise<unknown> {
  let deliver: (event: { readonly data: unknown }) => void = () => undefined;
  const answered = Promise.withResolvers<unknown>();
  const port: EnginePort = {
    on: (event: 'message' | 'close', listener: (message: { readonly data: unknown }) => void) => {
      if (event === 'message') deliver = listener;
    },
    postMessage: answered.resolve,
    start: () => undefined,
    close: () => undefined,
  };
  const person = () =>
    ({
      actor: { type: 'user', id: 'ann' },
      access: accessOf({ role: 'founder', isReadOnly: false }),
      lacking: {},
    }) as const;
  const audit = { begin: () => ok({ end: () => undefined }), view: () => ok(undefined) };
  const context = { handlers: handlers as Handlers, person, lens: () => lens, audit, log };
  const session = new WindowSession(port, context, () => undefined);
  deliver({ data: { type: 'request', id: 1, name, params: {} } });
  const answer = await answered.promise;
  session.close();
  return answer;
}

const HIDING: Lens = {
  hiddenAt: () => null,
  output: null,
  clean: (text) => text,
  hasPatterns: true,
  hidesInput: false,
  tokenOf: (fingerprint) => fingerprint,
};

function draftOf(bodyJson: string) {
  return { id: 'd', kind: 'retry', subjectId: 'j', seenVersion: null, bodyJson, madeAtMs: 1 };
}

it('a draft that is too deep to be looked through is shown as one that cannot be read', async () => {
  const deep = `${'['.repeat(900_000)}${']'.repeat(900_000)}`;
  const answer = await answerTo(
    'drafts.list',
    { 'drafts.list': () => ok({ drafts: [draftOf(deep), draftOf('{"reason":"x"}')], unknown: 0 }) as never },
    { lens: HIDING },
  );
  expect(answer).toMatchObject({
    type: 'result',
    result: {
      drafts: [{ bodyJson: expect.stringContaining('unreadable draft') as unknown }, { bodyJson: '{"reason":"x"}' }],
    },
  });
});

it('an answer that cannot be made fit to be seen is a failure, and not the end of the engine', async () => {
  const log = vi.fn<(line: string, cause?: unknown) => void>();
  const broken: Lens = {
    ...HIDING,
    clean: () => {
      throw new TypeError('a defect');
    },
  };
  const handlers = { 'drafts.list': () => ok({ drafts: [draftOf('{"reason":"x"}')], unknown: 0 }) as never };
  const answer = await answerTo('drafts.list', handlers, { lens: broken, log });
  expect(answer).toEqual({ type: 'failure', id: 1, error: { code: 'internal', detail: 'drafts.list' } });
  expect(log.mock.calls).toEqual([['request drafts.list failed unexpectedly', expect.any(TypeError)]]);
});

it('what an answer calls our own fault is kept with its cause, which no window is told', async () => {
  const log = vi.fn<(line: string, cause?: unknown) => void>();
  const cause = new Error('EIO: no such sector');
  const handlers = { 'copy.get': () => err(appError('internal', 'the copy', cause)) };
  const answer = await answerTo('copy.get', handlers, { log });
  expect(answer).toEqual({ type: 'failure', id: 1, error: { code: 'internal', detail: 'the copy' } });
  expect(log.mock.calls).toEqual([['request copy.get: the copy', cause]]);
});
