import { describe, expect, it } from 'vitest';
import { validateWebsite } from '#runner/validators/website.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';

function page(body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><title>Tea</title>${head}</head><body><main><p>Tea</p>${body}</main></body></html>\n`;
}

const SELF = ['self_contained'];

describe('a website', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['that is whole', page('<a href="#more">More</a><p id="more">x</p>'), []],
    ['that was cut off', page('').slice(0, -20), ['complete']],
    ['without its main part', page('').replaceAll('main', 'div'), ['part_main']],
    ['whose main part is empty', page('').replace('<p>Tea</p>', ''), ['part_main']],
    ['with a script of its own', page('<script>let a = 1;</script>'), []],
    ['with a script from elsewhere', page('<script src="https://cdn.example/x.js"></script>'), ['self_contained']],
    [
      'with a script from elsewhere without a scheme',
      page('<script src="//cdn.example/x.js"></script>'),
      ['self_contained'],
    ],
    [
      'with a style from elsewhere',
      page('', '<link rel="stylesheet" href="https://cdn.example/x.css">'),
      ['self_contained'],
    ],
    ['with a base elsewhere', page('', '<base href="https://cdn.example/">'), ['self_contained']],
    [
      'with a module from elsewhere',
      page('<script type="module">import a from "https://cdn.example/a.js";</script>'),
      ['self_contained'],
    ],
    ['with an import from elsewhere', page("<script>import('https://cdn.example/a.js')</script>"), ['self_contained']],
    ['with a frame from elsewhere', page('<iframe src="https://x.example"></iframe>'), ['self_contained']],
    [
      'with a script from elsewhere in a drawing',
      page('<svg><script href="https://x.example/x.js"></script></svg>'),
      SELF,
    ],
    ['the same, as older drawings have it', page('<svg><script xlink:href="//x.example/x.js"></script></svg>'), SELF],
    [
      'with a script from elsewhere in a frame',
      page('<iframe srcdoc="<script src=//x.example></script>"></iframe>'),
      SELF,
    ],
    ['with a script from elsewhere by no slashes', page('<script src="https:x.example/x.js"></script>'), SELF],
    ['with a script from elsewhere by backslashes', page('<script src="https:\\\\x.example/x.js"></script>'), SELF],
    [
      'with a map of modules that leads elsewhere',
      page('<script type="importmap">{"imports":{"x":"https://x.example/x.js"}}</script>'),
      SELF,
    ],
    [
      'with a style that fetches another from elsewhere',
      page('', '<style>@import url(//x.example/x.css);</style>'),
      SELF,
    ],
    ['with a frame of its own', page('<iframe srcdoc="<script>let a = 1;</script>"></iframe>'), []],
    ['with a link to nowhere', page('<a href="#none">x</a>'), ['links_resolve']],
    ['with a link to a page that it does not have', page('<a href="about.html">x</a>'), ['links_resolve']],
    ['with a picture that it does not have', page('<img src="img/tea.png" alt="">'), ['links_resolve']],
    ['with a script that it does not have', page('<script src="app.js"></script>'), ['links_resolve']],
    [
      'with links to others',
      page('<a href="https://x.example">x</a><a href="mailto:a@x.example">m</a><a href="#top">t</a>'),
      [],
    ],
    ['with a picture within', page('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="">'), []],
  ])('%s', async (_what, source, failed) => {
    expect(failedChecks(await validateWebsite(artefactFile(source), {}))).toEqual(failed);
  });

  it('says of a check that failed what is wrong, and not what would be right', async () => {
    const good = await validateWebsite(artefactFile(page('')), {});
    const right = new Set(good.checks.map(({ message }) => message));
    const bad = await validateWebsite(artefactFile(page('').replace('<p>Tea</p>', '').replace('</html>', '')), {});
    const wrong = bad.checks.filter(({ passed }) => !passed).map(({ message }) => message);
    expect(wrong).toEqual(['The page does not end with </html>: the reply was cut off.', 'main of the page is empty.']);
    expect(wrong.filter((message) => right.has(message))).toEqual([]);
  });

  it('that is nested as deep as it is long is looked at in no time', async () => {
    const deep = page('<div>'.repeat(20_000));
    const began = performance.now();
    const checked = await validateWebsite(artefactFile(deep), { requiredParts: ['div'] });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(failedChecks(checked)).toEqual(['part_div']);
  });
});
