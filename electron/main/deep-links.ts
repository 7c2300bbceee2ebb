/** The scheme of addresses that open something in the application. */
export const LINK_SCHEME = 'runledger';

const JOB_ID = /^[^/?#\s]{1,200}$/;

/**
 * The route in the window that a link of ours names: `runledger://job/<id>` gives `/jobs/<id>`. Null for everything else; a
 * link comes from anywhere, so nothing of it is taken but the id.
 */
export function routeOfLink(link: string): string | null {
  if (!URL.canParse(link)) return null;
  const parsed = new URL(link);
  if (parsed.protocol !== `${LINK_SCHEME}:` || parsed.host !== 'job') return null;
  const id = parsed.pathname.slice(1);
  return JOB_ID.test(id) ? `/jobs/${id}` : null;
}
