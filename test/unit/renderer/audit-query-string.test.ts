import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askedFilter,
  auditHref,
  parseAuditQuery,
  type AuditScreenView,
} from '../../../renderer/state/audit-query-string.ts';

const name = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }), { nil: null });
const anyView: fc.Arbitrary<AuditScreenView> = fc.record({
  filter: fc.record({ actorId: name, action: name, subject: name }),
  list: fc.record({
    direction: fc.constantFrom('ascending' as const, 'descending' as const),
    startAtMs: fc.option(fc.nat({ max: 4_102_444_800_000 }), { nil: null }),
  }),
});

describe('the address of the audit', () => {
  it('holds all of a view', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        expect(parseAuditQuery(auditHref(view).split('?').slice(1).join('?'))).toEqual(view);
      }),
    );
  });

  it('drops what makes no sense and keeps the rest', () => {
    expect(parseAuditQuery(`person=${'x'.repeat(201)}&order=sideways&at=yesterday&act=people.set`)).toEqual({
      filter: { actorId: null, action: 'people.set', subject: null },
      list: { direction: 'descending', startAtMs: null },
    });
  });
});

describe('a name that is typed', () => {
  it('keeps its gaps while it is typed, and is looked for without those at its ends', () => {
    expect(askedFilter({ actorId: ' ann lee ', action: '  ', subject: null })).toEqual({
      actorId: 'ann lee',
      action: null,
      subject: null,
    });
  });
});
