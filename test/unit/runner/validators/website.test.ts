import { describe, expect, it } from 'vitest';
import { validateWebsite } from '#runner/validators/website.ts';
import { artefactFile, failedChecks } from '../../../support/artefact-file.ts';

function page(body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><title>Tea</title>${head}</head><body><main><p>Tea</p>${body}</main></body></html>\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A page in a frame, in a frame of a page in a frame, and so on. */
function framed(times: number): string {
  const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return times === 0 ? '<p>x</p>' : `<iframe srcdoc="${escaped(framed(times - 1))}"></iframe>`;
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
    [
      'with a script that imports one from elsewhere, all in its address',
      page(`<script type="module" src="data:text/javascript,import 'https://x.example/x.js'"></script>`),
      SELF,
    ],
    [
      'the same, encoded twice',
      page(
        `<script src="data:text/javascript;base64,${base64(`import("data:,import%20'//x.example/x.js'")`)}"></script>`,
      ),
      SELF,
    ],
    [
      'with a map of modules to one that imports from elsewhere',
      page(
        `<script type="importmap">{"imports":{"x":"data:text/javascript,import 'https://x.example/x.js'"}}</script>`,
      ),
      SELF,
    ],
    [
      'with a remark within an import from elsewhere',
      page('<script>import(/* webpackIgnore: true */ "https://x.example/x.js")</script>'),
      SELF,
    ],
    ['with an import whose slashes are escaped', page('<script>import("https:\\x2f/x.example/x.js")</script>'), SELF],
    [
      'with remarks and lines within an import from elsewhere',
      page(`<script>import ${' '.repeat(100)} // one\n ( /* two */ // three\n "https://x.example/x.js")</script>`),
      SELF,
    ],
    ['with a worker from elsewhere', page('<script>new Worker("https://x.example/x.js")</script>'), SELF],
    [
      'with a script that makes one from elsewhere',
      page(
        '<script>let s = document.createElement("script"); s.src = "https://x.example/x.js"; body.append(s)</script>',
      ),
      SELF,
    ],
    [
      'with a script that writes one from elsewhere',
      page(String.raw`<script>document.write('<script src="https://x.example/x.js"><\/script>')</script>`),
      SELF,
    ],
    ['that goes elsewhere by itself', page('', '<meta http-equiv="Refresh" content="3; url=https://x.example">'), SELF],
    ['the same, without the word', page('', '<meta http-equiv="refresh" content="0;//x.example">'), SELF],
    [
      'with an event that loads from elsewhere',
      page(`<img src="data:," alt="" onerror="import('https://x.example/x.js')">`),
      SELF,
    ],
    ['with a link that loads from elsewhere', page(`<a href="javascript:import('//x.example/x.js')">x</a>`), SELF],
    ['with a form that does', page(`<button formaction="java&#10;script:import('//x.example/x.js')">x</button>`), SELF],
    [
      'with a drawing that animates a link to do so',
      page(`<svg><a><set attributeName="href" to="javascript:import('//x.example/x.js')"/></a></svg>`),
      SELF,
    ],
    [
      'with a drawing in an address that loads from elsewhere',
      page(`<object data="data:image/svg+xml,<svg><script href='//x.example/x.js'/></svg>"></object>`),
      SELF,
    ],
    [
      'with a script from elsewhere in a tree of its own',
      page('<div><template shadowrootmode="open"><script src="//x.example/x.js"></script></template></div>'),
      SELF,
    ],
    ['with frames within frames, further than anybody looks', page(framed(7)), SELF],
    ['with a frame within a frame', page(framed(2)), []],
    [
      'with a picture from elsewhere that a script shows',
      page('<script>document.querySelector("img").src = "https://x.example/x.png"</script>'),
      [],
    ],
    ['that begins again by itself', page('', '<meta http-equiv="refresh" content="30">'), []],
    [
      'that begins again at a place of its own',
      page('<p id="x">x</p>', '<meta http-equiv="refresh" content="9;url=#x">'),
      [],
    ],
    ['with a link to itself by its own address', page('', '<link rel="canonical" href="https://tea.example/">'), []],
    [
      'with data that name a site',
      page('<script type="application/ld+json">{"@context":"https://schema.org"}</script>'),
      [],
    ],
    [
      'with a script of its own in an address',
      page(`<script src="data:text/javascript,let a = 'https://x.example'"></script>`),
      [],
    ],
    ['with a link that does something', page('<a href="javascript:void(0)" onclick="show()">x</a>'), []],
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

  it('is said to load from elsewhere however often it does', async () => {
    const many = page(`<script>${'import "//x.example";'.repeat(200_000)}</script>`);
    expect(failedChecks(await validateWebsite(artefactFile(many), {}))).toEqual(SELF);
  });

  it('that is nested as deep as it is long is looked at in no time', async () => {
    const deep = page('<div>'.repeat(20_000));
    const began = performance.now();
    const checked = await validateWebsite(artefactFile(deep), { requiredParts: ['div'] });
    expect(performance.now() - began).toBeLessThan(5000);
    expect(failedChecks(checked)).toEqual(['part_div']);
  });
});
