import { explainError } from '#domain/errors.ts';
import { NEEDED_INDEXES } from '#store/collections.ts';
import type { IndexUse } from '#store/server-look.ts';
import { fine, skipped, type DoctorCheck } from '../check.ts';

/** An index that nobody asked for this long is named, in milliseconds. */
const UNUSED_MS = 7 * 24 * 3_600_000;
const OURS: ReadonlySet<string> = new Set(Object.values(NEEDED_INDEXES).flatMap((all) => all.map(({ name }) => name)));

/** Are the indexes there that runners and polling need, and is there one that nobody needs? */
export const indexesCheck: DoctorCheck = {
  name: 'indexes',
  run: async ({ store, nowMs }) => {
    if (!store.ok) return skipped('no server to look at');
    const { look } = store.value;
    // Not those that were missing when the connection was opened: somebody may have created them since.
    const missing = await look.missingIndexes();
    if (!missing.ok) return skipped(`they could not be listed: ${explainError(missing.error)}`);
    if (missing.value.length > 0) {
      return {
        level: 'warning',
        says: `missing: ${missing.value.join(', ')}`,
        todo: 'Create them with `npm run cli -- indexes --uri URI --create`, and open the connection anew: until then no runner begins.',
      };
    }
    const there = 'every index that runners and polling need is there';
    const use = await look.indexUse();
    // Counting is an extra that not every server and login has.
    if (!use.ok) return fine(`${there}; how often each is used is not told here`);
    const unused = use.value.filter((index) => isUnused(index, nowMs()));
    if (unused.length === 0) return fine(there);
    return {
      level: 'warning',
      says: `${there}; unused for a week: ${unused.map(({ collection, name }) => `${collection}.${name}`).join(', ')}`,
      todo: 'Each costs a write of its own: drop what nobody else needs.',
    };
  },
};

/** Runledger's own are not named: a sweep or a rescue may not have had anything to do. */
function isUnused({ name, uses, since }: IndexUse, nowMs: number): boolean {
  return uses === 0 && name !== '_id_' && !OURS.has(name) && nowMs - since.getTime() > UNUSED_MS;
}
