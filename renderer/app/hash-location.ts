import { useSyncExternalStore } from 'react';

/** A place in the window: a path and a query. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

/**
 * Reads what a place needs before it is shown. @returns when that is there; null where nothing is read ahead, and the place is shown at once
 * @param signal says that the place will not be shown any more
 */
export type Preparation = (from: Target, to: Target, signal: AbortSignal) => Promise<unknown> | null;

/** What a place needs is waited for this long before it is shown without, in milliseconds: too short to be noticed. */
const PREPARED_MS = 40;
/**
 * Whoever acts meanwhile acts on what the address says. Before a letter stands in its field and not after: a drawing between the two would
 * put the field's text of before in its place.
 */
const ACTIONS = ['pointerdown', 'keydown', 'beforeinput', 'click'] as const;

const listeners = new Set<() => void>();
let shownHash: string | null = null;
let shown: Target = { path: '/', query: '' };
let prepare: Preparation = () => null;
let coming: { readonly hash: string; readonly ended: AbortController } | null = null;

/**
 * Where the window is, as its screens show it: a path and a query in the address's hash, `#/jobs?state=failed`. wouter's own hash location
 * puts the query before the hash, where it outlives the screen that it belongs to; the two hooks below are handed to its router instead.
 */
export function currentTarget(): Target {
  return shown;
}

/** Follows the address from now on, and prepares each place before it is shown: one drawing, of the answer, in place of two. */
export function followAddress(preparation: Preparation): void {
  prepare = preparation;
  show();
  addEventListener('hashchange', follow);
  addEventListener('popstate', follow);
  for (const action of ACTIONS) addEventListener(action, showComing, { capture: true, passive: true });
}

function follow(): void {
  // Going back or forward is told twice.
  if (location.hash === coming?.hash) return;
  coming?.ended.abort();
  coming = null;
  if (location.hash === shownHash) return;
  const here = { hash: location.hash, ended: new AbortController() };
  const prepared = prepare(currentTarget(), targetOf(here.hash), here.ended.signal);
  if (prepared === null) {
    show();
    return;
  }
  coming = here;
  const arrive = (): void => {
    if (coming === here) showComing();
  };
  const timer = setTimeout(arrive, PREPARED_MS);
  // What could not be read is read again by the screen, which says what is wrong.
  void prepared.then(arrive, arrive).finally(() => clearTimeout(timer));
}

function showComing(): void {
  if (coming === null) return;
  coming = null;
  show();
}

function show(): void {
  shownHash = location.hash;
  shown = targetOf(shownHash);
  for (const listener of listeners) listener();
}

function targetOf(hash: string): Target {
  const [path = '', ...query] = hash.replace(/^#?\/?/, '').split('?');
  return { path: `/${path}`, query: query.join('?') };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Goes to a path of the window, with or without a query. `replace` leaves no step in the history. */
export function navigateTo(target: string, options: { readonly replace?: boolean } = {}): void {
  const url = `#${target.startsWith('/') ? target : `/${target}`}`;
  history[options.replace === true ? 'replaceState' : 'pushState'](null, '', url);
  follow();
}

/** The location hook for wouter's router. */
export function useHashPath(): [string, typeof navigateTo] {
  return [useSyncExternalStore(subscribe, () => currentTarget().path), navigateTo];
}
useHashPath.hrefs = (href: string): string => `#${href}`;

/** The search hook for wouter's router. */
export function useHashQuery(): string {
  return useSyncExternalStore(subscribe, () => currentTarget().query);
}

/**
 * The id that is the second part of a path, `/jobs/ID`, decoded. Read from the path itself: wouter decodes with `decodeURI`,
 * which leaves a colon or a slash of an id encoded.
 */
export function idInPath(path: string): string {
  const text = path.split('/')[2] ?? '';
  try {
    return decodeURIComponent(text);
  } catch {
    // A hand-written address may hold a lone percent sign: taken as it stands.
    return text;
  }
}
