import { describe, expect, it } from 'vitest';
import { findingHref, findingsHref, parseFindingsQuery } from '../../../renderer/state/findings-query-string.ts';

describe('the address of findings', () => {
  it.each([
    ['nothing', { rules: [], workspaceIds: [] }],
    ['rules and workspaces', { rules: ['refund_owed', 'captured_twice'], workspaceIds: ['acorn'] }],
    ['names with every separator', { rules: [], workspaceIds: ['a,b&c=d', '#?/ %41', '= 2+5'] }],
  ])('holds a filter of %s and gives it back', (_, filter) => {
    expect(parseFindingsQuery(findingsHref(filter).split('?')[1] ?? '')).toEqual(filter);
  });

  it('lets everything through where the address asks for more than there can be', () => {
    const rules = Array.from({ length: 51 }, (_, index) => `rule=r${index}`).join('&');
    expect(parseFindingsQuery(rules)).toEqual({ rules: [], workspaceIds: [] });
  });

  it('keeps the id of a finding in one part of the path', () => {
    expect(findingHref('account_differs:total:a/b').split('/')).toHaveLength(3);
  });
});
