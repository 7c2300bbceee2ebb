import { LINK_SCHEME } from '#contract/identity.ts';

const ID = /^[^/?#\s]+$/;
/** The longest id that a job, a workspace or a user has, in characters as they are read. */
const ID_CHARS_MAX = 200;

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
  return ID.test(id) && readLength(id) <= ID_CHARS_MAX ? `/${screen}/${id}` : null;
}

/** How long an id is once it is read: in an address a letter that is none of ASCII takes six or nine. Without end where nobody can read it. */
function readLength(id: string): number {
  try {
    return decodeURIComponent(id).length;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
