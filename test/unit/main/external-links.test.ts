import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExternalLinks, externalLinkOf } from '../../../electron/main/external-links.ts';
import { DOCUMENTATION } from '../../../renderer/views/doctor/documentation.ts';

const DOCS = 'https://www.mongodb.com/docs/manual/';

describe('an external link', () => {
  it('is every one that the window has', () => {
    const links = Object.values(DOCUMENTATION).map(({ href }) => href);
    expect(links.length).toBeGreaterThan(3);
    expect(links.map(externalLinkOf)).toEqual(links);
  });

  it.each([
    'http://www.mongodb.com/docs/',
    'https://www.mongodb.com/',
    'https://www.mongodb.com/docs',
    'https://www.mongodb.com/docs/../account',
    'https://www.mongodb.com/docs/%2e%2e/account',
    'https://www.mongodb.com:444/docs/',
    'https://www.mongodb.com.example.com/docs/',
    'https://example.com/www.mongodb.com/docs/',
    'https://www.mongodb.com@example.com/docs/',
    'https://user:secret@www.mongodb.com/docs/',
    'https:\\\\example.com\\docs',
    'file:///docs/',
    'javascript:alert(1)',
    'ms-settings:docs',
    'runledger://job/1',
    ' ',
    '',
  ])('is not %s', (url) => {
    expect(externalLinkOf(url)).toBeNull();
  });

  it('carries nothing of the page outside', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (query, fragment) => {
        const link = externalLinkOf(`${DOCS}?${query}#${fragment}`);
        expect([DOCS, null]).toContain(link);
      }),
    );
    expect(externalLinkOf(`${DOCS}?secret=1#secret`)).toBe(DOCS);
  });

  it('is opened at most once a second', () => {
    const opened: string[] = [];
    let nowMs = 0;
    const links = new ExternalLinks(
      (link) => opened.push(link),
      () => nowMs,
    );
    expect([links.follow(DOCS), links.follow(DOCS), links.follow('https://example.com/')]).toEqual([
      true,
      false,
      false,
    ]);
    nowMs = 1000;
    expect(links.follow(DOCS)).toBe(true);
    expect(opened).toEqual([DOCS, DOCS]);
  });
});
