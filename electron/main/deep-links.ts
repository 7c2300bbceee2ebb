import { LINK_SCHEME } from '#contract/identity.ts';

const ID = /^[^/?#\s]{1,200}$/;

/** The screens that a link may name by its host. */
const SCREENS: ReadonlyMap<string, string> = new Map([
  ['job', 'jobs'],
  ['workspace', 'workspaces'],
  ['user', 'users'],
]);

/**
 * The route in the window that a link of ours names: `runledger://job/<id>` gives `/jobs/<id>`, and so do `workspace` and `user`. Null
 * for everything else; a link comes from anywhere, so nothing of it is taken but the id.
 */
export function routeOfLink(link: string): string | null {
  if (!URL.canParse(link)) return null;
  const parsed = new URL(link);
  const screen = SCREENS.get(parsed.host);
  if (parsed.protocol !== `${LINK_SCHEME}:` || screen === undefined) return null;
  const id = parsed.pathname.slice(1);
  return ID.test(id) ? `/${screen}/${id}` : null;
}
