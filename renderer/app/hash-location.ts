import { useSyncExternalStore } from 'react';

/**
 * Where the window is: a path and a query in the address's hash, `#/jobs?state=failed`. wouter's own hash location puts the
 * query before the hash, where it outlives the screen that it belongs to; these two hooks are handed to its router instead.
 */
export function currentTarget(): { path: string; query: string } {
  const [path = '', ...query] = location.hash.replace(/^#?\/?/, '').split('?');
  return { path: `/${path}`, query: query.join('?') };
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  addEventListener('popstate', listener);
  return () => {
    removeEventListener('hashchange', listener);
    removeEventListener('popstate', listener);
  };
}

/** Goes to a path of the window, with or without a query. `replace` leaves no step in the history. */
export function navigateTo(target: string, options: { readonly replace?: boolean } = {}): void {
  const url = `#${target.startsWith('/') ? target : `/${target}`}`;
  history[options.replace === true ? 'replaceState' : 'pushState'](null, '', url);
  dispatchEvent(new HashChangeEvent('hashchange'));
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
