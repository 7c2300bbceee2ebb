import { describe, expect, it } from 'vitest';
import { auditKindOf, type RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, requestNameSchema, type RequestName } from '#contract/requests.ts';

/** Requests of which a permission is asked, or whose name ends so, with what the audit keeps of each. */
function kindsOf(isMeant: (name: RequestName, definition: RequestDefinition) => boolean) {
  return requestNameSchema.options
    .filter((name) => isMeant(name, REQUESTS[name]))
    .map((name) => ({ name, kind: auditKindOf(REQUESTS[name]) }));
}

describe('what the audit keeps', () => {
  it('is every view of a payload', () => {
    const views = kindsOf((_name, { permission }) => permission === 'payload');
    expect(views.length).toBeGreaterThan(2);
    expect(views.filter(({ kind }) => kind === 'none')).toEqual([]);
  });

  it('is every export, before and after', () => {
    const exports = kindsOf((name, { permission }) => permission === 'export' || name.endsWith('.export'));
    expect(exports.length).toBeGreaterThan(4);
    expect(exports.filter(({ kind }) => kind !== 'act')).toEqual([]);
  });

  it('is everything that writes on the server, before and after', () => {
    const acts = kindsOf((_name, { writes }) => writes !== false);
    expect(acts.length).toBeGreaterThan(15);
    expect(acts.filter(({ kind }) => kind !== 'act')).toEqual([]);
  });

  it('is every change of a connection, before and after', () => {
    const changes = kindsOf((name) => /^profiles\.(?!list$)/.test(name));
    expect(changes.map(({ kind }) => kind)).toEqual(changes.map(() => 'act'));
  });
});
