import { readFile, stat } from 'node:fs/promises';
import { parse, type DefaultTreeAdapterTypes, type ParserError } from 'parse5';
import { JOB_KINDS } from '#domain/kinds.ts';
import type { Validation } from '#domain/job.ts';
import { advisory, required, validationOf, type Check } from './checks.ts';
import { foreignLoads, LOADING_ATTRIBUTES } from './page-loads.ts';
import { attribute, elementsOf, nodesOf } from './page-nodes.ts';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** A page above this size is no page, in bytes. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024;
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
/** Addresses that need nothing of the artefact: a scheme (mail, data, another site), or the page itself. */
const OUTSIDE_OR_SELF = /^(?:[a-z][a-z0-9+.-]*:|\/\/|#|\?|$)/i;
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

function noForeignScripts(elements: readonly Element[]): Check {
  const foreign = foreignLoads(elements);
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
