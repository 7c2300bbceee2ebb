import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOwnFile, type OwnFile } from '#cache/own/open-own-file.ts';
import type { Draft } from '#contract/own-views.ts';
import { accessOf, type Role } from '#domain/people.ts';
import { ok } from '#domain/result.ts';
import type { Asking } from '#engine/handlers/handler.ts';
import { ownHandlers } from '#engine/handlers/own-handlers.ts';
import { expectOk } from '../../support/expect-ok.ts';

let folder: string;
let file: OwnFile;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-drafts-'));
  file = expectOk(openOwnFile({ path: path.join(folder, 'own.sqlite'), now: Date.now, source: 'here' }));
});
afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true, force: true });
});

function askedBy(role: Role): Asking {
  return {
    actor: { type: 'user', id: role },
    signal: new AbortController().signal,
    access: accessOf({ role, isReadOnly: false }),
    note: () => undefined,
  };
}

function draftOf(kind: string): Draft {
  return { id: `of-${kind}`, kind, subjectId: 'x', seenVersion: null, bodyJson: '{}', madeAtMs: 0 };
}

const KINDS = ['retry', 'cancel', 'plan', 'group', 'mends', 'decision', 'review', 'of another version'];

describe('drafts on one machine', () => {
  it.each([
    { role: 'viewer', kinds: [] },
    { role: 'support', kinds: ['retry', 'cancel', 'plan', 'group', 'of another version'] },
    { role: 'finance', kinds: ['mends', 'decision', 'review'] },
    { role: 'founder', kinds: KINDS },
  ] as const)(
    'of kinds $kinds are shown to $role, who may keep and drop these and no others',
    async ({ role, kinds }) => {
      const handlers = ownHandlers(ok(file));
      const asking = askedBy(role);
      const refusal = { ok: false, error: { code: 'permission_denied' } };
      for (const kind of KINDS) {
        const may = kinds.some((each) => each === kind);
        expect(await handlers['drafts.put'](draftOf(kind), asking)).toMatchObject(may ? { ok: true } : refusal);
        expectOk(file.drafts.put(draftOf(kind)));
      }
      const listed = expectOk(await handlers['drafts.list']({}, asking)).drafts.map(({ kind }) => kind);
      expect(new Set(listed)).toEqual(new Set(kinds));
      for (const kind of KINDS) {
        const may = kinds.some((each) => each === kind);
        expect(await handlers['drafts.delete']({ id: `of-${kind}` }, asking)).toMatchObject(
          may ? { ok: true } : refusal,
        );
      }
      expect(expectOk(file.drafts.list())).toHaveLength(KINDS.length - kinds.length);
    },
  );

  it('can be dropped also where there is none any more', async () => {
    const dropped = await ownHandlers(ok(file))['drafts.delete']({ id: 'gone' }, askedBy('viewer'));
    expect(dropped).toEqual(ok({}));
  });
});
