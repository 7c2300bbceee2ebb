import type { DefaultTreeAdapterTypes } from 'parse5';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** Every node in the order of the page. Without recursion: how deep a page is nested is its author's business. */
export function nodesOf(root: Node): readonly Node[] {
  const nodes: Node[] = [];
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    if ('childNodes' in node) for (const child of node.childNodes.toReversed()) waiting.push(child);
  }
  return nodes;
}

/** Those of the nodes that are elements. */
export function elementsOf(nodes: readonly Node[]): readonly Element[] {
  return nodes.filter((node): node is Element => 'tagName' in node);
}

/** An attribute's value; null where the element does not have it. */
export function attribute(element: Element, name: string): string | null {
  return element.attrs.find((attr) => attr.name === name)?.value ?? null;
}

/** The text of an element that holds nothing but text. */
export function textOf({ childNodes }: Element): string {
  return childNodes.map((node) => ('value' in node ? node.value : '')).join('');
}
