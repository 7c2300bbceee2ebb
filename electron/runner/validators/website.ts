import { readFile, stat } from 'node:fs/promises';
import { parse, type DefaultTreeAdapterTypes, type ParserError } from 'parse5';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { advisory, required, validationOf, type Check } from './checks.ts';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** A page above this size is no page, in bytes. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;
/** Elements that load or run something from the address in the named attribute. */
const LOADING_ATTRIBUTES: Readonly<Record<string, string>> = {
  script: 'src',
  link: 'href',
  iframe: 'src',
  frame: 'src',
  object: 'data',
  embed: 'src',
};
/** Elements that need what stands at an address of their own artefact, and the attribute that names it. */
const NEEDING_ATTRIBUTES: Readonly<Record<string, string>> = {
  ...LOADING_ATTRIBUTES,
  a: 'href',
  area: 'href',
  img: 'src',
  source: 'src',
  video: 'src',
  audio: 'src',
};
/** Two pages that nobody has: which of them an address is read from decides what one without slashes means. */
const NOWHERE = ['http://page.invalid/', 'https://page.invalid/'];
/** Addresses that need nothing of the artefact: a scheme (mail, data, another site), or the page itself. */
const OUTSIDE_OR_SELF = /^(?:[a-z][a-z0-9+.-]*:|\/\/|#|\?|$)/i;
/** Addresses on other sites in a map of modules, and styles that a style of the page fetches from one. */
const FOREIGN_ADDRESS = /["'`](?:https?:)?\/\/[^"'`]+/g;
const FOREIGN_STYLE = /@import\s*(?:url\(\s*)?["']?(?:https?:)?\/\/[^"')\s;]+/gi;
/** A module or a worker that a script of the page fetches from another site. */
const FOREIGN_IMPORT = /(?:\bimport\s*\(?\s*|\bfrom\s*|\bimportScripts\s*\(\s*)["'`](?:https?:)?\/\/[^"'`]+/g;

/** Holds a web page against what its options ask for: complete, with its parts, self-contained. */
export async function validateWebsite(file: string, options: Readonly<Record<string, unknown>>): Promise<Validation> {
  const { requiredParts } = JOB_KINDS.website.optionsSchema.parse(options);
  const { size } = await stat(file);
  if (size === 0 || size > PAGE_BYTES_MAX) {
    return validationOf([
      required('size', false, `The page has ${size} bytes; between 1 and ${PAGE_BYTES_MAX} are expected.`),
    ]);
  }
  const source = await readFile(file, 'utf8');
  const isComplete = /<\/html>\s*$/i.test(source);
  const errors: ParserError[] = [];
  const document = parse(source, { onParseError: (error) => errors.push(error) });
  const nodes = nodesOf(document);
  const elements = elementsOf(nodes);
  const filled = filledOf(nodes);
  return validationOf([
    required('size', true, `${size} bytes.`),
    required(
      'complete',
      isComplete,
      isComplete ? 'The page ends with </html>.' : 'The page does not end with </html>: the reply was cut off.',
    ),
    ...requiredParts.map((part) => partCheck(elements, filled, part)),
    noForeignScripts(elements),
    linksResolve(elements),
    advisory(
      'well_formed',
      errors.length === 0,
      errors.length === 0 ? 'No parse errors.' : `${errors.length} parse errors, the first: ${errors[0]?.code ?? ''}.`,
    ),
  ]);
}

/** Every node in the order of the page. Without recursion: how deep a page is nested is its author's business. */
function nodesOf(root: Node): readonly Node[] {
  const nodes: Node[] = [];
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    if ('childNodes' in node) for (const child of node.childNodes.toReversed()) waiting.push(child);
  }
  return nodes;
}

function elementsOf(nodes: readonly Node[]): readonly Element[] {
  return nodes.filter((node): node is Element => 'tagName' in node);
}

function attribute(element: Element, name: string): string | null {
  return element.attrs.find((attr) => attr.name === name)?.value ?? null;
}

/** The text of an element that holds nothing but text. */
function textOf({ childNodes }: Element): string {
  return childNodes.map((node) => ('value' in node ? node.value : '')).join('');
}

/** What shows something: text, pictures, fields, and everything around them. Each node is come by once. */
function filledOf(nodes: readonly Node[]): ReadonlySet<Node> {
  const filled = new Set<Node>();
  for (const node of nodes) {
    const isContent =
      'value' in node ? node.value.trim() !== '' : ['img', 'svg', 'video', 'input'].includes(node.nodeName);
    let around: Node | null = isContent ? node : null;
    while (around !== null && !filled.has(around)) {
      filled.add(around);
      around = 'parentNode' in around ? around.parentNode : null;
    }
  }
  return filled;
}

function partCheck(elements: readonly Element[], filled: ReadonlySet<Node>, part: string): Check {
  const found = elements.filter((element) => {
    if (part.startsWith('#')) return attribute(element, 'id') === part.slice(1);
    if (part.startsWith('.')) return (attribute(element, 'class') ?? '').split(/\s+/).includes(part.slice(1));
    return element.tagName === part.toLowerCase();
  });
  const name = `part_${part.replace(/^#/, 'id_').replace(/^\./, 'class_')}`.slice(0, 100);
  if (found.length === 0) return required(name, false, `The page has no ${part}.`);
  const isFilled = found.some((element) => filled.has(element));
  return required(name, isFilled, isFilled ? `The page has ${part}, with content.` : `${part} of the page is empty.`);
}

/** Read as a browser does, for which backslashes, line ends within and a scheme without slashes are ways to another site too. */
function isElsewhere(address: string): boolean {
  return NOWHERE.some((base) => {
    if (!URL.canParse(address, base)) return false;
    const { host } = new URL(address, base);
    return host !== '' && host !== new URL(base).host;
  });
}

function foreignOf(element: Element): readonly string[] {
  const { tagName } = element;
  // A base elsewhere sends every relative address of the page there; a script of a drawing names its source as a link does.
  const names = tagName === 'base' ? ['href'] : tagName === 'script' ? ['src', 'href'] : [LOADING_ATTRIBUTES[tagName]];
  const loaded = names
    .map((name) => (name === undefined ? null : attribute(element, name)))
    .flatMap((address) => (address !== null && isElsewhere(address) ? [address] : []));
  if (tagName === 'style') return [...loaded, ...(textOf(element).match(FOREIGN_STYLE) ?? [])];
  if (tagName !== 'script') return loaded;
  const isMap = attribute(element, 'type')?.trim().toLowerCase() === 'importmap';
  return [...loaded, ...(textOf(element).match(isMap ? FOREIGN_ADDRESS : FOREIGN_IMPORT) ?? [])];
}

/** With the elements of pages that stand in an attribute of their frame, which are of the same origin as the page. */
function withFramed(elements: readonly Element[]): readonly Element[] {
  const all: Element[] = [];
  const waiting = [elements];
  for (let some = waiting.pop(); some !== undefined; some = waiting.pop()) {
    for (const element of some) {
      all.push(element);
      const framed = element.tagName === 'iframe' ? attribute(element, 'srcdoc') : null;
      if (framed !== null) waiting.push(elementsOf(nodesOf(parse(framed))));
    }
  }
  return all;
}

function noForeignScripts(elements: readonly Element[]): Check {
  const foreign = withFramed(elements).flatMap(foreignOf);
  return required(
    'self_contained',
    foreign.length === 0,
    foreign.length === 0
      ? 'Nothing is loaded from elsewhere.'
      : `Loads from elsewhere: ${foreign.slice(0, 3).join(', ').slice(0, 300)}`,
  );
}

/** The artefact is one file: what an address of its own names must be in the page itself. */
function linksResolve(elements: readonly Element[]): Check {
  const targets = new Set(elements.flatMap((element) => [attribute(element, 'id'), attribute(element, 'name')]));
  const broken = elements.flatMap((element) => {
    const name = NEEDING_ATTRIBUTES[element.tagName];
    const address = (name === undefined ? null : attribute(element, name))?.trim() ?? '';
    const isFragment = address.startsWith('#') && address.length > 1 && address !== '#top';
    const isBroken = isFragment ? !targets.has(decoded(address.slice(1))) : !OUTSIDE_OR_SELF.test(address);
    return isBroken ? [address] : [];
  });
  return required(
    'links_resolve',
    broken.length === 0,
    broken.length === 0
      ? 'Every link inside the page has a target.'
      : `Links without a target: ${broken.slice(0, 5).join(', ').slice(0, 300)}`,
  );
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch (cause) {
    if (cause instanceof URIError) return fragment;
    throw cause;
  }
}
