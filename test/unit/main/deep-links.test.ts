import { describe, expect, it } from 'vitest';
import { routeOfLink } from '../../../electron/main/deep-links.ts';

describe('a link that the application is opened with', () => {
  it.each([
    ['runledger://job/j-1', '/jobs/j-1'],
    ['runledger://workspace/acorn', '/workspaces/acorn'],
    ['runledger://user/ann%2Fof%20acorn', '/users/ann%2Fof%20acorn'],
    [`runledger://job/${'я'.repeat(200)}`, `/jobs/${encodeURIComponent('я'.repeat(200))}`],
  ])('%s leads to the screen that it names', (link, route) => {
    expect(routeOfLink(link)).toBe(route);
  });

  it.each([
    'runledger://settings/j-1',
    'runledger://job/',
    'runledger://job/a/b',
    'runledger://job/100%',
    `runledger://job/${'j'.repeat(201)}`,
    'https://job/j-1',
    'nothing',
  ])('leads nowhere where it is none of ours: %s', (link) => {
    expect(routeOfLink(link)).toBeNull();
  });
});
