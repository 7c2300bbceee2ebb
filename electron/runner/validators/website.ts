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
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i;
/** Addresses that need nothing of the artefact: a scheme (mail, data, another site), or the page itself. */
const OUTSIDE_OR_SELF = /^(?:[a-z][a-z0-9+.-]*:|\/\/|#|\?|$)/i;
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
  const elements = [...elementsOf(document)];
  return validationOf([
    required('size', true, `${size} bytes.`),
    required(
      'complete',
      isComplete,
      isComplete ? 'The page ends with </html>.' : 'The page does not end with </html>: the reply was cut off.',
    ),
    ...requiredParts.map((part) => partCheck(elements, part)),
    noForeignScripts(elements),
    linksResolve(elements),
    advisory(
      'well_formed',
      errors.length === 0,
      errors.length === 0 ? 'No parse errors.' : `${errors.length} parse errors, the first: ${errors[0]?.code ?? ''}.`,
    ),
  ]);
}

function* elementsOf(node: Node): Generator<Element> {
  if ('tagName' in node) yield node;
  if ('childNodes' in node) for (const child of node.childNodes) yield* elementsOf(child);
}

function attribute(element: Element, name: string): string | null {
  return element.attrs.find((attr) => attr.name === name)?.value ?? null;
}

function textOf(node: Node): string {
  if ('value' in node) return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

function hasContent(element: Element): boolean {
  return (
    textOf(element).trim() !== '' ||
    [...elementsOf(element)].some((inner) => ['img', 'svg', 'video', 'input'].includes(inner.tagName))
  );
}

function partCheck(elements: readonly Element[], part: string): Check {
  const found = elements.filter((element) => {
    if (part.startsWith('#')) return attribute(element, 'id') === part.slice(1);
    if (part.startsWith('.')) return (attribute(element, 'class') ?? '').split(/\s+/).includes(part.slice(1));
    return element.tagName === part.toLowerCase();
  });
  const name = `part_${part.replace(/^#/, 'id_').replace(/^\./, 'class_')}`.slice(0, 100);
  if (found.length === 0) return required(name, false, `The page has no ${part}.`);
  const isFilled = found.some(hasContent);
  return required(name, isFilled, isFilled ? `The page has ${part}, with content.` : `${part} of the page is empty.`);
}

function noForeignScripts(elements: readonly Element[]): Check {
  const loaded = elements.flatMap((element) => {
    // A base elsewhere sends every relative address of the page there.
    const name = element.tagName === 'base' ? 'href' : LOADING_ATTRIBUTES[element.tagName];
    const address = name === undefined ? null : attribute(element, name);
    return address !== null && ELSEWHERE.test(address.trim()) ? [address] : [];
  });
  const imported = elements
    .filter((element) => element.tagName === 'script')
    .flatMap((element) => textOf(element).match(FOREIGN_IMPORT) ?? []);
  const foreign = [...loaded, ...imported];
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
