import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { attribute, elementsOf, nodesOf, textOf } from './page-nodes.ts';

type Element = DefaultTreeAdapterTypes.Element;

/** Elements that load or run something from the address in the named attribute. */
export const LOADING_ATTRIBUTES: Readonly<Record<string, string>> = {
  script: 'src',
  link: 'href',
  iframe: 'src',
  frame: 'src',
  object: 'data',
  embed: 'src',
};
/** Kinds of links that say something and load nothing that runs. */
const TELLING_LINKS: ReadonlySet<string> = new Set(
  'alternate apple-touch-icon author bookmark canonical dns-prefetch help icon license me next nofollow preconnect prev privacy-policy search shortcut tag'.split(
    ' ',
  ),
);
/** Two pages that nobody has: which of them an address is read from decides what one without slashes means. */
const NOWHERE = ['http://page.invalid/', 'https://page.invalid/'];
/** A page within a page within a page, and so on, deeper than this is said to load from elsewhere, because nobody looks there. */
const NESTING_MAX = 5;

/** Nobody looks further when so many are found. */
const FOUND_MAX = 10;

/** White space and remarks between the words of a script, as much as anybody writes: without an end each word would be looked for to the end of the page. */
const GAP = String.raw`\s{0,200}(?:(?:/\*(?:[^*]|\*(?!/)){0,200}\*/|//[^\n]{0,200}\n)\s{0,200}){0,10}`;
const LITERAL = String.raw`(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|\x60((?:[^\x60\\]|\\.)*)\x60)`;
/** A module or a worker that a script of the page fetches. */
const IMPORTED = new RegExp(
  String.raw`(?:\bimport${GAP}\(?|\bfrom|\bimportScripts${GAP}\(|\bnew${GAP}(?:Shared)?Worker${GAP}\()${GAP}${LITERAL}`,
  'gs',
);
/** A script that makes another one, and the sources that it names. */
const MAKES_SCRIPT = new RegExp(String.raw`\bcreateElement${GAP}\(${GAP}["'\x60]script["'\x60]`, 'is');
const SOURCE_GIVEN = new RegExp(
  String.raw`(?:\.${GAP}src${GAP}=|\bsetAttribute${GAP}\(${GAP}["'\x60]src["'\x60]${GAP},)${GAP}${LITERAL}`,
  'gs',
);
/** A script element that a script writes into the page. */
const WRITTEN_SCRIPT = /<script\b[^>]{0,300}?\bsrc\s{0,20}=\s{0,20}\\?["']?([^"'\s>\\]+)/gi;
const STYLE_IMPORTED = /@import\s{0,20}(?:url\(\s{0,20})?["']?([^"')\s;]+)/gi;
const REFRESH = /^[\s\d.]*[;,\s]\s*(?:url\s*=\s*)?["']?([^"']*)/i;

/**
 * What a page loads or runs from elsewhere, as far as its text says so: what scripts put together while they run is known to nobody.
 * Looked into are pages in frames and templates, and whatever stands in an address itself (`data:` and `javascript:`).
 */
export function foreignLoads(elements: readonly Element[]): readonly string[] {
  return loadsOfPage(elements, 0);
}

function loadsOfPage(elements: readonly Element[], depth: number): readonly string[] {
  const found: string[] = [];
  const waiting = [elements];
  for (let some = waiting.pop(); some !== undefined; some = waiting.pop()) {
    for (const element of some) {
      found.push(...loadsOfElement(element, depth).slice(0, FOUND_MAX));
      if (found.length >= FOUND_MAX) return found;
      // A template may be the tree of an element's own, whose scripts run.
      if ('content' in element)
        waiting.push(elementsOf(nodesOf((element as DefaultTreeAdapterTypes.Template).content)));
    }
  }
  return found;
}

function loadsOfElement(element: Element, depth: number): readonly string[] {
  const { tagName } = element;
  const addressed = addressesOf(element).flatMap((address) => loadsOfAddress(address, depth));
  const told = element.attrs.flatMap(({ name, value }) => {
    if (name.startsWith('on')) return loadsOfScript(value, depth);
    // Wherever one may stand: in a link, a form, a frame, or what an animation puts into a link.
    return schemeOf(value) === 'javascript:' ? loadsOfAddress(value, depth) : [];
  });
  const framed = tagName === 'iframe' ? attribute(element, 'srcdoc') : null;
  const within = framed === null ? [] : loadsOfMarkup(framed, depth);
  const text = tagName === 'script' || tagName === 'style' ? textOf(element) : '';
  if (tagName === 'style') return [...addressed, ...told, ...loadsOfStyle(text, depth)];
  const isMap = tagName === 'script' && attribute(element, 'type')?.trim().toLowerCase() === 'importmap';
  const run = isMap ? mappedTo(text).flatMap((address) => loadsOfAddress(address, depth)) : loadsOfScript(text, depth);
  return [...addressed, ...told, ...within, ...run];
}

/** The addresses that an element makes a browser go to by itself. */
function addressesOf(element: Element): readonly string[] {
  const { tagName } = element;
  if (tagName === 'meta') {
    const isRefresh = attribute(element, 'http-equiv')?.trim().toLowerCase() === 'refresh';
    const address = isRefresh ? REFRESH.exec(attribute(element, 'content') ?? '')?.[1] : undefined;
    return address === undefined ? [] : [address];
  }
  if (tagName === 'link') {
    const kinds = (attribute(element, 'rel') ?? '')
      .toLowerCase()
      .split(/\s+/)
      .filter((kind) => kind !== '');
    if (kinds.length > 0 && kinds.every((kind) => TELLING_LINKS.has(kind))) return [];
  }
  // A base elsewhere sends every relative address of the page there; a script of a drawing names its source as a link does.
  const names = tagName === 'base' ? ['href'] : tagName === 'script' ? ['src', 'href'] : [LOADING_ATTRIBUTES[tagName]];
  return names.flatMap((name) => (name === undefined ? [] : (attribute(element, name) ?? [])));
}

/** What is loaded by going to an address: the address itself where it is elsewhere, and what stands in it. */
function loadsOfAddress(address: string, depth: number): readonly string[] {
  if (isElsewhere(address)) return [address];
  const scheme = schemeOf(address);
  if (scheme === 'javascript:') return loadsOfScript(percentDecoded(address), depth);
  if (scheme !== 'data:') return [];
  const { type, text } = dataOf(address);
  if (/html|xml/.test(type)) return loadsOfMarkup(text, depth);
  return type.includes('css') ? loadsOfStyle(text, depth) : loadsOfScript(text, depth);
}

function loadsOfMarkup(markup: string, depth: number): readonly string[] {
  if (depth >= NESTING_MAX) return ['a page within too many others'];
  return loadsOfPage(elementsOf(nodesOf(parse(markup))), depth + 1);
}

function loadsOfScript(script: string, depth: number): readonly string[] {
  if (script === '') return [];
  if (depth > NESTING_MAX) return ['a script within too many others'];
  const sources = MAKES_SCRIPT.test(script) ? literalsOf(script, SOURCE_GIVEN) : [];
  const written = [...script.matchAll(WRITTEN_SCRIPT)].map(([, address = '']) => unescaped(address));
  const named = [...literalsOf(script, IMPORTED), ...sources, ...written];
  return named.flatMap((address) => loadsOfAddress(address, depth + 1));
}

function loadsOfStyle(style: string, depth: number): readonly string[] {
  if (depth > NESTING_MAX) return ['a style within too many others'];
  return [...style.matchAll(STYLE_IMPORTED)].flatMap(([, address = '']) => loadsOfAddress(address, depth + 1));
}

function literalsOf(script: string, pattern: RegExp): readonly string[] {
  return [...script.matchAll(pattern)].map(([, double, single, template]) =>
    unescaped(double ?? single ?? template ?? ''),
  );
}

/** The addresses that a map of modules leads to; a browser uses none of one that it cannot read. */
function mappedTo(text: string): readonly string[] {
  const addresses: string[] = [];
  try {
    JSON.parse(text, (_, value: unknown) => {
      if (typeof value === 'string') addresses.push(value);
      return value;
    });
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return [];
  }
  return addresses;
}

/** Read as a browser does, for which backslashes, line ends within and a scheme without slashes are ways to another site too. */
function isElsewhere(address: string): boolean {
  return NOWHERE.some((base) => {
    if (!URL.canParse(address, base)) return false;
    const { host } = new URL(address, base);
    return host !== '' && host !== new URL(base).host;
  });
}

function schemeOf(address: string): string | null {
  // Most addresses and texts have none, and reading one as an address costs more than looking for a colon.
  return address.includes(':') && URL.canParse(address) ? new URL(address).protocol : null;
}

/** The type and the text of what stands in a `data:` address. */
function dataOf(address: string): { readonly type: string; readonly text: string } {
  const url = new URL(address);
  // What follows a `#` belongs to no data.
  url.hash = '';
  const [, head = '', body = ''] = /^data:([^,]*),?(.*)$/s.exec(url.href) ?? [];
  const type = head.toLowerCase();
  const text = percentDecoded(body);
  return { type, text: /;\s*base64\s*$/.test(type) ? Buffer.from(text, 'base64').toString('utf8') : text };
}

/** By bytes: what cannot be read as a text hides no address. */
function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A text of a script as it is meant. */
function unescaped(literal: string): string {
  return literal.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|(.))/gis,
    (_, byte?: string, unit?: string, point?: string, one?: string) => {
      const code = byte ?? unit ?? point;
      if (code === undefined) return one ?? '';
      const value = Number.parseInt(code, 16);
      return value > 0x10_ff_ff ? '' : String.fromCodePoint(value);
    },
  );
}
